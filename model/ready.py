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
#: A slot that is heard for this share of it is full.
_FULL = 0.95


@functools.lru_cache(maxsize=8)
def speaker(voice: str) -> Speaker:
    """Who speaks for ``hibari`` or ``kokoro:NAME``.

    Raises:
        UsageError: no voice of that name.
        WeightsError: the voices are not here.
    """
    return Speaker(voice.removeprefix("kokoro:"))


def say(text: str, language: Language, voice: str, duration_ms: int) -> Float32[np.ndarray, " samples"]:
    """The line at 24 kHz, exactly ``duration_ms`` long and heard to its ends.

    The models are heard to stop before their last sounds' durations are over: where that leaves more than a twentieth of the slot empty, the line is
    said once more, as much slower. Where the slot holds fewer units than sounds, the fastest speech is compressed into it.
    """
    told = normalise(text, language)
    who = speaker(voice)
    natural = who.units(told, language)
    samples, units = duration_ms * RATE // 1000, duration_ms // UNIT_MS
    if units < len(natural):
        return stretch(trimmed(who.say(told, language, durations=[1] * len(natural)).sound), RATE, samples)
    sound = trimmed(who.say(told, language, durations=_filling(natural, units)).sound)
    if len(sound) < _FULL * samples:
        longer = min(2 * units, round(units * samples / len(sound)))
        sound = trimmed(who.say(told, language, durations=_filling(natural, longer)).sound)
    return stretch(sound, RATE, samples) if len(sound) > samples else np.pad(sound, (0, samples - len(sound)))


def _filling(natural: list[int], units: int) -> list[int]:
    """Durations in proportion to the natural ones that sum to ``units``; silence at the ends and after the last stop stays short."""
    before, *middle, stop, after = natural
    ends = [min(before, _PAD), min(stop, _STOP), min(after, _PAD)]
    room = units - sum(ends)
    return [ends[0], *_shared(middle, room), *ends[1:]] if room >= len(middle) else _shared(natural, units)


def _shared(shares: list[int], units: int) -> list[int]:
    return align.fill(torch.tensor([shares]).float(), torch.tensor([units]), torch.tensor([len(shares)]))[0].tolist()


def trimmed(sound: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, " samples"]:
    """From 10 ms before the first to 20 ms after the last sample that can be heard (40 dB below the peak)."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=1e-6))
    return sound[max(0, loud[0] - RATE // 100) : loud[-1] + RATE // 50] if len(loud) else sound


def plainly(text: str, language: Language, voice: str) -> Float32[np.ndarray, " samples"]:
    """The line at 24 kHz at the voice's own pace, without the silence around it."""
    return trimmed(speaker(voice).say(normalise(text, language), language).sound)


def at(sound: Float32[np.ndarray, " samples"], rate: int, samples: int) -> Float32[np.ndarray, " {samples}"]:
    """Sound of 24 kHz at another rate, in exactly so many samples."""
    made = soxr.resample(sound, RATE, rate).astype(np.float32)[:samples]
    return np.pad(made, (0, samples - len(made)))
