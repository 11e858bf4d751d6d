"""dlib's face recognition network as ONNX: dlib itself runs it on one thread, holds Python's lock meanwhile, and takes several times as long.

The file names its layers from the picture to the vector, each with its numbers. What lies between them is dlib's ``anet_type``
(dnn_face_recognition_ex.cpp): blocks of two convolutions beside a shortcut, which is a mean of 2 x 2 where the block halves the picture. Where two
maps of unlike size are added, the smaller counts as zero beyond its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from jaxtyping import Float32
from onnx import helper, numpy_helper

from cinedub.errors import WeightsError

SIDE, LENGTH = 150, 128
#: The mean colour that dlib takes off its input, and its scale.
MEAN, SCALE = np.array([122.782, 117.001, 104.298], np.float32), np.float32(1 / 256)
_NAMES = re.compile(rb"con_4|affine_|fc_2")
_MOST = 4_000_000


@dataclass(frozen=True, slots=True)
class Convolution:
    """``kernel`` (out, in, size, size), with the affine map behind it in kernel and ``bias``."""

    kernel: Float32[np.ndarray, "out inputs size size"]
    bias: Float32[np.ndarray, " out"]
    stride: int
    pad: int


def read(path: Path) -> tuple[list[Convolution], Float32[np.ndarray, "inputs 128"]]:
    """The convolutions in order, and the matrix behind them.

    Raises:
        WeightsError: the file isn't dlib's network.
    """
    data, found = path.read_bytes(), list[Convolution]()
    matrix = np.zeros((0, LENGTH), np.float32)
    try:
        inputs, at = 3, 0
        while named := _NAMES.search(data, at):
            reader = _Reader(data, named.end())
            match named.group():
                case b"con_4":
                    numbers = reader.tensor()
                    out, size, _, stride, _, pad, _ = (reader.integer() for _ in range(7))
                    kernel = numbers[: out * inputs * size * size].reshape(out, inputs, size, size)
                    found.append(Convolution(kernel, numbers[kernel.size :], stride, pad))
                    inputs = out
                case b"affine_":
                    scale, shift = reader.tensor().reshape(2, -1)
                    last = found.pop()
                    found.append(Convolution(last.kernel * scale[:, None, None, None], last.bias * scale + shift, last.stride, last.pad))
                case _:
                    reader.integer(), reader.integer()
                    matrix = reader.tensor().reshape(inputs, LENGTH)
            at = reader.at
    except (ValueError, IndexError) as error:
        raise WeightsError(f"{path} is not dlib's face recognition network: {error}") from error
    if len(found) != 29 or not len(matrix):
        raise WeightsError(f"{path} is not dlib's face recognition network: it has {len(found)} convolutions")
    return found, matrix


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def integer(self) -> int:
        """dlib writes how many bytes there are, then these, lowest first."""
        size = self.data[self.at]
        if not 1 <= size <= 8:
            raise ValueError(f"no number at byte {self.at}")
        self.at += 1 + size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def tensor(self) -> Float32[np.ndarray, " numbers"]:
        version, *sides = (self.integer() for _ in range(5))
        count = int(np.prod(sides))
        if version != 2 or not 0 < count <= _MOST:
            raise ValueError(f"no tensor at byte {self.at}")
        self.at += 4 * count
        return np.frombuffer(self.data, "<f4", count, self.at - 4 * count)


def network(path: Path) -> bytes:
    """An ONNX network: ``pictures`` (N,3,150,150) float32 with ``MEAN`` and ``SCALE`` applied -> ``vectors`` (N,128).

    Raises:
        WeightsError: the file isn't dlib's network.
    """
    (first, *others), matrix = read(path)
    graph = _Graph()
    now = graph.add("Relu", graph.convolved("pictures", first))
    now = graph.add("MaxPool", now, kernel_shape=[3, 3], strides=[2, 2])
    side, channels = (_after(SIDE, first) - 3) // 2 + 1, len(first.bias)
    for one, two in list(pairwise(others))[::2]:
        part, past, left = graph.convolved(graph.add("Relu", graph.convolved(now, one)), two), now, side
        if one.stride == 2:
            past, left = graph.add("AveragePool", now, kernel_shape=[2, 2], strides=[2, 2]), side // 2
        inner, side = _after(side, one), max(_after(side, one), left)
        part, past = graph.padded(part, 0, side - inner), graph.padded(past, len(two.bias) - channels, side - left)
        now, channels = graph.add("Relu", graph.add("Add", past, part)), len(two.bias)
    mean = graph.add("Flatten", graph.add("GlobalAveragePool", now))
    graph.add("MatMul", mean, graph.constant(matrix), to="vectors")
    return graph.model()


def _after(side: int, convolution: Convolution) -> int:
    """How wide a map is behind a convolution."""
    return int((side + 2 * convolution.pad - convolution.kernel.shape[2]) // convolution.stride + 1)


@dataclass(slots=True)
class _Graph:
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, operation: str, *inputs: str, to: str = "", **how: Any) -> str:
        """One more step; gives its output's name."""
        to = to or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [to], **how))
        return to

    def constant(self, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def convolved(self, maps: str, by: Convolution) -> str:
        size, pads, strides = [by.kernel.shape[2]] * 2, [by.pad] * 4, [by.stride] * 2
        return self.add("Conv", maps, self.constant(by.kernel), self.constant(by.bias), kernel_shape=size, pads=pads, strides=strides)

    def padded(self, maps: str, channels: int, cells: int) -> str:
        """Zeros behind the channels and beyond the lower and right edge."""
        if not channels and not cells:
            return maps
        return self.add("Pad", maps, self.constant(np.array([0, 0, 0, 0, 0, channels, cells, cells], np.int64)))

    def model(self) -> bytes:
        shapes: dict[str, list[str | int | None]] = {"pictures": ["N", 3, SIDE, SIDE], "vectors": ["N", LENGTH]}
        source, target = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in shapes.items())
        graph = helper.make_graph(self.nodes, "dlib", [source], [target], self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made)
        return bytes(made.SerializeToString())
