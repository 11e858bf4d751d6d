"""Long sound through a model of fixed length: overlapping windows, faded into each other, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from cinedub.backends.roles import Channels


def crossfade(blocks: Iterable[Channels], window: int, overlap: int, process: Callable[[Channels], Channels]) -> Iterator[Channels]:
    """``process`` over windows of exactly ``window`` samples, ``overlap`` of them shared with the next and faded linearly.

    The last window is filled up with silence. As many samples come out as went in; at most two windows and one block are held.
    """
    if not 0 < overlap <= window // 2:
        raise ValueError(f"windows of {window} samples overlap by 1 to {window // 2}, got {overlap}")
    rise = ((np.arange(overlap) + 0.5) / overlap).astype(np.float32)
    hop = window - overlap
    held: Channels | None = None
    tail: Channels | None = None

    def faded(part: Channels) -> tuple[Channels, Channels]:
        done = process(part)
        if tail is not None:
            done = np.concatenate([done[:, :overlap] * rise + tail * (1 - rise), done[:, overlap:]], axis=1)
        return done[:, :hop], done[:, hop:]

    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
        while held.shape[1] >= window:
            out, tail = faded(held[:, :window])
            held = held[:, hop:]
            yield out
    if held is None or (tail is not None and held.shape[1] <= overlap):
        if tail is not None and held is not None and held.shape[1]:
            yield tail[:, : held.shape[1]]
        return
    filled = np.pad(held, ((0, 0), (0, window - held.shape[1])))
    out, tail = faded(filled)
    yield np.concatenate([out, tail], axis=1)[:, : held.shape[1]]
