"""A corpus of speech alone: records straight from what the voices spoke, with the time of every symbol; nothing is painted but mouths.

Clips hold one to four lines of one to three people. Every record has every member of record.md: the picture is grey, the background silent, faces and
lips are a puppet's poses, looked up (some clips show nobody). Each line has the optional field ``phones``: ``[symbol, start_ms, end_ms]`` of
every symbol, blank and stop that the voice read, as ``model.text.spoken`` takes them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from jaxtyping import Float32

from cinedub import __version__, backends, description, lips, manifest, sound
from cinedub.config import Model
from cinedub.film.cast import LOOKS
from cinedub.film.faces import Look
from cinedub.film.phonemes import SILENT_SIGNS, viseme
from cinedub.film.puppet import LIDS, OPENINGS, WIDTHS, puppet
from cinedub.film.sketch import FRAME_MS, Pose, pose_of, write_video
from cinedub.film.voices import RATE, Phone
from cinedub.phonemes import PAUSES, spell
from schemas import Emotion, Language, Line, Member, Record, Span, Speaker, Word, codec
from schemas.record import MEMBERS, SCHEMA, Split

#: Clips last a multiple of this, so that few grey pictures need be coded.
_GRID_MS = 400
_LEVEL = 0.07
_MS = RATE // 1000
_SIGNS = SILENT_SIGNS | set("ᵝ̃")


@dataclass(frozen=True, slots=True)
class Performance:
    """One line as it was spoken, from its first to its last ms; ``vector`` is the voice's, of other lines where there are any."""

    voice: str
    gender: str
    age: str
    language: Language
    text: str
    emotion: str
    symbols: tuple[Phone, ...]
    sound: Float32[np.ndarray, " samples"]
    vector: Float32[np.ndarray, " 192"]


