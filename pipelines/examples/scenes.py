"""The clips that are shown: each from a film of its own, made from a seed out of lines, voices and faces that no training set has; and a recording
of every speaker saying something else, which is all that the model knows of their voices.
"""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float32

from cinedub import sound, storage
from cinedub.film import choose, corpus, direction, screenplay, texts
from cinedub.film.script import Character, Plan, Shot
from cinedub.film.settings import FilmSettings, dump
from cinedub.film.voices import RATE
from model import voices
from model.evaluate import Record, record_of
from model.of_record import MEMBERS
from schemas import Kind, Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_HEIGHT = 360
#: Raised by hand whenever the same settings make another film.
_VERSION = "2"
#: A speaker's recording has so many lines.
_LINES = 4
#: Frames of a quick shot (0.64 s), and how much nearer every second one is.
_QUICK, _NEARER = 16, 1.3


@dataclass(frozen=True, slots=True)
class Scene:
    """What a clip shows. ``seed`` was taken as it came; ``hidden``: something stands before every face; ``quick``: a cut every 0.64 s."""

    name: str
    title: str
    kind: Kind
    seconds: float
    seed: int
    hidden: bool = False
    quick: bool = False


SCENES = (
    Scene("monologue", "Monologue", "monologue", 9, 1),
    Scene("narration", "Narration: who speaks is never seen", "narration", 15, 2),
    Scene("dialogue", "Dialogue", "dialogue", 10, 3),
    Scene("ensemble", "Ensemble of three", "ensemble", 10, 4),
    Scene("hidden", "Hidden faces: something stands before whoever speaks", "dialogue", 10, 5, hidden=True),
    Scene("quick", "Quick cuts: another picture every 0.64 s", "dialogue", 10, 6, quick=True),
)


@dataclass(frozen=True)
class Clip:
    """A clip to dub and its files: the silent picture, the voices and the background as they were."""

    record: Record
    video: Path
    vocals: Path
    background: Path


def make(scene: Scene, language: Language) -> Path:
    """The folder with the members of the scene's clip: the one of its film in which most people speak (the longest of those).

    What was made before is in the stage cache.

    Raises:
        WeightsError: a voice isn't here. StorageError: the cache can't be written.
    """
    hidden = 1.0 if scene.hidden else FilmSettings().hidden
    settings = choose(language=language, split="test", kinds=[scene.kind], seconds=scene.seconds, seed=scene.seed, height=_HEIGHT, hidden=hidden)
    with storage.Assets("Example", storage.address(_VERSION, dump(settings), str(scene.quick))) as assets:
        if not assets.there():
            plan = direction.plan(settings, *screenplay.write(settings))
            parts = assets.path("film")
            parts.mkdir()
            records = list(corpus.FilmRecords(quickly(plan) if scene.quick else plan, settings, parts).records([]))
            chosen = max(records, key=lambda record: (len(record.scalars["speaker_ids"]), record.scalars["end_ms"] - record.scalars["start_ms"]))
            for member in chosen.members:
                Path(member.uri).rename(assets.path(member.name))
            shutil.rmtree(parts)
            for name in chosen.scalars["speaker_ids"]:
                sound.write(assets.path(f"{name}.flac"), [recording(plan.characters[name], language, scene.seed)[None]], RATE)
            assets.publish()
    return assets.folder


def recording(who: Character, language: Language, seed: int) -> Float32[np.ndarray, " samples"]:
    """What somebody's reference is: a few lines of the valid split, mono at ``RATE``."""
    lines = itertools.islice(texts.lines(language, "valid", np.random.default_rng([seed, 31])), _LINES)
    pause = np.zeros(RATE // 4, np.float32)
    speaker = direction.speaker_of(who.voice)
    return np.concatenate([part for text, _ in lines for part in (speaker.say(text, language, who.speed).sound, pause)])


def read(folder: Path) -> Clip:
    """The clip whose members lie in a folder under their names, its speakers' voices as their recordings give them.

    Raises:
        DubError: a recording that can't be a reference.
    """
    record = record_of(folder.name, {name: (folder / name).read_bytes() for name in (*MEMBERS, "vocals.flac")})
    own = {}
    for name, known in record.order.voices.items():
        recorded, rate = soundfile.read(folder / f"{name}.flac", dtype="float32")
        own[name] = dataclasses.replace(voices.of_sound(recorded, rate, name), age=known.age, gender=known.gender)
    record = dataclasses.replace(record, order=dataclasses.replace(record.order, voices=own))
    return Clip(record, folder / "mp4", folder / "vocals.flac", folder / "background.flac")


def quickly(plan: Plan) -> Plan:
    """The film with every shot cut into short ones, each from another side and every second one nearer."""
    shots: list[Shot] = []
    for shot in plan.shots:
        edges = [*range(shot.first, max(shot.first + 1, shot.last - _QUICK // 2), _QUICK), shot.last]
        for number, (first, last) in enumerate(itertools.pairwise(edges)):
            near = _NEARER if number % 2 else 1.0
            seats = tuple(dataclasses.replace(seat, size=seat.size * near) for seat in shot.seats)
            shots.append(dataclasses.replace(shot, first=first, last=last, view=shot.view + number, seats=seats))
    return dataclasses.replace(plan, shots=tuple(shots))
