"""Words against the truth: which were heard, from whom, and when they begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jiwer
import meeteval

from cinedub.measures import Measure, derived, overlap, ratio
from cinedub.truth import TrueLine, Truth
from cinedub.wording import tokens
from schemas import Language

#: An error above this is one of text, not of time: a word taken for another of the same sound. It counts as this much.
MOST_MS = 1_000
#: A border this near is where one would cut.
NEAR_MS = 100


def words(truth: Truth, said: Iterable[str]) -> tuple[Measure, list[float]]:
    """Errors over the whole film (jiwer), and for each true line the share of its words that was found."""
    reference = [tokens(line.text, truth.tongue) for line in truth.spoken]
    hypothesis = [token for text in said for token in tokens(text, truth.tongue)]
    joined = [token for line in reference for token in line]
    if not joined:
        return _rate(0, 0, 0, len(hypothesis), 0), []
    aligned = jiwer.process_words(" ".join(joined), " ".join(hypothesis))
    hits = [False] * len(joined)
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            hits[chunk.ref_start_idx : chunk.ref_end_idx] = [True] * (chunk.ref_end_idx - chunk.ref_start_idx)
    shares, place = [], 0
    for line in reference:
        if line:
            shares.append(sum(hits[place : place + len(line)]) / len(line))
        place += len(line)
    return _rate(len(joined), aligned.substitutions, aligned.deletions, aligned.insertions, aligned.hits), shares


def _rate(words: int, substitutions: int, deletions: int, insertions: int, hits: int) -> Measure:
    errors = substitutions + deletions + insertions
    return {
        "rate": ratio(errors, words), "words": words, "errors": errors,
        "substitutions": substitutions, "deletions": deletions, "insertions": insertions, "hits": hits,
    }  # fmt: skip


def with_speakers(truth: Truth, lines: list[dict[str, Any]], text: str) -> Measure | None:
    """Word errors with speakers kept apart, the best pairing of speakers counted (concatenated minimum permutation, meeteval).

    Only where the truth says whose words a line holds; what was found is taken from the same stretches of film.
    """
    owned = [(line, truth.speaker_of(line)) for line in truth.spoken]
    known = [(line, speaker) for line, speaker in owned if speaker]
    if not known:
        return None
    reference: dict[str, list[str]] = {}
    for line, speaker in known:
        reference.setdefault(speaker, []).extend(tokens(line.text, truth.tongue))
    all_known = len(known) == len(owned)
    hypothesis: dict[str, list[str]] = {}
    for said in lines:
        if all_known or _belongs(said, owned):
            hypothesis.setdefault(said["speaker"], []).extend(tokens(said[text], truth.tongue))
    # An empty stream stands for nobody: meeteval wants at least one on each side.
    result = meeteval.wer.cp_word_error_rate(
        [" ".join(words) for words in reference.values()], [" ".join(words) for words in hypothesis.values()] or [""],
        reference_sort=False, hypothesis_sort=False,
    )  # fmt: skip
    return {"rate": ratio(result.errors, result.length), "words": result.length, "errors": result.errors}


def _belongs(said: dict[str, Any], owned: list[tuple[TrueLine, str | None]]) -> bool:
    """Whether the true line that a found line overlaps most has one known speaker."""
    line, speaker = max(owned, key=lambda pair: overlap(said["start_ms"], said["end_ms"], pair[0].start_ms, pair[0].end_ms))
    return bool(speaker and overlap(said["start_ms"], said["end_ms"], line.start_ms, line.end_ms))


def borders(truth: Truth, found: Sequence[dict[str, Any]]) -> dict[str, Measure]:
    """How far the borders of the words that were heard right lie from the true ones: mean in ms, and how many are near enough.

    Where a word of one side is several of the other (Chinese has no spaces), the borders that both have count.
    """
    true = [{"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms} for turn in truth.told for word in turn.words]
    if not true:
        return {}
    wanted, given = list(_marked(true, truth.tongue)), list(_marked(found, truth.tongue))
    errors: list[int] = []
    if wanted and given:
        aligned = jiwer.process_words(" ".join(mark[0] for mark in wanted), " ".join(mark[0] for mark in given))
        for chunk in aligned.alignments[0]:
            if chunk.type == "equal":
                pairs = zip(wanted[chunk.ref_start_idx : chunk.ref_end_idx], given[chunk.hyp_start_idx : chunk.hyp_end_idx], strict=True)
                for one, other in pairs:
                    errors += [min(MOST_MS, abs(a - b)) for a, b in zip(one[1:], other[1:], strict=True) if a is not None and b is not None]
    return {
        "border_ms": derived({"of": len(errors), "sum": sum(errors)}),
        "borders_near": {"of": len(errors), "right": sum(error <= NEAR_MS for error in errors)},
    }


def _marked(words: Sequence[dict[str, Any]], language: Language) -> Iterator[tuple[str, int | None, int | None]]:
    """Every token with its word's start where it is the word's first, its end where it is the last."""
    for word in words:
        parts = tokens(word["text"], language)
        for place, part in enumerate(parts):
            yield part, word["start_ms"] if place == 0 else None, word["end_ms"] if place == len(parts) - 1 else None
