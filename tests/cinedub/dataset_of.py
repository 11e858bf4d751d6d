"""A small dataset that keeps every promise, made without a model: moving pictures, tones where lines are, mouths that open with them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from cinedub import commit, config, manifest, shards, sound
from schemas import Dropped, Failure, Member, Record, Span, codec
from schemas.record import MEMBERS, shard_name

#: A transcript that would run, were it ever taken for HTML; a file name that would end a script element.
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> & more"
ENGLISH, CHINESE = "a" * 16, "b" * 16
LENGTH = 3_200


def line(speaker: str, start: int, end: int, text: str, heard: str = "", on_screen: bool = True, mood: str = "happy") -> dict[str, Any]:
    words = text.split() if text.isascii() else list(text)
    edges = np.linspace(start, end, len(words) + 1).round().astype(int).tolist()
    return {
        "speaker": speaker, "start_ms": start, "end_ms": end, "text": text, "asr_text": heard or text, "on_screen": on_screen,
        "words": [{"text": w, "start_ms": a, "end_ms": b, "confidence": 0.9} for w, a, b in zip(words, edges, edges[1:], strict=False)],
        "emotion": {"label": mood, "confidence": 0.8},
    }  # fmt: skip


def annotations(film: str, start: int, lines: list[dict[str, Any]], kind: str, title: str, series: str | None = None, **more: Any) -> dict[str, Any]:
    names = list(dict.fromkeys(line["speaker"] for line in lines))
    turns = [{"speaker": line["speaker"], "start_ms": line["start_ms"], "end_ms": line["end_ms"], "score": 0.9} for line in lines]
    return {
        "schema": 1, "key": f"{film}-{start:09d}-{start + LENGTH:09d}", "span_ms": [start, start + LENGTH], "kind": kind,
        "language": "zh" if film == CHINESE else "en", "lines": lines, "turns": turns, "asr_turns": turns, "clue": "A calm voice",
        "film": {"id": film, "title": title, "series": series, "sha256": film * 4, "fps": "25"},
        "speakers": [{"id": n, "face": place, "faces": [place], "age": "adult", "gender": "female", "timbre": ["warm"], "voice": [1.0]}
                     for place, n in enumerate(names)],
        "shots_ms": [[0, 1600], [1600, LENGTH]], "emotion": {"label": "happy", "confidence": 0.8},
        "quality": {"dnsmos": 3.1, "snr_db": 18.0, "asr_confidence": 0.9, "overlap_ms": 0, "sync": {"offset_ms": 20, "confidence": 0.9}},
        "corrections": [], "provenance": {"stages": [{"name": "Correct", "role": "corrector", "backend": "rescorer", "model_sha256": "",
                                                      "settings_digest": ""}], "code": "0"},
        **more,
    }  # fmt: skip


def correction(before: str, after: str, verdict: str) -> dict[str, Any]:
    evidence = {"margins": {"verifier": -0.4}, "confidence": 0.7}
    return {"kind": "text", "line": 0, "before": before, "after": after, "reason": "it sounds alike", "evidence": evidence, "verdict": verdict,
            "by": "rescorer"}  # fmt: skip


def some() -> list[dict[str, Any]]:
    """Five clips of two films: English with a correction, Chinese, and one whose words are an attack."""
    weak = {"quality": {"dnsmos": 1.7, "snr_db": 2.0, "asr_confidence": 0.5, "overlap_ms": 300, "sync": None}}
    fixed = {"corrections": [correction("to house", "two houses", "accepted"), correction("the hill", "a hill", "rejected")]}
    hill = line("s001", 200, 2800, "There are two houses on the hill", "There are to house on the hill")
    home = [line("s001", 200, 1400, "Is anybody home?"), line("s002", 1600, 3000, "Nobody but us.", mood="sadness")]
    hello = [line("s001", 200, 1400, "你好吗"), line("s002", 1600, 3000, "我很好")]
    return [
        annotations(ENGLISH, 0, [hill], "monologue", "One", **fixed),
        annotations(ENGLISH, 5_000, home, "dialogue", "One"),
        annotations(ENGLISH, 9_000, [line("s003", 300, 2900, HOSTILE, on_screen=False)], "narration", "One", **weak),
        annotations(CHINESE, 0, [line("s001", 200, 2800, "今天天气很好", "今天天汽很好")], "monologue", "第二部", "系列"),
        annotations(CHINESE, 5_000, hello, "dialogue", "第二部", "系列"),
    ]


def write(out: Path, notes: list[dict[str, Any]] | None = None) -> Path:
    """A finished dataset at ``out`` of these records, with one refused clip and one dead letter."""
    notes = some() if notes is None else notes
    settings = config.load()
    commit.begin(out, settings)
    build = out / commit.BUILD
    parts = build / "parts"
    parts.mkdir()
    filmed = _film(parts)
    made = [_record(parts, note, filmed) for note in notes]
    shard, places = shards.write_shard(build / "shards", "train", 0, made)
    name = shard_name("train", 0)
    pq.write_table(manifest.manifest(made, places, name), build / "shards" / f"{name}.parquet")
    refused = Dropped(f"{ENGLISH}-000014000-000016000", ENGLISH, Span(14_000, 16_000), "Judge", "LOW_SNR", -24.0, -20.0, "<b>drowned</b> words")
    manifest.write_dropped([refused], build / "dropped.parquet")
    letter = Failure("Probe", "x", "PROBE_EMPTY", "</script><script>document.title='taken'</script>.mp4: is empty", "0", 1, "{}")
    (build / "failures" / "Probe.jsonl").write_bytes(codec.encode(letter) + b"\n")
    metrics = {"stages": {}, "wall_s": 1.0, "peak_mb": 1.0}
    commit.finish(out, settings, [shard], 2, 40.0, metrics, {"corrector": "0" * 64})
    return out


def _film(parts: Path) -> Path:
    """The picture of every clip: a test card, silent."""
    target = parts / "picture.mp4"
    source = f"testsrc=size=160x90:rate=25:duration={LENGTH / 1000}"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        source,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-y",
        str(target),
    ]
    subprocess.run(command, check=True)
    return target


def _record(parts: Path, notes: dict[str, Any], picture: Path) -> Record:
    key, frames, people = notes["key"], LENGTH // 40, len(notes["speakers"])
    speaking = np.zeros((people, frames), bool)
    names = [speaker["id"] for speaker in notes["speakers"]]
    for spoken in notes["lines"]:
        speaking[names.index(spoken["speaker"]), spoken["start_ms"] // 40 : spoken["end_ms"] // 40] = True
    for name, rate in (("vocals", 24_000), ("background", 48_000), ("mix", 48_000)):
        time = np.arange(LENGTH * rate // 1000) / rate
        loud = np.repeat(speaking.any(0), rate // 25) if name != "background" else np.ones(len(time))
        tone = 0.3 * loud * np.sin(2 * np.pi * (220 if name == "vocals" else 110) * time)
        sound.write(parts / f"{key}.{name}.flac", [tone[None].astype(np.float32)], rate)
    opening = 0.2 * speaking * np.abs(np.sin(np.arange(frames)))
    box = np.tile(np.array([40, 20, 90, 80], np.float32), (people, frames, 1))
    zeros = {name: np.zeros((people, frames, *shape), np.float32) for name, shape in (("landmarks", (478, 3)), ("blendshapes", (52,)))}
    np.savez_compressed(parts / f"{key}.faces.npz", pts_ms=np.arange(frames, dtype=np.int64) * 40, track=np.ones((people, frames), bool), box=box,
                        embedding=np.zeros((people, 128), np.float32), speaking=speaking.astype(np.float32), **zeros)  # fmt: skip
    np.savez_compressed(parts / f"{key}.lips.npz", crops=np.zeros((people, frames, 96, 96), np.uint8),
                        points=np.ones((people, frames, 40, 2), np.float32), aperture=opening.astype(np.float32))  # fmt: skip
    (parts / f"{key}.json").write_text(json.dumps(notes))
    (parts / f"{key}.mp4").write_bytes(picture.read_bytes())
    paths = [(name, parts / f"{key}.{name}") for name in MEMBERS]
    members = tuple(Member(name, str(path), path.stat().st_size) for name, path in paths)
    return Record(key, "train", members, manifest.scalars(notes))
