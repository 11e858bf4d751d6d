"""Small pictures of a reel, taken while it is decoded for its cuts, so that nobody decodes it again to see what its shots look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from schemas import Span

SIZE = (32, 18)
#: Pictures of a shot are at least this far apart.
EVERY_MS = 200
Thumbnail = UInt8[np.ndarray, "18 32 3"]


@dataclass(slots=True)
class Thumbnails:
    """Pictures pass, small ones stay (1.7 kB each): their times in ms on the film's clock, and what they show."""

    times: list[int] = field(default_factory=list)
    pictures: list[Thumbnail] = field(default_factory=list)

    def of(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
        """The same frames; of each, a small one is kept."""
        for time, picture in frames:
            self.times.append(time)
            self.pictures.append(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA))
            yield time, picture

    def write(self, shots: Sequence[Span], path: Path) -> None:
        """An npz of those that show each shot, its first among them: ``shot`` (N,) int32 and ``picture`` (N,18,32,3) uint8."""
        chosen: list[tuple[int, Thumbnail]] = []
        number, last = -1, 0
        for time, picture in zip(self.times, self.pictures, strict=True):
            at = next((place for place in range(max(number, 0), len(shots)) if shots[place].start <= time < shots[place].end), None)
            if at is not None and (at != number or time - last >= EVERY_MS):
                chosen.append((at, picture))
                number, last = at, time
        shown = np.array([picture for _, picture in chosen], np.uint8).reshape(-1, *SIZE[::-1], 3)
        np.savez_compressed(path, shot=np.array([at for at, _ in chosen], np.int32), picture=shown)


def read(path: Path, shots: int) -> list[list[Thumbnail]]:
    """The pictures of each shot; none of one without a frame of its own."""
    with np.load(path, allow_pickle=False) as stored:
        places, pictures = stored["shot"], stored["picture"]
    return [list(pictures[places == place]) for place in range(shots)]
