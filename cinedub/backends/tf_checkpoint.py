"""TensorFlow checkpoints read without TensorFlow.

``model.index`` is a LevelDB-style sorted table (https://github.com/google/leveldb/blob/main/doc/table_format.md) of tensor name ->
``BundleEntryProto`` (tensorflow/core/protobuf/tensor_bundle.proto), the numbers lie in ``model.data-00000-of-00001``. Only what a
float checkpoint in one shard needs is understood; anything else is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cinedub.errors import WeightsError

_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}


def read(folder: Path, wanted: str = "", name: str = "model") -> dict[str, np.ndarray]:
    """Tensors by name, those whose name holds ``wanted``; read-only views into the memory-mapped data file.

    Raises:
        WeightsError: the files are missing, damaged, or of a kind not understood.
    """
    index, data = folder / f"{name}.index", folder / f"{name}.data-00000-of-00001"
    if not index.is_file() or not data.is_file():
        raise WeightsError(f"{folder}: no TensorFlow checkpoint; {index.name} and {data.name} are wanted")
    numbers = np.memmap(data, np.uint8, "r")
    tensors = {}
    try:
        for key, value in _table(index.read_bytes()):
            if key and wanted in key.decode():
                tensors[key.decode()] = _tensor(dict(_fields(value)), numbers)
    except (IndexError, KeyError, UnicodeDecodeError, ValueError) as error:
        raise WeightsError(f"{index}: damaged, or not a checkpoint: {error}") from error
    return tensors


def _tensor(entry: dict[int, int | bytes], numbers: np.ndarray) -> np.ndarray:
    if entry.get(3, 0):
        raise ValueError("more than one shard")
    shape = [int(dict(_fields(dim)).get(1, 0)) for number, dim in _fields(_bytes(entry.get(2, b""))) if number == 2 and isinstance(dim, bytes)]
    dtype = np.dtype(_TYPES[int(entry[1])])
    start, size = int(entry.get(4, 0)), int(entry[5])
    if size != math.prod(shape) * dtype.itemsize or start + size > len(numbers):
        raise ValueError(f"a tensor of shape {shape} can't lie in bytes {start} to {start + size}")
    return numbers[start : start + size].view(dtype).reshape(shape)


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every key and value of a sorted table."""
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise ValueError("no table footer")
    _, _, place = _handle(data, len(data) - _FOOTER)
    start, size, _ = _handle(data, place)
    for _, handle in _block(data, start, size):
        start, size, _ = _handle(handle, 0)
        yield from _block(data, start, size)


def _handle(data: bytes, place: int) -> tuple[int, int, int]:
    start, place = _varint(data, place)
    size, place = _varint(data, place)
    return start, size, place


def _block(data: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys (each sharing a prefix with the one before) and values of one block; a type byte follows it."""
    if data[start + size] != 0:
        raise ValueError("a compressed table")
    block = data[start : start + size]
    end = len(block) - 4 * (int.from_bytes(block[-4:], "little") + 1)
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        fresh, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + fresh]
        place += fresh
        yield key, block[place : place + length]
        place += length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field number and value of every field of a protobuf message."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        if tag & 7 == 0:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        if tag & 7 == 2:
            length, place = _varint(message, place)
        elif tag & 7 in (1, 5):
            length = 8 if tag & 7 == 1 else 4
        else:
            raise ValueError(f"protobuf wire type {tag & 7}")
        yield tag >> 3, message[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a message was expected")
    return value
