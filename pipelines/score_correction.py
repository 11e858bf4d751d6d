"""What correction is worth, measured: `python -m pipelines.score_correction FILM... ` with truth (.json) beside each film.

    verifier   true and false edits before the sound and the voices: how many are accepted, by kind
    curve      an oracle that is right with probability p, as a server: errors after correction against p; --plant hands that share of the
               lines to a wrong speaker first, where what is found is too right to show what correction does
    corrector  any corrector of the settings (--set correct.corrector.options.model=...): errors before and after, edits, tokens, money

Films are taken through the chain up to recognition once; everything is cached there.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import jiwer
import numpy as np
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from cinedub import backends, config, edits, sources, storage
from cinedub import truth as truths
from cinedub.backends.roles import Edit, Hearing, Mono, Verifier
from cinedub.errors import CinedubError
from cinedub.lines import LINE_GAP_MS, line_of, lines_of
from cinedub.measures import overlap
from cinedub.places import wording
from cinedub.retiming import units
from cinedub.witness import Witness
from cinedub.wording import tokens
from pipelines import build, oracle, profile
from schemas import Cast, Language, Line, Passage, Script, Turn, Word, codec
from schemas.speech import joined
from transforms.correct import correct
from transforms.probe import Probe
from transforms.stage import Losses

#: False edits of each kind that a line is tried with, and the sure answers of the oracle.
_TRIES, _STEPS = 2, (0.0, 0.25, 0.5, 0.75, 1.0)
_JUDGES = ("verifier", "second_opinion")
#: Sounds that a verifier keeps encoded.
_KEPT = 499


@dataclass(frozen=True)
class Film:
    """A film's passages, and what is true of it."""

    truth: truths.Truth
    passages: tuple[Passage, ...]

    @property
    def casts(self) -> list[Cast]:
        """All clips in order of time."""
        return [cast for passage in self.passages for cast in passage.casts]

    @property
    def said(self) -> oracle.Truth:
        """Everything said, as the oracle knows it."""
        spoken = sorted(self.truth.spoken, key=lambda line: line.start_ms)
        language = self.truth.tongue
        return oracle.Truth(language, [(unit, self.truth.speaker_of(line)) for line in spoken for unit in units(line.text, language)], self.people)

    @property
    def people(self) -> dict[str, str]:
        """Who each id is: with whom it speaks for longest."""
        together: dict[str, Counter[str]] = {}
        for turn in (turn for cast in self.casts for turn in cast.turns):
            for true in self.truth.turns:
                together.setdefault(turn.speaker, Counter())[true.speaker] += overlap(turn.span.start, turn.span.end, true.start_ms, true.end_ms)
        return {name: shares.most_common(1)[0][0] for name, shares in together.items() if shares.total()}


def films(paths: Sequence[Path], settings: config.Settings) -> list[Film]:
    """Each film with its passages in order of time."""
    with tempfile.TemporaryDirectory() as folder:
        losses = Losses()
        pipeline = beam.Pipeline(runner=FnApiRunner())
        accepted = pipeline | beam.Create(sources.expand([str(path) for path in paths])) | Probe(settings.probe, losses)
        found = build.passages(accepted, settings, losses) | beam.Map(lambda passage: codec.encode(passage).decode())
        _ = found | beam.io.WriteToText(f"{folder}/passages", shard_name_template="")
        pipeline.run().wait_until_finish()
        passages = [codec.decode(line, Passage) for line in Path(folder, "passages").read_bytes().splitlines()]
    by_film: dict[str, list[Passage]] = {}
    for passage in sorted(passages, key=lambda passage: passage.casts[0].clip.span):
        by_film.setdefault(Path(passage.casts[0].clip.film.uri).stem, []).append(passage)
    return [Film(truths.read(path.with_suffix(".json")), tuple(by_film.get(path.stem, ()))) for path in paths]


