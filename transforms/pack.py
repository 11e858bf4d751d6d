"""Make a take's sample: media members, arrays and annotations, as record.md says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import __version__, backends, config, manifest, shards, sound, storage, weights
from schemas import Clip, Line, Member, Record, Speaker, Take, Turn, codec
from schemas.record import MEMBERS, SCHEMA
from transforms.stage import Stage, identity

FACE_ARRAYS = ("pts_ms", "track", "box", "landmarks", "blendshapes", "embedding", "speaking")
LIP_ARRAYS = ("crops", "points", "aperture")
RATE_VOCALS, RATE_MIX = 24_000, 48_000


def pack(take: Take, settings: config.Settings, assets: storage.Assets) -> Record:
    """The record of a take, its members written and named.

    Video is silent H.264 at 25 fps; vocals are mono at 24 kHz; background and mix keep their channels at 48 kHz.
    """
    clip = take.script.clip
    members = dict(_render(clip))
    cast = take.script.cast
    members["mp4"] = _member("mp4", storage.resolve(cast.faces.video), cast.faces.video)
    with np.load(storage.resolve(cast.faces.arrays), allow_pickle=False) as arrays:
        seen = dict(arrays)
    if cast.speaking:
        with np.load(storage.resolve(cast.speaking), allow_pickle=False) as arrays:
            seen |= dict(arrays)
    for name, wanted in (("faces.npz", FACE_ARRAYS), ("lips.npz", LIP_ARRAYS)):
        np.savez_compressed(assets.path(name), **{key: seen[key] for key in wanted})
        members[name] = _member(name, assets.path(name), assets.uri(name))
    record = annotate(take, settings)
    assets.path("json").write_bytes(codec.encode(record))
    members["json"] = _member("json", assets.path("json"), assets.uri("json"))
    split = shards.split_of(clip.film.group, settings.pack.seed, settings.pack.train, settings.pack.valid, settings.pack.test)
    return Record(take.id, split, tuple(members[name] for name in MEMBERS), manifest.scalars(record))


class Pack(Stage[Take, Record]):
    """Make every take's sample."""

    run = staticmethod(pack)
    version = 4

    @staticmethod
    def key(element: Take) -> bytes:
        """A record also says what its film is called."""
        film = element.script.clip.film
        return identity(element) + codec.encode([film.title, film.series])


def _render(clip: Clip) -> Iterator[tuple[str, Member]]:
    """The sound of a clip, cut once however often its annotations change."""
    piece = codec.encode([clip.span, clip.stems.vocals, clip.stems.background, clip.stems.mix, RATE_VOCALS, RATE_MIX])
    with storage.Assets("Render", storage.address("2", piece)) as assets:
        if not assets.there():
            span = clip.span.shift(-clip.stems.reel.heard.start)
            vocals = sound.read(storage.resolve(clip.stems.vocals), span, RATE_VOCALS)
            sound.write(assets.path("vocals.flac"), [vocals[None]], RATE_VOCALS)
            for name, uri in (("background.flac", clip.stems.background), ("mix.flac", clip.stems.mix)):
                sound.write(assets.path(name), [sound.read(storage.resolve(uri), span, RATE_MIX, mono=False)], RATE_MIX)
            assets.publish()
        for name in ("vocals.flac", "background.flac", "mix.flac"):
            yield name, _member(name, assets.folder / name, assets.uri(name))


def _member(name: str, path: Path, uri: str) -> Member:
    return Member(name, uri, path.stat().st_size)


def annotate(take: Take, settings: config.Settings) -> dict[str, Any]:
    """The record's JSON, schema 1, with times from the clip's start."""
    script, clip, film = take.script, take.script.clip, take.script.clip.film
    zero = clip.span.start
    return {
        "schema": SCHEMA,
        "key": take.id,
        "film": {"id": film.id, "title": film.title, "series": film.series, "sha256": film.sha256, "fps": str(Fraction(film.video.fps))},
        "span_ms": [clip.span.start, clip.span.end],
        "language": film.language,
        "kind": script.kind,
        "lines": [_line(line, zero) for line in script.lines],
        "turns": [_turn(turn, zero) for turn in script.turns],
        "asr_turns": [_turn(turn, zero) for turn in script.cast.turns],
        "speakers": [_speaker(speaker) for speaker in script.cast.speakers],
        "shots_ms": [[shot.start - zero, shot.end - zero] for shot in clip.shots],
        "emotion": dataclasses.asdict(script.emotion),
        "clue": script.clue,
        "quality": codec.builtins(take.quality),
        "corrections": codec.builtins(script.corrections),
        "provenance": {"stages": provenance(settings), "code": __version__},
    }


def _line(line: Line, zero: int) -> dict[str, Any]:
    return {
        "speaker": line.speaker,
        "start_ms": line.span.start - zero,
        "end_ms": line.span.end - zero,
        "text": line.text,
        "asr_text": line.asr_text,
        "words": [
            {"text": word.text, "start_ms": word.span.start - zero, "end_ms": word.span.end - zero, "confidence": round(word.confidence, 4)}
            for word in line.words
        ],
        "on_screen": line.on_screen,
        "emotion": dataclasses.asdict(line.emotion),
    }


def _turn(turn: Turn, zero: int) -> dict[str, Any]:
    return {"speaker": turn.speaker, "start_ms": turn.span.start - zero, "end_ms": turn.span.end - zero, "score": round(turn.score, 4)}


def _speaker(speaker: Speaker) -> dict[str, Any]:
    return {
        "id": speaker.id,
        "face": speaker.faces[0] if speaker.faces else None,
        "faces": list(speaker.faces),
        "age": speaker.age,
        "gender": speaker.gender,
        "timbre": list(speaker.timbre),
        "voice": [round(value, 5) for value in speaker.voice],
        "confidence": speaker.confidence,
    }


def provenance(settings: config.Settings) -> list[dict[str, Any]]:
    """Which backend, model files, prompts and settings made the record, stage by stage."""
    rows = []
    for node in (getattr(settings, field.name) for field in dataclasses.fields(settings)):
        if isinstance(node, config.WHERE):
            continue
        digest = storage.address(codec.encode(config.decisive(node)))[:16]
        for role, model in config.models(node).items() or {"": None}.items():
            known = model is not None and model.weights != ""
            rows.append(
                {
                    "name": type(node).__name__,
                    "role": role,
                    "backend": model.backend if model else "",
                    "model_sha256": weights.digest(weights.find(model.weights)) if known else "",  # type: ignore[union-attr]
                    "digest": backends.digest(role, model) if model else "",
                    "settings_digest": digest,
                }
            )
    return rows
