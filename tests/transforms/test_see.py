"""Who can be seen: a portrait in the public domain (NASA, through scikit-image) moved over a background, as small films."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import skimage.transform
import soundfile

from cinedub import backends, config, lips
from cinedub.storage import Assets
from cinedub.weights import present
from schemas import AudioStream, Clip, Faces, Film, Reel, Shots, Span, Stems, VideoStream
from transforms.see import see

SETTINGS = config.See()
NEEDED = [model.weights for model in config.models(SETTINGS).values()]
pytestmark = pytest.mark.skipif(not all(map(present, NEEDED)), reason=f"not all of {', '.join(NEEDED)} are in the weights cache")
WIDTH, HEIGHT = 480, 270


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return skimage.data.astronaut()[20:220, 120:320]


def scene(portrait: np.ndarray | None, frame: int, x: int = 40, speed: float = 2.0, side: int = 200, light: float = 1.0) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), 70, np.uint8)
    picture[:, :, 0] = np.linspace(30, 90, WIDTH).astype(np.uint8)
    if portrait is not None:
        face = portrait if side == 200 else (skimage.transform.resize(portrait, (side, side), anti_aliasing=True) * 255).astype(np.uint8)
        left = round(x + speed * frame)
        picture[30 : 30 + side, left : left + side] = face[:, : WIDTH - left]
    return (picture * light).astype(np.uint8)


def film(folder: Path, pictures: list[np.ndarray], rate: str = "25") -> Film:
    path = folder / "film.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", rate, "-i", "-"]
    command += ["-c:v", "libx264", "-crf", "12", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, input=b"".join(picture.tobytes() for picture in pictures), check=True)
    duration = round(len(pictures) * 1000 / (per_second(rate)))
    video = VideoStream(0, "h264", WIDTH, HEIGHT, rate)
    return Film("0" * 8, "0" * 64, str(path), "A portrait", None, "en", video, AudioStream(1, "aac", 48_000, 1), duration)


def per_second(rate: str) -> float:
    over, _, under = rate.partition("/")
    return int(over) / int(under or 1)


def clip(folder: Path, source: Film, span: Span, cuts: tuple[int, ...] = ()) -> Clip:
    rng = np.random.default_rng(0)
    soundfile.write(folder / "vocals.flac", 0.1 * rng.standard_normal(source.duration * 48).astype(np.float32), 48_000)
    edges = [0, *cuts, source.duration]
    spans = tuple(Span(a, b) for a, b in pairwise(edges))
    reel = Reel(source, source.span, source.span)
    stems = Stems(Shots(reel, spans), "mix", str(folder / "vocals.flac"), "background")
    return Clip(stems, span, span, (), tuple(part for shot in spans if (part := shot & span)))


def look(element: Clip, settings: config.See = SETTINGS) -> tuple[Faces, dict[str, np.ndarray]]:
    models = {role: backends.load(role, model) for role, model in config.models(settings).items()}
    with Assets("See", "0" * 32) as assets:
        faces = see(element, settings, assets, **models)
        with np.load(assets.path("faces.npz")) as arrays:
            return faces, dict(arrays)


def shapes(faces: int, frames: int) -> dict[str, tuple[tuple[int, ...], str]]:
    n, t = faces, frames
    return {
        "pts_ms": ((t,), "int64"), "track": ((n, t), "bool"), "box": ((n, t, 4), "float32"), "landmarks": ((n, t, 478, 3), "float32"),
        "blendshapes": ((n, t, 52), "float32"), "embedding": ((n, 128), "float32"), "speaking": ((n, t), "float32"), "heard": ((t,), "float32"),
        "crops": ((n, t, 96, 96), "uint8"), "points": ((n, t, 40, 2), "float32"), "aperture": ((n, t), "float32"),
        "offsets": ((121,), "float64"),
    }  # fmt: skip


def test_a_moving_face_is_followed_with_everything_that_is_seen_of_it(tmp_path: Path, portrait: np.ndarray) -> None:
    source = film(tmp_path, [scene(portrait, frame) for frame in range(50)])
    faces, arrays = look(clip(tmp_path, source, Span(0, 2000)))
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == shapes(1, 50)
    (track,) = faces.tracks
    assert (track.index, track.span) == (0, Span(0, 2000)) and faces.arrays.endswith("faces.npz")
    assert arrays["track"].all() and list(arrays["pts_ms"]) == list(range(0, 2000, 40))
    middle = (arrays["box"][0, :, 0] + arrays["box"][0, :, 2]) / 2
    assert middle == pytest.approx(145 + 2 * np.arange(50), abs=8)
    nose = arrays["landmarks"][0, :, lips.NOSE_TIP, 0]
    assert nose - nose[0] == pytest.approx(2.0 * np.arange(50), abs=4)
    assert 90 < track.size < 150 and track.detection > 0.8
    assert track.years is not None and 15 < track.years < 50 and track.female is not None and track.female > 0.5
    assert max(track.emotions, key=track.emotions.__getitem__) == "happy"
    assert np.linalg.norm(arrays["embedding"][0]) == pytest.approx(1, abs=1e-4)
    assert (arrays["crops"][0].reshape(50, -1).std(axis=1) > 10).all()
    assert np.isfinite(arrays["points"]).all() and arrays["points"][0, 0].any()
    assert track.speaking == () and arrays["speaking"].max() < 0.5  # she smiles; the mouth doesn't move


def test_nobody_is_the_same_face_across_a_cut_but_has_the_same_vector(tmp_path: Path, portrait: np.ndarray) -> None:
    pictures = [scene(portrait, frame, speed=0) for frame in range(25)] + [scene(portrait[:, ::-1], frame, x=50, speed=0) for frame in range(25)]
    faces, arrays = look(clip(tmp_path, film(tmp_path, pictures), Span(200, 1800), cuts=(1000,)))
    assert [track.span for track in faces.tracks] == [Span(200, 1000), Span(1000, 1800)]
    assert arrays["track"].sum() == 40 and not (arrays["track"][0] & arrays["track"][1]).any()
    assert arrays["embedding"][0] @ arrays["embedding"][1] > 0.95


def test_nobody_there_gives_arrays_of_nobody(tmp_path: Path) -> None:
    source = film(tmp_path, [scene(None, frame) for frame in range(25)])
    faces, arrays = look(clip(tmp_path, source, Span(0, 1000)))
    assert faces.tracks == ()
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == shapes(0, 25)


def test_a_face_hidden_for_a_moment_is_one_track_and_one_seen_for_a_moment_none(tmp_path: Path, portrait: np.ndarray) -> None:
    hidden = [scene(None if 20 <= frame < 28 else portrait, frame, speed=0) for frame in range(50)]
    (tmp_path / "a").mkdir()
    faces, arrays = look(clip(tmp_path / "a", film(tmp_path / "a", hidden), Span(0, 2000)))
    assert len(faces.tracks) == 1 and arrays["track"].all()
    assert not arrays["landmarks"][0, 21:27].any() and not arrays["aperture"][0, 21:27].any()
    glimpsed = [scene(portrait if 20 <= frame < 23 else None, frame, speed=0) for frame in range(50)]
    (tmp_path / "b").mkdir()
    faces, _ = look(clip(tmp_path / "b", film(tmp_path / "b", glimpsed), Span(0, 2000)))
    assert faces.tracks == ()


@pytest.mark.parametrize("rate", ["24000/1001", "10"])
def test_any_frame_rate_is_shown_at_25(tmp_path: Path, portrait: np.ndarray, rate: str) -> None:
    count = round(2 * per_second(rate))
    source = film(tmp_path, [scene(portrait, frame, speed=1) for frame in range(count)], rate)
    faces, arrays = look(clip(tmp_path, source, Span(700, 1700)))
    assert len(faces.tracks) == 1 and arrays["track"].shape == (1, 25) and arrays["landmarks"].any(axis=(2, 3)).all()
    period = 1000 / per_second(rate)
    latest = [max(round(n * period) for n in range(count) if round(n * period) < 700 + 40 * k + 20) - 700 for k in range(25)]
    assert list(arrays["pts_ms"]) == pytest.approx(latest, abs=1)


@pytest.mark.parametrize(("side", "light"), [(48, 1.0), (48, 0.12), (64, 0.2)])
def test_small_and_dark_faces_are_seen(tmp_path: Path, portrait: np.ndarray, side: int, light: float) -> None:
    source = film(tmp_path, [scene(portrait, frame, side=side, speed=0.5, light=light) for frame in range(25)])
    faces, arrays = look(clip(tmp_path, source, Span(0, 1000)))
    assert len(faces.tracks) == 1 and 0.45 * side < faces.tracks[0].size < 0.75 * side
    assert arrays["track"].all() and arrays["landmarks"].any(axis=(2, 3)).mean() > 0.8


def test_the_same_clip_gives_the_same_faces(tmp_path: Path, portrait: np.ndarray) -> None:
    element = clip(tmp_path, film(tmp_path, [scene(portrait, frame) for frame in range(25)]), Span(0, 1000))
    (one, first), (two, second) = look(element), look(element)
    assert one == two and all(np.array_equal(first[name], second[name]) for name in first)
