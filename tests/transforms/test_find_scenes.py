"""A scene ends where place and sound change together, not at every cut."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from cinedub import config, media
from cinedub.thumbnails import Thumbnails
from schemas import AudioStream, Film, Reel, Shots, Span, Stems, VideoStream
from transforms.find_scenes import find_scenes

RATE, FPS, WIDTH, HEIGHT = 48000, 25, 96, 54


def picture(seed: int) -> np.ndarray:
    """A set-up: a smooth pattern in colours of its own."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 1, (4, 6))
    rows, columns = np.linspace(0, 2.999, HEIGHT), np.linspace(0, 4.999, WIDTH)
    y, x = rows.astype(int), columns.astype(int)
    dy, dx = (rows - y)[:, None], columns - x
    top = coarse[y][:, x] * (1 - dx) + coarse[y][:, x + 1] * dx
    smooth = top * (1 - dy) + (coarse[y + 1][:, x] * (1 - dx) + coarse[y + 1][:, x + 1] * dx) * dy
    dark, light = random.uniform(0, 120, 3), random.uniform(100, 255, 3)
    return (dark + smooth[:, :, None] * (light - dark)).clip(0, 255)


def ambience(seed: int, seconds: float, level: float = 0.01) -> np.ndarray:
    """Noise with a spectrum of its own."""
    random = np.random.default_rng(seed)
    noise = np.fft.rfft(random.standard_normal(round(seconds * RATE)))
    frequencies = np.fft.rfftfreq(round(seconds * RATE), 1 / RATE)
    knots = np.geomspace(50, 24000, 8)
    gain = np.interp(np.log(np.maximum(frequencies, 50)), np.log(knots), random.uniform(-20, 20, 8))
    shaped = np.fft.irfft(noise * 10 ** (gain / 20), round(seconds * RATE))
    return shaped / shaped.std() * level


def voice(seed: int, seconds: float) -> np.ndarray:
    """Buzzing syllables with pauses, as loud as speech."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 30))
    syllables = np.repeat(random.random(int(seconds * 5) + 1) > 0.3, RATE // 5)[: len(time)]
    return 0.1 * buzz * np.convolve(syllables, np.hanning(2400) / 1200, "same")


def film(folder: Path, scenes: list[list[tuple[int, float]]], sounds: list[np.ndarray]) -> Stems:
    """Each scene is a list of (set-up, seconds); one stretch of sound per scene."""
    shots, at = [], 0
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    command += ["-y", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(folder / "film.mp4")]
    grain = np.random.default_rng(0)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for set_up, seconds in (shot for scene in scenes for shot in scene):
            shots.append(Span(at, at + round(seconds * 1000)))
            at = shots[-1].end
            for _ in range(round(seconds * FPS)):
                noisy = picture(set_up) + grain.normal(0, 4, (HEIGHT, WIDTH, 3))
                process.stdin.write(noisy.clip(0, 255).astype(np.uint8).tobytes())
        process.stdin.close()
    soundfile.write(folder / "mix.flac", np.concatenate(sounds), RATE)
    stream = VideoStream(0, "h264", WIDTH, HEIGHT, "25/1")
    work = Film("film", "0" * 64, str(folder / "film.mp4"), "", None, "en", stream, AudioStream(1, "aac", RATE, 1), at)
    small = Thumbnails()
    for _ in small.of(media.pictures(folder / "film.mp4", Span(0, at), (WIDTH, HEIGHT))):
        pass
    small.write(shots, folder / "thumbnails.npz")
    return Stems(Shots(Reel(work, Span(0, at), Span(0, at)), tuple(shots), str(folder / "thumbnails.npz")), str(folder / "mix.flac"), "", "")


def borders(stems: Stems) -> list[int]:
    return [scene.start for scene in find_scenes(stems, config.FindScenes(), cast(Any, None)).spans[1:]]


def speech(seed: int, seconds: float) -> np.ndarray:
    return voice(seed, seconds) + ambience(seed, seconds)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shot_and_reverse_shot_are_one_scene_and_another_place_is_another(tmp_path: Path, seed: int) -> None:
    a, b, c, d = (10 * seed + index for index in range(4))
    scenes = [[(a, 2.0), (b, 1.6), (a, 2.4), (b, 2.0)], [(c, 3.0), (d, 2.0), (c, 2.0)]]
    assert borders(film(tmp_path, scenes, [speech(seed, 8.0), speech(seed + 50, 7.0)])) == [8000]


def test_sound_that_runs_on_over_a_cut_keeps_the_scene_together(tmp_path: Path) -> None:
    assert borders(film(tmp_path, [[(71, 4.0), (72, 4.0)]], [speech(73, 8.0)])) == []


def test_two_silent_places_are_told_apart_by_their_looks(tmp_path: Path) -> None:
    silent = np.zeros(4 * RATE)
    assert borders(film(tmp_path, [[(100, 4.0)], [(103, 4.0)]], [silent, silent])) == [4000]


def test_a_splice_in_the_dark_is_heard(tmp_path: Path) -> None:
    gap = np.zeros(RATE // 3)
    sounds = [np.concatenate([speech(91, 4.0)[: -len(gap)], gap]), speech(92, 4.0)]
    assert borders(film(tmp_path, [[(91, 4.0)], [(91, 4.0)]], sounds)) == []  # the very same picture: no other place
    dark = film(tmp_path, [[(91, 4.0)], [(95, 4.0)]], sounds)
    assert borders(dark) == [4000]
