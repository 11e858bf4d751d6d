import io
import itertools
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub.errors import ElementError, UsageError
from cinedub.shards import write_shard
from cinedub.untrusted import UntrustedError
from model import mel
from model.clip import Picture, from_record, hashed, pitch_of, slot_frames
from model.config import Data
from model.data import DataError, Loader, Stream, find_shards, once
from tests.model import synthetic

pytest.importorskip("hibari")
DATA = Data(frames=900, pool=5, workers=0, seed=3)


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> list[str]:
    return synthetic.shards(tmp_path_factory.mktemp("data"), 2, 7)


def taken(loader: Loader, count: int) -> list[torch.Tensor]:
    """A fingerprint of each of the next batches."""
    return [batch.mels.sum((1, 2)) for batch in itertools.islice(loader, count)]


def same(left: list[torch.Tensor], right: list[torch.Tensor]) -> bool:
    return len(left) == len(right) and all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 4, 9])
def test_a_resumed_loader_goes_on_with_the_very_next_batch(shards: list[str], workers: int, stop: int) -> None:
    data = replace(DATA, workers=workers)
    whole = taken(Loader(shards, data, 256), 12)
    first = Loader(shards, data, 256)
    before = taken(first, stop)
    second = Loader(shards, data, 256)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert same(before + taken(second, 12 - stop), whole)


def test_kept_clips_give_the_same_batches_and_later_epochs_read_no_shard(shards: list[str], monkeypatch) -> None:
    kept, fresh = Loader(shards, replace(DATA, keep=True), 256), Loader(shards, DATA, 256)
    assert all(torch.allclose(a, b, rtol=2e-3) for a, b in zip(taken(kept, 20), taken(fresh, 20), strict=True))
    monkeypatch.setattr("model.data.read_shard", None)
    assert len(taken(kept, 6)) == 6


def test_a_line_whose_phones_are_told_has_its_tokens_durations(tmp_path: Path) -> None:
    notes = synthetic.annotations("k", 2000, [synthetic.line("a", 200, 1800, "No, no!")])
    written = ["", "n", "ˈ", "O", ",", " ", "n", "ˈ", "O", "!", ""]
    edges = np.linspace(200, 1800, len(written) + 1).round().astype(int).tolist()
    notes["lines"][0]["phones"] = [[symbol, start, end] for symbol, start, end in zip(written, edges, edges[1:], strict=False)]
    made = synthetic.record(tmp_path, "k", notes)
    sample = {member.name: Path(member.uri).read_bytes() for member in made.members}
    (line,) = from_record(sample).lines
    assert len(line.durations) == len(line.tokens) and sum(line.durations) == line.length
    ends = mel.frame_times(400)[line.start + np.cumsum(line.durations)[:-1]] - mel.HOP * 500 / mel.RATE
    assert np.allclose(ends, [edges[1], edges[2], edges[4], edges[6], edges[7], edges[9], edges[10]], atol=8)


def test_an_epoch_shows_every_sample_once_and_epochs_differ(shards: list[str]) -> None:
    heard: list[float] = []
    for batch in Loader(shards, DATA, 256):
        heard += batch.mels.sum((1, 2)).round().tolist()
        if len(heard) >= 28:
            break
    first, second = heard[:14], heard[14:]
    assert len(set(first)) == 14 and first != second and sorted(first) == sorted(second)


@pytest.mark.parametrize("consumers", [2, 3])
def test_ranks_share_the_samples_between_them(shards: list[str], consumers: int) -> None:
    """Three ranks and two shards: samples are dealt instead."""
    heard = []
    for rank in range(consumers):
        for _, position, batch in Stream(shards, DATA, 256, rank, consumers):
            heard += batch.frames.tolist()
            if position.epoch:
                break
    assert sorted(heard) == sorted(frames for batch in once(shards, DATA, 256) for frames in batch.frames.tolist())


def test_no_batch_is_larger_than_allowed(shards: list[str]) -> None:
    batches = list(once(shards, DATA, 256))
    assert all(batch.mels.shape[0] * batch.mels.shape[1] <= DATA.frames for batch in batches) and len(batches) < 14


def test_a_position_of_other_shards_is_refused(shards: list[str]) -> None:
    state = Loader(shards, DATA, 256).state_dict()
    with pytest.raises(UsageError, match="shards"):
        Loader(shards[:1], DATA, 256).load_state_dict(state)


