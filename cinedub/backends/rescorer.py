"""A corrector without a language model: where the recogniser was in doubt, its other readings and words that sound alike, for the sound to judge."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cinedub import lexicon, strangers
from cinedub.backends.roles import Edit, Proposal
from cinedub.config import Model
from cinedub.exhibits import Exhibits
from cinedub.glossary import places, sounds, spelling
from cinedub.places import Place, wording
from cinedub.retiming import bare, units
from cinedub.soundalike import alike, known, likeness
from schemas import Language

#: A word below the first probability is in doubt; below the second, words that nobody read there are tried, too.
_DOUBT, _DEEP_DOUBT = 0.5, 0.3
#: Below this, words may be one word.
_SPELLING_DOUBT = 0.7
#: Nats a token by which the sound has to be for another wording: of several that are tried, the best is for some of them by chance.
_LEAST = 0.5
_GUESSES, _MOST = 3, 24
#: A likelier row of words (nats) has to be so much likelier; each tone that differs takes from it; so many of its nats are worth one of the sound's.
_LEAST_GAIN, _TONE, _WORTH = 2.5, 3.0, 2.0
#: A line is offered to whoever is seen speaking for this share of it while its speaker is not.
_SEEN = 0.6


class Rescorer:
    """Proposes edits from n-best readings, the dictionary, the passage's own words, the film's names, faces that are seen speaking, and voices."""

    digest = "rescorer-5"

    def __init__(self, model: Model) -> None:
        """Nothing is loaded."""

    def propose(self, evidence: dict[str, Any], language: Language, exhibits: Exhibits) -> Proposal:
        """At most 24 edits a clip, those that rest on more first."""
        worded = _worded(evidence) if language == "zh" else _joined(evidence)
        found = [
            *_seen(evidence),
            *strangers.parts(evidence, language),
            *_named(evidence, language),
            *worded,
            *_read(evidence, language),
            *_guessed(evidence, language),
        ]
        most = _MOST * max(1, len(evidence["clips"]))
        return Proposal(tuple({(edit.kind, edit.line, edit.before, edit.after): edit for edit in reversed(found)}.values())[::-1][:most])


def _read(evidence: dict[str, Any], language: Language) -> Iterator[Edit]:
    """Where another reading of an utterance differs from a line in doubt."""
    for utterance in evidence["utterances"]:
        for rank, other in enumerate(utterance["alternatives"]):
            theirs = units(other, language)
            for line in evidence["lines"]:
                words, doubts = _words(line, language)
                if min(line["end_ms"], utterance["end_ms"]) <= max(line["start_ms"], utterance["start_ms"]) or not words:
                    continue
                matcher = difflib.SequenceMatcher(None, [bare(word) for word in words], [bare(word) for word in theirs], autojunk=False)
                for tag, start, end, first, last in matcher.get_opcodes():
                    inside = tag == "replace" and (start > 0 or first == 0) and (end < len(words) or last == len(theirs))
                    if inside and end - start <= 3 and last - first <= 4 and min(doubts[start:end]) < _DOUBT:
                        before, after = wording(Place(line["id"], start, end, tuple(theirs[first:last])), words, language)
                        yield Edit("text", line["id"], before, after, f"reading {rank + 2} of the recogniser", 1 / (rank + 2), _LEAST)


def _worded(evidence: dict[str, Any]) -> Iterator[Edit]:
    """Chinese words that are said as what was heard is, where they make the line likelier as a row of words; of those that overlap, the likeliest.

    To the ear the two are one: the likelier the words, the less the sound has to be for them.
    """
    for line in evidence["lines"]:
        words, _ = _words(line, "zh")
        plain = [bare(word) for word in words]
        now, found = lexicon.fluency("".join(plain)), []
        for size in lexicon.SIZES[1:]:
            for start in range(len(plain) - size + 1):
                heard = "".join(plain[start : start + size])
                for other, tones in lexicon.homophones(heard) if len(heard) == size else ():
                    text = "".join([*plain[:start], other, *plain[start + size :]])
                    gain = lexicon.fluency(text) - now - _TONE * tones
                    differs = [place for place in range(size) if heard[place] != other[place]]
                    if gain >= _LEAST_GAIN:
                        found.append((gain, start + differs[0], start + differs[-1] + 1, other[differs[0] : differs[-1] + 1]))
        taken = set[int]()
        for gain, start, end, other in sorted(found, key=lambda each: (-each[0], each[1:])):
            if taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                spelled = tuple(_as(words[place], new) for place, new in zip(range(start, end), other, strict=True))
                before, after = wording(Place(line["id"], start, end, spelled), words, "zh")
                yield Edit("text", line["id"], before, after, "likelier words that are said the same", gain / (gain + 1), _LEAST - gain / _WORTH)


def _joined(evidence: dict[str, Any]) -> Iterator[Edit]:
    """Two English words in doubt that are said as one of the dictionary is ("chess board"): a matter of spelling, to which the sound may object."""
    for line in evidence["lines"]:
        words, doubts = _words(line, "en")
        for start, (first, second) in enumerate(itertools.pairwise(words)):
            both = bare(first) + bare(second)
            if first[-1:].isalpha() and min(doubts[start : start + 2]) < _SPELLING_DOUBT and known(both) and _said_alike(first, second, both):
                before, after = wording(Place(line["id"], start, start + 2, (first + second,)), words, "en")
                yield Edit("text", line["id"], before, after, "one word of the dictionary", 0.5, -_LEAST)


def _said_alike(first: str, second: str, both: str) -> bool:
    return likeness([bare(first), bare(second)], [both], "en") == 1.0


def _as(unit: str, character: str) -> str:
    """A character with the punctuation of the unit in whose place it stands."""
    head, tail = _around(unit)
    return head + character + tail


def _guessed(evidence: dict[str, Any], language: Language) -> Iterator[Edit]:
    """Words in deep doubt that sound like one that the clip has elsewhere, or like another of the dictionary."""
    known = Counter(bare(unit) for line in evidence["lines"] for unit in units(line["text"], language))
    for line in evidence["lines"]:
        words, doubts = _words(line, language)
        for place, (word, doubt) in enumerate(zip(words, doubts, strict=True)):
            for rank, other in enumerate(alike(bare(word), language) if doubt < _DEEP_DOUBT else ()):
                if rank < _GUESSES or known[other]:
                    spelled = (other.capitalize() if word[:1].isupper() else other) + word[len(word.rstrip(".,!?;:。，！？；：")) :]
                    before, after = wording(Place(line["id"], place, place + 1, (spelled,)), words, language)
                    reason = "the clip has it elsewhere" if known[other] else "sounds alike"
                    yield Edit("text", line["id"], before, after, reason, 1 / (rank + 2), _LEAST)


def _named(evidence: dict[str, Any], language: Language) -> Iterator[Edit]:
    """Names in the spelling that the film or series has most surely, and what was heard in doubt where a name sounds the same.

    Between two spellings of a name the sound can't decide: there it may only object.
    """
    spelled = {said: name for name in evidence["glossary"] if (said := sounds(name, language))}
    for line in evidence["lines"] if spelled else ():
        words, doubts = _words(line, language)
        named = set(places(words, language))
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + (1 if language == "en" else 4)) + 1):
                said = spelling(words[start:end])
                name = spelled.get(sounds(said, language)) if (start, end) in named or min(doubts[start:end]) < _DOUBT else None
                if name and name != said and name.casefold() != said.casefold():
                    (head, _), (_, tail) = _around(words[start]), _around(words[end - 1])
                    after = head + name + tail
                    before, after = wording(Place(line["id"], start, end, (after,)), words, language)
                    yield Edit("text", line["id"], before, after, "so the name is spelled elsewhere", 0.7, None if (start, end) in named else _LEAST)


def _around(unit: str) -> tuple[str, str]:
    """What stands before and after the name in a unit: punctuation, a possessive."""
    head, _, tail = unit.partition(spelling([unit]))
    return head, tail


def _seen(evidence: dict[str, Any]) -> Iterator[Edit]:
    """Lines of people who aren't seen speaking while somebody else of the clip is."""
    for line in evidence["lines"]:
        length = line["end_ms"] - line["start_ms"]
        seen: dict[str, float] = {}
        for face in evidence["faces"]:
            for span in face["speaking"]:
                shared = max(0, min(span["end_ms"], line["end_ms"]) - max(span["start_ms"], line["start_ms"]))
                if face["speaker"]:
                    seen[face["speaker"]] = seen.get(face["speaker"], 0.0) + shared * span["score"] / length
        best = max(seen, key=lambda name: seen[name], default=line["speaker"])
        if best != line["speaker"] and seen[best] >= _SEEN and seen.get(line["speaker"], 0.0) < _SEEN / 3:
            yield Edit("speaker", line["id"], line["speaker"], best, "seen speaking while the other is not", seen[best])


def _words(line: dict[str, Any], language: Language) -> tuple[list[str], list[float]]:
    """The line's units and the probability of each; nothing where words were left out of the evidence."""
    pairs = [(unit, word[3]) for word in line.get("words", ()) for unit in units(word[0], language)]
    return [unit for unit, _ in pairs], [doubt for _, doubt in pairs]
