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

_VERSION = "1"
#: Frames on both sides of a piece that decide its sound (the receptive field is about 20 frames).
_AROUND = 24
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
        file = path / "generator_universal.pth.tar" if path.is_dir() else path
        self._network = Generator()
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)["generator"]
            self._network.load_state_dict({_renamed(name): value for name, value in state.items()})
        except (OSError, RuntimeError, KeyError, UnpicklingError) as error:
            raise WeightsError(f"{file} holds no HiFi-GAN generator: {str(error).splitlines()[0]}") from error
        for module in self._network.modules():
            if nn.utils.parametrize.is_parametrized(module):
                nn.utils.parametrize.remove_parametrizations(module, "weight")
        self._network.eval().to(model.device)
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


def _renamed(name: str) -> str:
    """Weight norm has moved since the weights were saved."""
    return name.replace("weight_g", "parametrizations.weight.original0").replace("weight_v", "parametrizations.weight.original1")


class Generator(nn.Module):
    """(batch, frames, 80) -> (batch, frames * 256). Names follow the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_pre = weight_norm(nn.Conv1d(BINS, 512, 7, padding=3))
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = 512
        for rate, kernel in ((8, 16), (8, 16), (2, 4), (2, 4)):
            self.ups.append(weight_norm(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)))
            channels //= 2
            self.resblocks.extend(_Residual(channels, size) for size in (3, 7, 11))
        self.conv_post = weight_norm(nn.Conv1d(channels, 1, 7, padding=3))

    def forward(self, mels: Float[Tensor, "batch frames 80"]) -> Float[Tensor, "batch samples"]:
        """Sound in [-1, 1]."""
        maps = self.conv_pre(mels.transpose(1, 2))
        for place, up in enumerate(self.ups):
            maps = up(functional.leaky_relu(maps, 0.1))
            maps = sum(self.resblocks[3 * place + kernel](maps) for kernel in range(3)) / 3
        return torch.tanh(self.conv_post(functional.leaky_relu(maps)))[:, 0]


class _Residual(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, channels, kernel, dilation=step, padding=step * (kernel - 1) // 2)) for step in (1, 3, 5)
        )
        self.convs2 = nn.ModuleList(weight_norm(nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2)) for _ in range(3))

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
