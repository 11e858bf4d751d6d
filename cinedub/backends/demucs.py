"""Demucs (Rouard et al. 2023, arXiv:2211.08553) for whoever has its weights.

``weights`` is a safetensors file as the project publishes them, a folder with ``NAME.yaml`` (a bag: ``models``, ``weights``) beside
``SIGNATURE.safetensors`` files, or a name on the model hub such as ``htdemucs``. Its older pickled checkpoints can run code and are refused.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
import yaml
from demucs.apply import BagOfModels, apply_model
from demucs.hf import get_hf_model, load_safetensors_model
from safetensors import SafetensorError

from cinedub import config, weights
from cinedub.backends.crossfade import crossfade
from cinedub.backends.roles import Channels
from cinedub.errors import WeightsError

VERSION = "1"


class Demucs:
    """The separator. Option: ``overlap`` (0.25), the share of a window that its neighbour sees too."""

    def __init__(self, model: config.Model) -> None:
        overlap = float(model.option("overlap", 0.25))
        self._threads = model.threads
        self._device = torch.device(model.device)
        self._bag, origin = _load(model.weights or "htdemucs")
        self.digest = f"demucs-{VERSION}-{overlap}-{origin}"
        self._bag.eval()
        self.rate = int(self._bag.samplerate)
        if "vocals" not in self._bag.sources or self._bag.audio_channels != 2:
            raise WeightsError(f"{model.weights}: a stereo model with a 'vocals' source is wanted, this one gives {', '.join(self._bag.sources)}")
        self._window = int(float(self._bag.max_allowed_segment if math.isfinite(self._bag.max_allowed_segment) else 7.8) * self.rate)
        self._overlap = max(1, min(int(self._window * overlap), self._window // 2))
        self._voice = self._bag.sources.index("vocals")

    def vocals(self, blocks: Iterable[Channels]) -> Iterator[Channels]:
        """The voices in a stream of stereo blocks; as many samples come out."""
        return crossfade(blocks, self._window, self._overlap, self._separate)

    @torch.inference_mode()
    def _separate(self, mix: Channels) -> Channels:
        torch.set_num_threads(self._threads)  # one number for all of a process's networks: each says its own
        """One window, brought to the mean and deviation the network was trained with and back."""
        sound = torch.from_numpy(np.ascontiguousarray(mix))
        mean, deviation = sound.mean(), sound.mean(0).std() + 1e-8
        if deviation <= 1e-6:
            return np.zeros_like(mix)
        # shifts=0 and split=False: the same sound gives the same voices, and windows are ours
        stems = apply_model(self._bag, ((sound - mean) / deviation)[None], shifts=0, split=False, device=self._device)
        return (stems[0, self._voice] * deviation + mean).cpu().numpy()


def _load(name: str) -> tuple[BagOfModels, str]:
    """The models, and a digest of what they were read from."""
    path = Path(name)
    try:
        if path.is_dir():
            bags = sorted(path.glob("*.yaml"))
            if len(bags) != 1:
                raise WeightsError(f"{path}: one .yaml that names the models is wanted, found {len(bags)}")
            bag = yaml.safe_load(bags[0].read_text())
            models = [load_safetensors_model(path / f"{signature}.safetensors") for signature in bag["models"]]
            return BagOfModels(models, bag.get("weights"), bag.get("segment")), weights.digest(path)
        if path.is_file():
            if path.suffix != ".safetensors":
                raise WeightsError(f"{path}: pickled checkpoints can run code; a .safetensors file is wanted")
            return BagOfModels([load_safetensors_model(path)]), weights.digest(path)
        bag = get_hf_model(name)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"demucs weights {name!r}: {reason}; name a .safetensors file, a folder, or a model on the hub") from error
    state = {key: tensor for model in bag.models for key, tensor in model.state_dict().items()}
    shapes = json.dumps({key: [list(tensor.shape), float(tensor.double().sum())] for key, tensor in state.items()}, sort_keys=True)
    return bag, hashlib.sha256(shapes.encode()).hexdigest()[:16]
