"""A test card as a film, for tests that only need something with picture and sound."""

from __future__ import annotations

import subprocess
from pathlib import Path


def card(folder: Path) -> Path:
    """Twelve seconds at ten frames a second, a key frame every second, and a tone."""
    path = folder / "film.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc=size=64x36:rate=10:duration=12", "-f", "lavfi", "-i", "sine=duration=12"]
    subprocess.run(["ffmpeg", "-v", "error", *sources, "-g", "10", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path
