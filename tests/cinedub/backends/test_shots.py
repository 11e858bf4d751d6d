"""Cuts are found at the true presentation time of the frame after them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cinedub import backends, media, weights
from cinedub.config import Model
from schemas import Span

DETECTORS = [
    Model("scenedetect"),
    pytest.param(
        Model("transnetv2", "transnetv2"), marks=pytest.mark.skipif(not weights.present("transnetv2"), reason="the weights transnetv2 aren't here")
    ),
]
SOURCES = ("testsrc2=s=192x108", "mandelbrot=s=192x108", "smptehdbars=s=192x108")


def film(path: Path, rate: str, seconds: float, *extra: str, picture: str = "null") -> Path:
    """Three shots of the same length, at a constant rate."""
    command = ["ffmpeg", "-v", "error", "-y"]
    for source in SOURCES:
        command += ["-f", "lavfi", "-t", str(seconds), "-i", f"{source}:r={rate}"]
    parts = "".join(f"[{index}:v]format=yuv420p,setsar=1[v{index}];" for index in range(3))
    command += ["-filter_complex", f"{parts}[v0][v1][v2]concat=n=3,{picture}[v]", "-map", "[v]", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*command, *extra, str(path)], check=True)
    return path


def cuts(model: Model, video: Path, span: Span) -> list[int]:
    detector = backends.load("detector", model)
    return detector.cuts(media.pictures(video, span, detector.size))


@pytest.mark.parametrize("model", DETECTORS)
def test_cuts_are_exact_at_23_976_frames(tmp_path: Path, model: Model) -> None:
    video = film(tmp_path / "film.mp4", "24000/1001", 48 * 1.001 / 24)
    found = cuts(model, video, Span(0, 6000))
    assert found == [2002, 4004]


@pytest.mark.parametrize("model", DETECTORS[:1])
def test_cuts_are_exact_where_frames_have_no_rate(tmp_path: Path, model: Model) -> None:
    drop = "select='not(mod(n\\,3)-1)+gte(n\\,50)',setpts=PTS-STARTPTS"  # a third of the frames until the 50th, then all
    video = film(tmp_path / "film.mkv", "25", 2, "-vsync", "vfr", picture=drop)
    shown = [index for index in range(150) if index % 3 == 1 or index >= 50]
    first = shown[0] * 40
    assert cuts(model, video, Span(0, 5900)) == [50 * 40 - first, 100 * 40 - first]


@pytest.mark.parametrize("model", DETECTORS[:1])
def test_only_the_span_is_searched_on_the_films_clock(tmp_path: Path, model: Model) -> None:
    video = film(tmp_path / "film.mp4", "25", 2)
    assert cuts(model, video, Span(3000, 6000)) == [4000]


@pytest.mark.parametrize("model", DETECTORS[:1])
def test_a_cut_in_the_dark_is_found_and_movement_is_none(tmp_path: Path, model: Model) -> None:
    dark = "colorchannelmixer=rr=0.12:gg=0.12:bb=0.12"
    assert cuts(model, film(tmp_path / "dark.mp4", "25", 2, picture=dark), Span(0, 6000)) == [2000, 4000]
