"""The training corpus: datasets of recitals, from Hibari in hundreds of timbres and from takes of Kokoro at several pitches and in other timbres.

$ python -m cinedub.film.recitals OUT --voices 240 --hours 4.5 --seed 1          # Hibari, English
$ python -m cinedub.film.recitals OUT --takes FOLDER --seed 2                    # whatever the takes are
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soxr

from cinedub import commit, manifest, weights
from cinedub.film import corpus, medley, reshape, takes
from cinedub.film import timbre as timbres
from cinedub.film.acting import MANNERS, Manner
from cinedub.film.recital import Performance, clip, cut, grouped, vectors
from cinedub.film.voices import LATE_MS, RATE, Speaker
from schemas import Record, Shard
from schemas.record import Split

#: Kokoro's takes are played at these speeds: other throats, other pitches, other paces.
_PITCHES = (1.0, 0.88, 1.13, 0.80, 1.22)
#: What of a take its voice's vector is of, behind the silence before it.
_LOOK = slice(RATE // 2, 4 * RATE)
#: How a take is played: at a speed, or in a timbre of that number.
Way = float | int
_LINES_A_FILM, _VOICES_A_FILM, _SHARD_BYTES = 30, 4, 32 << 20


def hibari(voices: int, hours: float, seed: int, split: Split) -> Iterator[Iterator[Performance]]:
    """Films of Hibari in ``voices`` timbres, until they have spoken so long."""
    speaker = Speaker("hibari", threads=1)
    spoken, number = 0.0, 0
    known: dict[str, tuple[timbres.Timbre, np.ndarray]] = {}

    def voice(place: int) -> tuple[timbres.Timbre, np.ndarray]:
        name = f"hibari-{split}-{place:04d}"
        if name not in known:
            rng = np.random.default_rng([seed, place, len(split), 77])
            of = timbres.timbre(name, rng)
            lines = (f"{text} And so we went on, all the way home." for text, _ in medley.lines("en", split, rng, templates=1.0))
            heard = [
                timbres.say(speaker, text, of, MANNERS["neutral"], float(rng.uniform(0.85, 1.15)), rng)[0] for text in itertools.islice(lines, 4)
            ]
            known[name] = of, vectors([part[RATE // 4 :] for part in heard])
        return known[name]

    def film(rng: np.random.Generator) -> Iterator[Performance]:
        nonlocal spoken
        told = medley.lines("en", split, rng)
        cast = rng.integers(0, voices, _VOICES_A_FILM)
        for _ in range(_LINES_A_FILM):
            text, emotion = next(told)
            of, heard = voice(int(rng.choice(cast)))
            sound, symbols = timbres.say(speaker, text, of, MANNERS[emotion], float(rng.uniform(0.72, 1.45)), rng)
            sound, symbols = cut(sound, symbols, LATE_MS, MANNERS[emotion].level_db + float(rng.normal(0, 0.7)), rng)
            spoken += len(sound) / RATE
            yield Performance(of.name, of.gender, of.age, "en", text, emotion, symbols, sound, _mixed(heard, rng))

    while spoken < hours * 3600:
        yield film(np.random.default_rng([seed, number, len(split)]))
        number += 1


def kokoro(folders: Sequence[Path], pitches: Sequence[float], timbres: int, seed: int, split: Split) -> Iterator[Iterator[Performance]]:
    """Films of every take at every pitch and in so many other timbres; each fortieth take is for ``valid``. A voice's vector is of its other takes,
    where there are any."""
    every = itertools.chain.from_iterable(map(takes.read, folders))
    spoken = [take for number, take in enumerate(every) if (number % 40 == 39) == (split == "valid")]
    by_voice: dict[str, list[takes.Take]] = {}
    for take in spoken:
        by_voice.setdefault(take.voice, []).append(take)
    rng = np.random.default_rng([seed, 3])
    heard: dict[str, np.ndarray] = {}

    def voice(take: takes.Take, way: Way) -> tuple[str, np.ndarray]:
        name = f"{take.voice}@{way}" if isinstance(way, float) else f"{take.voice}~{way}"
        if name not in heard:
            longest = sorted(by_voice[take.voice], key=lambda one: -len(one.sound))[:3]
            heard[name] = vectors([played(one.sound[_LOOK], one.voice, way, MANNERS["neutral"], 1.0)[0] for one in longest])
        return name, _mixed(heard[name], rng)

    def performed(take: takes.Take, way: Way) -> Performance:
        manner = MANNERS[take.emotion]
        sound, faster = played(take.sound, take.voice, way, manner, float(rng.uniform(0.8, 1.25)))
        symbols = tuple(dataclasses.replace(s, start=round(s.start / faster), end=round(s.end / faster)) for s in take.symbols)
        sound, symbols = cut(sound, symbols, round(LATE_MS / faster), manner.level_db + float(rng.normal(0, 0.7)), rng)
        gender = "uncertain" if isinstance(way, float) and not 0.9 < way < 1.1 else take.gender
        name, vector = voice(take, way)
        return Performance(name, gender, "adult", take.language, take.text, take.emotion, symbols, sound, vector)

    ways: list[Way] = [*map(float, pitches), *range(timbres)]
    order = [(int(place), way) for way in ways for place in rng.permutation(len(spoken))]
    for first in range(0, len(order), _LINES_A_FILM):
        yield (performed(spoken[place], way) for place, way in order[first : first + _LINES_A_FILM])


def played(sound: np.ndarray, voice: str, way: Way, manner: Manner, pace: float) -> tuple[np.ndarray, float]:
    """A take in one of its ways, and how many times faster it is now: at a speed that bends its pitch, or in a timbre, where ``pace`` is free."""
    if isinstance(way, int):
        of = reshape.timbre(f"{voice}~{way}", np.random.default_rng([*voice.encode(), way]))
        return reshape.reshaped(sound, RATE, of, manner, pace * manner.pace), pace * manner.pace
    bent = way * manner.pitch**0.4
    return (sound if bent == 1.0 else soxr.resample(sound, RATE, RATE / bent).astype(np.float32)), bent


def _mixed(heard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A voice as one would hear it in one or two of its lines."""
    chosen = heard[rng.permutation(len(heard))[: int(rng.integers(1, 3))]].mean(0)
    return chosen / np.linalg.norm(chosen)