def cut(
    sounded: Float32[np.ndarray, " samples"], symbols: Sequence[Phone], late_ms: int, level_db: float, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, " samples"], tuple[Phone, ...]]:
    """A line with 0 to 100 ms of silence before its first sound and 20 to 150 ms after its last, at its level.

    ``late_ms`` is how far a model's symbols lag behind its sound. Silence that a model counts as part of the last symbol is cut off.
    """
    window = 5 * _MS
    envelope = np.abs(sounded[: len(sounded) // window * window]).reshape(-1, window).max(1)
    loud = np.flatnonzero(envelope > 0.02 * float(envelope.max()))
    onset, offset = int(loud[0]) * 5, int(loud[-1] + 1) * 5
    lead, tail = int(rng.integers(0, 101)), int(rng.integers(20, 151))
    padded = np.pad(sounded, (lead * _MS, tail * _MS))[onset * _MS : (offset + lead + tail) * _MS].copy()
    padded[: lead * _MS] = 0
    fade = np.linspace(1, 0, tail * _MS, dtype=np.float32)
    padded[-tail * _MS :] *= fade
    spoken = [place for place, symbol in enumerate(symbols) if symbol.symbol and symbol.symbol not in PAUSES]
    edges = np.array([symbols[0].start, *(symbol.end for symbol in symbols)]) - late_ms
    edges = np.clip(edges, onset, offset) - onset + lead
    edges[0] = 0
    edges[1 : spoken[0] + 1] = lead
    edges[spoken[-1] + 1 :] = offset - onset + lead
    edges[-1] = offset - onset + lead + tail
    if spoken[-1] + 2 < len(edges):
        edges[spoken[-1] + 2 : -1] = edges[-1] - min(12, tail // 2)
    rms = float(np.sqrt(np.mean(padded[lead * _MS : -tail * _MS] ** 2)))
    padded *= min(_LEVEL * 10 ** (level_db / 20) / max(rms, 1e-6), 0.97 / max(float(np.abs(padded).max()), 1e-6))
    return padded, tuple(replace(symbol, start=int(edges[i]), end=int(edges[i + 1])) for i, symbol in enumerate(symbols))


def clip(folder: Path, film: str, start_ms: int, spoken: Sequence[Performance], split: Split, rng: np.random.Generator) -> Record:
    """Write one clip's members to ``folder``: the performances one after the other. Its speakers are seen in three of five clips."""
    at = int(rng.integers(0, 250))
    places: list[int] = []
    for number, one in enumerate(spoken):
        places.append(at)
        at += len(one.sound) // _MS + int(rng.integers(60, 500) if number + 1 < len(spoken) else rng.integers(0, 250))
    duration = max(_GRID_MS * 3, -(-at // _GRID_MS) * _GRID_MS)
    key = f"{film}-{start_ms:09d}-{start_ms + duration:09d}"
    vocals = np.zeros(duration * _MS, np.float32)
    for place, one in zip(places, spoken, strict=True):
        vocals[place * _MS : place * _MS + len(one.sound)] += one.sound
    people = list(dict.fromkeys(one.voice for one in spoken))
    shown = people if rng.random() < 0.6 else []
    looks = [LOOKS[int(place)] for place in rng.permutation(6)[: len(shown)]]
    arrays = _faces(shown, looks, duration, places, spoken)
    path = {name: folder / f"{key}.{name}" for name in MEMBERS}
    path["mp4"].write_bytes(_grey(duration // FRAME_MS, folder))
    for name, track in (("vocals.flac", vocals), ("background.flac", np.zeros_like(vocals)), ("mix.flac", vocals)):
        sound.write(path[name], [track[None]], RATE)
    for name, wanted in (
        ("faces.npz", ("pts_ms", "track", "box", "landmarks", "blendshapes", "embedding", "speaking")),
        ("lips.npz", ("crops", "points", "aperture")),
    ):
        np.savez_compressed(path[name], **{array: arrays[array] for array in wanted})  # type: ignore[arg-type]
    told = _annotations(key, film, start_ms, duration, places, spoken, people, bool(shown))
    path["json"].write_bytes(codec.encode(told))
    members = tuple(Member(name, str(path[name]), path[name].stat().st_size) for name in MEMBERS)
    return Record(key, split, members, manifest.scalars(told))


def _annotations(
    key: str, film: str, start_ms: int, duration: int, places: Sequence[int], spoken: Sequence[Performance], people: Sequence[str], seen: bool
) -> dict[str, Any]:
    lines: list[Line] = []
    for at, one in zip(places, spoken, strict=True):
        span = Span(at, at + len(one.sound) // _MS)
        lines.append(Line(one.voice, span, one.text, one.text, _words(one, at), seen, Emotion(one.emotion, 1.0)))  # type: ignore[arg-type]
    by_voice = {one.voice: one for one in reversed(spoken)}
    speakers = [
        Speaker(name, (row,) if seen else (), by_voice[name].age, by_voice[name].gender, (), tuple(map(float, by_voice[name].vector)))  # type: ignore[arg-type]
        for row, name in enumerate(people)
    ]
    kind = ("narration" if not seen else "monologue") if len(people) == 1 else "dialogue" if len(people) == 2 else "ensemble"
    mood, language = description.vote(lines), spoken[0].language
    turns = [{"speaker": line.speaker, "start_ms": line.span.start, "end_ms": line.span.end, "score": 1.0} for line in lines]
    told = [
        {"speaker": line.speaker, "start_ms": line.span.start, "end_ms": line.span.end, "text": line.text, "asr_text": line.text,
         "words": [{"text": w.text, "start_ms": w.span.start, "end_ms": w.span.end, "confidence": 1.0} for w in line.words],
         "phones": [[phone.symbol, at + phone.start, at + phone.end] for phone in one.symbols],
         "on_screen": seen, "emotion": codec.builtins(line.emotion)}
        for at, one, line in zip(places, spoken, lines, strict=True)
    ]  # fmt: skip
    return {
        "schema": SCHEMA, "key": key,
        "film": {"id": film, "title": "Recital", "series": None, "sha256": hashlib.sha256(film.encode()).hexdigest(), "fps": "25"},
        "span_ms": [start_ms, start_ms + duration], "language": language, "kind": kind, "lines": told, "turns": turns, "asr_turns": turns,
        "speakers": [
            {**codec.builtins(one), "face": one.faces[0] if one.faces else None, "voice": [round(value, 5) for value in one.voice]}
            for one in speakers
        ],
        "shots_ms": [[0, duration]], "emotion": codec.builtins(mood),
        "clue": description.describe(lines, speakers, kind, mood, language),  # type: ignore[arg-type]
        "quality": {"dnsmos": None, "snr_db": None, "asr_confidence": 1.0, "overlap_ms": 0, "sync": {"offset_ms": 0, "confidence": 1.0}},
        "corrections": [],
        "provenance": {
            "stages": [{"name": "Recital", "role": "", "backend": "film", "model_sha256": "", "settings_digest": ""}], "code": __version__,
        },
    }  # fmt: skip


def _words(one: Performance, at: int) -> tuple[Word, ...]:
    """Words with their times, where each has its own run of symbols; none where a word's symbols hold a blank."""
    runs: list[list[Phone]] = [[]]
    for phone in one.symbols:
        if phone.symbol == " ":
            runs.append([])
        elif phone.symbol and phone.symbol not in PAUSES:
            runs[-1].append(phone)
    texts = [word.text for word in spell(one.text, one.language)]
    if len(texts) != len(runs) or not all(runs):
        return ()
    return tuple(
        Word(text, Span(at + run[0].start, max(at + run[-1].end, at + run[0].start + 1)), 1.0) for text, run in zip(texts, runs, strict=True)
    )


def mouth(spoken: Sequence[tuple[int, Performance]], times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opening and width of one person's mouth at ``times`` (ms): each sound's shape at its middle, linear between."""
    keys = [(-1e9, 0.0, 0.0)]
    for at, one in spoken:
        first = next(phone for phone in one.symbols if phone.symbol and phone.symbol not in PAUSES)
        keys.append((at + first.start - 90.0, 0.0, 0.0))
        stressed = False
        for phone in one.symbols:
            if phone.symbol in _SIGNS:
                stressed = phone.symbol == "ˈ"
            elif phone.symbol and phone.symbol not in PAUSES:
                opening, width = viseme(phone.symbol)
                keys.append((at + (phone.start + phone.end) / 2, min(1.0, opening * (1.15 if stressed else 0.9)), width))
                stressed = False
            elif phone.end - phone.start >= 60 and phone.start > 0:
                keys.append((at + (phone.start + phone.end) / 2, 0.0, 0.0))
        keys.append((at + one.symbols[-1].end, 0.0, 0.0))
    table = np.array(sorted(keys))
    return np.interp(times, table[:, 0], table[:, 1]), np.interp(times, table[:, 0], table[:, 2])


def _faces(
    people: Sequence[str], looks: Sequence[Look], duration: int, places: Sequence[int], spoken: Sequence[Performance]
) -> dict[str, np.ndarray]:
    count, rows = duration // FRAME_MS, len(people)
    times = (np.arange(count) + 0.5) * FRAME_MS
    shape = (rows, count)
    arrays = {
        "pts_ms": np.arange(count, dtype=np.int64) * FRAME_MS, "track": np.ones(shape, bool), "box": np.zeros((*shape, 4), np.float32),
        "landmarks": np.zeros((*shape, 478, 3), np.float32), "blendshapes": np.zeros((*shape, 52), np.float32),
        "embedding": np.zeros((rows, 0), np.float32), "speaking": np.zeros(shape, np.float32),
        "crops": np.zeros((*shape, lips.CROP, lips.CROP), np.uint8), "points": np.zeros((*shape, len(lips.LIPS), 2), np.float32),
        "aperture": np.zeros(shape, np.float32),
    }  # fmt: skip
    for row, (name, look) in enumerate(zip(people, looks, strict=True)):
        own = [(at, one) for at, one in zip(places, spoken, strict=True) if one.voice == name]
        opening, width = mouth(own, times)
        for frame in range(count):
            states = int(np.abs(OPENINGS - opening[frame]).argmin()), int(np.abs(WIDTHS - width[frame]).argmin())
            landmarks, pose = _posed(look, *states)
            at = (row, frame)
            arrays["landmarks"][at], arrays["blendshapes"][at], arrays["crops"][at] = landmarks, pose.blendshapes, pose.crop
            arrays["points"][at], arrays["aperture"][at] = pose.points, pose.aperture
            arrays["box"][at] = (*landmarks[:, :2].min(0), *landmarks[:, :2].max(0))
        for at_ms, one in own:
            arrays["speaking"][row] += (times >= at_ms) & (times < at_ms + len(one.sound) // _MS)
    return arrays


@functools.cache
def _posed(look: Look, opening: int, width: int) -> tuple[Float32[np.ndarray, "478 3"], Pose]:
    doll = puppet(look)
    doll.pose(float(OPENINGS[opening]), float(WIDTHS[width]), LIDS[0])
    assert doll.state is not None
    return (np.round(doll.shape * 8) / 8).astype(np.float32), pose_of(doll, doll.state)


@functools.cache
def _grey(frames: int, folder: Path) -> bytes:
    """A small grey film of so many pictures."""
    target = folder / f"grey-{frames}.mp4"
    write_video([np.full((64, 64, 3), 110, np.uint8)] * frames, target)
    return target.read_bytes()


@functools.cache
def _encoder() -> Any:
    return backends.load("voice_encoder", Model("campplus", "campplus"))


def vectors(sounds: Sequence[Float32[np.ndarray, " samples"]]) -> Float32[np.ndarray, "sounds 192"]:
    """CAM++ vectors of length 1, of at most 3 s of each sound (24 kHz)."""
    found = np.asarray(_encoder().encode([soxr.resample(part[: 3 * RATE], RATE, 16_000).astype(np.float32) for part in sounds]))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def grouped(performances: Iterator[Performance], rng: np.random.Generator, longest_ms: int = 20_000) -> Iterator[list[Performance]]:
    """One to four lines that make a clip: of one language, of at most three people, half of the clips of a single line."""
    group: list[Performance] = []
    wanted = 1
    for one in performances:
        spoken = sum(len(other.sound) // _MS + 500 for other in [*group, one])
        if group and (len(group) >= wanted or spoken > longest_ms or group[0].language != one.language):
            yield group
            group, wanted = [], int(rng.choice([1, 2, 3, 4], p=[0.5, 0.2, 0.2, 0.1]))
        group.append(one)
    if group:
        yield group
