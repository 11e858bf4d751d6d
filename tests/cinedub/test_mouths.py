"""A sound that is late is put in step with the mouths. Voices and mouths are made up, with a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub import sync
from cinedub.mouths import Mouths, film_span
from schemas import AudioStream, Clip, Film, Reel, Shots, Span, Stems, VideoStream


def syllables(seconds: np.ndarray) -> np.ndarray:
    """Loudness in [0, 1] that goes up and down at random, about four times a second."""
    beats = np.random.default_rng(4).random(64)
    return np.interp(seconds * 8, np.arange(64), beats**2)


@pytest.mark.parametrize("late", [-400, -200, -80, 0, 40, 120, 400])
def test_a_sound_that_is_late_is_measured_and_put_in_step_with_the_mouth(tmp_path: Path, late: int) -> None:
    """The reel is heard from 1 s on, the clip is 2 s to 6 s; a mouth says syllables that the voice says so much later."""
    video = VideoStream(0, "h264", 64, 36, "25")
    source = Film("0" * 8, "0" * 64, "", "", None, "en", video, AudioStream(1, "aac", 48_000, 1), 10_000)
    time = np.arange(9 * 48_000) / 48_000 + 1
    soundfile.write(tmp_path / "vocals.flac", (0.5 * syllables(time - late / 1000) * np.sin(2 * np.pi * 200 * time)).astype(np.float32), 48_000)
    reel, span = Reel(source, Span(2000, 10_000), Span(1000, 10_000)), Span(2000, 6000)
    element = Clip(Stems(Shots(reel, (reel.span,)), "", str(tmp_path / "vocals.flac"), ""), span, span, (), (span,))
    mouth = 0.2 * syllables(2.02 + 0.04 * np.arange(100) + sync.NATURAL_MS / 1000)[None].astype(np.float32)
    there = np.ones((1, 100), bool)
    mouths = Mouths(element, mouth, there, there)
    offsets = mouths.offsets()
    assert offsets is not None
    found = sync.likeliest(offsets)
    assert abs(found.offset_ms - late) <= 40 and found.confidence > 0.8
    arrays = mouths.going(found.offset_ms)
    assert (arrays["speaking"][0] > 0.5).mean() > 0.8 and arrays["heard"].shape == (100,)
    if abs(late) >= 200:
        assert (mouths.going(0)["speaking"][0] > 0.5).mean() < 0.5
    assert film_span(element, 98, 101) == Span(5920, 6000)
