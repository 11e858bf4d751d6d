"""A corrector without a language model: where the recogniser was in doubt, its other readings and words that sound alike, for the sound to judge."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cinedub import strangers, weights
from cinedub.backends.roles import Edit, Proposal
from cinedub.config import Model
from cinedub.exhibits import Exhibits
from cinedub.glossary import places, sounds, spelling
from cinedub.places import Place, wording
from cinedub.retiming import bare, units
from cinedub.sentences import HE, Sentences
from cinedub.soundalike import alike, known, likeness
from schemas import Language

#: A word below the first probability is in doubt; below the second, words that nobody read there are tried, too.
_DOUBT, _DEEP_DOUBT = 0.5, 0.3
#: Below this, words may be one word.
_SPELLING_DOUBT = 0.7
#: Nats a token by which the sound has to be for another wording: of several that are tried, the best is for some of them by chance.
_LEAST = 0.5
_GUESSES, _MOST = 3, 24
#: So many nats by which a sentence is likelier are worth one of the sound's.
_WORTH = 2.0
_HE = str.maketrans(dict.fromkeys(HE, "他"))
#: A line is offered to whoever is seen speaking for this share of it while its speaker is not.
_SEEN = 0.6


class Rescorer:
    """Proposes edits from n-best readings, the dictionary, the passage's own words, the film's names, faces that are seen speaking, and voices.

    With weights, a model of Chinese sentences, Chinese words that are said as what was heard, or nearly, too.
    """

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights) if model.weights else None
        self.digest = f"rescorer-6-{weights.digest(path) if path else ''}"
        self._sentences = Sentences(path) if path else None

    def propose(self, evidence: dict[str, Any], language: Language, exhibits: Exhibits) -> Proposal:
        """At most 24 edits a clip, those that rest on more first."""
        sentences = self._sentences if language == "zh" else None
        worded = _joined(evidence) if language == "en" else _worded(evidence, sentences) if sentences else ()
        read, guessed = _read(evidence, language, sentences), _guessed(evidence, language, sentences)
        found = [*_seen(evidence), *strangers.parts(evidence, language), *_named(evidence, language), *worded, *read, *guessed]
        most = _MOST * max(1, len(evidence["clips"]))
        return Proposal(tuple({(edit.kind, edit.line, edit.before, edit.after): edit for edit in reversed(found)}.values())[::-1][:most])


def _read(evidence: dict[str, Any], language: Language, sentences: Sentences | None) -> Iterator[Edit]:
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
                        place = Place(line["id"], start, end, tuple(theirs[first:last]))
                        before, after = wording(place, words, language)
                        least = _LEAST - _gain(sentences, words, place) / _WORTH
                        yield Edit("text", line["id"], before, after, f"reading {rank + 2} of the recogniser", 1 / (rank + 2), least)


def _gain(sentences: Sentences | None, words: list[str], place: Place) -> float:
    """Nats by which as many other units make a line a likelier sentence; 0 where nobody can tell."""
    if sentences is None or len(place.after) != place.end - place.start:
        return 0.0
    now = [bare(word).translate(_HE) for word in words]
    new = [*now[: place.start], *(bare(word).translate(_HE) for word in place.after), *now[place.end :]]
    return sentences.likelihood(new) - sentences.likelihood(now)


def _worded(evidence: dict[str, Any], sentences: Sentences) -> Iterator[Edit]:
    """Chinese words that are said as what was heard is, where they make the line a likelier sentence.

    To the ear the two are one: the likelier the words, the less the sound has to be for them.
    """
    for line in evidence["lines"]:
        words, _ = _words(line, "zh")
        plain = tuple(bare(word) for word in words)
        named = {place for name in evidence["glossary"] for start in range(len(plain)) for place in _at(name, plain, start)}
        for other in sentences.reworded(plain):
            if not named.isdisjoint(range(other.start, other.end)):
                continue  # no model of sentences knows the people of a film
            spelled = tuple(_as(words[place], new) for place, new in zip(range(other.start, other.end), other.after, strict=True))
            before, after = wording(Place(line["id"], other.start, other.end, spelled), words, "zh")
            sure = max(0.0, other.gain) / (1 + max(0.0, other.gain))
            yield Edit("text", line["id"], before, after, "likelier words that are said the same", sure, _LEAST - other.gain / _WORTH)


def _at(name: str, plain: Sequence[str], start: int) -> range:
    """The units of a name that begins here, or none."""
    end = start + len(name)
    return range(start, end) if "".join(plain[start:end]) == name else range(0)


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


def _guessed(evidence: dict[str, Any], language: Language, sentences: Sentences | None) -> Iterator[Edit]:
    """Words in deep doubt that sound like one that the clip has elsewhere, or (English) like another of the dictionary."""
    known = Counter(bare(unit) for line in evidence["lines"] for unit in units(line["text"], language))
    for line in evidence["lines"]:
        words, doubts = _words(line, language)
        for start, (word, doubt) in enumerate(zip(words, doubts, strict=True)):
            for rank, other in enumerate(alike(bare(word), language) if doubt < _DEEP_DOUBT else ()):
                if known[other] or (rank < _GUESSES and language == "en"):  # in Chinese too many sound alike
                    spelled = (other.capitalize() if word[:1].isupper() else other) + word[len(word.rstrip(".,!?;:。，！？；：")) :]
                    place = Place(line["id"], start, start + 1, (spelled,))
                    before, after = wording(place, words, language)
                    reason = "the clip has it elsewhere" if known[other] else "sounds alike"
                    least = _LEAST - min(0.0, _gain(sentences, words, place)) / _WORTH
                    yield Edit("text", line["id"], before, after, reason, 1 / (rank + 2), least)


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
