"""What was said is kept: every line's take lies in the stage cache under all that decides it, and the track is laid from there.

A dub that was stopped goes on where it was; a changed line is the only one spoken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import soundfile
from jaxtyping import Float32

from cinedub import sound, storage
from model import mel
from model.dub import FASTEST, Dubbing, Manner, pace, slot
from model.order import Order, check

_STAGE = "Dub"
#: Samples of silence that are given at once.
_BLOCK = 10 * mel.RATE

Mono = Float32[np.ndarray, " samples"]


def record(dubbing: Dubbing, order: Order, manners: Sequence[Manner], told: Callable[[int, int], None] | None = None) -> list[str]:
    """Speak every line that was not spoken before; gives each line's take, as an ``asset:`` URI. ``told(done, of)`` is called as lines are done.

    Raises:
        DubError, TextError: what can't be dubbed; nothing was spoken.
        StorageError: the cache can't be written.
    """
    check(order)
    places = [dubbing.address(order, index, manner) for index, manner in enumerate(manners)]
    missing = [index for index, place in enumerate(places) if not storage.resolve(_uri(place)).exists()]
    done = len(places) - len(missing)
    for manner in dict.fromkeys(manners):
        for index, said in dubbing.speak(order, [index for index in missing if manners[index] == manner], manner):
            with storage.Assets(_STAGE, places[index]) as assets:
                sound.write(assets.path("take.flac"), [said[None]], mel.RATE)
                assets.publish()
            done += 1
            if told:
                told(done, len(places))
    return [_uri(place) for place in places]


def _uri(place: str) -> str:
    return f"{storage.ASSET}{_STAGE}/{place}/take.flac"


def read(uri: str) -> Mono:
    """A take's sound at ``mel.RATE``."""
    data, _ = soundfile.read(storage.resolve(uri), dtype="float32")
    return np.asarray(data)


def rushed(order: Order) -> Iterator[tuple[int, float]]:
    """Lines whose slots are too short for their text, with the tokens a second they ask for."""
    for index in range(len(order.lines)):
        if (asked := pace(order, index)) > FASTEST:
            yield index, asked


def track(order: Order, takes: Sequence[str]) -> Iterator[Mono]:
    """The whole clip's speech in blocks, exactly ``mel.samples_of(duration_ms)`` samples: silence outside the lines, in bounded memory."""
    lines = sorted(range(len(order.lines)), key=lambda index: order.lines[index].start_ms)
    pieces = ((slot(order.lines[index].start_ms, order.lines[index].end_ms)[0], read(takes[index])) for index in lines)
    for block in laid(pieces, mel.samples_of(order.duration_ms)):
        yield np.clip(block, -1.0, 1.0)


def laid(pieces: Iterable[tuple[int, Mono]], total: int) -> Iterator[Mono]:
    """Pieces in order of their first samples, added up over ``total`` samples."""
    at, waiting = 0, np.zeros(0, np.float32)
    for first, piece in pieces:
        yield from _silence_after(waiting[: first - at], first - at)
        waiting, at = waiting[first - at :], first
        waiting = np.pad(waiting, (0, max(0, len(piece) - len(waiting))))
        waiting[: len(piece)] += piece
    yield from _silence_after(waiting[: total - at], total - at)


def _silence_after(block: Mono, samples: int) -> Iterator[Mono]:
    if len(block):
        yield block
    for start in range(len(block), samples, _BLOCK):
        yield np.zeros(min(_BLOCK, samples - start), np.float32)
