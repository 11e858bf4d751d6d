"""PyanNet (Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation", Interspeech 2021), to run and not to train.

pyannote.audio has it too; importing that takes six seconds of a core and brings a training framework along.

    sound ─ sinc filters (Ravanelli and Bengio 2018; Pariente et al. 2020) ─ two convolutions ─ LSTM in both directions ─ linear ─ log softmax
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

_RATE, _LEAST_HZ = 16_000, 50
#: Filters and their taps; channels of the two convolutions after them.
_FILTERS, _TAPS, _CHANNELS = 80, 251, (60, 60)


class PyanNet(nn.Module):
    """The network that a checkpoint's ``hyper_parameters`` describe. Parameters bear the checkpoint's names."""

    def __init__(self, described: dict[str, Any], classes: int) -> None:
        super().__init__()
        lstm, linear = described["lstm"], described["linear"]
        self.sincnet = SincNet(described["sincnet"]["stride"])
        self.lstm = nn.LSTM(_CHANNELS[-1], lstm["hidden_size"], lstm["num_layers"], batch_first=True, bidirectional=lstm["bidirectional"])
        sizes = [lstm["hidden_size"] * (1 + lstm["bidirectional"]), *[linear["hidden_size"]] * linear["num_layers"]]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.classifier = nn.Linear(sizes[-1], classes)

    def forward(self, sound: Float32[Tensor, "batch 1 samples"]) -> Float32[Tensor, "batch frames classes"]:
        """Log probabilities."""
        inner, _ = self.lstm(self.sincnet(sound).transpose(1, 2))
        for layer in self.linear:
            inner = F.leaky_relu(layer(inner))
        return F.log_softmax(self.classifier(inner), dim=-1)


class SincNet(nn.Module):
    """Three convolutions, the first of band passes; each is pooled by three and normalised over time."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        sizes = (_FILTERS, *_CHANNELS)
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList([_Bands(), *(nn.Conv1d(a, b, 5) for a, b in pairwise(sizes))])
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(size, affine=True) for size in sizes)

    def forward(self, sound: Float32[Tensor, "batch 1 samples"]) -> Float32[Tensor, "batch channels frames"]:
        """Features, one frame for every 27 strides."""
        inner = self.wav_norm1d(sound)
        for number, (conv, norm) in enumerate(zip(self.conv1d, self.norm1d, strict=True)):
            inner = conv(inner) if number else F.conv1d(inner, conv.filterbank.filters(), stride=self.stride).abs()
            inner = F.leaky_relu(norm(F.max_pool1d(inner, 3)))
        return inner


class _Bands(nn.Module):
    """Holds the filter bank under the checkpoint's name for it."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters()


class SincFilters(nn.Module):
    """Band passes by their lower edge and width, each as an even filter and an odd one, under half a Hamming window."""

    def __init__(self) -> None:
        super().__init__()
        half = _TAPS // 2
        for name in ("low_hz_", "band_hz_"):
            self.register_parameter(name, nn.Parameter(torch.zeros(_FILTERS // 2, 1)))
        self.register_buffer("window_", torch.zeros(half))
        self.register_buffer("n_", 2 * math.pi * torch.arange(-half, 0.0).view(1, -1) / _RATE)

    def filters(self) -> Float32[Tensor, "filters 1 taps"]:
        """All even ones, then all odd ones."""
        low = _LEAST_HZ + self.low_hz_.abs()
        high = (low + _LEAST_HZ + self.band_hz_.abs()).clamp(_LEAST_HZ, _RATE / 2)
        width, below, above = high - low, low @ self.n_, high @ self.n_
        even = (above.sin() - below.sin()) / (self.n_ / 2) * self.window_
        odd = (below.cos() - above.cos()) / (self.n_ / 2) * self.window_
        both = [torch.cat([even, 2 * width, even.flip(1)], dim=1), torch.cat([odd, torch.zeros_like(width), -odd.flip(1)], dim=1)]
        return torch.cat([half / (2 * width) for half in both])[:, None]
