"""What a corrector may hear and see is the clip's own: its vocals at its time, pictures spread over it."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from cinedub import sound
from cinedub.exhibits import Exhibits
from schemas import Cast, Span

_spec = importlib.util.spec_from_file_location("cast_of", Path(__file__).with_name("cast_of.py"))
assert _spec and _spec.loader
nouns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nouns)


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    """A clip of the reel's third and fourth second: dark and silent in its first half, bright and loud in its second."""
    clip, cast = nouns.clip_of(), nouns.cast_of(nouns.clip_of(), [])
    loud = np.zeros(6 * 48_000, np.float32)
    loud[3 * 48_000 : 4 * 48_000] = 0.5
    sound.write(tmp_path / "vocals.flac", [loud[None]], 48_000)
    picture = "color=black:size=640x360:rate=25:duration=1[a];color=white:size=640x360:rate=25:duration=1[b];[a][b]concat"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, str(tmp_path / "clip.mp4")], check=True)
    film = dataclasses.replace(clip.film, video=dataclasses.replace(clip.film.video, width=1280, height=720))
    reel = dataclasses.replace(clip.stems.reel, film=film)
    stems = dataclasses.replace(clip.stems, shots=dataclasses.replace(clip.stems.shots, reel=reel), vocals=str(tmp_path / "vocals.flac"))
    clip = dataclasses.replace(clip, stems=stems, span=Span(2_000, 4_000))
    faces = dataclasses.replace(cast.faces, clip=clip, video=str(tmp_path / "clip.mp4"))
    return Cast(dataclasses.replace(cast.voices, clip=clip), faces, (), ())


def test_the_voices_of_a_clip_are_a_wave_file_of_its_length(cast: Cast) -> None:
    (wave,) = Exhibits((cast,)).voices()
    heard, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    assert (rate, heard.shape) == (16_000, (32_000,))
    assert np.abs(heard[:15_900]).max() < 0.01 and abs(float(heard[24_000]) - 0.5) < 0.01


def test_pictures_are_spread_over_a_clip_and_small(cast: Cast) -> None:
    ((first, second),) = Exhibits((cast,)).pictures(2)
    assert (first[0], second[0]) == (500, 1_500)
    dark, bright = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for _, jpeg in (first, second))
    assert dark is not None and bright is not None
    assert dark.shape == bright.shape == (288, 512, 3)
    assert dark.mean() < 5 and bright.mean() > 250
