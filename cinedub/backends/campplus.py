"""Voice vectors: CAM++ (Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking", 2023)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pickle import UnpicklingError

import kaldi_native_fbank
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional

from cinedub import weights
from cinedub.backends.roles import Mono
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

_VERSION = "1"
_RATE = 16_000
_MELS = 80
#: One frame of 25 ms isn't enough for the network's statistics (it halves time once and takes a deviation over it).
_SHORTEST = _RATE // 10
_BATCH = 16


class CamPlusPlus:
    """Plays ``voice_encoder``: 192 numbers for a voice. It runs on one thread, whatever its settings say: on more they differ in their last bits."""

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights or "campplus")
        file = weights.file(path, "campplus_cn_en_common.pt")
        self._network = Network().eval()
        try:
            self._network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError, UnpicklingError) as error:
            raise WeightsError(f"{file} holds no CAM++ weights: {str(error).splitlines()[0]}") from error
        self._network.to(model.device)
        self._device = model.device
        self.digest = f"{_VERSION}:{weights.digest(path)}"

    @torch.inference_mode()
    def encode(self, sounds: Sequence[Mono]) -> Float32[np.ndarray, "sounds embedding"]:
        """One unit vector for each sound, in order. Sounds of equal length share a pass; nothing is padded.

        Raises:
            ModelError: VOICE_TOO_SHORT for less than 0.1 s.
        """
        torch.set_num_threads(1)
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, sound in enumerate(sounds):
            if len(sound) < _SHORTEST:
                raise ModelError("VOICE_TOO_SHORT", f"a voice vector wants 0.1 s of sound, got {len(sound) / _RATE:.3f} s")
            by_length[1 + (len(sound) - 400) // 160].append(index)
        vectors = np.zeros((len(sounds), 192), np.float32)
        for indices in by_length.values():
            for batch in (indices[i : i + _BATCH] for i in range(0, len(indices), _BATCH)):
                features = torch.from_numpy(np.stack([filter_bank(sounds[i]) for i in batch]))
                vectors[batch] = functional.normalize(self._network(features.to(self._device))).cpu().numpy()
        return vectors


def filter_bank(sound: Mono) -> Float32[np.ndarray, "frames mels"]:
    """Kaldi's log mel energies (80 bins, 25 ms every 10 ms, no dither), less their mean over time."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = _RATE
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = _MELS
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(_RATE, sound)
    bank.input_finished()
    frames = np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])
    return frames - frames.mean(axis=0, keepdims=True)


class Network(nn.Module):
    """Filter bank (batch, frames, 80) -> (batch, 192). Names follow the published weights, so that they load as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.head = Front()
        stages: dict[str, nn.Module] = {"tdnn": _TimeDelay(320, 128, kernel=5, stride=2)}
        channels = 128
        for number, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
            stages[f"block{number}"] = _DenseBlock(channels, layers, dilation)
            channels += layers * 32
            stages[f"transit{number}"] = _Transit(channels, channels // 2)
            channels //= 2
        stages["out_nonlinear"] = _Nonlinear(channels)
        stages["stats"] = _Statistics()
        stages["dense"] = _Dense(2 * channels, 192)
        self.xvector = nn.Sequential()
        for name, stage in stages.items():
            self.xvector.add_module(name, stage)

    def forward(self, features: Float[Tensor, "batch frames 80"]) -> Float[Tensor, "batch 192"]:
        """Voice vectors, not yet of unit length."""
        return self.xvector(self.head(features.transpose(1, 2)))


class Front(nn.Module):
    """Two-dimensional residual convolutions that take the 80 bins to 10, 32 channels each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, stride=(2, 1), padding=1, bias=False), nn.BatchNorm2d(32)

    def forward(self, mels: Float[Tensor, "batch 80 frames"]) -> Float[Tensor, "batch 320 frames"]:
        """Channels and remaining bins as one axis."""
        maps = torch.relu(self.bn1(self.conv1(mels[:, None])))
        maps = self.layer2(self.layer1(maps))
        return torch.relu(self.bn2(self.conv2(maps))).flatten(1, 2)


class _Residual(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(32, 32, 3, stride=(stride, 1), padding=1, bias=False), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        shrink = nn.Sequential(nn.Conv2d(32, 32, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(32))
        self.shortcut = shrink if stride > 1 else nn.Sequential()

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(maps)))))
        return torch.relu(inner + self.shortcut(maps))


class _Nonlinear(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.batchnorm = nn.BatchNorm1d(channels)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.relu(self.batchnorm(frames))


class _TimeDelay(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.nonlinear = _Nonlinear(outputs)

    def forward(self, frames: Tensor) -> Tensor:
        return self.nonlinear(self.linear(frames))


class _ContextMask(nn.Module):
    """A convolution whose channels are weighed by what the whole sound and the 100 frames around are like."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(inputs, inputs // 2, 1)
        self.linear2 = nn.Conv1d(inputs // 2, outputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        around = functional.avg_pool1d(frames, 100, 100, ceil_mode=True).repeat_interleave(100, dim=-1)[..., : frames.shape[-1]]
        context = frames.mean(-1, keepdim=True) + around
        return self.linear_local(frames) * torch.sigmoid(self.linear2(torch.relu(self.linear1(context))))


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _Nonlinear(inputs)
        self.linear1 = nn.Conv1d(inputs, 128, 1, bias=False)
        self.nonlinear2 = _Nonlinear(128)
        self.cam_layer = _ContextMask(128, 32, dilation)

    def forward(self, frames: Tensor) -> Tensor:
        return self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(frames))))


class _DenseBlock(nn.Sequential):
    """Every layer sees all that came before it, and adds 32 channels."""

    def __init__(self, inputs: int, layers: int, dilation: int) -> None:
        super().__init__()
        for number in range(layers):
            self.add_module(f"tdnnd{number + 1}", _DenseLayer(inputs + 32 * number, dilation))

    def forward(self, frames: Tensor) -> Tensor:
        for layer in self:
            frames = torch.cat([frames, layer(frames)], dim=1)
        return frames


class _Transit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nonlinear = _Nonlinear(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        return self.linear(self.nonlinear(frames))


class _Statistics(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        return torch.cat([frames.mean(-1), frames.std(-1)], dim=-1)


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(outputs, affine=False))

    def forward(self, statistics: Tensor) -> Tensor:
        return self.nonlinear(self.linear(statistics[..., None])[..., 0])
