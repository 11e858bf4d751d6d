"""What lies under the voices, made from sines and noise: music, and the sound of each place. 24 kHz stereo."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

RATE = 24_000
Stereo = Float32[np.ndarray, "2 samples"]


def music(samples: int, rng: np.random.Generator) -> Stereo:
    """Slow chords, a bass, a plucked arpeggio and a soft beat in a random key; unit loudness."""
    beat = int(RATE * 60 / rng.uniform(72, 104))
    root = 48 + int(rng.integers(0, 10))
    minor = bool(rng.random() < 0.5)
    steps = [(0, 8, 3, 10), (0, 5, 8, 7)][int(rng.integers(2))] if minor else [(0, 7, 9, 5), (0, 9, 5, 7)][int(rng.integers(2))]
    out = np.zeros((2, samples + 8 * beat), np.float32)
    for bar, at in enumerate(range(0, samples, 4 * beat)):
        base = root + steps[bar % 4]
        third = 3 if (minor and bar % 4 in (0,)) or (not minor and bar % 4 == steps.index(9)) else 4
        chord = (base, base + third, base + 7, base + 12)
        for number, note in enumerate(chord):
            _add(out, at, _tone(note, 4 * beat + RATE // 2, 0.22, 0.6, (1, 0.4, 0.2, 0.08), rng), 0.3 + 0.13 * number)
        _add(out, at, _tone(base - 12, 4 * beat, 0.4, 0.02, (1, 0.5, 0.15), rng), 0.5)
        for eighth in range(8):
            note = chord[int(rng.integers(4))] + 12
            _add(out, at + eighth * beat // 2, _pluck(note, beat, rng), float(rng.uniform(0.2, 0.8)), 0.5)
        for quarter in range(4):
            _add(out, at + quarter * beat, _thump(rng), 0.5, 0.5 if quarter % 2 == 0 else 0.2)
    return levelled(out[:, :samples])


def _tone(note: int, samples: int, level: float, attack_s: float, harmonics: tuple[float, ...], rng: np.random.Generator) -> np.ndarray:
    t = np.arange(samples, dtype=np.float32) / RATE
    pitch = 440 * 2 ** ((note - 69) / 12)
    wave = np.zeros(samples, np.float32)
    for number, part in enumerate(harmonics, start=1):
        wave += part * np.sin(2 * np.pi * pitch * number * (1 + rng.normal(0, 0.0006)) * t + rng.uniform(0, 6.28)).astype(np.float32)
    envelope = np.minimum(1, t / max(attack_s, 1e-3)) * np.minimum(1, (t[-1] - t) / 0.4)
    return level * wave * envelope


def _pluck(note: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(samples, dtype=np.float32) / RATE
    return _tone(note, samples, 0.35, 0.004, (1, 0.5, 0.25, 0.12), rng) * np.exp(-t * 5)


def _thump(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(RATE // 4, dtype=np.float32) / RATE
    return (np.sin(2 * np.pi * (48 * t + 3 * np.exp(-t * 40))) * np.exp(-t * 14)).astype(np.float32)


def _add(out: np.ndarray, at: int, sound: np.ndarray, pan: float, level: float = 1.0) -> None:
    end = min(out.shape[1], at + len(sound))
    if end > at:
        out[0, at:end] += sound[: end - at] * level * np.float32(np.cos(pan * np.pi / 2))
        out[1, at:end] += sound[: end - at] * level * np.float32(np.sin(pan * np.pi / 2))


def noise(samples: int, slope: float, low: float, high: float, rng: np.random.Generator) -> Float32[np.ndarray, " samples"]:
    """Noise whose power falls with frequency to the power ``slope``, between ``low`` and ``high`` Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(samples).astype(np.float32))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 1.0)
    shape = frequency ** (-slope / 2) / (1 + (low / frequency) ** 4) / (1 + (frequency / high) ** 4)
    shaped = np.fft.irfft(spectrum * shape, samples).astype(np.float32)
    return shaped / np.float32(max(float(shaped.std()), 1e-9))


def ambience(place: str, samples: int, rng: np.random.Generator) -> Stereo:
    """The sound of a place: a noise floor of its own, and events at random; unit loudness."""
    slope, low, high, wide = _FLOORS[place]
    shared = noise(samples, slope, low, high, rng)
    floor = np.stack([shared + wide * noise(samples, slope, low, high, rng) for _ in range(2)])
    out = np.concatenate([levelled(floor), np.zeros((2, RATE), np.float32)], 1)
    event, each_s, level = _EVENTS[place]
    at = float(rng.exponential(each_s))
    while at * RATE < samples:
        _add(out, int(at * RATE), event(rng), float(rng.random()), level * float(rng.uniform(0.4, 1)))
        at += float(rng.exponential(each_s)) + 0.15
    return levelled(out[:, :samples])


def _chirp(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(RATE * 0.5), dtype=np.float32) / RATE
    pitch = rng.uniform(2600, 5200) + rng.uniform(300, 900) * np.sin(2 * np.pi * rng.uniform(7, 18) * t)
    return (np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.sin(np.pi * t / 0.5) ** 2).astype(np.float32)


def _car(rng: np.random.Generator) -> np.ndarray:
    samples = int(RATE * rng.uniform(2, 4))
    return noise(samples, 1.5, 60, 1500, rng) * np.sin(np.pi * np.arange(samples) / samples).astype(np.float32) ** 2


def _click(rng: np.random.Generator) -> np.ndarray:
    samples = int(RATE * 0.03)
    return noise(samples, 0, 800, 6000, rng) * np.exp(-np.arange(samples) / (RATE * 0.004)).astype(np.float32)


def _clink(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(RATE * 0.6), dtype=np.float32) / RATE
    pitch = rng.uniform(1800, 3600)
    return sum(np.sin(2 * np.pi * pitch * k * t) * np.exp(-t * 9 * k) for k in (1, 2.76, 5.4)).astype(np.float32)  # type: ignore[union-attr]


def _wave(rng: np.random.Generator) -> np.ndarray:
    samples = int(RATE * rng.uniform(3, 5))
    return noise(samples, 1.0, 150, 4000, rng) * np.sin(np.pi * np.arange(samples) / samples).astype(np.float32) ** 3


#: place -> slope, low and high edge in Hz, share of unrelated noise left and right
_FLOORS = {
    "kitchen": (1.6, 50, 900, 0.3), "street": (1.8, 40, 2500, 0.6), "park": (1.2, 200, 3500, 0.8),
    "office": (1.4, 60, 1500, 0.3), "shore": (1.0, 100, 5000, 0.8),
}  # fmt: skip
_EVENTS = {
    "kitchen": (_clink, 2.5, 0.5),
    "street": (_car, 2.5, 1.5),
    "park": (_chirp, 0.8, 0.8),
    "office": (_click, 0.3, 1.2),
    "shore": (_wave, 2.0, 1.5),
}
PLACES = tuple(_FLOORS)


def levelled(sound: np.ndarray) -> np.ndarray:
    """The sound at unit loudness (root mean square)."""
    return (sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9)).astype(np.float32)
