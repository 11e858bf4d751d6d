"""The jsonl that the reference system trains and infers from: messages by role, beside the media they name.

``speech_length`` counts its speech tokens, 25 a second. Roles that hold pickles or its own tokens (face, embswav, token) are left out: they are
made from the media. Kinds, ages and genders are in the words of the record's language there; times are seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cinedub.dataset import Dataset

_KINDS = {"narration": "旁白", "monologue": "独白", "dialogue": "对话", "ensemble": "多人"}
_ZH = {
    "female": "女", "male": "男", "uncertain": "不确定", "child": "儿童", "teenager": "青年", "adult": "中年", "middle-aged": "中老年",
    "elderly": "老年",
    "neutral": "中性", "happy": "喜悦", "trust": "信任", "fear": "害怕", "surprise": "惊讶", "sadness": "难过", "disgust": "厌恶", "anger": "生气",
    "anticipation": "期待", "tension": "紧张",
}  # fmt: skip
_MEDIA = {"vocal": "vocals.flac", "instrumental": "background.flac", "video": "mp4"}


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``{split}.jsonl`` and ``media/``; paths are relative to the folder."""
    (folder / "media").mkdir()
    for split, record, members in dataset.samples():
        named = {role: f"media/{record['key']}.{name}" for role, name in _MEDIA.items() if name in members}
        for role, path in named.items():
            (folder / path).write_bytes(members[_MEDIA[role]])
        with (folder / f"{split}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(_row(record, named), ensure_ascii=False) + "\n")


def _row(record: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    zh = record["language"] == "zh"
    speakers = {speaker["id"]: (str(number), speaker) for number, speaker in enumerate(record["speakers"], 1)}
    dialogue = []
    for turn in record["turns"]:
        number, speaker = speakers[turn["speaker"]]
        facts = {"gender": speaker["gender"], "age": speaker["age"]}
        dialogue.append(
            {"start": turn["start_ms"] / 1000, "duration": (turn["end_ms"] - turn["start_ms"]) / 1000, "spk": number}
            | {name: _ZH[value] if zh else value for name, value in facts.items()}
            | {"timbre": ("、" if zh else ", ").join(speaker["timbre"])}
        )
    mood = record["emotion"]
    text = ("" if zh else " ").join(line["text"] for line in record["lines"])
    contents: dict[str, Any] = {"text": text, **named, "dialogue": dialogue, "clue": record["clue"]}
    contents["emotion"] = f"{_ZH[mood['label']] if zh else mood['label']} {mood['confidence']}"
    return {
        "messages": [{"role": role, "content": content} for role, content in contents.items()],
        "utt": record["key"],
        "type": _KINDS[record["kind"]],
        "source": record["language"],
        "task": "VTTS",
        "speech_length": round((record["span_ms"][1] - record["span_ms"][0]) / 40),
    }
