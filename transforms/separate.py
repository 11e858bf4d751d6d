"""Pull the voices out of every reel's mix."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import soxr

from cinedub import config, media, storage
from cinedub.backends import roles
from cinedub.backends.roles import Channels
from cinedub.sound import Flac
from schemas import Shots, Stems
from transforms.stage import Stage

RATE = 48000


def separate(shots: Shots, config: config.Separate, assets: storage.Assets, separator: roles.Separator) -> Stems:
    """Mix, vocals and background over ``reel.heard`` as 16-bit FLAC at 48 kHz, all of the same length.

    The background is the mix minus the vocals, sample by sample, before any of them is rounded to 16 bits.

    Raises:
        MediaError: DECODE_AUDIO or DECODE_TIMEOUT.
    """
    reel = shots.reel
    channels = min(2, reel.film.audio.channels)
    source = media.sound(storage.resolve(reel.film.uri), reel.heard, RATE, channels)
    waiting: deque[Channels] = deque()  # mix blocks whose vocals are still inside the separator: one of its windows at most

    def stereo() -> Iterator[Channels]:
        for block in source:
            waiting.append(block)
            yield block if channels == 2 else np.repeat(block, 2, axis=0)

    wanted = (reel.heard.duration * RATE + 500) // 1000
    separated = (vocals for vocals in separator.vocals(resample(stereo(), RATE, separator.rate)))
    voices = resample(media.ahead(separated, depth=1), separator.rate, RATE)
    names = {"mix": channels, "vocals": 1, "background": channels}
    with ExitStack() as stack:
        files = {name: stack.enter_context(Flac(assets.path(f"{name}.flac"), RATE, count)) for name, count in names.items()}
        for vocals in exactly(voices, wanted, 2):
            mix = take(waiting, source, vocals.shape[1], channels)
            voice = vocals if channels == 2 else vocals.mean(axis=0, keepdims=True)
            for name, sound in (("mix", mix), ("vocals", vocals.mean(axis=0, keepdims=True)), ("background", mix - voice)):
                files[name].write(sound)
    return Stems(shots, assets.uri("mix.flac"), assets.uri("vocals.flac"), assets.uri("background.flac"))


def resample(blocks: Iterator[Channels], source: int, target: int) -> Iterator[Channels]:
    """A stream at another rate, without delay."""
    if source == target:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    channels = 0
    for block in blocks:
        channels = block.shape[0]
        stream = stream or soxr.ResampleStream(source, target, channels, dtype="float32")
        part = stream.resample_chunk(np.ascontiguousarray(block.T))
        if len(part):
            yield part.T
    if stream is not None:
        rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
        if len(rest):
            yield rest.T


def exactly(blocks: Iterator[Channels], wanted: int, channels: int) -> Iterator[Channels]:
    """The first ``wanted`` samples of a stream; silence where it ends before (rounding of two resamplings: a sample or two)."""
    given = 0
    for block in blocks:
        if given < wanted:
            part = block[:, : wanted - given]
            given += part.shape[1]
            yield part
    if given < wanted:
        yield np.zeros((channels, wanted - given), np.float32)


def take(waiting: deque[Channels], source: Iterator[Channels], count: int, channels: int) -> Channels:
    """The next ``count`` samples of the mix."""
    parts = []
    while count:
        if not waiting:
            waiting.append(next(source))
        block = waiting.popleft()
        if block.shape[1] > count:
            waiting.appendleft(block[:, count:])
            block = block[:, :count]
        parts.append(block)
        count -= block.shape[1]
    return np.concatenate(parts, axis=1)


class Separate(Stage[Shots, Stems]):
    """Pull the voices out of every reel's mix."""

    run = staticmethod(separate)
