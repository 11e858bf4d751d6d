"""How loud sound is to a listener: EBU R128 (ITU-R BS.1770), as ffmpeg measures it, in bounded memory."""

from __future__ import annotations

import re
from pathlib import Path

from cinedub import media
from cinedub.errors import MediaError
from schemas import Span

#: The gate of EBU R128: what is quieter is silence.
SILENCE_LUFS = -70.0
_INTEGRATED = re.compile(r"^\s*I:\s+(-?[0-9.]+|-inf) LUFS", re.MULTILINE)


def integrated(path: Path, duration_ms: int) -> float | None:
    """Integrated loudness of a file's first sound track in LUFS; None where it is silent.

    Raises:
        MediaError: LOUDNESS, DECODE_TIMEOUT.
    """
    arguments = [*media.opened(path), "-map", "0:a:0", "-filter:a", "ebur128=framelog=verbose", "-f", "null", "-"]
    said = media.run(arguments, media.deadline(Span(0, max(1, duration_ms))), "LOUDNESS", path, level="info")
    found = _INTEGRATED.findall(said)
    if not found:
        raise MediaError("LOUDNESS", f"{path.name}: ffmpeg measured no loudness")
    level = float(found[-1])
    return level if level > SILENCE_LUFS else None


def gain_db(wanted: float | None, given: float | None) -> float:
    """What brings a loudness to another; nothing is done where either is silence."""
    return 0.0 if wanted is None or given is None else wanted - given
