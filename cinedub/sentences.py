"""How likely Chinese sentences are by a word trigram model (KenLM, Heafield 2011), and which that are said the same are likelier."""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinedub.errors import WeightsError
from cinedub.lexicon import LONGEST, homophones, is_han, near

#: Nats that a character costs which is another than was heard, a tone, and a letter of a syllable: so that correct sentences are left alone.
_CHANGE, _TONE, _LETTER = 1.5, 2.0, 10.0
#: Rows of words that are followed from any place.
_BEAM = 20
#: To the ear one word: which of them is commoner says nothing.
HE = frozenset("他她它")
_NATS = math.log(10)


@dataclass(frozen=True, slots=True)
class Rewording:
    """Units ``[start, end)`` of a sentence as ``after``, a character for each: so many nats likelier beside all other rewordings, less its tones."""

    start: int
    end: int
    after: str
    gain: float


@dataclass(frozen=True, slots=True)
class _Arc:
    """A word that may stand for units ``[start, end)``, and what that costs."""

    start: int
    end: int
    word: str
    cost: float = 0.0
    changes: int = 0


class Sentences:
    """A model of sentences as rows of words."""

    def __init__(self, path: Path) -> None:
        """``path``: a file in KenLM's binary format or ARPA's, or a folder with one ``.lm``.

        Raises:
            WeightsError: it is no such model.
        """
        import kenlm

        file = next(iter(sorted(path.glob("*.lm"))), path) if path.is_dir() else path
        try:
            self._model = kenlm.Model(str(file))
        except OSError as error:
            raise WeightsError(f"{file} is no language model of KenLM") from error
        self._state = kenlm.State

    def likelihood(self, units: Sequence[str]) -> float:
        """Log-probability (nats) of the likeliest row of words that spells a sentence of these units: characters, foreign words."""
        return self._best(units, [])[0]

    @functools.lru_cache(maxsize=1000)  # noqa: B019 (a model lives as long as its process)
    def reworded(self, units: tuple[str, ...]) -> tuple[Rewording, ...]:
        """Where words that are said as these make a sentence likelier, in order."""
        arcs = [arc for start in range(len(units)) for arc in self._said(units, start)]
        path = [arc for arc in self._best(units, arcs)[1] if arc.changes]
        new = list(units)
        for arc in path:
            new[arc.start : arc.end] = arc.word
        best, found = self.likelihood(new), []
        for start, end, cost in _stretches(path, units):
            without = self.likelihood([*new[:start], *units[start:end], *new[end:]])
            found.append(Rewording(start, end, "".join(new[start:end]), best - without - cost))
        return tuple(found)

    def _said(self, units: Sequence[str], start: int) -> Iterator[_Arc]:
        """Words that the model knows which are said as those that begin at ``start``."""
        for end in range(start + 1, min(len(units), start + LONGEST) + 1):
            if not all(len(unit) == 1 and is_han(unit) for unit in units[start:end]):
                return
            heard = "".join(units[start:end])
            for word, cost in _costs(heard).items():
                if word in self._model and not {heard, word} <= HE:
                    yield _Arc(start, end, word, cost, sum(old != new for old, new in zip(heard, word, strict=True)))

    def _best(self, units: Sequence[str], others: Sequence[_Arc]) -> tuple[float, list[_Arc]]:
        """The likeliest row of words, and its log-probability less what its changes cost. Two rows are one where their last two words are."""
        score, state = self._model.BaseScore, self._state
        first = state()
        self._model.BeginSentenceWrite(first)
        ends: list[dict[tuple[str, str], tuple[float, Any, Any]]] = [{} for _ in range(len(units) + 1)]
        ends[0]["", ""] = (0.0, first, None)
        arcs: list[list[_Arc]] = [[] for _ in units]
        for arc in others:
            arcs[arc.start].append(arc)
        for start in range(len(units)):
            for end in range(start + 1, min(len(units), start + LONGEST) + 1):
                word = "".join(units[start:end])
                if end == start + 1 or word in self._model:
                    arcs[start].append(_Arc(start, end, word))
            for (_, last), (likely, before, row) in heapq.nlargest(_BEAM, ends[start].items(), key=lambda item: item[1][0]):
                for arc in arcs[start]:
                    after = state()
                    now = likely + _NATS * score(before, arc.word, after) - _CHANGE * arc.changes - arc.cost
                    known = ends[arc.end].get((last, arc.word))
                    if known is None or now > known[0]:
                        ends[arc.end][last, arc.word] = (now, after, (row, arc))
        likely, row = max(((now + _NATS * score(last, "</s>", state()), row) for now, last, row in ends[-1].values()), key=lambda found: found[0])
        path: list[_Arc] = []
        while row:
            row, arc = row
            path.append(arc)
        return likely, path[::-1]


def _costs(heard: str) -> dict[str, float]:
    """Words that are said as what was heard, or nearly, and what the difference costs."""
    found = {word: _LETTER + _TONE * tones for word, tones in near(heard)}
    return found | {word: _TONE * tones for word, tones in homophones(heard)}


def _stretches(changed: Sequence[_Arc], units: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Where words differ from the units, from the first character that does to the last, neighbours together; and what their sounds cost."""
    found: list[tuple[int, int, float]] = []
    for arc in changed:
        places = [place for place in range(arc.start, arc.end) if units[place] != arc.word[place - arc.start]]
        start, end, cost = places[0], places[-1] + 1, arc.cost
        if found and found[-1][1] == start:
            start, _, more = found.pop()
            cost += more
        found.append((start, end, cost))
    yield from found
