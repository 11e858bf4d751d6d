"""Small pictures are kept while a reel is decoded, a few of every shot."""

from pathlib import Path

import numpy as np

from cinedub import thumbnails
from schemas import Span


def frames(times: list[int]) -> list[tuple[int, np.ndarray]]:
    return [(time, np.full((54, 96, 3), time // 40 % 256, np.uint8)) for time in times]


def kept(folder: Path, times: list[int], shots: list[Span]) -> list[list[int]]:
    """The grey values of each shot's pictures."""
    small = thumbnails.Thumbnails()
    assert [time for time, _ in small.of(frames(times))] == times
    small.write(shots, folder / "t.npz")
    return [[int(picture[9, 16, 0]) for picture in pictures] for pictures in thumbnails.read(folder / "t.npz", len(shots))]


def test_each_shot_keeps_its_first_picture_and_one_every_fifth_of_a_second(tmp_path: Path) -> None:
    assert kept(tmp_path, list(range(0, 1000, 40)), [Span(0, 520), Span(520, 1000)]) == [[0, 5, 10], [13, 18, 23]]


def test_pictures_around_the_shots_are_left_out_and_a_shot_may_have_none(tmp_path: Path) -> None:
    shots = [Span(200, 400), Span(400, 600), Span(600, 640)]
    assert kept(tmp_path, [0, 160, 240, 640, 680], shots) == [[6], [], []]


def test_a_film_without_pictures_has_none(tmp_path: Path) -> None:
    assert kept(tmp_path, [], [Span(0, 40)]) == [[]]
