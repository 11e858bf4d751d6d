"""How the cast grows with the film and with the series, and whether names stay: Recognise alone, on voices and faces that are made up.

    python -m pipelines.series FOLDER [--films 0.75 3] [--episodes 5 20]      (make series; hours of one film, episodes of 45 minutes)

Every clip has two to four people of the episode's cast (thirty of the series, ten of the episode alone) who take turns of one to five seconds, now
and then at once, and shots of four seconds that show one to three faces. Vectors lie about their person's as CAM++'s and dlib's do: two windows of a
voice have a cosine of about 0.6, two voices of 0; two looks of a face are 0.04 apart (1 - cosine), two faces 0.12. What the episodes that are
added from one size to the next rename is counted.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cinedub import config, storage
from cinedub.storage import Assets
from pipelines.bench import measured
from schemas import Appearance, AudioStream, Cast, Clip, Faces, FaceTrack, Film, Reel, Shots, Span, Stems, Turn, VideoStream, Voices, codec
from transforms.gather import appearance, gather
from transforms.hear import windows
from transforms.recognise import recognise

EPISODE_S = 45 * 60
_CLIP_MS, _EVERY_MS, _SHOT_MS = 20_000, 25_000, 4_000
_SERIES, _GUESTS = 30, 10
#: How far a window's vector lies from its voice's, a look's from its face's, a face's from the face that all faces share.
_VOICE_NOISE, _LOOK_NOISE, _FACE_SPREAD = 0.8, 0.2, 0.3


def episode(number: int, seconds: float, folder: Path) -> Appearance:
    """One made-up film, its arrays in ``folder``. The same number gives the same film."""
    rng = np.random.default_rng(number)
    length = round(seconds * 1000)
    film = Film(
        f"episode-{number:03d}", f"{number:064d}", "f.mp4", f"Episode {number}", "s", "en",
        VideoStream(0, "h264", 1280, 720, "24/1"), AudioStream(1, "aac", 48_000, 2), length,
    )  # fmt: skip
    cast = [*range(_SERIES), *(1000 * (number + 1) + guest for guest in range(_GUESTS))]
    often = 1 / np.arange(1, len(cast) + 1)
    heard, seen = [], []
    for start in range(0, length - _CLIP_MS, _EVERY_MS):
        people = rng.choice(cast, rng.integers(2, 5), replace=False, p=often / often.sum()).tolist()
        span = Span(start, start + _CLIP_MS)
        clip = Clip(Stems(Shots(Reel(film, span, span), (span,)), "m", "v", "b"), span, span, (), (span,))
        said = list(_turns(span, len(people), rng))
        heard.append(_voices(clip, said, people, folder, rng))
        seen.append(_faces(clip, said, people, folder, rng))
    part = appearance(heard, seen)
    if part is None:
        raise ValueError(f"{seconds} s is too short for a clip")
    return part


def names(parts: list[Appearance]) -> list[dict[str, Any]]:
    """Of every film who speaks when, clip by clip, as Recognise has it."""
    found: dict[str, list[Any]] = {part.film.id: [] for part in parts}
    with Assets("Recognise", "0" * 32) as assets:
        casts: list[Cast] = recognise(gather("series:s", parts), config.Recognise(), assets)
    for cast in casts:
        found[cast.clip.film.id].append([[turn.speaker, turn.span.start, turn.span.end] for turn in cast.turns])
    return [{"film": film, "clips": clips} for film, clips in found.items()]


def renamed(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> int:
    """Turns of the films of ``before`` that are not the same in ``after``."""
    later = {film["film"]: film["clips"] for film in after}
    pairs = [pair for film in before for pair in zip(film["clips"], later[film["film"]], strict=True)]
    return sum(turn not in new for old, new in pairs for turn in old)


def made(folder: Path, films: int, seconds: float) -> Path:
    """The folder with so many films in it, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(films):
        (folder / f"{number}.json").write_bytes(codec.encode(episode(number, seconds, folder)))
    return folder


def grown(folder: Path, films: int) -> dict[str, Any]:
    """The first films of a folder, recognised in a process of its own: what it took, and what came of it."""
    run = measured(["pipelines.series", str(folder), "--recognise", str(films)], storage.cache_root())
    return {"core_s": run.core_s, "peak_mb": run.peak_mb, **json.loads(run.said)}


def _turns(span: Span, people: int, rng: np.random.Generator) -> Iterator[Turn]:
    """Turns of local voices; every tenth begins before the last one ends."""
    at, last = span.start, -1
    while at < span.end - 1000:
        voice = int(rng.choice([n for n in range(people) if n != last]))
        end = min(at + int(rng.integers(1000, 5000)), span.end)
        yield Turn(f"v{voice}", Span(at, end), 0.9)
        at, last = end + (-500 if rng.random() < 0.1 else int(rng.integers(100, 900))), voice