def errors(film: Film, lines: Iterable[Line], turns: Iterable[Turn]) -> Counter[str]:
    """Wrong and all words (or characters), wrong and all milliseconds of speech at a collar of ±0.25 s."""
    language = film.truth.tongue
    reference = [token for line in film.truth.spoken for token in tokens(line.text, language)]
    said = [token for line in sorted(lines, key=lambda line: line.span) for token in tokens(line.text, language)]
    words = jiwer.process_words(" ".join(reference), " ".join(said))
    metric = DiarizationErrorRate(collar=0.5, skip_overlap=False)
    sides = []
    for part in (film.truth.turns, turns):
        side = Annotation()
        for turn in part:
            start, end = (turn.span.start, turn.span.end) if isinstance(turn, Turn) else (turn.start_ms, turn.end_ms)
            segment = Segment(start / 1000, end / 1000)
            side[segment, side.new_track(segment)] = turn.speaker
        sides.append(side)
    detail = metric(*sides, uem=Segment(0, film.truth.duration_ms / 1000), detailed=True)
    wrong = detail["missed detection"] + detail["false alarm"] + detail["confusion"]
    return Counter(
        wrong=words.substitutions + words.deletions + words.insertions,
        words=len(reference),
        wrong_ms=round(wrong * 1000),
        ms=round(detail["total"] * 1000),
    )


def corrected(chosen: Sequence[Film], settings: config.Correct) -> tuple[Counter[str], Counter[str], list[Script], Counter[str]]:
    """Errors before and after correction, summed over films; the scripts; and what the corrector used: requests, tokens, money in millionths."""
    models = _models(settings)
    before, after, used = Counter[str](), Counter[str](), Counter[str]()
    scripts: list[Script] = []
    with tempfile.TemporaryDirectory() as folder:
        for film in chosen:
            done: list[Script] = []
            for passage in film.passages:
                with storage.Assets("Correct", storage.address(folder, passage.id)) as assets:
                    done += correct(passage, settings, assets, **models)
                    said = assets.path("proposals.json")
                    for proposal in codec.decode(said.read_bytes(), list[dict[str, Any]]) if said.exists() else ():
                        used.update(proposal["used"])
            before += errors(film, [line for cast in film.casts for line in lines_of(cast)], [turn for cast in film.casts for turn in cast.turns])
            after += errors(film, [line for script in done for line in script.lines], [turn for script in done for turn in script.turns])
            scripts += done
    return before, after, scripts, used


class _HearsOnce:
    """A verifier that encodes a sound once in all measurements of a run, where they ask about the same lines again and again."""

    def __init__(self, verifier: Verifier) -> None:
        self.digest, self.understands, self._listen = verifier.digest, verifier.understands, verifier.listen
        self._heard: dict[tuple[str, bytes], Hearing] = {}

    def listen(self, sound: Mono, language: Language) -> Hearing:
        """As the verifier does; the last 500 sounds (3 MB each with Whisper base) are kept."""
        key = (language, hashlib.sha256(sound.tobytes()).digest())
        if key not in self._heard:
            self._heard = dict(list(self._heard.items())[-_KEPT:])
            self._heard[key] = self._listen(sound, language)
        return self._heard[key]


@functools.cache
def _hears_once(role: str, model: config.Model) -> Verifier:
    return _HearsOnce(backends.load(role, model))


def _models(settings: config.Correct) -> dict[str, Any]:
    return {role: _hears_once(role, m) if role in _JUDGES else backends.load(role, m) for role, m in config.models(settings).items()}


def planted(film: Film, share: float, rng: np.random.Generator) -> Film:
    """The film with that share of the lines, of clips where several speak, handed to another speaker of the clip."""

    def wrong(cast: Cast) -> Cast:
        for line in lines_of(cast):
            others = [speaker.id for speaker in cast.speakers if speaker.id != line.speaker]
            if others and rng.random() < share:
                given = dataclasses.replace(line, speaker=others[int(rng.integers(len(others)))])
                cast = dataclasses.replace(cast, turns=edits.turns_after(cast.turns, line, given))
        return cast

    passages = [dataclasses.replace(passage, casts=tuple(map(wrong, passage.casts))) for passage in film.passages]
    return Film(film.truth, tuple(passages))


