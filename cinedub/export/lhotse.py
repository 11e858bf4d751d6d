"""Lhotse cuts: one per record over its clean voices, a supervision per line with its words aligned; background and mix are custom recordings."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from cinedub.dataset import Dataset

#: Lhotse's own field carries the voices; the others are custom recordings.
_TRACKS = {"recording": "vocals.flac", "background": "background.flac", "mix": "mix.flac"}


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``cuts-{split}.jsonl.gz`` and ``audio/``. Paths are relative to the folder: ``CutSet.with_path_prefix`` says where it is."""
    (folder / "audio").mkdir()
    with ExitStack() as opened:
        streams: dict[str, IO[str]] = {}
        for split, record, members in dataset.samples():
            if split not in streams:
                streams[split] = opened.enter_context(gzip.open(folder / f"cuts-{split}.jsonl.gz", "wt", encoding="utf-8"))
            streams[split].write(json.dumps(_cut(record, members, folder), ensure_ascii=False) + "\n")


def _cut(record: dict[str, Any], members: dict[str, bytes], folder: Path) -> dict[str, Any]:
    key = record["key"]
    tracks = {field: _recording(f"{key}-{field}", name, key, members[name], folder) for field, name in _TRACKS.items() if name in members}
    voices = tracks.pop("recording")
    return {
        "id": key, "type": "MonoCut", "start": 0.0, "duration": voices["duration"], "channel": 0, "recording": voices,
        "supervisions": [_supervision(record, number, voices) for number in range(len(record["lines"]))],
        "custom": tracks
        | {
            "film": record["film"]["id"], "title": record["film"]["title"], "start_ms": record["span_ms"][0], "kind": record["kind"],
            "emotion": record["emotion"], "clue": record["clue"], "quality": record["quality"],
        },
    }  # fmt: skip


def _recording(name: str, member: str, key: str, data: bytes, folder: Path) -> dict[str, Any]:
    import soundfile

    path = folder / "audio" / f"{key}.{member}"
    path.write_bytes(data)
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        rate, length, channels = sound.samplerate, len(sound), sound.channels
    source = {"type": "file", "channels": list(range(channels)), "source": f"audio/{path.name}"}
    return {
        "id": name,
        "sources": [source],
        "sampling_rate": rate,
        "num_samples": length,
        "duration": length / rate,
        "channel_ids": list(range(channels)),
    }


def _supervision(record: dict[str, Any], number: int, recording: dict[str, Any]) -> dict[str, Any]:
    line = record["lines"][number]
    person = next(speaker for speaker in record["speakers"] if speaker["id"] == line["speaker"])
    words = [[word["text"], *_seconds(word, recording), word["confidence"]] for word in line["words"]]
    start, duration = _seconds(line, recording)
    return {
        "id": f"{record['key']}-{number:03d}", "recording_id": recording["id"], "start": start, "duration": duration, "channel": 0,
        "text": line["text"], "language": {"en": "English", "zh": "Chinese"}[record["language"]], "speaker": line["speaker"],
        "gender": None if person["gender"] == "uncertain" else person["gender"], "alignment": {"word": words},
        "custom": {"asr_text": line["asr_text"], "emotion": line["emotion"], "on_screen": line["on_screen"], "age": person["age"]},
    }  # fmt: skip


def _seconds(item: dict[str, Any], recording: dict[str, Any]) -> tuple[float, float]:
    """Start and length in seconds, not beyond the recording's last sample."""
    start, end = item["start_ms"] / 1000, min(item["end_ms"] / 1000, recording["duration"])
    return start, round(end - start, 6)
