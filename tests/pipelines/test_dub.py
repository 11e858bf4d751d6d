"""Dubs from jobs to files: pictures, backgrounds, tracks, and many in one pipeline."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from cinedub import loudness, media, weights
from cinedub.errors import UsageError
from model import checkpoint, config, mel
from model.checkpoint import Saved
from model.dub import Manner
from model.network import Dubber
from model.order import Order, Said, Voice
from pipelines import dub, dubbing
from pipelines.dub import Speaking
from pipelines.watch import people, speakers, windows
from schemas import DubJob, Span

pytest.importorskip("hibari")
pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in ("hifigan-universal", "hibari")), reason="weights are not here")

ONE = Manner(steps=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with sound, a script, and an untrained nano."""
    folder = tmp_path_factory.mktemp("dub")
    arguments = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2", "-f", "lavfi", "-i", "sine=330:duration=2", "-shortest"]
    media.run([*arguments, "-pix_fmt", "yuv420p", str(folder / "clip.mp4")], 60, "TEST", folder / "clip.mp4")
    script = "1\n00:00:00,200 --> 00:00:00,900\n[anna] No.\n\n2\n00:00:01,000 --> 00:00:01,800\n[bob] Maybe so.\n"
    (folder / "lines.srt").write_text(script)
    torch.manual_seed(0)
    settings = config.load("nano")
    checkpoint.save_best(folder / "run", Saved(settings, 0), Dubber(settings.network).state_dict())
    return folder


def job(place: Path, out: str, **more: object) -> DubJob:
    return DubJob(str(place / out), str(place / "lines.srt"), **more)  # type: ignore[arg-type]


