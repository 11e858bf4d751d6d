"""Single stages beside what a user would call instead, in one process, models loaded before the clock starts.

    python -m pipelines.rivals {separation,asr,shards,loading} OUT FILM

OUT is the finished dataset of FILM, whose stage cache (``CINEDUB_CACHE``) gives each stage what comes before it. Prints JSON: per rival, seconds of
wall and of all cores, over the same film or the same samples.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from cinedub import backends, config, media, shards, sources, storage
from schemas import Scenes, Span
from schemas.record import MEMBERS
from transforms.cut_reels import CutReels
from transforms.detect_shots import DetectShots
from transforms.find_scenes import FindScenes
from transforms.probe import Probe
from transforms.separate import Separate, separate
from transforms.stage import at_once
from transforms.transcribe import transcribe

#: So much is written to shards and read again.
_BYTES = 200_000_000


def timed(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds of wall and of all cores that ``work`` takes, with the processes that it waits for."""
    wall, cores = time.monotonic(), _cores()
    work()
    return {"wall_s": round(time.monotonic() - wall, 3), "core_s": round(_cores() - cores, 3)}


def _cores() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def separation(out: Path, film: str) -> dict[str, Any]:
    """``Separate`` (mix, vocals, background as FLAC at 48 kHz) and the backend alone, called over the film's sound: its result thrown away, or
    written as Spleeter's own command does, two stems as 16-bit WAV at 44.1 kHz."""
    settings = config.Settings()
    shots = _before(film, DetectShots)
    backend = backends.load("separator", settings.separate.separator)
    list(backend.vocals(iter([_silence(2, backend.rate)])))

    def ours() -> None:
        for each in shots:
            with storage.Assets("Bench", storage.address(each.id)) as assets:
                separate(each, settings.separate, assets, backend)

    def loop() -> None:
        for each in shots:
            for _ in backend.vocals(media.sound(Path(film), each.reel.heard, backend.rate, 2)):
                pass

    def written() -> None:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder, ExitStack() as stack:
            names = ("vocals", "accompaniment")
            files = [stack.enter_context(soundfile.SoundFile(f"{folder}/{name}.wav", "w", backend.rate, 2, "PCM_16")) for name in names]
            for each in shots:
                mix = np.concatenate(list(media.sound(Path(film), each.reel.heard, backend.rate, 2)), axis=1)
                start = 0
                for vocals in backend.vocals(iter([mix])):
                    here = mix[:, start : start + vocals.shape[1]]
                    start += vocals.shape[1]
                    for file, stem in zip(files, (vocals, here - vocals), strict=True):
                        file.write(stem.T)

    name = settings.separate.separator.backend
    return {"CineDub": timed(ours), f"{name} in a loop": timed(loop), f"{name} in a loop, written": timed(written)}


def asr(out: Path, film: str) -> dict[str, Any]:
    """``Transcribe`` (scene by scene, the mix, and what is in doubt on the vocals too) and faster-whisper with its own voice activity filter, over
    the whole mix, and over mix and vocals."""
    from cinedub import peer

    settings = config.Settings()
    scenes: list[Scenes] = _before(film, FindScenes)
    backend = backends.load("recogniser", settings.transcribe.recogniser)
    language = scenes[0].stems.reel.film.language
    backend.speech(_silence(1, peer.RATE)[0])
    backend.transcribe(_silence(1, peer.RATE)[0], language)
    list(peer.words(_silence(1, peer.RATE)[0], language))

    def ours() -> None:
        for each in scenes:
            with storage.Assets("Bench", storage.address(each.id)) as assets:
                transcribe(each, settings.transcribe, assets, backend)

    def loop(*sounds: Path) -> None:
        span = Span(0, scenes[0].stems.reel.film.duration)
        for path in sounds:
            list(peer.words(np.concatenate([block[0] for block in media.sound(path, span, peer.RATE, 1)]), language))

    vocals = storage.resolve(scenes[0].stems.vocals)
    both = {"faster-whisper over the mix": [Path(film)], "faster-whisper over mix and vocals": [Path(film), vocals]}
    return {"CineDub": timed(ours)} | {name: timed(functools.partial(loop, *sounds)) for name, sounds in both.items()}


def shard_writing(out: Path, film: str) -> dict[str, Any]:
    """The same samples from memory by ``shards.write_samples`` (digested, brought to disk, renamed) and by webdataset.TarWriter, alone and with its
    file digested and brought to disk afterwards."""
    import webdataset

    samples = list(_many(out))
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:

        def theirs() -> None:
            with webdataset.TarWriter(f"{folder}/theirs.tar", encoder=False, mtime=0) as tar:
                for key, members in samples:
                    tar.write({"__key__": key, **members})

        def as_safe() -> None:
            theirs()
            with open(f"{folder}/theirs.tar", "rb") as tar:
                hashlib.file_digest(tar, "sha256")
                os.fsync(tar.fileno())

        found = {"CineDub": timed(lambda: shards.write_samples(Path(folder), "train", 0, samples)), "webdataset.TarWriter": timed(theirs)}
        found["webdataset.TarWriter, digested and brought to disk"] = timed(as_safe)
    return found | {"bytes": sum(map(len, (data for _, members in samples for data in members.values()))), "samples": len(samples)}


def loading(out: Path, film: str) -> dict[str, Any]:
    """``model.pace``: samples per core second, ours with mels, tokens and batches made, webdataset's with the members decoded."""
    from model import pace

    samples = list(_many(out))
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        shards.write_samples(Path(folder), "train", 0, samples)
        rates = pace.compare([str(path) for path in Path(folder).glob("*.tar")], len(samples))
    names = {"shards": "CineDub", "memory": "CineDub, remembered", "webdataset": "webdataset"}
    return {names[reader]: {"samples_per_core_s": round(rate, 1)} for reader, rate in rates.items()}


RIVALS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "separation": separation, "asr": asr, "shards": shard_writing, "loading": loading,
}  # fmt: skip


def _before(film: str, last: Any) -> list[Any]:
    """What the stages up to ``last`` made of a film, from the cache of its build."""
    settings = config.Settings()
    found: list[Any] = sources.expand([film])
    chain: dict[Any, Any] = {
        Probe: settings.probe,
        CutReels: settings.reels,
        DetectShots: settings.shots,
        Separate: settings.separate,
        FindScenes: settings.scenes,
    }
    for stage, node in chain.items():
        found = [noun for element in found for noun in at_once(stage, node, element)]
        if stage is last:
            break
    return found


def _silence(channels: int, rate: int) -> Any:
    return np.zeros((channels, rate), np.float32)


def _many(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A dataset's samples, again and again under other keys, until there are enough bytes; keys are in order."""
    own = [sample for shard in shards.shards_in(out) for sample in shards.read_shard(shard, MEMBERS)]
    size = sum(len(data) for _, members in own for data in members.values())
    for number in range(max(1, -(-_BYTES // size))):
        for key, members in sorted(own):
            yield f"{number:04d}-{key}", members


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    print(json.dumps(RIVALS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])))
