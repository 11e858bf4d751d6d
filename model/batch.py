"""What the network reads: a batch of clips on the mel's frame axis, and their lines.

Lines of all clips stand in one list. ``line_at`` says for every frame which of them is spoken: 0 for silence, else 1 + its index. No two lines
share a frame: a clip with overlapping speech is dubbed in layers.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from schemas import Age, EmotionLabel, Gender, Kind, Language

LANGUAGES = get_args(Language)
KINDS = get_args(Kind)
EMOTIONS = get_args(EmotionLabel)
AGES = get_args(Age)
GENDERS = get_args(Gender)
#: Speakers of a clip are numbered by their first line, and the numbers go round.
SLOTS = 8
#: 40 lip points (x, y) and the aperture; MediaPipe's blendshapes.
LIPS = 81
FACE = 52
VOICE = 192


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips with everything that is known of them. Padding is zero and lies at the ends of axes; ``frames`` and ``tokens`` are true lengths.

    ``lips`` and ``face`` belong to whoever speaks in that frame; ``seen`` says whether that face shows. ``audible`` marks the frames whose
    sound is one line's alone: only they teach. ``pitch`` is in Hz, 0 where unvoiced or unknown. ``durations`` are each token's frames where the
    record tells them, 0 in all of a line where not.
    ``voice`` is zero where no reference is known. ``clue`` holds hashed words + 1.
    """

    frames: Int[Tensor, " clips"]
    kind: Int[Tensor, " clips"]
    line_at: Int[Tensor, "clips frames"]
    lips: Float[Tensor, "clips frames 81"]
    face: Float[Tensor, "clips frames 52"]
    seen: Bool[Tensor, "clips frames"]
    audible: Bool[Tensor, "clips frames"]
    mels: Float[Tensor, "clips frames 80"]
    pitch: Float[Tensor, "clips frames"]
    clip: Int[Tensor, " lines"]
    start: Int[Tensor, " lines"]
    length: Int[Tensor, " lines"]
    tokens: Int[Tensor, " lines"]
    symbols: Int[Tensor, "lines tokens"]
    signs: Int[Tensor, "lines tokens"]
    durations: Int[Tensor, "lines tokens"]
    language: Int[Tensor, " lines"]
    slot: Int[Tensor, " lines"]
    emotion: Int[Tensor, " lines"]
    age: Int[Tensor, " lines"]
    gender: Int[Tensor, " lines"]
    voice: Float[Tensor, "lines 192"]
    clue: Int[Tensor, "lines words"]

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device."""
        return Batch(**{field.name: getattr(self, field.name).to(device, non_blocking=True) for field in dataclasses.fields(self)})

    @property
    def speaking(self) -> Bool[Tensor, "clips frames"]:
        """Frames in which a line is spoken."""
        return self.line_at > 0

    @property
    def timed(self) -> Bool[Tensor, " lines"]:
        """Lines whose tokens' durations are told."""
        return self.durations.sum(1) > 0


def mask(lengths: Int[Tensor, " rows"], size: int) -> Bool[Tensor, "rows {size}"]:
    """True before each row's length."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]
