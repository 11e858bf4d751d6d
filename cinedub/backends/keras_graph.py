"""A Keras network as ONNX, layer after layer: its own code would bring TensorFlow along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx

from cinedub.errors import WeightsError

#: layer -> weight -> array.
Layers = dict[str, dict[str, np.ndarray]]
#: Of batch normalization, where a model doesn't say otherwise.
EPSILON = 1e-3


def layers(path: Path) -> Layers:
    """The weights of a Keras HDF5 file, which names them ``layer/layer_1/weight:0``.

    Raises:
        WeightsError: it is no such file.
    """
    found: Layers = {}

    def visit(name: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Dataset):
            found.setdefault(name.split("/")[0], {})[name.split("/")[-1].partition(":")[0]] = node[()]

    try:
        with h5py.File(path) as file:
            file["model_weights"].visititems(visit)
    except (OSError, KeyError) as error:
        raise WeightsError(f"{path} is not a Keras model: {error}") from error
    return found


class Graph:
    """ONNX nodes one after another; a kernel of Keras is height x width x inputs x outputs.

    Methods raise ``WeightsError`` for a layer, or a weight of one, that isn't there.
    """

    def __init__(self, weights: Layers) -> None:
        self._layers, self._nodes, self._constants = weights, list[onnx.NodeProto](), list[onnx.TensorProto]()

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node; gives its output's name."""
        self._nodes.append(onnx.helper.make_node(op, inputs, [f"{op}_{len(self._nodes)}"], **attributes))
        return str(self._nodes[-1].output[0])

    def convolve(self, maps: str, layer: str, **attributes: Any) -> str:
        """A convolution; with its bias, where it has one."""
        bias = [self._constant(self._layers[layer]["bias"])] if "bias" in self._layers.get(layer, {}) else []
        return self.add("Conv", maps, self._constant(self._weight(layer, "kernel").transpose(3, 2, 0, 1)), *bias, **attributes)

    def separable(self, maps: str, layer: str) -> str:
        """A convolution of each map alone, and one of all maps at each place."""
        deep = self._weight(layer, "depthwise_kernel").transpose(2, 3, 0, 1)
        alone = self.add("Conv", maps, self._constant(deep), group=len(deep), pads=[1, 1, 1, 1])
        return self.add("Conv", alone, self._constant(self._weight(layer, "pointwise_kernel").transpose(3, 2, 0, 1)))

    def dense(self, values: str, layer: str) -> str:
        """A product with a matrix, and its bias."""
        return self.add("Gemm", values, *(self._constant(self._weight(layer, name)) for name in ("kernel", "bias")))

    def norm(self, maps: str, layer: str) -> str:
        """Batch normalization with the statistics of training."""
        wanted = ("gamma", "beta", "moving_mean", "moving_variance")
        return self.add("BatchNormalization", maps, *(self._constant(self._weight(layer, name)) for name in wanted), epsilon=EPSILON)

    def finished(self, name: str, shape: Sequence[int | str], output: str, output_shape: Sequence[int | str]) -> bytes:
        """The network from its input ``name`` to ``output``."""
        value = onnx.helper.make_tensor_value_info
        inputs, outputs = [value(name, onnx.TensorProto.FLOAT, shape)], [value(output, onnx.TensorProto.FLOAT, output_shape)]
        graph = onnx.helper.make_graph(self._nodes, "keras", inputs, outputs, self._constants)
        return bytes(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8).SerializeToString())

    def _weight(self, layer: str, name: str) -> np.ndarray:
        if name not in self._layers.get(layer, {}):
            raise WeightsError(f"there is no {name!r} of a layer {layer!r}: these are not the network's weights")
        return self._layers[layer][name]

    def _constant(self, array: np.ndarray) -> str:
        self._constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array, np.float32), f"weights_{len(self._constants)}"))
        return str(self._constants[-1].name)
