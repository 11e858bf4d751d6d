"""Speaker segmentation with overlap: pyannote segmentation-3.0 (Plaquet and Bredin, "Powerset multi-class cross entropy loss", Interspeech 2023)."""

from __future__ import annotations

import itertools
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.torch_version import TorchVersion

from cinedub import weights
from cinedub.backends.pyannet import PyanNet
from cinedub.backends.roles import Mono
from cinedub.config import Model
from cinedub.errors import WeightsError

_VERSION = "1"
_RATE = 16_000
#: The network gives a frame for every 270 samples; each sees 991 samples (its convolutions' strides and kernels).
_STEP, _FIELD = 270, 991
#: The network normalises over time and wants more than one frame to do so; shorter sound is padded.
_FEWEST = 8


class Pyannote:
    """Plays ``segmenter``: who of at most three voices is active, in windows of 10 s."""

    window_ms = 10_000
    step_ms = _STEP * 1000 / _RATE

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights or "segmentation-3.0")
        file = weights.file(path, "pytorch_model.bin")
        self._threads = model.threads
        try:
            self._network, self._sets = _loaded(file, model.device)
        except (OSError, RuntimeError, KeyError, UnpicklingError) as error:
            raise WeightsError(f"{file} is no powerset speaker segmentation checkpoint: {error}") from error
        self._device = model.device
        self.digest = f"{_VERSION}:{weights.digest(path)}"

    @torch.inference_mode()
    def segment(self, sound: Mono) -> Float[np.ndarray, "frames voices"]:
        """Probability that each local voice is active; frame ``i`` covers ``[i, i + 1) * step_ms``, ``ceil(length / step)`` frames.

        The sound is padded so that each frame's field of view is centred on the stretch that the frame stands for.
        """
        torch.set_num_threads(self._threads)  # one number for all of a process's networks: each says its own
        frames = -(-len(sound) // _STEP)
        before = (_FIELD - _STEP) // 2
        after = (max(frames, _FEWEST) - 1) * _STEP + _FIELD - len(sound) - before
        padded = torch.from_numpy(np.pad(sound, (before, max(after, 0)))).to(self._device)
        scores = self._network(padded[None, None]).cpu()
        active = torch.exp(scores) @ self._sets
        return active[0, :frames].numpy()


class _Described:
    """Stands for what a checkpoint says of its task in classes of pyannote.audio; its fields are plain values."""

    def __init__(self, *_: Any) -> None:
        pass


def _loaded(file: Path, device: str) -> tuple[nn.Module, Tensor]:
    """The network of a checkpoint, ready to run, and which voices are active (columns) in each of its classes (rows).

    Raises:
        OSError, RuntimeError, KeyError, UnpicklingError: it is no such checkpoint.
    """
    names = [(_Described, f"pyannote.audio.core.task.{name}") for name in ("Specifications", "Problem", "Resolution")]
    with torch.serialization.safe_globals([TorchVersion, *names]):
        checkpoint = torch.load(file, map_location=device, weights_only=True)
    about, described = checkpoint["pyannote.audio"], checkpoint["hyper_parameters"]
    task = vars(about["specifications"])
    if not task["powerset"]:
        raise KeyError("its classes are no sets of voices")
    sets = subsets(len(task["classes"]), task["powerset_max_classes"])
    if about["architecture"]["class"] != "PyanNet" or not described["lstm"].get("monolithic", True):
        return by_library(file, device), sets
    network = PyanNet(described, len(sets))
    network.load_state_dict(checkpoint["state_dict"])
    return network.to(device).eval(), sets


def subsets(voices: int, most: int) -> Tensor:
    """Every set of at most ``most`` of the voices, smaller ones first: a row of 0 and 1 for each."""
    found = [chosen for size in range(most + 1) for chosen in itertools.combinations(range(voices), size)]
    return torch.tensor([[float(voice in chosen) for voice in range(voices)] for chosen in found])


def by_library(file: Path, device: str) -> nn.Module:
    """Any of its networks, by pyannote.audio itself."""
    from cinedub.backends import pyannote_setup  # noqa: F401 (before it, always)

    # isort: split
    from pyannote.audio import Model as Network
    from pyannote.audio.core.task import Problem, Resolution, Specifications

    with torch.serialization.safe_globals([TorchVersion, Specifications, Problem, Resolution]):
        network: nn.Module | None = Network.from_pretrained(file, map_location=device)
    if network is None:
        raise KeyError("pyannote.audio knows no such network")
    return network.eval()