def _voices(clip: Clip, said: list[Turn], people: list[int], folder: Path, rng: np.random.Generator) -> Voices:
    pieces = [(window, int(turn.speaker[1:])) for turn in said for window in windows(turn.span, clip.span)]
    local = np.array([voice for _, voice in pieces])
    centres = np.stack([_unit(np.random.default_rng(person), 192) for person in people])
    vectors = _about(centres[local], _VOICE_NOISE, rng)
    name = folder / f"{clip.id}-voices.npz"
    np.savez(
        name, windows=np.array([(window.start, window.end) for window, _ in pieces]), embeddings=vectors, voice=local,
        pitch=rng.uniform(90, 250, len(local)), level=rng.uniform(-30, -20, len(local)), spread=np.full(len(local), 3.0),
        tilt=np.full(len(local), -10.0),
        female=np.zeros(len(local)),
    )  # fmt: skip
    return Voices(clip, tuple(sorted(said, key=lambda turn: (turn.span, turn.speaker))), str(name))


def _faces(clip: Clip, said: list[Turn], people: list[int], folder: Path, rng: np.random.Generator) -> Faces:
    frames = _CLIP_MS // 40
    tracks: list[FaceTrack] = []
    who: list[int] = []
    for start in range(clip.span.start, clip.span.end, _SHOT_MS):
        shot = Span(start, start + _SHOT_MS)
        for local in rng.choice(len(people), min(int(rng.integers(1, 4)), len(people)), replace=False).tolist():
            speaking = tuple((part, 0.8) for turn in said if turn.speaker == f"v{local}" and (part := turn.span & shot))
            tracks.append(FaceTrack(len(tracks), shot, 120.0, 0.9, 35.0, 0.5, {"neutral": 1.0}, speaking))
            who.append(people[local])
    shared = _unit(np.random.default_rng(10**6), 128)
    centres = np.stack([shared + _FACE_SPREAD * _unit(np.random.default_rng(10**7 + person), 128) for person in who])
    there, mouth = np.zeros((len(tracks), frames), bool), np.zeros((len(tracks), frames), np.float32)
    for track in tracks:
        for signal, spans in ((there, [track.span]), (mouth, [span for span, _ in track.speaking])):
            for span in spans:
                signal[track.index, (span.start - clip.span.start) // 40 : (span.end - clip.span.start) // 40] = 1
    name = folder / f"{clip.id}-faces.npz"
    np.savez_compressed(
        name, aperture=0.1 * mouth, points=np.repeat(there[:, :, None, None], 40, axis=2).repeat(2, axis=3).astype(np.float32), track=there,
        speaking=mouth, heard=np.ones(frames, np.float32), embedding=_about(centres, _LOOK_NOISE, rng),
    )  # fmt: skip
    return Faces(clip, tuple(tracks), str(name), "mp4")


def _unit(rng: np.random.Generator, size: int) -> Float[np.ndarray, " size"]:
    vector = rng.standard_normal(size)
    return vector / np.linalg.norm(vector)


def _about(centres: Float[np.ndarray, "n size"], noise: float, rng: np.random.Generator) -> Float[np.ndarray, "n size"]:
    """Unit vectors about others, ``noise`` times as long as what is added to them."""
    moved = centres / np.linalg.norm(centres, axis=1, keepdims=True) + noise * rng.standard_normal(centres.shape) / math.sqrt(centres.shape[1])
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def _recognised(folder: Path, films: int) -> dict[str, int]:
    parts = [codec.decode((folder / f"{number}.json").read_bytes(), Appearance) for number in range(films)]
    found = names(parts)
    (folder / f"names-{films}.json").write_text(json.dumps(found))
    turns = [name for film in found for clip in film["clips"] for name, _, _ in clip]
    return {"clips": sum(len(film["clips"]) for film in found), "turns": len(turns), "people": len(set(turns))}


def main() -> None:
    """Measure one size after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=float, nargs="*", default=[0.75, 3], help="hours of one film")
    parser.add_argument("--episodes", type=int, nargs="*", default=[5, 20])
    parser.add_argument("--recognise", type=int, help=argparse.SUPPRESS)  # the measured process: so many films that lie in the folder
    options = parser.parse_args()
    if options.recognise:
        print(json.dumps(_recognised(options.folder, options.recognise)))
        return
    print("| | clips | turns | people | core s | peak MB | turns of the row above renamed |\n|---|---:|---:|---:|---:|---:|---:|")
    for hours in options.films:
        print(_row(f"a film of {hours:g} h", made(options.folder / "film", 1, hours * 3600), 1) + " |", flush=True)
    folder, before = made(options.folder / "series", max(options.episodes, default=0), EPISODE_S), None
    for episodes in sorted(options.episodes):
        row = _row(f"{episodes} episodes of {EPISODE_S // 60} min", folder, episodes)
        after = json.loads((folder / f"names-{episodes}.json").read_bytes())
        print(f"{row} {'' if before is None else renamed(before, after)} |", flush=True)
        before = after


def _row(title: str, folder: Path, films: int) -> str:
    found = grown(folder, films)
    return f"| {title} | {found['clips']} | {found['turns']} | {found['people']} | {found['core_s']:.0f} | {found['peak_mb']:.0f} |"


if __name__ == "__main__":
    main()