def write(out: Path, films: Iterator[Iterator[Performance]], name: str, settings: str, split: Split, seed: int, first: int = 0) -> dict[str, object]:
    """Write films of performances as a finished dataset; returns its dataset.json.

    Raises:
        UsageError: ``out`` holds something else.
        StorageError: it can't be written.
    """
    began = time.monotonic()
    commit.begin(out, settings)
    made: list[Shard] = []
    waiting: list[Record] = []
    spoken_ms = 0

    count = 0
    with tempfile.TemporaryDirectory(dir=out / commit.BUILD) as folder:
        for count, film in enumerate(films, start=1):
            rng = np.random.default_rng([seed, count, 9])
            start = 0
            for group in grouped(film, rng):
                record = clip(Path(folder), f"{name}-{count:05d}", start, group, split, rng)
                start += record.scalars["end_ms"] - record.scalars["start_ms"]
                waiting.append(record)
            spoken_ms += start
            if sum(record.bytes for record in waiting) > _SHARD_BYTES:
                made.append(corpus.pack(out, split, first + len(made), waiting))
                waiting = []
                print(f"{out}: film {count}, {spoken_ms / 3.6e6:.2f} h, {time.monotonic() - began:.0f} s", flush=True)
        if waiting:
            made.append(corpus.pack(out, split, first + len(made), waiting))
    manifest.write_dropped([], out / commit.BUILD / "dropped.parquet")
    models = {model: weights.digest(weights.find(model)) for model in ("kokoro", "hibari", "campplus", "face-landmarker")}
    metrics = {"stages": {}, "wall_s": round(time.monotonic() - began, 3), "peak_mb": 0.0}
    return commit.finish(out, settings, made, count, spoken_ms / 1000, metrics, models)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--voices", type=int, default=240)
    parser.add_argument("--hours", type=float, default=4.5)
    parser.add_argument("--takes", type=Path, nargs="+")
    parser.add_argument("--pitches", type=float, nargs="+", default=_PITCHES)
    parser.add_argument("--timbres", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=["train", "valid", "test"], default="train")
    options = parser.parse_args()
    if options.takes:
        films = kokoro(options.takes, options.pitches, options.timbres, options.seed, options.split)
    else:
        films = hibari(options.voices, options.hours, options.seed, options.split)
    told = {name: str(value) for name, value in vars(options).items() if name != "out"}
    settings = "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())
    name = f"recital-{'kokoro' if options.takes else 'hibari'}-{options.split}-{options.seed}"
    dataset = write(options.out, films, name, settings, options.split, options.seed, first=1000 * options.seed)
    print({key: dataset[key] for key in ("records", "media_s", "speech_s", "speakers", "languages")})


if __name__ == "__main__":
    main()
