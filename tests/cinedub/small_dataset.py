"""A dataset of a few one-second clips that keeps every promise: four films, the first and the third with one person in both."""

from __future__ import annotations

import atexit
import io
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from cinedub import commit, config, manifest, repack
from schemas import Shard, codec
from schemas.record import SPLITS, Split

#: What a hostile transcript holds: markup of every form it is exported to.
HOSTILE = 'He said: "{\\b1}<script>alert(1)</script>", 50 --> 60, & left.'
FILMS: tuple[tuple[str, str, str, Split], ...] = (
    ("aaaa", "The Harbour", "en", "train"), ("bbbb", "码头", "zh", "valid"), ("cccc", "../The Harbour: 2", "en", "test"), ("dddd", "", "en", "train"),
)  # fmt: skip
#: Per film: speaker -> who it really is. Person 0 is in the first and the third film.
CASTS = ({"s001": 0, "s002": 1}, {"s001": 2}, {"s001": 0, "s002": 3}, {"s001": 4})


@cache
def silent_film() -> bytes:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=1", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        subprocess.run([*command, "-y", file.name], check=True)
        return Path(file.name).read_bytes()


def vector(person: int, size: int, clip: int = 0) -> np.ndarray:
    """A person's unit vector, a little different in every clip."""
    chance = np.random.default_rng(person)
    value = chance.normal(size=size) + 0.02 * np.random.default_rng(100 + clip).normal(size=size)
    return (value / np.linalg.norm(value)).astype(np.float32)


def flac(rate: int, channels: int) -> bytes:
    out = io.BytesIO()
    wave = 0.1 * np.sin(np.arange(rate) * 0.05)
    soundfile.write(out, np.stack([wave] * channels, 1), rate, format="FLAC")
    return out.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def annotations(film: int, clip: int, text: str) -> dict[str, Any]:
    name, title, language, _ = FILMS[film]
    people = list(CASTS[film].items())
    zero = 2_000 * clip
    lines = [
        {
            "speaker": speaker, "start_ms": 100 + 400 * at, "end_ms": 480 + 400 * at, "text": text, "asr_text": text, "on_screen": True,
            "words": [{"text": "word", "start_ms": 100 + 400 * at, "end_ms": 300 + 400 * at, "confidence": 0.9}],
            "emotion": {"label": "happy", "confidence": 0.5},
        }
        for at, (speaker, _) in enumerate(people)
    ]  # fmt: skip
    turns = [{"speaker": line["speaker"], "start_ms": line["start_ms"], "end_ms": line["end_ms"], "score": 0.75} for line in lines]
    return {
        "schema": 1, "key": f"{name}-{zero:09d}-{zero + 1000:09d}", "span_ms": [zero, zero + 1000], "language": language,
        "film": {"id": name, "title": title, "series": None, "sha256": name * 16, "fps": "25"},
        "kind": "monologue" if len(people) == 1 else "dialogue", "lines": lines, "turns": turns, "asr_turns": turns,
        "speakers": [
            {
                "id": speaker, "face": at, "faces": [at], "age": "adult" if at else "child", "gender": "male" if at else "female", "timbre": ["warm"],
                "voice": vector(who, 192, clip).tolist(),
            }
            for at, (speaker, who) in enumerate(people)
        ],
        "shots_ms": [[0, 1000]], "emotion": {"label": "happy", "confidence": 0.5}, "clue": "Somebody speaks.",
        "quality": {"dnsmos": 3.0, "snr_db": 12.5, "asr_confidence": 0.9, "overlap_ms": 0, "sync": None},
        "corrections": [], "provenance": {"stages": [{"name": "Transcribe", "role": "recogniser", "backend": "w", "model_sha256": "0",
                                                      "settings_digest": "0"}], "code": "0"},
    }  # fmt: skip


def sample(film: int, clip: int, text: str) -> tuple[str, dict[str, bytes]]:
    record = annotations(film, clip, text)
    people = list(CASTS[film].values())
    count, pts = len(people), np.arange(25, dtype=np.int64) * 40
    faces = npz(
        pts_ms=pts, track=np.ones((count, 25), bool), box=np.ones((count, 25, 4), np.float32), landmarks=np.ones((count, 25, 478, 3), np.float32),
        blendshapes=np.ones((count, 25, 52), np.float32), embedding=np.stack([vector(10 + who, 128, clip) for who in people]),
        speaking=np.ones((count, 25), np.float32),
    )  # fmt: skip
    crops = np.random.default_rng(0).integers(0, 255, (count, 25, 96, 96), np.uint8)
    lips = npz(crops=crops, points=np.ones((count, 25, 40, 2), np.float32), aperture=np.ones((count, 25), np.float32))
    members = {
        "json": codec.encode(record), "mp4": silent_film(), "vocals.flac": flac(24_000, 1), "background.flac": flac(48_000, 2),
        "mix.flac": flac(48_000, 2), "faces.npz": faces, "lips.npz": lips,
    }  # fmt: skip
    return record["key"], members


def make(out: Path, text: str = HOSTILE, clips: int = 2, settings: config.Settings | None = None) -> Path:
    """Write the dataset; a shard for each split. Made once a session, then copied."""
    shutil.copytree(_made(text, clips, settings or config.Settings()), out)
    return out


@cache
def _made(text: str, clips: int, settings: config.Settings) -> Path:
    out = Path(tempfile.mkdtemp(prefix="cinedub-small-"))
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    commit.begin(out, settings)
    made: list[Shard] = []
    for split in SPLITS:
        films = [number for number, film in enumerate(FILMS) if film[3] == split]
        made.append(repack.write(out, split, 0, (sample(film, clip, text) for film in films for clip in range(clips))))
    manifest.write_dropped([], out / commit.BUILD / "dropped.parquet")
    metrics = {"stages": {}, "wall_s": 0.0, "peak_mb": 0.0}
    commit.finish(out, settings, made, len(FILMS), len(FILMS) * clips * 2.0, metrics, {"recogniser": "0" * 16})
    return out
