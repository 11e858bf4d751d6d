"""Records out of thin air: tones that follow the text, lips that open with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cinedub import sound
from cinedub.manifest import manifest, scalars
from cinedub.shards import write_shard
from schemas import Member, Record
from schemas.record import MEMBERS

WORDS = [
    "the",
    "harbour",
    "was",
    "quiet",
    "and",
    "nobody",
    "heard",
    "a",
    "ship",
    "come",
    "in",
    "before",
    "dawn",
    "while",
    "seven",
    "old",
    "men",
    "slept",
    "near",
    "their",
    "boats",
]


def annotations(key: str, duration_ms: int, lines: list[dict], language: str = "en", kind: str = "dialogue") -> dict:
    voices = np.random.default_rng(7).normal(size=(4, 192))
    voices /= np.linalg.norm(voices, axis=1, keepdims=True)
    names = list(dict.fromkeys(line["speaker"] for line in lines))
    return {
        "schema": 1, "key": key, "span_ms": [5_000, 5_000 + duration_ms], "language": language, "kind": kind, "lines": lines,
        "film": {"id": key, "title": "t", "series": None, "sha256": "0" * 64, "fps": "25"},
        "speakers": [
            {"id": name, "face": place, "faces": [place], "age": "adult", "gender": "female", "timbre": [], "voice": voices[place].tolist()}
            for place, name in enumerate(names)
        ],
        "emotion": {"label": "neutral", "confidence": 1.0}, "clue": "A warm, quiet voice", "quality": {}, "corrections": [], "turns": [],
        "asr_turns": [], "shots_ms": [[0, duration_ms]], "provenance": {"stages": [], "code": "0"},
    }  # fmt: skip


def line(speaker: str, start: int, end: int, text: str, on_screen: bool = True) -> dict:
    emotion = {"label": "happy", "confidence": 1.0}
    return {
        "speaker": speaker,
        "start_ms": start,
        "end_ms": end,
        "text": text,
        "asr_text": text,
        "words": [],
        "on_screen": on_screen,
        "emotion": emotion,
    }


def record(folder: Path, key: str, notes: dict) -> Record:
    """One sample's files: tones at 24 kHz where lines are, faces and lips at 25 fps."""
    folder.mkdir(parents=True, exist_ok=True)
    duration = notes["span_ms"][1] - notes["span_ms"][0]
    time = np.arange(duration * 24) / 24_000
    wave = np.zeros(len(time), np.float32)
    for spoken in notes["lines"]:
        within = (time * 1000 >= spoken["start_ms"]) & (time * 1000 < spoken["end_ms"])
        letters = [ord(c) for c in spoken["text"]]
        place = ((time[within] * 1000 - spoken["start_ms"]) / (spoken["end_ms"] - spoken["start_ms"]) * len(letters)).astype(int)
        pitch = np.array(letters)[place.clip(0, len(letters) - 1)] * 12.0
        wave[within] += 0.2 * np.sin(2 * np.pi * np.cumsum(pitch) / 24_000).astype(np.float32)
    sound.write(folder / f"{key}.vocals.flac", [wave[None]], 24_000)
    pictures, people = round(duration / 40), max(1, len(notes["speakers"]))
    pts = np.arange(pictures, dtype=np.int64) * 40
    opening = np.abs(np.sin(pts / 90.0)).astype(np.float32)
    np.savez_compressed(
        folder / f"{key}.faces.npz", pts_ms=pts, track=np.ones((people, pictures), bool), box=np.zeros((people, pictures, 4), np.float32),
        landmarks=np.zeros((people, pictures, 1, 3), np.float32), blendshapes=np.tile(opening[None, :, None], (people, 1, 52)),
        embedding=np.zeros((people, 128), np.float32), speaking=np.zeros((people, pictures), np.float32),
    )  # fmt: skip
    points = np.tile(opening[None, :, None, None], (people, 1, 40, 2)) * np.linspace(0, 1, 40)[None, None, :, None]
    np.savez_compressed(
        folder / f"{key}.lips.npz", crops=np.zeros((people, pictures, 1, 1), np.uint8), points=points.astype(np.float32),
        aperture=np.tile(opening[None], (people, 1)) * 0.3,
    )  # fmt: skip
    for name in ("mp4", "background.flac", "mix.flac"):
        (folder / f"{key}.{name}").write_bytes(b"-")
    (folder / f"{key}.json").write_text(json.dumps(notes))
    paths = [(name, folder / f"{key}.{name}") for name in MEMBERS]
    return Record(key, "train", tuple(Member(name, str(path), path.stat().st_size) for name, path in paths), {})


def some_notes(key: str, seed: int) -> dict:
    """One or two lines of a few words in 1.5 to 3.5 s."""
    chance = np.random.default_rng(seed)
    duration = int(chance.integers(1500, 3500))
    half = duration // 2
    words = [str(word) for word in chance.choice(WORDS, 4)]
    lines = [line("a", 100, half, " ".join(words[:2])), line("b", half + 50, duration - 60, " ".join(words[2:]))]
    return annotations(key, duration, lines)


def shards(folder: Path, shards: int, samples: int, seed: int = 0) -> list[str]:
    """``shards`` shards of ``samples`` samples each; their paths."""
    found = []
    for index in range(shards):
        keys = [f"k{index:02d}-{number:03d}" for number in range(samples)]
        made = [record(folder / "parts", key, some_notes(key, seed + 1000 * index + number)) for number, key in enumerate(keys)]
        shard, _ = write_shard(folder / "shards", "train", index, made)
        found.append(str(folder / shard.uri))
    return found


def dataset(out: Path, notes: list[dict]) -> Path:
    """A finished dataset of the test split in one shard: records with those annotations, each of the film that its key begins with."""
    import pyarrow.parquet as pq

    made = []
    for one in notes:
        one["quality"] = {"dnsmos": 3.0, "snr_db": 20.0, "asr_confidence": 1.0, "overlap_ms": 0, "sync": None}
        one["film"]["id"] = one["key"].partition("-")[0]
        files = record(out / "parts", one["key"], one)
        made.append(Record(one["key"], "test", files.members, scalars(one)))
    shard, places = write_shard(out / "shards", "test", 0, made)
    pq.write_table(manifest(made, places, "cinedub-test-00000"), out / "manifest.parquet")
    (out / "dataset.json").write_text(json.dumps({"shards": [{"uri": shard.uri}]}))
    (out / "_SUCCESS").touch()
    return out