def test_a_damaged_sample_is_skipped_and_counted(tmp_path: Path) -> None:
    good = synthetic.record(tmp_path / "a", "good", synthetic.some_notes("good", 1))
    bad = synthetic.record(tmp_path / "a", "bad", synthetic.some_notes("bad", 2))
    (tmp_path / "a" / "bad.vocals.flac").write_bytes(b"-" * bad.members[2].bytes)
    write_shard(tmp_path / "shards", "train", 0, [good, bad])
    loader = Loader([str(tmp_path / "shards" / "cinedub-train-00000.tar")], DATA, 256)
    batches = list(itertools.islice(loader, 3))
    assert all(len(batch.frames) == 1 for batch in batches) and loader.skipped >= 2


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def claims_a_terabyte() -> bytes:
    npy, out = io.BytesIO(), io.BytesIO()
    np.save(npy, np.zeros(4, np.uint8))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("pts_ms.npy", npy.getvalue().replace(b"(4,), }" + b" " * 12, b"(1099511627776,), }"))
    return out.getvalue()


HOSTILE = {
    "arrays of objects": ("lips.npz", npz(points=np.array([{"__reduce__": 1}], object), aperture=np.zeros(1)), "holds objects"),
    "arrays that claim a terabyte": ("faces.npz", claims_a_terabyte(), "more than its"),
    "no arrays": ("faces.npz", b"PK\x03\x04 nothing", "not arrays"),
    "other arrays": ("lips.npz", npz(crops=np.zeros(1)), "has no points"),
    "deep JSON": ("json", b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
    "JSON that is no number": ("json", b'{"span_ms": [0, NaN]}', "not a JSON object"),
    "no sound": ("vocals.flac", b"fLaC" + bytes(100), "not a sound"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strangers_sample_is_refused_with_its_reason_and_skipped(tmp_path: Path, name: str) -> None:
    member, data, reason = HOSTILE[name]
    good = synthetic.record(tmp_path / "a", "good", synthetic.some_notes("good", 1))
    bad = synthetic.record(tmp_path / "a", "bad", synthetic.some_notes("bad", 2))
    (tmp_path / "a" / f"bad.{member}").write_bytes(data)
    sized = tuple(replace(each, bytes=len(data)) if each.name == member else each for each in bad.members)
    sample = {each: (tmp_path / "a" / f"bad.{each}").read_bytes() for each in ("json", "vocals.flac", "faces.npz", "lips.npz")}
    with pytest.raises(UntrustedError, match=reason) as caught:
        from_record(sample)
    assert "\n" not in str(caught.value)
    write_shard(tmp_path / "shards", "train", 0, [good, replace(bad, members=sized)])
    loader = Loader([str(tmp_path / "shards" / "cinedub-train-00000.tar")], DATA, 256)
    batches = list(itertools.islice(loader, 3))
    assert all(len(batch.frames) == 1 for batch in batches) and loader.skipped >= 2


def test_a_hundred_bad_samples_in_a_row_stop_the_loader(tmp_path: Path) -> None:
    notes = synthetic.some_notes("x", 1)
    records = []
    for number in range(101):
        record = synthetic.record(tmp_path / "a", "x", notes)
        records.append(replace(record, key=f"x-{number:03d}"))
    (tmp_path / "a" / "x.vocals.flac").write_bytes(b"-" * records[0].members[2].bytes)
    write_shard(tmp_path / "shards", "train", 0, records)
    with pytest.raises(DataError, match="100 samples in a row"):
        next(iter(Loader([str(tmp_path / "shards" / "cinedub-train-00000.tar")], DATA, 256)))


def test_frames_cover_the_clip_and_lines_stand_where_they_are_said(tmp_path: Path) -> None:
    lines = [synthetic.line("a", 400, 1100, "the harbour"), synthetic.line("b", 1100, 1900, "was quiet")]
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 2001, lines))
    clip = from_record({name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "vocals.flac", "faces.npz", "lips.npz")})
    assert clip.frames == mel.frames_of(mel.samples_of(2001)) == len(clip.mels)
    first, second = clip.lines
    assert abs(first.start - 0.4 * mel.FRAMES_PER_SECOND) <= 1 and second.start == first.start + first.length
    energy = np.exp(clip.mels).sum(1)
    assert energy[first.start + 4 : second.start + second.length - 4].min() > 100 * energy[: first.start - 4].max()
    assert clip.seen[first.start : first.start + first.length].all() and not clip.seen[: first.start].any()
    assert (first.slot, second.slot) == (0, 1) and first.voice.any() and not np.array_equal(first.voice, second.voice)


