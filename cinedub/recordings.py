"""Real recordings with truth, out of registry packages, as films without a picture: what a build makes of real voices can then be scored.

    $ python -m cinedub.recordings out/recordings    # writes meeting-0, meeting-1, aishell and librivox: .mp4, .json and, of meetings, .rttm

Meetings: two of 30 s with up to four people who interrupt each other (pyannote.audio's tests, its test split alone); who speaks when is known, what
they say isn't. AISHELL: two Chinese sentences. LibriVox: five sentences of one reader. The sentences' words are known, and who speaks. Nothing here
was used to build or tune anything.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from cinedub import media, weights
from schemas import Language

#: Between two sentences that were recorded apart, digital silence would be a splice: the rooms' own quiet is repeated.
PAUSE_S = 0.8
_AISHELL = {"BAC009S0764W0121": "甚至出现交易几乎停滞的情况", "BAC009S0764W0122": "一二线城市虽然也处于调整中"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A name, mono sound with its rate, and what is known: sentences (start, end in ms, words) and turns (start, end in ms, who)."""

    name: str
    language: Language
    sound: np.ndarray
    rate: int
    sentences: tuple[tuple[int, int, str], ...] = ()
    turns: tuple[tuple[int, int, str], ...] = ()


def recordings() -> list[Recording]:
    """All of them.

    Raises:
        WeightsError: a pack that isn't in the cache.
    """
    return [*_meetings(), _sentences("aishell", "zh", "recordings-aishell", _AISHELL), _sentences("librivox", "en", "recordings-librivox", _read())]


def write(out: Path) -> list[Path]:
    """Every recording as a film with a black picture, its truth beside it; returns the films."""
    out.mkdir(parents=True, exist_ok=True)
    return [_film(recording, out) for recording in recordings()]


def _meetings() -> list[Recording]:
    folder = weights.find("recordings-meetings")
    rows = [line.split() for line in (folder / "debug.test.rttm").read_text("utf-8").splitlines() if line.startswith("SPEAKER")]
    found = []
    for number, name in enumerate(dict.fromkeys(row[1] for row in rows)):
        sound, rate = soundfile.read(folder / f"{name}.wav", dtype="float32")
        turns = tuple((ms := round(float(row[3]) * 1000), ms + round(float(row[4]) * 1000), row[7]) for row in rows if row[1] == name)
        found.append(Recording(f"meeting-{number}", "en", sound, rate, turns=turns))
    return found


def _read() -> dict[str, str]:
    """LibriVox: file -> words, of lines like ``<s> words </s> (…-0870)``."""
    lines = (weights.find("recordings-librivox") / "transcription").read_text("utf-8").splitlines()
    return {line.rpartition("-")[2].rstrip(") "): line.partition("</s>")[0].replace("<s>", "").strip() for line in lines if line.strip()}


def _sentences(name: str, language: Language, pack: str, texts: dict[str, str]) -> Recording:
    parts: list[np.ndarray] = []
    sentences, clock, rate = [], 0, 0
    for file, text in texts.items():
        sound, rate = soundfile.read(weights.find(pack) / f"{file}.wav", dtype="float32")
        hush = np.resize(_quietest(sound, rate // 5), round(PAUSE_S * rate))
        sentences.append((clock * 1000 // rate, (clock + len(sound)) * 1000 // rate, text))
        parts += [sound, hush]
        clock += len(sound) + len(hush)
    return Recording(name, language, np.concatenate(parts), rate, tuple(sentences))


def _quietest(sound: np.ndarray, length: int) -> np.ndarray:
    starts = range(0, len(sound) - length, length // 4)
    return sound[(best := min(starts, key=lambda at: float(np.square(sound[at : at + length]).sum()))) : best + length]


def _film(recording: Recording, out: Path) -> Path:
    target, heard = out / f"{recording.name}.mp4", out / f"{recording.name}.flac"
    soundfile.write(heard, recording.sound, recording.rate, subtype="PCM_16")
    black = ["-f", "lavfi", "-i", f"color=black:s=320x180:r=25:d={len(recording.sound) / recording.rate:.3f}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "160k", "-shortest"]
    media.run(["-y", *black, "-i", f"file:{heard}", *coded, f"file:{target}"], 60.0, "ENCODE_VIDEO", target)
    heard.unlink()
    lines = [{"start_ms": start, "end_ms": end, "text": text, "speaker": "reader"} for start, end, text in recording.sentences]
    turns = [{"start_ms": start, "end_ms": end, "speaker": who} for start, end, who in recording.turns]
    duration = len(recording.sound) * 1000 // recording.rate
    truth = {"film": target.stem, "title": target.stem, "duration_ms": duration, "language": recording.language, "lines": lines, "turns": turns}
    target.with_suffix(".json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return target


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")
