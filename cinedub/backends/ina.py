"""Women's and men's voices by the network of inaSpeechSegmenter (Doukhan et al., "An open-source speaker gender detection framework for monitoring
gender equality", ICASSP 2018; MIT), taught on French radio and television; its Keras weights run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from cinedub import weights
from cinedub.backends.keras_graph import Graph, Layers, layers
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import Mono
from cinedub.config import Model

#: Frames of 25 ms every 10 ms at 16 kHz, in 24 bands from 100 Hz to 8 kHz; the network sees 68 of them at a time.
RATE, FRAME, HOP, FFT = 16_000, 400, 160, 512
BANDS, SEEN = 24, 68
_LOW_HZ, _HIGH_HZ, _EMPHASIS = 100.0, 8_000.0, 0.97
#: Bands are no quieter than 70 dB below the loudest: speech without any noise, which a synthesiser makes, was not among what it learned from.
_FLOOR, _SILENCE = 1e-7, 1e-30
#: Samples that the network sees at a time.
PATCH = FRAME + (SEEN - 1) * HOP


class Ina:
    """Hears whether a voice is a woman's."""

    def __init__(self, model: Model) -> None:
        path = weights.file(weights.find(model.weights), "keras_male_female_cnn.hdf5")
        self.digest = f"ina-{weights.digest(path)}"
        self._session = session(_network(layers(path)), model)
        self._bands = _filters()

    def female(self, sounds: Sequence[Mono]) -> Float32[np.ndarray, " sounds"]:
        """Log odds of a female voice for each sound, the mean over stretches of 0.7 s that cover it; a shorter sound is heard over and over."""
        found = [self._odds(sound) for sound in sounds]
        return np.array(found, np.float32)

    def _odds(self, sound: Mono) -> float:
        sound = np.pad(sound, (0, max(0, PATCH - len(sound))), mode="wrap")
        spans = -(-len(sound) // PATCH)
        starts = np.linspace(0, len(sound) - PATCH, spans).astype(int)
        patches = np.stack([self._spectrogram(sound[start : start + PATCH]) for start in starts])
        patches -= patches.mean(axis=(1, 2), keepdims=True)
        patches /= np.maximum(patches.std(axis=(1, 2), keepdims=True), 1e-6)
        (scores,) = self._session.run(None, {"patches": patches[:, None].astype(np.float32)})
        return float((scores[:, 0] - scores[:, 1]).mean())

    def _spectrogram(self, sound: Mono) -> Float[np.ndarray, "frames bands"]:
        frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), FRAME)[::HOP]
        frames = frames - _EMPHASIS * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(FRAME), FFT)))
        bands = power @ self._bands.T
        return np.asarray(np.log(bands + _FLOOR * bands.max() + _SILENCE))


def _filters() -> Float[np.ndarray, "bands bins"]:
    """Triangles evenly spaced in mels, each of area one; without the last bin of each, as SIDEKIT draws them, with which the network learned."""
    lowest, highest = 2595 * np.log10(1 + np.array([_LOW_HZ, _HIGH_HZ]) / 700)
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    low, middle, high = (edges[start : start + BANDS, None] for start in range(3))
    hertz = np.arange(FFT // 2 + 1) * RATE / FFT
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    falling[falling * (high - middle) < RATE / FFT] = 0
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None) * 2 / (high - low))


def _network(weights: Layers) -> bytes:
    """The Keras network as ONNX: five convolutions with three poolings, the last over all of time; four hidden layers; scores of female and male."""
    graph = Graph(weights)

    def layer(maps: str, n: int) -> str:
        return graph.add("Relu", graph.norm(graph.convolve(maps, f"conv2d_{n}"), f"batch_normalization_{n}"))

    def pool(maps: str, *shape: int) -> str:
        return graph.add("MaxPool", maps, kernel_shape=shape, strides=shape)

    maps = pool(layer(layer("patches", 1), 2), 1, 2)
    maps = pool(layer(layer(maps, 3), 4), 2, 2)
    values = graph.add("Flatten", pool(layer(maps, 5), 28, 1))
    for n in range(1, 5):
        values = graph.add("Relu", graph.norm(graph.dense(values, f"dense_{n}"), f"batch_normalization_{n + 5}"))
    return graph.finished("patches", ["patches", 1, SEEN, BANDS], graph.dense(values, "dense_5"), ["patches", 2])