@pytest.mark.parametrize("hertz", [90.0, 180.0, 350.0])
def test_pitch_is_heard_on_the_mels_frames(hertz: float) -> None:
    seconds = np.arange(2 * mel.RATE) / mel.RATE
    tone = sum(np.sin(2 * np.pi * hertz * k * seconds) / k for k in range(1, 6)).astype(np.float32) * 0.1
    tone[: mel.RATE] = 0
    times = mel.frame_times(mel.frames_of(len(tone)))
    pitch = pitch_of(tone, times)
    assert (pitch[times < 970] == 0).all() and np.abs(pitch[(times > 1040) & (times < 1960)] / hertz - 1).max() < 0.01


def test_lines_that_overlap_do_not_teach_where_they_do(tmp_path: Path) -> None:
    lines = [synthetic.line("a", 100, 1500, "the harbour was quiet"), synthetic.line("b", 1400, 2800, "nobody heard a ship")]
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 3000, lines))
    clip = from_record({name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "vocals.flac", "faces.npz", "lips.npz")})
    assert len(clip.lines) == 2
    both = slice(*(int(ms * mel.FRAMES_PER_SECOND / 1000) + 1 for ms in (1400, 1490)))
    assert not clip.audible[both].any() and clip.audible.sum() > 0.85 * clip.frames * 2.7 / 3


def test_lips_follow_presentation_times_not_indices() -> None:
    pts = np.array([0, 40, 120, 160])  # a frame is missing at 80
    arrays = {
        "pts_ms": pts, "track": np.ones((1, 4), bool), "blendshapes": np.zeros((1, 4, 52), np.float32),
        "points": np.zeros((1, 4, 40, 2), np.float32), "aperture": (pts / 100.0)[None].astype(np.float32),
    }  # fmt: skip
    times = np.array([20.0, 80.0, 100.0, 150.0])
    picture = Picture.nothing(4)
    picture.show(slice(0, 4), arrays, [0], times)
    assert picture.seen.all() and np.allclose(picture.lips[:, 80] / 8.0, (times - times.mean()) / 100.0, atol=1e-5)


def test_a_mouth_of_another_form_that_moves_alike_gives_the_same_lips() -> None:
    rng = np.random.default_rng(0)
    moves = {"points": rng.normal(size=(1, 6, 40, 2)), "aperture": rng.random((1, 6)), "blendshapes": rng.random((1, 6, 52))}
    form = {"points": rng.normal(size=(40, 2)), "aperture": 0.4, "blendshapes": rng.random(52)}
    pictures = [Picture.nothing(4) for _ in range(2)]
    for picture, weight in zip(pictures, (0.0, 1.0), strict=True):
        arrays = {name: (values + weight * form[name]).astype(np.float32) for name, values in moves.items()}
        picture.show(slice(0, 4), arrays | {"pts_ms": np.arange(6) * 40, "track": np.ones((1, 6), bool)}, [0], np.array([10.0, 50.0, 120.0, 190.0]))
    assert np.allclose(pictures[0].lips, pictures[1].lips, atol=1e-4) and np.allclose(pictures[0].face, pictures[1].face, atol=1e-5)
    assert pictures[0].lips.any() and pictures[0].face.any()


def test_a_face_that_is_away_is_not_seen() -> None:
    arrays = {
        "pts_ms": np.arange(10) * 40, "track": np.arange(10)[None] >= 5, "blendshapes": np.ones((1, 10, 52), np.float32),
        "points": np.ones((1, 10, 40, 2), np.float32), "aperture": np.ones((1, 10), np.float32),
    }  # fmt: skip
    picture = Picture.nothing(4)
    picture.show(slice(0, 4), arrays, [0], np.array([10.0, 100.0, 210.0, 300.0]))
    assert picture.seen.tolist() == [False, False, True, True] and not picture.face[:2].any()


def test_slots_stay_within_the_clip() -> None:
    assert slot_frames(990, 1100, 86) == (85, 1)
    assert slot_frames(0, 1000, 87) == (0, 87)


def test_clues_are_hashed_alike_everywhere() -> None:
    assert hashed("A warm voice", 256) == hashed("a WARM voice", 256) and len(hashed("温柔的声音", 256)) == 9
    assert hashed("", 256) == []


def test_a_clip_that_is_too_long_has_a_code(tmp_path: Path) -> None:
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 2000, [synthetic.line("a", 0, 900, "hello")]))
    with pytest.raises(ElementError) as refused:
        from_record({name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "vocals.flac", "faces.npz", "lips.npz")}, max_ms=1000)
    assert refused.value.code == "CLIP_TOO_LONG"


def test_only_the_wanted_split_is_read() -> None:
    places = ["s3://bucket/cinedub-valid-00000.tar", "a/cinedub-train-00001.tar", "mine.tar"]
    assert find_shards(places, "valid") == places[:1]
    assert find_shards(places, "train") == places[1:]