def verifier(chosen: Sequence[Film], settings: config.Correct) -> list[str]:
    """Each true and false edit alone against the line as it was heard: proposed, accepted, and the median margin, by kind and language."""
    models = _models(settings)
    judges = {role: models[role] for role in _JUDGES}
    rows: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for film in chosen:
        said, rng = film.said, np.random.default_rng(0)
        language = said.language
        vocabulary = [unit for unit, _ in said.said]
        for cast in film.casts:
            lines, witness = lines_of(cast), Witness(cast, judges, models["voice_encoder"])
            places = [("true", place) for place in oracle.true_edits([line.text for line in lines], said)]
            wrong = {place.line for _, place in places}
            for number, line in enumerate(lines):
                for kind in oracle.FAULTS * (_TRIES if number not in wrong else 0):
                    place = oracle.false_edit(kind, number, units(line.text, language), language, vocabulary, rng)
                    places += [(kind, place)] if place else []
            for kind, place in places:
                before, after = wording(place, units(lines[place.line].text, language), language)
                edit = Edit("text", place.line, before, after, kind)
                refusal, evidence = edits.verify(edit, lines, cast, settings, witness)
                if "margins" in evidence:
                    rows.setdefault((language, kind), []).append((not refusal, min(evidence["margins"].values(), default=0.0)))
            for number, line in enumerate(lines):
                for speaker in cast.speakers:
                    if speaker.id != line.speaker:
                        _speakers(rows, language, number, speaker.id, lines, cast, settings, witness)
            for kind, line, words, other in _parts(lines, cast):
                edit = Edit("part", 0, joined((word.text for word in words), language), other, "")
                refusal, evidence = edits.verify(edit, [line], cast, settings, witness)
                if "does not occur" not in refusal:
                    rows.setdefault((language, kind), []).append((not refusal, min(evidence.get("border_margins", [0.0]), default=0.0)))
    table = ["| language | edit | proposed | accepted | refused | median margin |", "|---|---|---|---|---|---|"]
    for (tongue, kind), tried in sorted(rows.items()):
        held = sum(accepted for accepted, _ in tried)
        median = float(np.median([margin for _, margin in tried]))
        table.append(f"| {tongue} | {kind} | {len(tried)} | {held} | {100 * (1 - held / len(tried)):.0f} % | {median:.2f} |")
    return table


def _speakers(rows: Any, language: str, number: int, other: str, lines: Any, cast: Cast, settings: config.Correct, witness: Witness) -> None:
    """A line given to another speaker (false), and given back (true)."""
    mine = lines[number].speaker
    given = [dataclasses.replace(line, speaker=other) if place == number else line for place, line in enumerate(lines)]
    for kind, now, edit in (
        ("false speaker", lines, Edit("speaker", number, mine, other, "")),
        ("true speaker", given, Edit("speaker", number, other, mine, "")),
    ):
        refusal, evidence = edits.verify(edit, now, cast, settings, witness)
        like = evidence.get("likeness", {})
        rows.setdefault((language, kind), []).append((not refusal, like.get(edit.after, 0.0) - like.get(edit.before, 0.0)))


def _parts(lines: Sequence[Line], cast: Cast) -> Iterator[tuple[str, Line, Sequence[Word], str]]:
    """Lines and the words of each for another speaker: neighbours run together and parted again, at the right place or half of one's words beside it;
    and half of a line that is one speaker's."""
    for line in lines:
        middle = len(line.words) // 2
        for other in {speaker.id for speaker in cast.speakers} - {line.speaker} if middle > 1 else ():
            yield from (("part of one speaker's line", line, half, other) for half in (line.words[:middle], line.words[middle:]))
    for one, two in itertools.pairwise(lines):
        if one.speaker == two.speaker or not one.span.end <= two.span.start <= one.span.end + LINE_GAP_MS:
            continue
        for mine, theirs in ((one, two), (two, one)):
            whole = line_of(mine.speaker, one.words + two.words, cast)
            yield "right part", whole, theirs.words, theirs.speaker
            half, near = len(theirs.words) // 2, len(mine.words) // 2
            if half > 1:
                yield "part, border too late", whole, theirs.words[half:] if mine is one else theirs.words[:half], theirs.speaker
            if near > 1:
                much = mine.words[-near:] + theirs.words if mine is one else theirs.words + mine.words[:near]
                yield "part, border too early", whole, much, theirs.speaker


