"""A dataset written straight from the truth of generated films: nothing is rendered large, and no stage of the pipeline runs.

Every record has every member of record.md. Pictures are small; a face's landmarks, mouth crops and openings are its puppet's own; the face vector is
empty; the voice vector is CAM++'s, as in a built dataset, the mean over the person's lines in the film.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soxr
from threadpoolctl import threadpool_limits

from cinedub import __version__, backends, commit, description, manifest, sound, storage, weights
from cinedub.config import Model
from cinedub.errors import UsageError
from cinedub.film import direction, mix, screenplay
from cinedub.film.script import Plan, PlannedScene, Spoken
from cinedub.film.settings import FilmSettings, dump
from cinedub.film.sketch import FRAME_MS, Sketch, write_video
from cinedub.film.sounds import RATE
from schemas import Dropped, Emotion, Line, Member, Record, Shard, Span, Speaker, Word, codec, union
from schemas.record import MEMBERS, SCHEMA, Split

#: Many short films have many casts.
FILM_S = 120.0
HEIGHT = 180
#: A clip ends at the first pause after so long.
_ENOUGH_MS, _PAUSE_MS = 8_000, 120
_SHARD_BYTES = 64 << 20
_FACES = ("pts_ms", "track", "box", "landmarks", "blendshapes", "embedding", "speaking")
_LIPS = ("crops", "points", "aperture")


def write(settings: FilmSettings, out: Path) -> dict[str, Any]:
    """Write about ``settings.seconds`` of film as a finished dataset of one split to the folder ``out``; returns its dataset.json.

    Raises:
        UsageError: ``out`` holds something else, or the settings ask for more than there is.
        StorageError: it can't be written.
    """
    began = time.monotonic()
    text = dump(settings)
    with commit.at_work(out):
        commit.begin(out, text)
        return _write(settings, out, text, began)


def _write(settings: FilmSettings, out: Path, text: str, began: float) -> dict[str, Any]:
    made: list[Shard] = []
    waiting: list[Record] = []
    dropped: list[Dropped] = []
    film_ms = 0
    films = list(_films(settings))
    with tempfile.TemporaryDirectory(dir=out / commit.BUILD) as folder:
        for number, film in enumerate(_made(films, Path(folder))):
            film_ms += film.ms
            waiting += film.records
            dropped += film.dropped
            if sum(record.bytes for record in waiting) > _SHARD_BYTES or number == len(films) - 1:
                made.append(pack(out, settings.split, len(made), waiting))
                waiting = []
    manifest.write_dropped(dropped, out / commit.BUILD / "dropped.parquet")
    models = {name: weights.digest(weights.find(name)) for name in ("kokoro", "hibari", "campplus", "face-landmarker")}
    metrics = {"stages": {}, "wall_s": round(time.monotonic() - began, 3), "peak_mb": 0.0}
    return commit.finish(out, text, made, len(films), film_ms / 1000, metrics, models)


@dataclass(frozen=True, slots=True)
class _Film:
    """What a film gave: its length in ms, its records and what was lost."""

    ms: int
    records: list[Record]
    dropped: list[Dropped]


def _films(settings: FilmSettings) -> Iterator[FilmSettings]:
    """The films that a corpus consists of, each with a cast of its own."""
    for number in range(math.ceil(settings.seconds / FILM_S)):
        seconds = min(FILM_S, settings.seconds - number * FILM_S)
        yield dataclasses.replace(settings, seed=settings.seed * 10_000 + number, seconds=seconds, fps="25", height=HEIGHT)


def _made(films: list[FilmSettings], folder: Path) -> Iterator[_Film]:
    """The films in order, made by as many processes as there are cores, each a few films ahead of what has been packed."""
    workers = min(len(films), len(os.sched_getaffinity(0)))
    if workers == 1:
        yield from (_make(film, folder) for film in films)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _alone) as pool:
        ahead: deque[Future[_Film]] = deque()
        try:
            for film in films:
                ahead.append(pool.submit(_make, film, folder))
                if len(ahead) > 2 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        except BrokenProcessPool as error:
            raise UsageError("a process that makes films was killed; if memory ran out, use fewer cores: taskset -c 0 cinedub film …") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _alone() -> None:
    """One process for each core: more threads would only wait for each other."""
    threadpool_limits(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # for what is loaded later
    cv2.setNumThreads(1)


def _make(settings: FilmSettings, folder: Path) -> _Film:
    dropped: list[Dropped] = []
    film = FilmRecords(direction.plan(settings, *screenplay.write(settings)), settings, folder)
    records = list(film.records(dropped))
    return _Film(film.plan.duration, records, dropped)


def pack(out: Path, split: Split, index: int, records: list[Record]) -> Shard:
    """Write a shard of the dataset that is made in ``out``; the files that its records' members lay in are gone then."""
    shard = manifest.write_shard(out / commit.BUILD / "shards", split, index, records)
    for member in (member for record in records for member in record.members):
        Path(member.uri).unlink()
    return shard


