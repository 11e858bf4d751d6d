"""Lip sync as papers report it: SyncNet (Chung and Zisserman, "Out of time", 2016) and its two figures, LSE-D and LSE-C (Prajwal et al., 2020).

The network sees five pictures of a face and hears a fifth of a second, and puts both in one space. A clip's distance at an offset is the mean over
its windows; LSE-D is the smallest over offsets of up to 15 pictures, LSE-C how far that lies below the median. Its weights (``syncnet_v2.model``) are
in no package: they are given by path. Papers find faces with S3FD, here the record's boxes are taken, so that only figures of one table compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from cinedub.errors import WeightsError

#: Pictures a second, samples a second, the side of a face in pixels, and pictures of a window.
FPS, RATE, SIDE, WINDOW = 25, 16_000, 224, 5
#: Offsets that are tried, in pictures; frames of MFCC for each picture; windows that are embedded at once.
_OFFSETS, _STEPS, _TOGETHER = 15, 4, 16
#: A face's box is widened so, and smoothed over so many pictures; what lies outside the picture is grey.
_WIDER, _SMOOTH, _GREY = 0.4, 13, 110


@dataclass(frozen=True, slots=True)
class Sync:
    """``distance`` is LSE-D, ``confidence`` LSE-C; ``late_ms`` is how late the sound is."""

    distance: float
    confidence: float
    late_ms: int


def _layers(convolution: type[nn.Module], norm: type[nn.Module], pool: type[nn.Module], table: Sequence[tuple]) -> nn.Sequential:
    """Convolution, norm and ReLU for each row ``(from, to, kernel, stride, padding)``, and the pool ``(kernel, stride, padding)`` that may follow."""
    made: list[nn.Module] = []
    for taken, given, kernel, stride, padding, *pools in table:
        made += [convolution(taken, given, kernel, stride, padding), norm(given), nn.ReLU()]
        made += [pool(*pools[0])] if pools else []
    return nn.Sequential(*made)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


class SyncNet(nn.Module):
    """The published network; members are named as in its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = _layers(
            nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d,
            [
                (1, 64, 3, 1, 1, (1, 1, 0)), (64, 192, 3, 1, 1, (3, (1, 2), 0)), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1),
                (256, 256, 3, 1, 1, (3, 2, 0)), (256, 512, (5, 4), 1, 0),
            ],
        )  # fmt: skip
        self.netcnnlip = _layers(
            nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d,
            [
                (3, 96, (5, 7, 7), (1, 2, 2), 0, ((1, 3, 3), (1, 2, 2), 0)),
                (96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 1, 1))),
                (256, 256, (1, 3, 3), 1, (0, 1, 1)), (256, 256, (1, 3, 3), 1, (0, 1, 1)),
                (256, 256, (1, 3, 3), 1, (0, 1, 1), ((1, 3, 3), (1, 2, 2), 0)), (256, 512, (1, 6, 6), 1, 0),
            ],
        )  # fmt: skip
        self.netfcaud, self.netfclip = _head(), _head()

    @torch.no_grad()
    def seen(self, faces: UInt8[np.ndarray, "pictures 224 224 3"]) -> Float[Tensor, "windows 1024"]:
        """Every window of RGB faces, one from each picture on but the last four."""
        # The network learned from pictures as OpenCV reads them: blue first.
        pictures = torch.from_numpy(faces[..., ::-1].copy()).permute(3, 0, 1, 2)
        found = []
        for first in range(0, len(faces) - WINDOW + 1, _TOGETHER):
            last = min(first + _TOGETHER, len(faces) - WINDOW + 1)
            windows = torch.stack([pictures[:, place : place + WINDOW] for place in range(first, last)]).float()
            found.append(self.netfclip(self.netcnnlip(windows).flatten(1)))
        return torch.cat(found)

    @torch.no_grad()
    def heard(self, sound: Float[np.ndarray, " samples"]) -> Float[Tensor, "windows 1024"]:
        """Every window of mono sound in [-1, 1] at 16 kHz, one from each picture's begin."""
        from python_speech_features import mfcc

        # Its MFCCs are of 16-bit samples.
        features = torch.from_numpy(mfcc((sound * 32767).astype(np.int16), RATE).T.astype(np.float32))
        span = _STEPS * WINDOW
        starts = range(0, features.shape[1] - span + 1, _STEPS)
        found = [
            self.netfcaud(self.netcnnaud(torch.stack([features[None, :, s : s + span] for s in starts[i : i + _TOGETHER]])).flatten(1))
            for i in range(0, len(starts), _TOGETHER)
        ]
        return torch.cat(found) if found else torch.zeros(0, 1024)


def load(path: Path) -> SyncNet:
    """The published weights.

    Raises:
        WeightsError: missing, damaged, or of another network.
    """
    network = SyncNet()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, UnpicklingError, EOFError, AttributeError) as error:
        raise WeightsError(f"{path}: not SyncNet's weights (syncnet_v2.model): {str(error).partition(chr(10))[0][:200]}") from error
    return network.eval()


def sync(seen: Float[Tensor, "pictures 1024"], heard: Float[Tensor, "sounds 1024"]) -> Sync | None:
    """LSE-D, LSE-C and the offset of windows that begin together; None where there is no window."""
    count = min(len(seen), len(heard))
    if not count:
        return None
    padded = functional.pad(heard[:count], (0, 0, _OFFSETS, _OFFSETS))
    means = torch.stack([functional.pairwise_distance(seen[:count], padded[i : i + count]).mean() for i in range(2 * _OFFSETS + 1)])
    best = int(means.argmin())
    return Sync(float(means[best]), float(means.median() - means[best]), (best - _OFFSETS) * 1000 // FPS)


def longest(there: Bool[np.ndarray, " pictures"]) -> slice:
    """The longest run of pictures in which a face is there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]]))).reshape(-1, 2)
    return slice(*max(edges.tolist(), key=lambda run: run[1] - run[0], default=(0, 0)))


class Cropper:
    """Faces as SyncNet was taught: squares about a smoothed box (pixels: left, top, right, bottom), more of it below than above."""

    def __init__(self, boxes: Float[np.ndarray, "pictures 4"]) -> None:
        from scipy.signal import medfilt

        left, top, right, bottom = boxes.astype(float).T
        self._half, self._x, self._y = (
            medfilt(row, min(_SMOOTH, len(boxes) - 1 + len(boxes) % 2))
            for row in (np.maximum(right - left, bottom - top) / 2, (left + right) / 2, (top + bottom) / 2)
        )

    def __call__(self, place: int, picture: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "224 224 3"]:
        """The face in the picture of that number."""
        import cv2

        half, x, y = self._half[place], self._x[place], self._y[place]
        room = int(half * (1 + 2 * _WIDER)) + 1
        padded = np.pad(picture, ((room, room), (room, room), (0, 0)), constant_values=_GREY)
        rows = slice(max(0, int(y + room - half)), int(y + room + half * (1 + 2 * _WIDER)))
        columns = slice(max(0, int(x + room - half * (1 + _WIDER))), int(x + room + half * (1 + _WIDER)))
        return cv2.resize(padded[rows, columns], (SIDE, SIDE))