def curve(chosen: Sequence[Film], settings: config.Correct, share: float = 0.0) -> Iterator[str]:
    """Errors after correction by an oracle, against how often it is right; with verification, and without.

    Everything that was paid for is remembered under the oracle's p, so that a second run asks nothing.
    """
    rng = np.random.default_rng(0)
    said = [film.said for film in chosen]  # and who is who before anything is planted
    chosen = [planted(film, share, rng) for film in chosen] if share else chosen
    yield "| p | verified | word errors before | after | DER before | after | edits accepted | refused |"
    yield "|---|---|---|---|---|---|---|---|"
    for p in _STEPS:
        for verified in (True, False):
            with oracle.serve(oracle.Oracle(said, p)) as url:
                options = (("base_url", url), ("model", f"oracle-{p}"))
                asked = dataclasses.replace(settings, corrector=config.Model("openai", options=options))
                if not verified:
                    nobody = config.Model("none")
                    asked = dataclasses.replace(asked, verifier=nobody, second_opinion=nobody, min_voice_margin=-2.0, min_border_margin=-2.0)
                before, after, scripts, _ = corrected(chosen, asked)
            verdicts = Counter(correction.verdict for script in scripts for correction in script.corrections)
            yield (
                f"| {p:.2f} | {'yes' if verified else 'no'} | {_rates(before, after, 'wrong', 'words')} | {_rates(before, after, 'wrong_ms', 'ms')} "
                f"| {verdicts['accepted']} | {verdicts['rejected']} |"
            )


def corrector(chosen: Sequence[Film], settings: config.Correct) -> list[str]:
    """Errors before and after, film by film and in total; edits by kind and verdict; tokens and money, an hour of speech."""
    table = ["| film | word errors before | after | DER before | after |", "|---|---|---|---|---|"]
    total_before, total_after, verdicts, used = Counter[str](), Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    for film in chosen:
        before, after, scripts, spent = corrected([film], settings)
        total_before, total_after, used = total_before + before, total_after + after, used + spent
        verdicts.update((correction.kind, correction.verdict) for script in scripts for correction in script.corrections)
        table.append(f"| {film.truth.film} | {_rates(before, after, 'wrong', 'words')} | {_rates(before, after, 'wrong_ms', 'ms')} |")
    table.append(f"| all | {_rates(total_before, total_after, 'wrong', 'words')} | {_rates(total_before, total_after, 'wrong_ms', 'ms')} |")
    table += ["", "| edits | proposed | accepted | refused |", "|---|---|---|---|"]
    for kind in sorted({kind for kind, _ in verdicts}):
        accepted, refused = verdicts[kind, "accepted"], verdicts[kind, "rejected"]
        table.append(f"| {kind} | {accepted + refused} | {accepted} | {refused} |")
    hours = total_before["ms"] / 3_600_000
    if used:
        table += ["", "| used | in all | an hour of speech |", "|---|---|---|"]
        for name, count in sorted(used.items()):
            what, amount = ("cost", count / 1e6) if name == "cost_millionths" else (name, float(count))
            table.append(f"| {what} | {amount:g} | {amount / hours:.4g} |")
    return table


def _rates(before: Counter[str], after: Counter[str], wrong: str, all_of: str) -> str:
    return f"{100 * before[wrong] / before[all_of]:.2f} % | {100 * after[wrong] / after[all_of]:.2f} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser("score_correction", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", choices=["verifier", "curve", "corrector"])
    parser.add_argument("films", nargs="+", type=Path, metavar="FILM")
    parser.add_argument("--plant", type=float, default=0.0, metavar="SHARE", help="of the lines that the curve begins with another's speaker")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C")
    options = parser.parse_args(arguments)
    try:
        settings = config.load(profile.find("local"), None, options.set)
        build.preflight(settings)
        measures: dict[str, Callable[[Sequence[Film], config.Correct], Iterable[str]]] = {
            "verifier": verifier,
            "curve": functools.partial(curve, share=options.plant),
            "corrector": corrector,
        }
        for row in measures[options.measure](films(options.films, settings), settings.correct):
            print(row, flush=True)
    except CinedubError as error:
        print(f"score_correction: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
