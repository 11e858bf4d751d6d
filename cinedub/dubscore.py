"""Dubbed speech against its record: are the words understood, in whose voice, in time, on the lips, in what manner, how clean.

Each clip is measured by itself (``measure``); ``cinedub.dubtable`` adds clips up. Scorers are those that datasets are built with: their digests go
with the figures, and the recording is measured beside every system, for no figure means much without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jiwer
import meeteval
import numpy as np
import soxr
from jaxtyping import Float, Float32

from cinedub import backends, prosody, sync
from cinedub.config import Model
from cinedub.wording import tokens
from schemas import Language, Word

RATE = 16_000
MODELS = {
    "recogniser": Model("faster-whisper", "whisper-base"), "voice_encoder": Model("campplus", "campplus"), "scorer": Model("dnsmos", "dnsmos"),
}  # fmt: skip
#: Lines are heard one after another with pauses between, so that it is known whose words are whose.
_PAUSE_MS, _LEAD_MS = 600, 80
#: Speech begins and ends where its level passes this (30 dB below its peak), looked for so far outside its line.
_HEARD, _REACH_MS = 0.25, 200
#: Lips are compared at lags of the sound from -200 to 200 ms, in lines that show them for so many frames.
LAGS_MS = tuple(range(-200, 201, 20))
_FRAME_MS, _LEAST = 40, 12
#: A voice vector of less speech than this says little.
_LEAST_S = 0.4

Mono = Float32[np.ndarray, " samples"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of a record as it should sound: when, whose, what; and its speaker's mouth at 25 Hz (nan where it isn't seen)."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str
    mouth: Float[np.ndarray, " frames"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured on one clip. Lists have an item per line or per border, nan or an empty list where nothing could be measured.

    ``errors``: words (Chinese: characters) that are wrong; ``cp_errors``: the same with who said them, in clips of several speakers;
    ``sound_errors``: Chinese syllables with their tones that are wrong, however they are written; ``curves``: correlation of mouth and level at each
    of ``LAGS_MS``; ``manner``: median pitch (octaves over 1 Hz), its deviation in semitones, tilt and level in dB; ``borders_ms``: how much later
    than its line's begin and end speech begins and ends; energies are sums of squares; ``sync``: LSE-D, LSE-C and how late the sound is in ms, of
    lines that show a face for long enough, where SyncNet was given.
    """

    key: str
    language: Language
    kind: str
    exact: bool
    words: int
    errors: int
    cp_errors: int | None
    sound_errors: int | None = None
    right: list[float] = field(default_factory=list)
    wrong: list[float] = field(default_factory=list)
    dnsmos: float = 0.0
    borders_ms: list[list[int]] = field(default_factory=list)
    energy: float = 0.0
    outside: float = 0.0
    curves: list[list[float]] = field(default_factory=list)
    manner: list[list[float]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sync: list[list[float]] = field(default_factory=list)


def measure(
    clip: dict[str, Any], lines: Sequence[Spoken], voices: dict[str, np.ndarray], strangers: Sequence[np.ndarray], sound: Mono, rate: int
) -> Heard:
    """One clip. ``clip`` has ``key``, ``language``, ``kind`` and ``duration_ms``; ``strangers`` are voices of other films."""
    exact = abs(len(sound) - clip["duration_ms"] * rate / 1000) <= 1
    heard = soxr.resample(sound, rate, RATE).astype(np.float32)
    texts = transcribe(heard, lines, clip["language"])
    counted = [errors_of(line.text, text, clip["language"]) for line, text in zip(lines, texts, strict=True)]
    errors, words = sum(wrong for wrong, _ in counted), sum(of for _, of in counted)
    spelled = None if clip["language"] == "en" else sum(syllable_errors(line.text, text) for line, text in zip(lines, texts, strict=True))
    right, wrong_voice, owners = similarity(heard, lines, voices, strangers)
    level = sync.level(heard, RATE)
    inside = np.zeros(len(heard), bool)
    for line in lines:
        inside[_at(line.start_ms) : _at(line.end_ms)] = True
    power = np.square(heard, dtype=float)
    sounding = prosody.measure(heard, RATE)
    return Heard(
        clip["key"], clip["language"], clip["kind"], exact, words, errors, with_speakers(lines, texts, owners, clip["language"]), spelled, right,
        wrong_voice,
        backends.load("scorer", MODELS["scorer"]).score(heard).overall,
        [borders(level, line, lines) for line in lines],
        float(power.sum()), float(power[~inside].sum()), [lips(level, line) for line in lines],
        [manner(heard, sounding, line) for line in lines], texts,
    )  # fmt: skip


def transcribe(sound: Mono, lines: Sequence[Spoken], language: Language) -> list[str]:
    """What is heard in each line: lines are cut out and heard one after another, and by itself again of which less than half was heard, for Whisper
    loses lines behind one that it doesn't understand."""
    pause = np.zeros(_at(_PAUSE_MS), np.float32)
    parts = [np.append(sound[max(0, _at(line.start_ms - _LEAD_MS)) : _at(line.end_ms + _LEAD_MS)], pause) for line in lines]
    heard = [word.text for word in _words(np.concatenate(parts), language)] if parts else []
    texts = dealt(heard, [line.text for line in lines], language)
    for index, (line, text) in enumerate(zip(lines, texts, strict=True)):
        if 2 * len(tokens(text, language)) < len(tokens(line.text, language)):
            texts[index] = " ".join(word.text for word in _words(parts[index], language))
    return texts


def dealt(heard: Sequence[str], wanted: Sequence[str], language: Language) -> list[str]:
    """Heard words dealt to the lines that were to be said, in order, so that the fewest are wrong.

    Whisper's times are too coarse to tell whose a word at a border is (Matusov et al., "Evaluating machine translation output with automatic
    sentence segmentation", IWSLT 2005).

    >>> dealt(["What", "was", "that?", "Maybe", "it", "rains."], ["What was that?", "Maybe. It rains."], "en")
    ['What was that?', 'Maybe it rains.']
    """
    owners = [number for number, text in enumerate(wanted) for _ in tokens(text, language)]
    reference = [token for text in wanted for token in tokens(text, language)]
    pieces = [tokens(word, language) for word in heard]
    hypothesis = [token for piece in pieces for token in piece]
    if not reference or not hypothesis:
        return [" ".join(heard) if number == 0 else "" for number in range(len(wanted))]
    places: list[int] = []
    for chunk in jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]:
        said = chunk.hyp_end_idx - chunk.hyp_start_idx
        places += [owners[min(max(0, chunk.ref_start_idx + (step if chunk.type != "insert" else -1)), len(owners) - 1)] for step in range(said)]
    at = 0
    lines: list[list[str]] = [[] for _ in wanted]
    for word, piece in zip(heard, pieces, strict=True):
        lines[places[min(at, len(places) - 1)]].append(word)
        at += len(piece)
    return [" ".join(words) for words in lines]


