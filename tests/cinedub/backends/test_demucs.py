"""Demucs runs with whatever weights somebody brings, as a file or a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from demucs.htdemucs import HTDemucs
from safetensors.torch import save_file

from cinedub import backends
from cinedub.config import Model
from cinedub.errors import WeightsError

SOURCES = ["drums", "bass", "other", "vocals"]


def save(path: Path, sources: list[str] = SOURCES) -> Path:
    """A tiny model of random numbers, stored as the project stores its own."""
    torch.manual_seed(0)
    options = {"sources": sources, "channels": 16, "depth": 4, "t_layers": 1, "t_heads": 2, "bottom_channels": 0, "segment": 1, "nfft": 1024}
    state = {key: value.contiguous() for key, value in HTDemucs(**options).state_dict().items()}
    save_file(state, path, {"klass": "demucs.htdemucs.HTDemucs", "args": "[]", "kwargs": json.dumps(options)})
    return path


def test_a_model_of_ones_own_separates_a_stream(tmp_path: Path) -> None:
    save(tmp_path / "abc.safetensors")
    (tmp_path / "mine.yaml").write_text("models: ['abc']\n")
    file = backends.load("separator", Model("demucs", str(tmp_path / "abc.safetensors")))
    folder = backends.load("separator", Model("demucs", str(tmp_path)))
    mix = np.random.default_rng(0).normal(0, 0.1, (2, 3 * 44100 + 7)).astype(np.float32)
    one = np.concatenate(list(file.vocals(np.array_split(mix, 7, axis=1))), axis=1)
    other = np.concatenate(list(folder.vocals([mix])), axis=1)
    assert file.rate == 44100 and one.shape == mix.shape and one.dtype == np.float32
    np.testing.assert_allclose(one, other, atol=1e-5)
    assert file.digest != folder.digest


def test_what_is_no_usable_model_is_refused(tmp_path: Path) -> None:
    pickled = tmp_path / "old.th"
    pickled.write_bytes(b"x")
    with pytest.raises(WeightsError, match="pickled checkpoints can run code"):
        backends.load("separator", Model("demucs", str(pickled)))
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"x" * 64)
    with pytest.raises(WeightsError, match="demucs weights"):
        backends.load("separator", Model("demucs", str(broken)))
    with pytest.raises(WeightsError, match="'vocals' source is wanted"):
        backends.load("separator", Model("demucs", str(save(tmp_path / "no.safetensors", ["drums", "bass"]))))
    with pytest.raises(WeightsError, match=r"found 0"):
        backends.load("separator", Model("demucs", str(tmp_path / ".")))


def test_a_hub_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="demucs weights 'no-such-model'"):
        backends.load("separator", Model("demucs", "no-such-model"))