def test_a_clip_gets_its_picture_back_with_speech_as_long_as_it(place: Path) -> None:
    speaks = dub.dubbing(str(place / "run" / "best"), "cpu", 1)
    made = dubbing.dub(job(place, "out.mp4", video=str(place / "clip.mp4"), voices=("hibari",)), speaks, ONE)
    assert (made.duration_ms, made.lines, made.rushed) == (2000, 2, ())
    streams = media.probe(place / "out.mp4")["streams"]
    assert [(s["codec_type"], s["codec_name"]) for s in streams] == [("video", "h264"), ("audio", "aac")]
    sound = np.concatenate(list(media.sound(place / "out.mp4", Span(0, 2400), 48_000, 1, strict=True)), axis=1)[0]
    assert abs(len(sound) - 96_000) <= 1024  # a frame of AAC
    assert np.abs(sound[48_000 * 2 // 10 : 43_000]).max() > 0.01 and np.abs(sound[:8_000]).max() < 0.01


@pytest.mark.slow
@pytest.mark.skipif(not all(weights.present(name) for name in ("spleeter-2stems", "whisper-base")), reason="weights are not here")
def test_a_film_keeps_its_background_and_its_old_sound_as_a_second_track(place: Path) -> None:
    speaks = dub.dubbing(str(place / "run" / "best"), "cpu", 1)
    made = dubbing.dub(job(place, "film.mp4", video=str(place / "clip.mp4"), film=True, voices=("hibari",), language="en"), speaks, ONE)
    streams = media.probe(place / "film.mp4")["streams"]
    assert [s["codec_type"] for s in streams] == ["video", "audio", "audio"] and made.duration_ms == 2000
    assert streams[1]["tags"]["language"] == "eng" and [s["disposition"]["default"] for s in streams[1:]] == [1, 0]
    quiet = next(iter(media.sound(place / "film.mp4", Span(1_850, 2_000), 48_000, 1)))
    assert np.sqrt(np.mean(quiet**2)) > 1e-3  # nobody speaks there: what is heard is the background


def test_faults_of_a_job_are_told_in_a_line(place: Path) -> None:
    speaks = dub.dubbing(str(place / "run" / "best"), "cpu", 1)
    for wrong, why in (
        (job(place, "out.mp4"), "needs its picture"),
        (job(place, "out.ogg"), "a dub ends in"),
        (job(place, "out.wav", voices=("carol=hibari",)), "who say nothing"),
        (DubJob("out.wav"), "name a script"),
        (job(place, "out.wav", film=True), "--film needs the film"),
        (job(place, "out.wav", video=str(place / "none.mp4"), voices=("hibari",)), "no such file"),
    ):
        with pytest.raises(UsageError, match=why):
            dubbing.dub(wrong, speaks, ONE)


def test_one_bad_job_becomes_a_dead_letter_and_the_others_go_on(place: Path) -> None:
    rows = ["script,voices,out,language", "lines.srt,hibari,a.wav,", "lines.srt,anna=hibari,b.wav,en", "lines.srt,anna=hibari bob=hibari,c.wav,"]
    (place / "jobs.csv").write_text("\n".join(rows))
    out = place / "many"
    batch = dub.run(dub.jobs_of(place / "jobs.csv", out), out, Speaking(str(place / "run" / "best"), ONE, threads=1))
    assert [Path(one.out).name for one in batch.dubbed] == ["a.wav", "c.wav"]
    assert [(letter["code"], Path(letter["key"]).name) for letter in batch.letters] == [("DUB_UNKNOWN_SPEAKER", "b.wav")]
    assert soundfile.info(out / "a.wav").frames == mel.samples_of(1800)
    assert [json.loads(line)["lines"] for line in (out / "dubbed.jsonl").read_text().splitlines()] == [2, 2]
    with pytest.raises(UsageError, match="two jobs write"):
        dub.run([DubJob("a.wav"), DubJob("a.wav")], out, Speaking(str(place / "run" / "best")))


def test_a_job_changes_one_line_or_all(place: Path) -> None:
    lines = (Said("a", 0, 500, "one"), Said("b", 600, 900, "two"))
    order = Order(1000, "en", lines, {"a": Voice(), "b": Voice()})
    one = dubbing.changed(order, DubJob("x.wav", line=2, text="three", emotion="anger", age="elderly"))
    assert [(line.text, line.emotion) for line in one.lines] == [("one", "uncertain"), ("three", "anger")]
    assert {voice.age for voice in one.voices.values()} == {"elderly"}
    assert {line.emotion for line in dubbing.changed(order, DubJob("x.wav", emotion="happy")).lines} == {"happy"}


def test_windows_are_cut_where_nobody_speaks() -> None:
    lines = [Said("a", start, start + 4_000, "x") for start in range(0, 60_000, 5_000)]
    found = windows(lines, 62_000)
    assert found[0].start == 0 and found[-1].end == 62_000 and all(span.duration <= 30_000 for span in found)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert not any(line.start_ms < span.end < line.end_ms for span in found for line in lines)
    assert windows([], 900) == (Span(0, 900),)


def test_a_speaker_is_whose_mouth_moves_during_their_lines() -> None:
    frames = 100
    move, rest = 0.1 + 0.1 * np.sin(np.arange(frames)), np.full(frames, 0.1)
    first = np.arange(frames) < 50
    arrays = {
        "aperture": np.stack([np.where(first, rest, move), np.where(first, move, rest)]),
        "track": np.ones((2, frames), bool),
        "landmarks": np.ones((2, frames, 1, 3)),
        "embedding": np.eye(2),
    }
    lines = [Said("a", 0, 1900, "x"), Said("b", 2100, 4000, "y")]
    assert speakers(arrays, lines, 0, 0.09) == {"a": [1], "b": [0]}
    arrays["aperture"][:] = 0.1
    assert speakers(arrays, lines, 0, 0.09) == {}
    assert people(np.array([[1.0, 0], [0.99, 0.14], [0, 1], [0, 0]]), 0.09) == [[0, 1], [2], [3]]


def test_loudness_is_as_ebu_r128_has_it(tmp_path: Path) -> None:
    time = np.arange(5 * 48_000) / 48_000
    soundfile.write(tmp_path / "a.wav", 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time), 48_000)  # EBU Tech 3341: -23 dBFS, mono, is -26 LUFS
    soundfile.write(tmp_path / "b.wav", np.zeros(96_000), 48_000)
    level = loudness.integrated(tmp_path / "a.wav", 5000)
    assert level == pytest.approx(-26.0, abs=0.2)
    assert loudness.integrated(tmp_path / "b.wav", 2000) is None
    assert loudness.gain_db(-20.0, level) == pytest.approx(6.0, abs=0.2) and loudness.gain_db(None, level) == 0.0
