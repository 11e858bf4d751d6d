"""Spleeter's two-stem separator (Hennequin et al. 2020, JOSS 5(50), 2154) in torch, with the weights of its TensorFlow checkpoint.

A U-Net per stem predicts a magnitude from the mix's magnitude; the vocals' share of the squared magnitudes is a mask on the mix's
spectrum. It sees 512 frames of 1024 bins (0 to 11 kHz) of a 4096-point spectrum in steps of 1024 samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Complex64, Float32
from torch import Tensor, nn

from cinedub import config, weights
from cinedub.backends import tf_checkpoint
from cinedub.backends.crossfade import crossfade
from cinedub.backends.roles import Channels

VERSION = "1"
_FFT, _HOP, _FRAMES, _BINS = 4096, 1024, 512, 1024
_WINDOW, _OVERLAP = (_FRAMES - 1) * _HOP, 43 * _HOP
_TINY = 1e-10


class Spleeter:
    """The separator. 44.1 kHz, stereo, windows of 11.9 s that overlap by one."""

    rate = 44100

    def __init__(self, model: config.Model) -> None:
        path = weights.find(model.weights)
        self.digest = f"spleeter-{VERSION}-{weights.digest(path)}"
        self._threads = model.threads
        self._device = torch.device(model.device)
        tensors = tf_checkpoint.read(path)
        self._nets = [UNet.from_checkpoint(tensors, stem).eval().to(self._device) for stem in range(2)]
        self._hann = torch.hann_window(_FFT, device=self._device)

    def vocals(self, blocks: Iterable[Channels]) -> Iterator[Channels]:
        """The voices in a stream of stereo blocks; as many samples come out."""
        return crossfade(blocks, _WINDOW, _OVERLAP, self._window)

    @torch.inference_mode()
    def _window(self, mix: Channels) -> Channels:
        torch.set_num_threads(self._threads)  # one number for all of a process's networks: each says its own
        if not mix.any():
            return mix
        spectrum: Complex64[Tensor, "2 bins frames"] = torch.stft(
            torch.from_numpy(np.ascontiguousarray(mix)).to(self._device), _FFT, _HOP, window=self._hann, pad_mode="constant", return_complex=True
        )
        magnitude = spectrum.abs()[:, :_BINS].transpose(1, 2)[None]
        vocals, rest = (net(magnitude)[0].square() for net in self._nets)
        mask = ((vocals + _TINY / 2) / (vocals + rest + _TINY)).transpose(1, 2)
        above = mask[:, -_BINS // 8 :].mean(dim=1, keepdim=True)  # sibilants go on above 11 kHz: the mask goes on as it was just below
        mask = torch.cat([mask, above.expand(-1, spectrum.shape[1] - _BINS, -1)], dim=1)
        sound = torch.istft(spectrum * mask, _FFT, _HOP, window=self._hann, length=mix.shape[1])
        return sound.cpu().numpy()


class UNet(nn.Module):
    """Magnitudes in, magnitudes of one stem out. Six strided convolutions down, six up, raw convolutions as skips."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (2, 16, 32, 64, 128, 256, 512)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2) for a, b in pairwise(sizes))
        self.down_norm = nn.ModuleList(nn.BatchNorm2d(size, eps=1e-3) for size in sizes[1:6])
        ups = ((512, 256), (512, 128), (256, 64), (128, 32), (64, 16), (32, 1))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 5, stride=2) for a, b in ups)
        self.up_norm = nn.ModuleList(nn.BatchNorm2d(b, eps=1e-3) for _, b in ups)
        self.last = nn.Conv2d(1, 2, 4, dilation=2, padding=3)

    @classmethod
    def from_checkpoint(cls, tensors: dict[str, np.ndarray], stem: int) -> UNet:
        """The network of one stem: 0 is vocals, 1 accompaniment. The checkpoint numbers layers through both."""
        net = cls()

        def named(kind: str, number: int) -> str:
            return f"{kind}_{number}" if number else kind

        def put(target: Tensor, name: str, *axes: int) -> None:
            target.copy_(torch.from_numpy((tensors[name].transpose(axes) if axes else tensors[name]).copy()))

        with torch.no_grad():
            for index, conv in enumerate([*net.down, net.last]):
                put(conv.weight, f"{named('conv2d', 7 * stem + index)}/kernel", 3, 2, 0, 1)
                put(conv.bias, f"{named('conv2d', 7 * stem + index)}/bias")
            for index, conv in enumerate(net.up):
                put(conv.weight, f"{named('conv2d_transpose', 6 * stem + index)}/kernel", 3, 2, 0, 1)
                put(conv.bias, f"{named('conv2d_transpose', 6 * stem + index)}/bias")
            # number 5 of each stem belongs to the innermost layer, whose normalised output the published network never uses
            for norm, index in [*zip(net.down_norm, range(5), strict=True), *zip(net.up_norm, range(6, 12), strict=True)]:
                name = named("batch_normalization", 12 * stem + index)
                put(norm.weight, f"{name}/gamma")
                put(norm.bias, f"{name}/beta")
                put(norm.running_mean, f"{name}/moving_mean")
                put(norm.running_var, f"{name}/moving_variance")
        return net

    def forward(self, mix: Float32[Tensor, "batch 2 frames bins"]) -> Float32[Tensor, "batch 2 frames bins"]:
        """Frames and bins are multiples of 64. Padding is TensorFlow's "same": one before, two after."""
        skips: list[Tensor] = []
        inner = mix
        for conv, norm in zip(self.down, [*self.down_norm, None], strict=True):
            inner = conv(F.pad(inner, (1, 2, 1, 2)))
            skips.append(inner)
            if norm is not None:
                inner = F.leaky_relu(norm(inner), 0.2)
        skips.pop()
        for index, (conv, norm) in enumerate(zip(self.up, self.up_norm, strict=True)):
            inner = norm(F.relu(conv(inner)[..., 1:-2, 1:-2]))
            if index < 5:
                inner = torch.cat([skips.pop(), inner], dim=1)
        return torch.sigmoid(self.last(inner)) * mix
