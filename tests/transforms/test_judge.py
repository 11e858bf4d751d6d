"""Clips are measured; each gate refuses what lies beyond it, with the value and the threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from cinedub import config, sound
from cinedub.backends.roles import SpeechScores
from schemas import (
    AudioStream,
    Cast,
    Clip,
    Dropped,
    Emotion,
    Faces,
    FaceTrack,
    Film,
    Line,
    Reel,
    Script,
    Shots,
    Span,
    Speaker,
    Stems,
    Sync,
    Take,
    Turn,
    VideoStream,
    Voices,
    Word,
)  # fmt: skip
from transforms.judge import judge, overlap_ms


class Ear:
    """A scorer whose score is the sound's peak times 5: what is tested is what it is given and what is made of it."""

    digest = "ear"

    def score(self, sound: np.ndarray) -> SpeechScores:
        assert len(sound) == 4000 * 16
        return SpeechScores(round(5 * float(np.abs(sound).max()), 2), 0, 0)


def script(folder: Path, turns: list[tuple[str, int, int]], confidences: list[tuple[int, float]] | None = None, late: Sync | None = None) -> Script:
    """Voices of amplitude 0.5 from 2 s to 4 s of the film, background of 0.05 throughout; the reel is heard from 1 s on, the clip is 2 s to 6 s."""
    film = Film("film", "0" * 64, "f.mp4", "", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), 10_000)
    time = np.arange(9 * 48_000) / 48_000 + 1
    tone = np.sin(2 * np.pi * 200 * time)[None].astype(np.float32)
    level = np.where((time >= 2) & (time < 4), 0.5, 0)
    sound.write(folder / "vocals.flac", [level * tone], 48_000)
    sound.write(folder / "background.flac", [np.repeat(0.05 * tone, 2, axis=0)], 48_000)
    reel = Reel(film, Span(2000, 10_000), Span(1000, 10_000))
    stems = Stems(Shots(reel, (reel.span,)), "", str(folder / "vocals.flac"), str(folder / "background.flac"))
    span = Span(2000, 6000)
    clip = Clip(stems, span, span, (), (span,))
    spoken = tuple(Turn(who, Span(start, end), 0.9) for who, start, end in turns)
    speakers = tuple(Speaker(who, (), "adult", "male", (), ()) for who in sorted({turn.speaker for turn in spoken}))
    starts = np.cumsum([2000, *(length for length, _ in confidences or [])])
    words = tuple(Word("w", Span(int(s), int(s) + length), p) for s, (length, p) in zip(starts, confidences or [], strict=False))
    lines = (Line("s001", Span(2000, 3000), "w", "w", words, False, Emotion("uncertain", 0.0)),)
    seen = () if late is None else (FaceTrack(0, span, 100, 0.9, None, None),)
    return Script(
        Cast(Voices(clip, spoken, ""), Faces(clip, seen, "", "", late), speakers, spoken),
        lines,
        spoken,
        "monologue",
        Emotion("neutral", 1.0),
        "",
        (),
    )


def verdict(of: Script, **settings: float) -> Take | Dropped:
    return judge(of, config.Judge(**settings), cast(Any, None), Ear())  # type: ignore[arg-type]


def test_a_take_bears_what_was_measured(tmp_path: Path) -> None:
    take = verdict(script(tmp_path, [("s001", 2000, 4000), ("s002", 3500, 4500)], [(300, 0.9), (100, 0.5)]))
    assert isinstance(take, Take)
    assert take.quality.dnsmos == 2.5 and take.quality.asr_confidence == 0.8 and take.quality.overlap_ms == 500
    assert take.quality.snr_db == pytest.approx(20 + 10 * np.log10(2000 / 2500), abs=0.1) and take.quality.sync is None


@pytest.mark.parametrize(
    ("settings", "code", "value"),
    [
        ({"min_dnsmos": 3.0}, "LOW_DNSMOS", 2.5),
        ({"min_snr_db": 30.0}, "LOW_SNR", 20.0),
        ({"min_asr_confidence": 0.95}, "LOW_CONFIDENCE", 0.9),
        ({"max_overlap": 0.4}, "TOO_MUCH_OVERLAP", 0.5),
    ],
)
def test_each_gate_refuses_with_the_value_and_the_threshold(tmp_path: Path, settings: dict[str, float], code: str, value: float) -> None:
    dropped = verdict(script(tmp_path, [("s001", 2000, 4000), ("s002", 3000, 4000)], [(300, 0.9)]), **settings)
    assert isinstance(dropped, Dropped)
    assert (dropped.code, dropped.threshold) == (code, next(iter(settings.values()))) and dropped.value == pytest.approx(value, abs=0.1)
    assert dropped.stage == "Judge" and dropped.span == Span(2000, 6000) and dropped.text == "w" and not dropped.detail


def test_further_gates_that_were_missed_are_told_too(tmp_path: Path) -> None:
    dropped = verdict(script(tmp_path, [("s001", 2000, 4000)]), min_dnsmos=3.0)
    assert isinstance(dropped, Dropped)
    assert dropped.code == "LOW_DNSMOS" and dropped.detail == {"LOW_CONFIDENCE": [0.0, 0.2]}


def test_overlap_counts_each_moment_once_and_nobody_with_themselves() -> None:
    turns = (Turn("a", Span(0, 1000), 1), Turn("a", Span(500, 1500), 1), Turn("b", Span(900, 1200), 1), Turn("c", Span(1000, 1100), 1))
    assert overlap_ms(turns) == 300


@pytest.mark.parametrize(("late", "sure", "refused"), [(-200, 0.9, True), (120, 0.9, True), (120, 0.5, False), (80, 0.9, False)])
def test_a_sound_that_is_surely_late_or_early_can_be_refused(tmp_path: Path, late: int, sure: float, refused: bool) -> None:
    shifted = script(tmp_path, [("s001", 2000, 4000)], [(300, 0.9)], Sync(late, sure))
    take = verdict(shifted)
    assert isinstance(take, Take) and take.quality.sync == Sync(late, sure)
    strict = verdict(shifted, max_sync_ms=100)
    assert isinstance(strict, Dropped) == refused
    if isinstance(strict, Dropped):
        assert strict.code == "OUT_OF_SYNC" and strict.value == abs(late) and strict.threshold == 100
