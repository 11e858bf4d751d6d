"""From mel spectrograms to sound. The role, and HiFi-GAN V1 (Kong, Kim, Bae: "HiFi-GAN", 2020) with its published universal weights."""

from __future__ import annotations

from pickle import UnpicklingError
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from cinedub import weights
from cinedub.config import Model
from cinedub.errors import UsageError, WeightsError
from model.mel import BINS, HOP

_VERSION = "2"
#: Frames on both sides of a piece that decide its sound: 13.3 frames of receptive field.
_AROUND = 14
_PIECE = 512


@runtime_checkable
class Vocoder(Protocol):
    """Plays ``vocoder``: mel spectrograms as ``model.mel`` makes them to sound at ``rate`` Hz, ``HOP`` samples for each frame."""

    digest: str
    rate: int

    def sound(self, mels: Float32[Tensor, "frames 80"]) -> Float32[Tensor, " samples"]:
        """Sound in [-1, 1]."""


class HifiGan:
    """Plays ``vocoder``. Long spectrograms are rendered in pieces, so memory is bounded; pieces join without a seam."""

    rate = 22_050

    def __init__(self, model: Model) -> None:
        path = weights.find(model.weights or "hifigan-universal")
        file = weights.file(path, "generator_universal.pth.tar")
        self._network = Generator()
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)["generator"]
            self._network.load_state_dict(dict(_named(*pair) for pair in state.items()))
        except (OSError, RuntimeError, KeyError, UnpicklingError) as error:
            raise WeightsError(f"{file} holds no HiFi-GAN generator: {str(error).splitlines()[0]}") from error
        for module in self._network.modules():
            if nn.utils.parametrize.is_parametrized(module):
                nn.utils.parametrize.remove_parametrizations(module, "weight")
        self._network.eval().to(model.device, memory_format=torch.channels_last)
        self._device = model.device
        self.digest = f"{_VERSION}:{weights.digest(path)}"

    @torch.inference_mode()
    def sound(self, mels: Float32[Tensor, "frames 80"]) -> Float32[Tensor, " samples"]:
        """Sound in [-1, 1], ``HOP`` samples for each frame."""
        frames = len(mels)
        pieces = []
        for start in range(0, frames, _PIECE):
            end = min(start + _PIECE, frames)
            left, right = max(0, start - _AROUND), min(frames, end + _AROUND)
            piece = self._network(mels[left:right].to(self._device)[None])[0]
            pieces.append(piece[(start - left) * HOP : (end - left) * HOP].cpu())
        return torch.cat(pieces) if pieces else torch.zeros(0)


def _named(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Weight norm has moved since the weights were saved, and kernels have a height of 1."""
    name = name.replace("weight_g", "parametrizations.weight.original0").replace("weight_v", "parametrizations.weight.original1")
    return name, value if name.endswith("bias") else value[:, :, None]


class Generator(nn.Module):
    """(batch, frames, 80) -> (batch, frames * 256). Names follow the published weights.

    Sound is a picture one row high: two-dimensional convolutions, which alone may have their channels last, where every one of them reads and
    writes without copying to another order and back. That takes two thirds of the time on a CPU.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_pre = _conv(BINS, 512, 7)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = 512
        for rate, kernel in ((8, 16), (8, 16), (2, 4), (2, 4)):
            up = nn.ConvTranspose2d(channels, channels // 2, (1, kernel), (1, rate), padding=(0, (kernel - rate) // 2))
            self.ups.append(weight_norm(up))
            channels //= 2
            self.resblocks.extend(_Residual(channels, size) for size in (3, 7, 11))
        self.conv_post = _conv(channels, 1, 7)

    def forward(self, mels: Float[Tensor, "batch frames 80"]) -> Float[Tensor, "batch samples"]:
        """Sound in [-1, 1]."""
        maps = self.conv_pre(mels.transpose(1, 2)[:, :, None].contiguous(memory_format=torch.channels_last))
        for place, up in enumerate(self.ups):
            maps = up(functional.leaky_relu(maps, 0.1))
            maps = sum(self.resblocks[3 * place + kernel](maps) for kernel in range(3)) / 3
        return torch.tanh(self.conv_post(functional.leaky_relu(maps)))[:, 0, 0]


def _conv(channels: int, to: int, kernel: int, step: int = 1) -> nn.Module:
    return weight_norm(nn.Conv2d(channels, to, (1, kernel), dilation=(1, step), padding=(0, step * (kernel - 1) // 2)))


class _Residual(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_conv(channels, channels, kernel, step) for step in (1, 3, 5))
        self.convs2 = nn.ModuleList(_conv(channels, channels, kernel) for _ in range(3))

    def forward(self, maps: Tensor) -> Tensor:
        for spread, plain in zip(self.convs1, self.convs2, strict=True):
            maps = maps + plain(functional.leaky_relu(spread(functional.leaky_relu(maps, 0.1)), 0.1))
        return maps


#: name -> class; further vocoders are added here.
VOCODERS: dict[str, type[HifiGan]] = {"hifigan": HifiGan}


def load(model: Model) -> Vocoder:
    """The vocoder that ``model`` describes.

    Raises:
        UsageError: no vocoder of that name.
        WeightsError: its files are missing or damaged.
    """
    if model.backend not in VOCODERS:
        raise UsageError(f"unknown vocoder {model.backend!r}; known here: {', '.join(VOCODERS)}")
    return VOCODERS[model.backend](model)
