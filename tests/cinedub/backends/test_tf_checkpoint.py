"""TensorFlow checkpoints are read without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cinedub.backends import tf_checkpoint
from cinedub.errors import WeightsError


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def block(rows: list[tuple[bytes, bytes]]) -> bytes:
    """A block whose keys share the prefix of the one before, and its trailer."""
    data, last = b"", b""
    for key, value in rows:
        shared = next((i for i, (a, b) in enumerate(zip(last, key, strict=False)) if a != b), min(len(last), len(key)))
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return data + (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0\0\0\0\0"


def save(folder: Path, tensors: dict[str, np.ndarray], kind: int = 0) -> None:
    rows, numbers = [(b"", b"\x08\x01")], b""
    for name in sorted(tensors):
        raw = tensors[name].astype("<f4").tobytes()
        dims = b"".join(b"\x12" + varint(len(d)) + d for size in tensors[name].shape for d in [b"\x08" + varint(size)])
        entry = b"\x08\x01\x12" + varint(len(dims)) + dims + b"\x20" + varint(len(numbers)) + b"\x28" + varint(len(raw)) + b"\x35abcd"
        rows.append((name.encode(), entry))
        numbers += raw
    data = bytearray(block(rows))
    size = len(data) - 5
    data[size] = kind
    index = block([(b"z", varint(0) + varint(size))])
    handles = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    footer = handles.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")
    (folder / "model.index").write_bytes(bytes(data) + index + footer)
    (folder / "model.data-00000-of-00001").write_bytes(numbers)


def test_tensors_come_back_by_name(tmp_path: Path) -> None:
    tensors = {"conv/bias": np.arange(300.0), "conv/kernel": np.random.default_rng(0).random((5, 5, 2, 16)), "conv_1/bias": np.ones(1)}
    save(tmp_path, tensors)
    found = tf_checkpoint.read(tmp_path)
    assert list(found) == sorted(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.astype(np.float32))
    assert list(tf_checkpoint.read(tmp_path, "bias")) == ["conv/bias", "conv_1/bias"]


def test_what_is_missing_damaged_or_compressed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no TensorFlow checkpoint"):
        tf_checkpoint.read(tmp_path)
    save(tmp_path, {"a": np.ones(4)}, kind=1)
    with pytest.raises(WeightsError, match="compressed"):
        tf_checkpoint.read(tmp_path)
    save(tmp_path, {"a": np.ones(4)})
    (tmp_path / "model.data-00000-of-00001").write_bytes(b"1234")
    with pytest.raises(WeightsError, match="can't lie"):
        tf_checkpoint.read(tmp_path)
    (tmp_path / "model.index").write_bytes(b"x" * 100)
    with pytest.raises(WeightsError, match="no table footer"):
        tf_checkpoint.read(tmp_path)
