"""A corrector with faults, as a server: it knows a film's truth, and tells it only sometimes. For measuring what verification is worth.

For every place where a clip's transcript differs from the truth it proposes, with probability ``p``, the true edit, and otherwise a plausible false
one; where a line is right it proposes a false edit with probability ``1 - p``. What a place gets is decided once, so that asking again helps nobody.
"""

from __future__ import annotations

import difflib
import itertools
import json
import threading
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from cinedub.places import Place, wording
from cinedub.retiming import bare, units
from cinedub.soundalike import alike
from schemas import Language

#: Kinds of false edits of words. The first is reported apart: to the ear it is nearly the same.
FAULTS = ("sounds alike", "another word", "inserted", "deleted", "paraphrased", "invented")
_FILLERS = {"en": ("never", "really", "just", "always", "not"), "zh": ("也", "不", "真的", "都", "从来")}


@dataclass
class Truth:
    """Everything said in a film, in order: units, each with its speaker (or None where that isn't known); and who each id of a dataset is."""

    language: Language
    said: list[tuple[str, str | None]]
    people: dict[str, str] = field(default_factory=dict)
    _plain: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._plain = [bare(unit) for unit, _ in self.said]

    def part(self, heard: Sequence[str]) -> list[tuple[str, str | None]]:
        """What was said where these units were heard: around the longest run that agrees; nothing where none does."""
        anchor = difflib.SequenceMatcher(None, list(heard), self._plain, autojunk=False).find_longest_match()
        if not anchor.size:
            return []
        first = max(0, anchor.b - anchor.a - 4)
        last = anchor.b + len(heard) - anchor.a + 4
        blocks = difflib.SequenceMatcher(None, list(heard), self._plain[first:last], autojunk=False).get_matching_blocks()
        head, tail = blocks[0], blocks[-2]
        start = max(0, head.b - head.a)
        end = tail.b + tail.size + (len(heard) - tail.a - tail.size)
        return self.said[first + start : first + end]


def true_edits(lines: Sequence[str], truth: Truth) -> list[Place]:
    """Where the lines of a clip differ from what was said, and what belongs there."""
    owned = [(number, place, bare(unit)) for number, line in enumerate(lines) for place, unit in enumerate(units(line, truth.language))]
    said = truth.part([plain for *_, plain in owned])
    matcher = difflib.SequenceMatcher(None, [plain for *_, plain in owned], [bare(unit) for unit, _ in said], autojunk=False)
    found = []
    for tag, first, last, start, end in matcher.get_opcodes() if said else ():
        rows = owned[first:last] or owned[max(0, first - 1) : first]
        if tag == "equal" or len({number for number, *_ in rows}) != 1 or (tag == "insert" and first in (0, len(owned))):
            continue
        number, place = rows[0][0], rows[0][1]
        after = tuple(unit for unit, _ in said[start:end])
        found.append(Place(number, place + 1, place + 1, after) if tag == "insert" else Place(number, place, place + last - first, after))
    return found


