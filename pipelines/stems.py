"""A film's voices and background, as a build pulls them apart: from its cache where it has, by the same stages where it hasn't."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cinedub import config, sound, sources, storage
from schemas import Film, Language, Source, Span, Stems
from transforms.cut_reels import CutReels
from transforms.detect_shots import DetectShots
from transforms.probe import Probe
from transforms.separate import RATE, Separate
from transforms.stage import at_once

_BLOCK_MS = 10_000


@dataclass(frozen=True)
class FilmStems:
    """A film and its reels' stems, which tile it."""

    film: Film
    reels: tuple[Stems, ...]

    def vocals(self, spans: Sequence[Span], longest_s: float, rate: int) -> np.ndarray:
        """The voices over some stretches of the film, one after another, mono at ``rate`` Hz, at most so many seconds."""
        parts: list[np.ndarray] = []
        for span in spans:
            if sum(map(len, parts)) >= longest_s * rate:
                break
            for stems in self.reels:
                if part := span & stems.reel.span:
                    parts.append(sound.read(storage.resolve(stems.vocals), part.shift(-stems.reel.heard.start), rate))
        return np.concatenate(parts)[: int(longest_s * rate)] if parts else np.zeros(0, np.float32)

    def write(self, name: str, path: Path) -> None:
        """The whole film's ``vocals`` or ``background`` as one FLAC, in bounded memory."""
        sound.write(path, self._blocks(name), RATE)

    def _blocks(self, name: str) -> Iterator[np.ndarray]:
        for stems in self.reels:
            span, heard = stems.reel.span, stems.reel.heard.start
            for start in range(span.start, span.end, _BLOCK_MS):
                part = Span(start, min(span.end, start + _BLOCK_MS)).shift(-heard)
                yield sound.read(storage.resolve(getattr(stems, name)), part, RATE, mono=False)


def of_film(path: Path, language: Language | None, settings: config.Settings) -> FilmStems:
    """Probe, cut and separate a film. ``language`` is its own, where it is known.

    Raises:
        MediaError: what ``Probe`` or ``Separate`` refuse. UsageError: no such film.
    """
    (source,) = sources.expand([str(path)])
    source = Source(source.uri, source.title, source.series, language or source.language)
    (film,) = at_once(Probe, settings.probe, source)
    shots = [shots for reel in at_once(CutReels, settings.reels, film) for shots in at_once(DetectShots, settings.shots, reel)]
    return FilmStems(film, tuple(stems for one in shots for stems in at_once(Separate, settings.separate, one)))
