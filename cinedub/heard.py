"""What of a clip voices are heard by."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from cinedub import sound
from cinedub.storage import resolve
from schemas import Clip, Span

RATE = 16_000


def stem(clip: Clip, name: str, span: Span) -> Float32[np.ndarray, " samples"]:
    """A stem of the clip (``vocals``, ``background``, ``mix``) over a span on the film's clock, mono at 16 kHz."""
    return sound.read(resolve(getattr(clip.stems, name)), span.shift(-clip.stems.reel.heard.start), RATE)