@dataclass(frozen=True, slots=True)
class _Clip:
    scene: PlannedScene
    span: Span
    spoken: tuple[Spoken, ...]


def clips(plan: Plan) -> Iterator[_Clip]:
    """The film's lines in clips that begin and end in pauses, on the grid of pictures."""
    for planned in plan.scenes:
        spoken = sorted(planned.spoken, key=lambda item: item.start)
        group: list[Spoken] = []
        free = planned.span.start
        for item, after in itertools.zip_longest(spoken, spoken[1:]):
            group.append(item)
            last = max(one.span.end for one in group)
            limit = after.start if after else planned.span.end
            if after is None or (last - group[0].start >= _ENOUGH_MS and limit - last >= _PAUSE_MS):
                start = -(-max(free, group[0].start - 200) // FRAME_MS) * FRAME_MS
                end = min(limit, last + 250) // FRAME_MS * FRAME_MS
                yield _Clip(planned, Span(start, end), tuple(group))
                group, free = [], end


class FilmRecords:
    """A planned film in records; the files of their members lie in ``folder`` until they are packed."""

    def __init__(self, plan: Plan, settings: FilmSettings, folder: Path) -> None:
        self.plan, self.settings, self.folder = plan, settings, folder
        self.digest = storage.address(dump(settings), __version__)
        self.id = f"film-{self.digest[:16]}"
        self.items = [item for planned in plan.scenes for item in planned.spoken]
        voices = mix.vocals(plan)
        under = mix.background(plan, voices, settings)
        peak = np.float32(max(1.0, float(np.abs(under + voices).max()) / 0.97))
        self.vocals, self.background = voices[None] / peak, under / peak
        self.voices = {name: self._voice(name) for name in dict.fromkeys(item.line.speaker for item in self.items)}

    def records(self, dropped: list[Dropped]) -> Iterator[Record]:
        """Every clip's record; those too short or too long for a dataset are told in ``dropped``."""
        sketch = Sketch(self.plan)
        frames, shown = sketch.frames(), 0
        for clip in clips(self.plan):
            first, last = clip.span.start // FRAME_MS, clip.span.end // FRAME_MS
            for _ in itertools.islice(frames, first - shown):
                pass
            pictures = list(itertools.islice(frames, last - first))
            shown = last
            key = f"{self.id}-{clip.span.start:09d}-{clip.span.end:09d}"
            if not 1000 <= clip.span.duration <= 30_000:
                dropped.append(Dropped(key, self.id, clip.span, "Film", "CLIP_LENGTH", clip.span.duration, 30_000))
                continue
            yield self._record(key, clip, pictures, sketch)

    def _record(self, key: str, clip: _Clip, pictures: list[np.ndarray], sketch: Sketch) -> Record:
        speaking: dict[str, list[Span]] = {}
        for item in clip.spoken:
            speaking.setdefault(item.line.speaker, []).append(item.voiced)
        people, arrays = sketch.arrays(clip.span, speaking)
        path = {name: self.folder / f"{key}.{name}" for name in MEMBERS}
        write_video(pictures, path["mp4"])
        first, last = (ms * RATE // 1000 for ms in (clip.span.start, clip.span.end))
        vocals, background = self.vocals[:, first:last], self.background[:, first:last]
        mixed = mix.mixed(vocals[0], background, self.settings.channels)
        for name, track in (("vocals.flac", vocals), ("background.flac", background), ("mix.flac", mixed)):
            sound.write(path[name], [track], RATE)
        for name, wanted in (("faces.npz", _FACES), ("lips.npz", _LIPS)):
            np.savez_compressed(path[name], **{array: arrays[array] for array in wanted})  # type: ignore[arg-type]
        annotations = self._annotations(key, clip, people, _snr(vocals, background))
        path["json"].write_bytes(codec.encode(annotations))
        members = tuple(Member(name, str(path[name]), path[name].stat().st_size) for name in MEMBERS)
        return Record(key, self.settings.split, members, manifest.scalars(annotations))

    def _annotations(self, key: str, clip: _Clip, people: list[str], snr_db: float) -> dict[str, Any]:
        lines, zero = [self._line(item) for item in clip.spoken], clip.span.start
        speakers = [self._speaker(name, people) for name in dict.fromkeys(line.speaker for line in lines)]
        mood = description.vote(lines)
        turns = [{"speaker": line.speaker, "start_ms": line.span.start - zero, "end_ms": line.span.end - zero, "score": 1.0} for line in lines]
        shots = [shot & clip.span for shot in (Span(self.plan.ms(shot.first), self.plan.ms(shot.last)) for shot in self.plan.shots)]
        spoken_ms = sum(line.span.duration for line in lines)
        return {
            "schema": SCHEMA,
            "key": key,
            "film": {"id": self.id, "title": self.plan.title, "series": None, "sha256": self.digest, "fps": str(self.plan.fps)},
            "span_ms": [clip.span.start, clip.span.end],
            "language": self.plan.language,
            "kind": _kind(clip, lines),
            "lines": [_told(line, zero) for line in lines],
            "turns": turns,
            "asr_turns": turns,
            "speakers": [
                {**codec.builtins(speaker), "face": speaker.faces[0] if speaker.faces else None, "voice": [round(v, 5) for v in speaker.voice]}
                for speaker in speakers
            ],
            "shots_ms": [[shot.start - zero, shot.end - zero] for shot in shots if shot],
            "emotion": dataclasses.asdict(mood),
            "clue": description.describe(lines, speakers, _kind(clip, lines), mood, self.plan.language),
            "quality": {
                "dnsmos": None, "snr_db": snr_db, "asr_confidence": 1.0,
                "overlap_ms": spoken_ms - sum(span.duration for span in union(line.span for line in lines)),
                "sync": {"offset_ms": 0, "confidence": 1.0},
            },
            "corrections": [],
            "provenance": {"stages": [{"name": "Film", "role": "", "backend": "film", "model_sha256": "", "settings_digest": self.digest[:16]}],
                           "code": __version__},
        }  # fmt: skip

    def _line(self, item: Spoken) -> Line:
        words = tuple(Word(word.text, Span(item.start + word.start, item.start + max(word.end, word.start + 1)), 1.0) for word in item.speech.words)
        text = item.line.text
        return Line(item.line.speaker, item.voiced, text, text, words, self._seen(item), Emotion(item.line.emotion, 1.0))  # type: ignore[arg-type]

    def _seen(self, item: Spoken) -> bool:
        """Whether the speaker's face shows for at least half of the line."""
        shots = [shot for shot in self.plan.shots if not shot.hidden and any(seat.name == item.line.speaker for seat in shot.seats)]
        return 2 * sum(item.voiced.overlap(Span(self.plan.ms(shot.first), self.plan.ms(shot.last))) for shot in shots) >= item.voiced.duration

    def _speaker(self, name: str, people: list[str]) -> Speaker:
        person = self.plan.characters[name]
        rows = tuple(row for row, seen in enumerate(people) if seen == name)
        return Speaker(name, rows, person.age, person.gender, (), self.voices[name])  # type: ignore[arg-type]

    def _voice(self, name: str) -> tuple[float, ...]:
        encoder = backends.load("voice_encoder", Model("campplus", "campplus"))
        said = [item.speech.sound for item in self.items if item.line.speaker == name][:6]
        mean = encoder.encode([soxr.resample(part, RATE, 16_000) for part in said]).mean(axis=0)
        return tuple(float(value) for value in mean / np.linalg.norm(mean))


def _kind(clip: _Clip, lines: list[Line]) -> Any:
    """A clip shows a part of its scene: kinds are by who speaks in it, as in every dataset."""
    if clip.scene.scene.kind == "narration":
        return "narration"
    return {1: "monologue", 2: "dialogue"}.get(len({line.speaker for line in lines}), "ensemble")


def _told(line: Line, zero: int) -> dict[str, Any]:
    words = [
        {"text": w.text, "start_ms": w.span.start - zero, "end_ms": min(w.span.end, line.span.end) - zero, "confidence": 1.0} for w in line.words
    ]
    return {
        "speaker": line.speaker, "start_ms": line.span.start - zero, "end_ms": line.span.end - zero, "text": line.text, "asr_text": line.asr_text,
        "words": words, "on_screen": line.on_screen, "emotion": dataclasses.asdict(line.emotion),
    }  # fmt: skip


def _snr(vocals: np.ndarray, background: np.ndarray) -> float:
    """Voices over background in dB, over the clip."""
    return round(float(10 * np.log10((np.mean(vocals**2) + 1e-12) / (np.mean(background**2) + 1e-12))), 2)
