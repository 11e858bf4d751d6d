"""Other people out of a recorded line: WORLD (Morise, Yokomori and Ozawa, 2016) takes it apart into pitch, spectral envelope and aperiodicity, and
each is changed before they become sound again, as ``timbre.say`` does to Hibari's spectra."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from cinedub.film.acting import Manner
from cinedub.film.timbre import PLACES_HZ, Timbre, between

#: WORLD's frames, in ms.
_STEP_MS = 5.0


def timbre(name: str, rng: np.random.Generator) -> Timbre:
    """A change at random, so small that a woman's voice stays a woman's and a man's a man's."""
    throat = float(rng.uniform(0.85, 1.16))
    pitch = float(throat ** rng.uniform(0.5, 2.0) * rng.uniform(0.9, 1.12))
    colour = tuple(float(value) for value in rng.normal(0, 4.0, len(PLACES_HZ)))
    return Timbre(name, pitch, float(rng.uniform(0.75, 1.3)), throat, float(rng.uniform(0.93, 1.07)), float(rng.uniform(-1, 5)), colour)


def reshaped(sound: Float32[np.ndarray, " samples"], rate: int, of: Timbre, manner: Manner, pace: float) -> Float32[np.ndarray, " stretched"]:
    """A mono line in another timbre and manner, ``pace`` times as fast."""
    import pyworld

    signal = sound.astype(np.float64)
    pitch, times = pyworld.dio(signal, rate, frame_period=_STEP_MS)
    pitch = pyworld.stonemask(signal, pitch, times, rate)
    envelope, noise = pyworld.cheaptrick(signal, pitch, times, rate), pyworld.d4c(signal, pitch, times, rate)
    hertz = np.linspace(0, rate / 2, envelope.shape[1])
    source = np.interp(of.origin_hz(hertz), hertz, np.arange(len(hertz)))
    gain_db = of.gain_db(hertz) + manner.gain_db(hertz)
    envelope = np.exp(between(np.log(envelope).T, source).T) * 10 ** (gain_db / 10)
    noise = np.clip(between(noise.T, source).T * 10 ** (of.breath_db / 20), 0.0, 1.0)
    voiced = pitch > 0
    mean = float(np.exp(np.log(pitch[voiced]).mean())) if voiced.any() else 1.0
    bent = mean * of.pitch * manner.pitch * (np.maximum(pitch, 1.0) / mean) ** (of.span * manner.span)
    pitch = np.where(voiced, np.clip(bent, 55.0, 600.0), 0.0)
    # Frames are fetched from where the line was at its own pace; the pitch from the nearest, for between voiced and unvoiced there is none.
    at = np.arange(0.0, len(pitch) - 1, pace)
    envelope, noise = (np.ascontiguousarray(between(rows, at)) for rows in (envelope, noise))
    made = pyworld.synthesize(np.ascontiguousarray(pitch[np.round(at).astype(int)]), envelope, noise, rate, _STEP_MS)
    return made.astype(np.float32)
