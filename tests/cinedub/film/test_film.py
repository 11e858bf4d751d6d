"""Films that are short and small, made by the real models; skipped where their weights aren't fetched."""

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cinedub import media, weights
from cinedub.film import FilmSettings, screenplay, write
from cinedub.sound import read
from schemas import Span

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("hibari", "kokoro", "face-landmarker")), reason="needs: cinedub weights fetch --pack film"
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = FilmSettings(
        seed=4, seconds=6, kinds=("dialogue",), characters=2, height=240, fps="24", small=0, turned=0, hidden=0, blurred=0, dark=0
    )
    return write(settings, tmp_path_factory.mktemp("film") / "short.mp4")


@pytest.fixture(scope="module")
def truth(film: Path) -> dict:
    return json.loads(film.with_suffix(".json").read_text())


def test_every_scene_plays_elsewhere_than_the_one_before() -> None:
    for seed in range(5):
        _, scenes = screenplay.write(FilmSettings(seed=seed, seconds=60))
        assert len(scenes) > 3 and all(one.place != other.place for one, other in pairwise(scenes))


def test_the_film_is_as_long_as_its_truth_says(film, truth):
    probe = media.probe(film)
    assert abs(float(probe["format"]["duration"]) * 1000 - truth["duration_ms"]) < 60
    assert {stream["codec_name"] for stream in probe["streams"]} == {"h264", "aac"}


def test_shots_tile_the_film_and_scenes_tile_it_too(truth):
    for rows in (truth["shots"], truth["lines"]):
        assert rows[0]["start_ms"] == 0
        assert rows[-1]["end_ms"] == truth["duration_ms"]
        assert all(a["end_ms"] == b["start_ms"] for a, b in pairwise(rows))


def test_two_people_talk_and_their_words_lie_inside_their_turns(truth):
    assert len({turn["speaker"] for turn in truth["turns"]}) == 2
    for turn in truth["turns"]:
        assert all(turn["start_ms"] <= word["start_ms"] < word["end_ms"] <= turn["end_ms"] for word in turn["words"])


def test_turns_begin_and_end_with_their_sound(film, truth):
    rate = 24_000
    level = np.abs(read(film.with_suffix(".vocals.flac"), Span(0, truth["duration_ms"]), rate))
    for turn in truth["turns"]:
        first, last = (turn[edge] * rate // 1000 for edge in ("start_ms", "end_ms"))
        floor = 0.02 * level[first:last].max()
        assert level[first : first + rate // 100].max() > floor and level[last - rate // 100 : last].max() > floor
        assert turn["words"][0]["start_ms"] == turn["start_ms"] and turn["words"][-1]["end_ms"] == turn["end_ms"]


def test_a_mouth_is_open_while_its_owner_speaks_and_shut_while_another_does(truth):
    speaking, silent = [], []
    for face in truth["faces"]:
        for index, mouth in enumerate(face["mouth"]):
            ms = (face["first_frame"] + index) * 1000 / 24
            said = [turn for turn in truth["turns"] if turn["speaker"] == face["person"] and turn["start_ms"] < ms < turn["end_ms"]]
            (speaking if said else silent).append(mouth)
    assert np.mean(speaking) > 0.05 > np.mean(silent)


def test_voices_and_background_add_up_to_what_is_heard(film, truth):
    span = Span(0, truth["duration_ms"])
    parts = sum(read(film.with_suffix(suffix), span, 16000) for suffix in (".vocals.flac", ".background.flac"))
    heard = np.concatenate(list(media.sound(film, span, 16000, 1)), axis=1)[0]
    assert np.corrcoef(parts, heard)[0, 1] > 0.98


def test_the_voices_are_silent_where_nobody_speaks(film, truth):
    voices = read(film.with_suffix(".vocals.flac"), Span(0, truth["turns"][0]["start_ms"] - 40), 24000)
    assert np.abs(voices).max() == 0


def test_the_same_seed_gives_the_same_truth_and_the_same_voices(tmp_path):
    settings = FilmSettings(seed=9, seconds=3, kinds=("narration", "monologue"), characters=1, audio_only=True)
    made = [write(settings, tmp_path / name / "film.mp4") for name in ("a", "b")]
    for ending in (".json", ".rttm", ".ctm", ".stm", ".vocals.flac", ".background.flac"):
        assert made[0].with_suffix(ending).read_bytes() == made[1].with_suffix(ending).read_bytes(), ending


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fps", "channels", "height"), [("23.976", 1, 360), ("24", 2, 360), ("25", 6, 480), ("29.97", 2, 360), ("30", 1, 1080), ("vfr", 2, 360)]
)
def test_every_frame_rate_channel_layout_and_size_can_be_made(tmp_path, fps, channels, height):
    rate = "25" if fps == "vfr" else fps
    settings = FilmSettings(
        seed=5, seconds=2, kinds=("monologue",), characters=1, fps=rate, variable_fps=fps == "vfr", channels=channels, height=height
    )
    made = write(settings, tmp_path / "film.mp4")
    truth = json.loads(made.with_suffix(".json").read_text())
    video, heard = sorted(media.probe(made)["streams"], key=lambda stream: stream["codec_type"] == "audio")
    assert video["height"] == height and heard["channels"] == channels
    assert fps == "vfr" or Fraction(video["r_frame_rate"]) == settings.rate
    if fps == "vfr":
        assert int(video["nb_frames"]) < truth["shots"][-1]["end_ms"] / 40
    assert abs(float(media.probe(made)["format"]["duration"]) * 1000 - truth["duration_ms"]) < 120