def true_speakers(lines: Sequence[dict[str, Any]], truth: Truth) -> list[list[str]]:
    """For each unit of each line the id of who truly says it; the line's own speaker where that can't be told.

    An id is who the truth says, or else whoever says most of its units in the clip. Units that were misheard are theirs who say what belongs there,
    units that nobody said go with the one before.
    """
    owned = [(number, bare(unit)) for number, line in enumerate(lines) for unit in units(line["text"], truth.language)]
    said = truth.part([plain for _, plain in owned])
    who: list[str | None] = [None] * len(owned)
    votes: dict[str, Counter[str]] = {}
    matcher = difflib.SequenceMatcher(None, [plain for _, plain in owned], [bare(unit) for unit, _ in said], autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        for place in range(first, last):
            who[place] = person = said[start + (place - first) * (end - start) // (last - first)][1] if end > start else who[max(place - 1, 0)]
            if person and tag == "equal":
                votes.setdefault(lines[owned[place][0]]["speaker"], Counter())[person] += 1
    meant = {name: found.most_common(1)[0][0] for name, found in votes.items()} | truth.people
    ids = {person: name for name, person in reversed(meant.items())}
    found: list[list[str]] = [[] for _ in lines]
    for (number, _), person in zip(owned, who, strict=True):
        own = lines[number]["speaker"]
        found[number].append(own if person is None or meant.get(own) == person else ids.get(person, own))
    return found


def false_edit(kind: str, line: int, words: Sequence[str], language: Language, vocabulary: Sequence[str], rng: np.random.Generator) -> Place | None:
    """A plausible false edit of a line that is right; None where the line has no place for one of that kind."""
    count = len(words)
    place = int(rng.integers(count)) if count else 0
    if kind == "sounds alike":
        for start in rng.permutation(count).tolist():
            for size in (2, 1) if language == "zh" else (1,):
                own = "".join(bare(word) for word in words[start : start + size])
                others = alike(own, language, 3)
                if len(own) >= (2 if language == "en" else 1) and others and start + size <= count:
                    other = others[int(rng.integers(len(others)))]
                    return Place(line, start, start + size, tuple(other) if language == "zh" else (other,))
        return None
    if kind == "inserted":
        filler = _FILLERS[language][int(rng.integers(len(_FILLERS[language])))]
        return Place(line, place, place, (filler,)) if count > 2 else None
    if kind == "deleted":
        return Place(line, place, place + 1, ()) if count > 3 else None
    length = {"another word": 1, "paraphrased": 3}.get(kind, count // 2)
    if count < length + 2 or len(vocabulary) < 50:
        return None
    start = count - length if kind == "invented" else int(rng.integers(count - length))
    begin = int(rng.integers(len(vocabulary) - length))
    after = tuple(vocabulary[begin : begin + length])
    old = [bare(word) for word in words[start : start + length]]
    return Place(line, start, start + length, after) if [bare(word) for word in after] != old else None


class Oracle:
    """Answers requests as a chat model would. ``p``: how often it is right."""

    def __init__(self, truths: Sequence[Truth], p: float, seed: int = 0) -> None:
        self.truths, self.p, self.seed = list(truths), p, seed

    def answer(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """The schema's JSON for a clip's evidence; each edit's ``reason`` says what it really is."""
        language: Language = evidence["language"]
        lines = evidence["lines"]
        heard = [bare(unit) for line in lines for unit in units(line["text"], language)]
        mine = [truth for truth in self.truths if truth.language == language]
        truth = max(mine, key=lambda known: difflib.SequenceMatcher(None, heard, known._plain, autojunk=False).find_longest_match().size)
        vocabulary = [unit for unit, _ in truth.said]
        edits: list[dict[str, Any]] = []
        wrong = true_edits([line["text"] for line in lines], truth)
        for place in wrong:
            line, words = lines[place.line], units(lines[place.line]["text"], language)
            rng = self._rng(line["text"], place.start)
            if rng.random() < self.p:
                edits.append(_edit("text", line, *wording(place, words, language), "true"))
            else:
                edits += self._false(line, words, language, vocabulary, rng)
        ids = [speaker["id"] for speaker in evidence["speakers"]]
        for number, (line, owners) in enumerate(zip(lines, true_speakers(lines, truth), strict=True)):
            words = units(line["text"], language)
            edits += self._whose(line, words, owners, language) if set(owners) - {line["speaker"]} else self._not_whose(line, words, ids, language)
            if number not in {place.line for place in wrong} and self._rng(line["text"], -2).random() >= self.p:
                edits += self._false(line, words, language, vocabulary, self._rng(line["text"], -3))
        return {"reasoning": "", "edits": edits, "emotions": [], "speakers": [], "clues": []}

    def _whose(self, line: dict[str, Any], words: list[str], owners: list[str], language: Language) -> list[dict[str, Any]]:
        """A line, or parts of it, for the right speakers. Where nothing of it is its speaker's, whoever says most gets what is left of it."""
        heir = line["speaker"] if line["speaker"] in owners else Counter(owners).most_common(1)[0][0]
        edits = []
        for name, run in itertools.groupby(range(len(owners)), key=lambda place: owners[place]):
            part = list(run)
            if name != heir and self._rng(line["text"], part[0]).random() < self.p:
                edits.append(_edit("part", line, _text(words[part[0] : part[-1] + 1], language), name, "true"))
        if heir != line["speaker"] and self._rng(line["text"], -1).random() < self.p:
            edits.append(_edit("speaker", line, line["speaker"], heir, "true"))
        return edits

    def _not_whose(self, line: dict[str, Any], words: list[str], ids: list[str], language: Language) -> list[dict[str, Any]]:
        """A line that is rightly its speaker's, or its first or second half, for another."""
        rng = self._rng(line["text"], -1)
        others = [name for name in ids if name != line["speaker"]]
        if not others or rng.random() < self.p:
            return []
        other, middle = others[int(rng.integers(len(others)))], len(words) // 2
        halves = [half for half in (words[:middle], words[middle:]) if len(half) > 1]
        if halves and rng.random() < 0.5:
            return [_edit("part", line, _text(halves[int(rng.integers(len(halves)))], language), other, "false")]
        return [_edit("speaker", line, line["speaker"], other, "false")]

    def _rng(self, text: str, place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(text.encode()), place + 3])

    def _false(
        self, line: dict[str, Any], words: list[str], language: Language, vocabulary: list[str], rng: np.random.Generator
    ) -> list[dict[str, Any]]:
        kind = FAULTS[int(rng.integers(len(FAULTS)))]
        place = false_edit(kind, 0, words, language, vocabulary, rng)
        return [_edit("text", line, *wording(place, words, language), kind)] if place else []


def _text(words: Sequence[str], language: Language) -> str:
    return (" " if language == "en" else "").join(words)


def _edit(kind: str, line: dict[str, Any], before: str, after: str, reason: str) -> dict[str, Any]:
    return {"kind": kind, "line": line["id"], "before": before, "after": after, "reason": reason, "confidence": 0.9}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """One chat completion."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = request["messages"][-1]["content"]
        evidence = json.loads(content.removeprefix("<evidence>\n").removesuffix("\n</evidence>"))
        server: Any = self.server
        said = json.dumps(server.oracle.answer(evidence), ensure_ascii=False)
        usage = {"prompt_tokens": len(content) // 4, "completion_tokens": len(said) // 4}
        body = json.dumps({"choices": [{"message": {"content": said}}], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def serve(oracle: Oracle) -> Iterator[str]:
    """The oracle as an OpenAI-compatible server on loopback; its address while the block runs."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads, server.oracle = True, oracle
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