def _words(sound: Mono, language: Language) -> Iterator[Word]:
    for utterance in backends.load("recogniser", MODELS["recogniser"]).transcribe(sound, language):
        yield from utterance.words


def errors_of(wanted: str, given: str, language: Language) -> tuple[int, int]:
    """Word (Chinese: character) errors, and how many words there are."""
    reference, hypothesis = tokens(wanted, language), tokens(given, language)
    return _wrong(reference, hypothesis), len(reference)


def syllable_errors(wanted: str, given: str) -> int:
    """How many Chinese syllables are wrong, tone included: what a listener who can't choose between 再 and 在 is not to blame for.

    >>> syllable_errors("再见，建国。", "在见见过"), syllable_errors("他来了", "")
    (1, 3)
    """
    from pypinyin import Style, lazy_pinyin

    reference, hypothesis = (lazy_pinyin("".join(tokens(text, "zh")), Style.TONE3) for text in (wanted, given))
    return _wrong(reference, hypothesis)


def _wrong(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Substitutions, deletions and insertions; jiwer takes no empty side."""
    if not reference or not hypothesis:
        return max(len(reference), len(hypothesis))
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return int(found.substitutions + found.deletions + found.insertions)


def with_speakers(lines: Sequence[Spoken], texts: Sequence[str], owners: Sequence[str], language: Language) -> int | None:
    """Word errors with the words given to whom each line *sounds* like (concatenated minimum permutation); None for a clip of one speaker."""
    if len({line.speaker for line in lines}) < 2:
        return None
    wanted: dict[str, list[str]] = {}
    given: dict[str, list[str]] = {}
    for line, text, owner in zip(lines, texts, owners, strict=True):
        wanted.setdefault(line.speaker, []).extend(tokens(line.text, language))
        given.setdefault(owner, []).extend(tokens(text, language))
    streams = [[" ".join(words) for words in side.values()] for side in (wanted, given)]
    return int(meeteval.wer.cp_word_error_rate(*streams, reference_sort=False, hypothesis_sort=False).errors)


def similarity(
    sound: Mono, lines: Sequence[Spoken], voices: dict[str, np.ndarray], strangers: Sequence[np.ndarray]
) -> tuple[list[float], list[float], list[str]]:
    """Cosines of each speaker's speech with their own voice and with the likest other one, and whom each line sounds like.

    The others are the clip's other speakers; in a clip of one, the median of the strangers.
    """
    encoder = backends.load("voice_encoder", MODELS["voice_encoder"])
    names = list(dict.fromkeys(line.speaker for line in lines))
    right, wrong = [], []
    for name in names:
        said = np.concatenate([_cut(sound, line) for line in lines if line.speaker == name])
        if len(said) >= _LEAST_S * RATE and voices[name].any():
            vector = encoder.encode([said])[0]
            right.append(float(vector @ voices[name]))
            others = [float(vector @ voices[other]) for other in names if other != name]
            wrong.append(max(others) if others else float(np.median([vector @ stranger for stranger in strangers] or [np.nan])))
    owners = []
    for line in lines:
        part = _cut(sound, line)
        vector = encoder.encode([part])[0] if len(part) >= _LEAST_S * RATE and len(names) > 1 else None
        owners.append(line.speaker if vector is None else max(names, key=lambda name: float(vector @ voices[name])))
    return right, wrong, owners


def borders(level: Float[np.ndarray, " steps"], line: Spoken, lines: Sequence[Spoken]) -> list[int]:
    """How much later than its line's begin and end speech begins and ends, in ms; [] where no speech is found."""
    others = [other for other in lines if other is not line]
    first = max([line.start_ms - _REACH_MS, *(other.end_ms for other in others if other.end_ms <= line.start_ms)])
    last = min([line.end_ms + _REACH_MS, *(other.start_ms for other in others if other.start_ms >= line.end_ms)])
    first = max(0, first)
    loud = np.flatnonzero(level[first // sync.STEP_MS : -(-last // sync.STEP_MS)] > _HEARD)
    if not len(loud):
        return []
    begin, end = (first // sync.STEP_MS + int(step) for step in (loud[0], loud[-1] + 1))
    return [begin * sync.STEP_MS - line.start_ms, end * sync.STEP_MS - line.end_ms]


def lips(level: Float[np.ndarray, " steps"], line: Spoken) -> list[float]:
    """Correlation of the speaker's mouth with the level of the speech at each of ``LAGS_MS`` (positive: sound late), in the line; [] if unseen."""
    frames = np.flatnonzero(~np.isnan(line.mouth))
    times = frames * _FRAME_MS + _FRAME_MS // 2
    curve = []
    for lag in LAGS_MS:
        at = (times + lag) // sync.STEP_MS
        within = (times + lag >= line.start_ms) & (times + lag < line.end_ms) & (at < len(level))
        if within.sum() < _LEAST:
            return []
        mouth, loud = line.mouth[frames[within]], level[at[within]]
        deviation = float(mouth.std() * loud.std())
        curve.append(float(((mouth - mouth.mean()) * (loud - loud.mean())).mean() / deviation) if deviation > 1e-9 else 0.0)
    return curve


def manner(sound: Mono, sounding: prosody.Prosody, line: Spoken) -> list[float]:
    """Pitch, its deviation, tilt and level of a line."""
    pitch, spread, tilt = sounding.over(line.start_ms, line.end_ms)
    power = float(np.mean(np.square(_cut(sound, line), dtype=float))) if line.end_ms > line.start_ms else 0.0
    return [float(np.log2(pitch)), spread, tilt, 10 * float(np.log10(power + 1e-10))]


def _at(ms: int) -> int:
    return ms * RATE // 1000


def _cut(sound: Mono, line: Spoken) -> Mono:
    return sound[_at(line.start_ms) : _at(line.end_ms)]


def digests() -> dict[str, str]:
    """What the figures rest on: each scorer's files and code."""
    return {role: f"{model.backend}:{backends.digest(role, model)}" for role, model in MODELS.items()}
