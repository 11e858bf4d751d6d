"""Speaker segmentation with overlap: pyannote segmentation-3.0 (Plaquet and Bredin, "Powerset multi-class cross entropy loss", Interspeech 2023)."""

from __future__ import annotations

from cinedub.backends import pyannote_setup  # noqa: F401

# isort: split
from pickle import UnpicklingError

import numpy as np
import torch
from jaxtyping import Float
from pyannote.audio import Model as Network
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.utils.powerset import Powerset
from torch.torch_version import TorchVersion

from cinedub import weights
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
        file = path / "pytorch_model.bin" if path.is_dir() else path
        self._threads = model.threads
        try:
            with torch.serialization.safe_globals([TorchVersion, Specifications, Problem, Resolution]):
                network = Network.from_pretrained(file, map_location=model.device)
        except (OSError, RuntimeError, KeyError, UnpicklingError) as error:
            raise WeightsError(f"{file} is no speaker segmentation checkpoint: {error}") from error
        if network is None or not network.specifications.powerset:
            raise WeightsError(f"{file} is no powerset speaker segmentation checkpoint")
        self._network = network.eval()
        task = network.specifications
        self._powerset = Powerset(len(task.classes), task.powerset_max_classes)
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
        active = torch.exp(scores) @ self._powerset.mapping
        return active[0, :frames].numpy()
