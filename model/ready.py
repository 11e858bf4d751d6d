"""Ready TTS voices that speak into a slot: the model's own durations, scaled so that the line fills it exactly."""

from __future__ import annotations

import functools

import numpy as np
import soxr
import torch
from jaxtyping import Float32

from cinedub.film.voices import RATE, UNIT_MS, Speaker
from cinedub.normalise import normalise
from cinedub.stretch import stretch
from model import align
from schemas import Language

#: The silence that the models put around a line and after its last stop, at most, in units of 25 ms.
_PAD, _STOP = 1, 2


@functools.lru_cache(maxsize=8)
def speaker(voice: str) -> Speaker:
    """Who speaks for ``hibari`` or ``kokoro:NAME``.

    Raises:
        UsageError: no voice of that name.
        WeightsError: the voices are not here.
    """
    return Speaker(voice.removeprefix("kokoro:"))


def say(text: str, language: Language, voice: str, duration_ms: int) -> Float32[np.ndarray, " samples"]:
    """The line at 24 kHz, exactly ``duration_ms`` long. Where the slot holds fewer units than sounds, the fastest speech is compressed into it."""
    told = normalise(text, language)
    who = speaker(voice)
    natural = who.units(told, language)
    samples, units = duration_ms * RATE // 1000, duration_ms // UNIT_MS
    if units < len(natural):
        return stretch(who.say(told, language, durations=[1] * len(natural)).sound, RATE, samples)
    before, *middle, stop, after = natural
    ends = [min(before, _PAD), min(stop, _STOP), min(after, _PAD)]
    room = units - sum(ends)
    if room < len(middle):
        durations = _shared(natural, units)
    else:
        durations = [ends[0], *_shared(middle, room), *ends[1:]]
    sound = who.say(told, language, durations=durations).sound[:samples]
    return np.pad(sound, (0, samples - len(sound)))


def _shared(shares: list[int], units: int) -> list[int]:
    return align.fill(torch.tensor([shares]).float(), torch.tensor([units]), torch.tensor([len(shares)]))[0].tolist()


def plainly(text: str, language: Language, voice: str) -> Float32[np.ndarray, " samples"]:
    """The line at 24 kHz at the voice's own pace, without the silence around it."""
    speech = speaker(voice).say(normalise(text, language), language)
    start, end = (ms * RATE // 1000 for ms in (speech.words[0].start, speech.words[-1].end))
    return speech.sound[start:end]


def at(sound: Float32[np.ndarray, " samples"], rate: int, samples: int) -> Float32[np.ndarray, " {samples}"]:
    """Sound of 24 kHz at another rate, in exactly so many samples."""
    made = soxr.resample(sound, RATE, rate).astype(np.float32)[:samples]
    return np.pad(made, (0, samples - len(made)))
