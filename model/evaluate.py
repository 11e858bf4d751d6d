"""Dubbing against recordings the model never saw: what it says, what users have today, and the recording itself, all measured alike.

truth       the record's own voice track
vocoder     the same through the mel spectrogram and the vocoder: the best that any network can do here
stretched   what users have today: TTS at its own pace, stretched into the slot (rubberband)
timed       the stronger baseline: TTS whose durations are set to fill the slot
cinedub     the model, its voices learned from other records;  cinedub, lips hidden: the same without the picture
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soxr
import torch
from jaxtyping import Float32
from torch import Tensor

from cinedub import dubscore, dubtable, media, prosody, shards, untrusted, weights
from cinedub.dubscore import Heard, Spoken
from cinedub.errors import UsageError
from cinedub.film import voices
from cinedub.stretch import stretch
from model import mel, ready, syncnet, takes
from model.dub import Dubbing, Manner, gate, slot
from model.of_record import MEMBERS, of_sample, taught
from model.order import Order, check
from model.recast import company, recast
from model.syncnet import SyncNet
from schemas import EmotionLabel, Gender, Language, Span

Sound = Float32[np.ndarray, " samples"]
#: Baseline voices by language and gender: Kokoro's own.
_VOICES: dict[tuple[Language, Gender], tuple[str, ...]] = {
    ("en", "female"): ("kokoro:af_heart", "kokoro:af_bella", "kokoro:bf_emma"),
    ("en", "male"): ("kokoro:am_michael", "kokoro:am_fenrir", "kokoro:bm_george"),
    ("zh", "female"): ("kokoro:zf_xiaoxiao", "kokoro:zf_xiaoyi", "kokoro:zf_xiaoni"),
    ("zh", "male"): ("kokoro:zm_yunxi", "kokoro:zm_yunyang", "kokoro:zm_yunjian"),
}
#: What is measured beside the recording (``truth``).
SYSTEMS = ("vocoder", "stretched", "timed", "cinedub", "cinedub, lips hidden")
_MOODS: tuple[EmotionLabel, ...] = ("anger", "happy", "sadness", "fear")
#: Voices of other films with which a clip of one speaker is compared.
_STRANGERS = 5
#: Lines that are spoken in every mood.
_MOOD_LINES = 6


@dataclass
class _Clock:
    """Wall and processor seconds of the model's two halves, and processor seconds of learning voices."""

    network: float = 0.0
    vocoder: float = 0.0
    cpu_network: float = 0.0
    cpu_vocoder: float = 0.0
    media: float = 0.0
    learned: int = 0
    cpu_learning: float = 0.0
    first: float = field(default_factory=time.monotonic)
    first_s: float | None = None


@dataclass(frozen=True)
class Record:
    """A record to dub, and its voice track at ``mel.RATE``."""

    key: str
    order: Order
    vocals: Sound
    spoken: tuple[Spoken, ...]
    #: Where SyncNet is asked: each line that shows a face for long enough, as its first picture and what SyncNet sees from there on.
    faces: tuple[tuple[int, Tensor], ...] = ()


def evaluate(
    dataset: Path,
    checkpoint: Path,
    limit: int,
    manner: Manner,
    device: str = "cpu",
    baseline: str = "kokoro",
    told: Callable[[int, int], None] | None = None,
    wanted: Sequence[str] = SYSTEMS,
    network: SyncNet | None = None,
    cast: Path | None = None,
) -> dict[str, Any]:
    """Figures for ``limit`` records (of each language and kind alike), spread over the dataset: of the recording, and of the systems that are
    ``wanted``, of which ``cinedub`` is one; LSE-D and LSE-C where SyncNet is given as ``network``. With the voices of another dataset, ``cast``,
    those are what speech is compared with, the recording's too.

    Raises:
        UsageError: no record to measure. ShardError: no dataset. WeightsError: no checkpoint, or scorers that aren't here.
    """
    voices = company(cast) if cast else ()
    clock = _Clock()
    scorers = dubscore.digests()
    dubbing = Dubbing(checkpoint, device=device)
    chosen = choose(dataset, limit)
    strangers = _voices(dataset, chosen)
    heard: dict[str, list[Heard]] = {name: [] for name in ("truth", *wanted)}
    moody: list[Order] = []
    for done, record in enumerate(records(dataset, chosen, network), start=1):
        record = replace(record, order=recast(record.order, voices)) if voices else record
        clip = {"key": record.key, "language": record.order.language, "kind": record.order.kind, "duration_ms": record.order.duration_ms}
        vectors = {name: np.asarray(voice.vector or np.zeros(192)) for name, voice in record.order.voices.items()}
        others = [voice for film, voice in strangers if film != _film(record.key)][:_STRANGERS]
        for name, clips in heard.items():
            sound = said(name, record, dubbing, manner, clock, baseline)
            measured = dubscore.measure(clip, record.spoken, vectors, others, sound, mel.RATE)
            clips.append(replace(measured, sync=in_sync(record, sound, network)))
        if record.order.lines and len(moody) < _MOOD_LINES:
            moody.append(record.order)
        if told:
            told(done, len(chosen))
    if not heard["truth"]:
        raise UsageError(f"{dataset}: no record with lines to dub")
    against = {"shown against hidden": "cinedub, lips hidden", "against TTS stretched": "stretched", "against TTS timed": "timed"}
    return {
        "dataset": dataset.name, "cast": cast.name if cast else None,
        "checkpoint": weights.digest(checkpoint), "vocoder": dubbing.digest.split(":", 1)[1], "scorers": scorers,
        "manner": msgspec.to_builtins(manner), "baseline": baseline,
        "groups": dubtable.groups(heard),
        "lips_gain": {gain: dubtable.difference(heard["cinedub"], heard[name]) for gain, name in against.items() if name in heard},
        "emotions": emotions(dubbing, moody, manner),
        "speed": {
            "network": clock.network / clock.media, "all": (clock.network + clock.vocoder) / clock.media,
            "cpu_network": clock.cpu_network / clock.media, "cpu": (clock.cpu_network + clock.cpu_vocoder) / clock.media,
            "voices_learned": clock.learned, "cpu_voice": clock.cpu_learning / max(1, clock.learned),
            "first_s": clock.first_s, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        "clips": {name: [msgspec.to_builtins(clip) for clip in clips] for name, clips in heard.items()},
    }  # fmt: skip


def choose(dataset: Path, limit: int) -> list[str]:
    """Keys of ``limit`` records: every language and kind in turn, spread over the dataset by the digest of their keys.

    Raises:
        ShardError: no finished dataset.
    """
    import pyarrow.parquet as pq

    shards.shards_in(dataset)
    rows = pq.read_table(dataset / "manifest.parquet", columns=["key", "language", "kind", "lines"]).to_pylist()
    piles: dict[tuple[str, str], list[str]] = {}
    for row in sorted((row for row in rows if row["lines"]), key=lambda row: shards.shard_of(row["key"], 1 << 32)):
        piles.setdefault((row["language"], row["kind"]), []).append(row["key"])
    chosen: list[str] = []
    while piles and len(chosen) < limit:
        for name in sorted(piles):
            chosen.append(piles[name].pop(0))
            if not piles[name]:
                del piles[name]
    return sorted(chosen[:limit])


def records(dataset: Path, chosen: Sequence[str], network: SyncNet | None = None) -> Iterator[Record]:
    """The chosen records, read one after another; voices are learned from what their speakers say in others of the film."""
    wanted = set(chosen)
    members = (*MEMBERS, "vocals.flac", *(["mp4"] if network else []))
    for shard in shards.shards_in(dataset):
        for key, sample in shards.read_shard(shard, members):
            if key in wanted:
                record = record_of(key, sample)
                record = replace(record, faces=tuple(seen(record.order, sample, network))) if network else record
                yield replace(record, order=taught(record.order, dataset, _film(key), without=key))


def record_of(key: str, sample: dict[str, bytes]) -> Record:
    """A record out of its members (``MEMBERS`` and the voice track).

    Raises:
        DubError, TextError: what can't be dubbed. ShardError: members that can't be read.
    """
    order = of_sample(sample)
    check(order)
    heard, rate = untrusted.sound(sample["vocals.flac"], f"{key}: vocals.flac")
    vocals = soxr.resample(heard[:, 0], rate, mel.RATE).astype(np.float32)
    samples = mel.samples_of(order.duration_ms)
    vocals = np.pad(vocals[:samples], (0, max(0, samples - len(vocals))))
    lines = [Spoken(line.speaker, line.start_ms, line.end_ms, line.text, _mouth(order, i)) for i, line in enumerate(order.lines)]
    return Record(key, order, vocals, tuple(lines))


def seen(order: Order, sample: dict[str, bytes], network: SyncNet) -> Iterator[tuple[int, Tensor]]:
    """What SyncNet sees of each line that shows its speaker's face for a second or more: the first picture, and its windows from there on."""
    arrays = untrusted.arrays(sample["faces.npz"], "faces.npz", ("track", "box"))
    wanted: list[tuple[slice, syncnet.Cropper]] = []
    for line in order.lines:
        shown = order.faces.of(line) if order.faces else None
        first, last = line.start_ms * syncnet.FPS // 1000, line.end_ms * syncnet.FPS // 1000
        runs = [(syncnet.longest(arrays["track"][row][first:last]), row) for row in (shown.rows if shown else [])]
        run, row = max(runs, key=lambda item: item[0].stop - item[0].start, default=(slice(0, 0), 0))
        if run.stop - run.start >= syncnet.FPS:
            at = slice(first + run.start, first + run.stop)
            wanted.append((at, syncnet.Cropper(arrays["box"][row][at])))
    if not wanted:
        return
    crops: list[list[np.ndarray]] = [[] for _ in wanted]
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "record.mp4"
        film.write_bytes(sample["mp4"])
        size = media.probe(film)["streams"][0]
        for number, (_, picture) in enumerate(media.pictures(film, Span(0, order.duration_ms), (int(size["width"]), int(size["height"])))):
            for (at, crop), kept in zip(wanted, crops, strict=True):
                if at.start <= number < at.stop:
                    kept.append(crop(number - at.start, picture))
    for (at, _), kept in zip(wanted, crops, strict=True):
        yield at.start, network.seen(np.stack(kept))


def in_sync(record: Record, sound: Sound, network: SyncNet | None) -> list[list[float]]:
    """LSE-D, LSE-C and how late the sound is (ms), for each line of ``record.faces``."""
    if not network or not record.faces:
        return []
    heard = soxr.resample(sound, mel.RATE, syncnet.RATE).astype(np.float32)
    found = []
    for first, windows in record.faces:
        at = slice(first * syncnet.RATE // syncnet.FPS, (first + len(windows) + syncnet.WINDOW) * syncnet.RATE // syncnet.FPS)
        if told := syncnet.sync(windows, network.heard(heard[at])):
            found.append([told.distance, told.confidence, float(told.late_ms)])
    return found


def _mouth(order: Order, index: int) -> np.ndarray:
    """The speaker's mouth opening at 25 Hz over the clip; nan where it isn't seen."""
    opening = np.full(round(order.duration_ms / 40), np.nan)
    shown = order.faces.of(order.lines[index]) if order.faces else None
    for row in shown.rows if shown else []:
        there = shown.arrays["track"][row][: len(opening)] if shown else np.zeros(0, bool)
        opening[: len(there)][there] = shown.arrays["aperture"][row][: len(opening)][there] if shown else 0.0
    return opening


def _voices(dataset: Path, chosen: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """A voice of every film that is evaluated: for each film, those of the others are strangers."""
    wanted, found = set(chosen), dict[str, np.ndarray]()
    for shard in shards.shards_in(dataset):
        for record in shards.read_annotations(shard):
            if record["key"] in wanted:
                for speaker in record["speakers"][:1]:
                    found.setdefault(_film(record["key"]), np.asarray(speaker["voice"]))
    return list(found.items())


def _film(key: str) -> str:
    """A key's part that names its film: all but the clip's start and end."""
    return key.rsplit("-", 2)[0]


def said(name: str, record: Record, dubbing: Dubbing, manner: Manner, clock: _Clock, baseline: str) -> Sound:
    """The clip as one system says it; only what ``cinedub`` takes is timed."""
    order = record.order
    match name:
        case "truth":
            return record.vocals
        case "vocoder":
            return dubbing.render(mel.mel(torch.from_numpy(record.vocals)[None])[0])[: len(record.vocals)]
        case "stretched" | "timed":
            return tts(order, stretched if name == "stretched" else ready.say, baseline)
        case "cinedub":
            return _dubbed(order, dubbing, manner, clock)
        case _:
            return _dubbed(replace(order, faces=None), dubbing, manner, _Clock())


def tts(order: Order, say: Callable[[str, Language, str, int], Sound], baseline: str = "kokoro") -> Sound:
    """The clip spoken by ready voices: ``say(text, language, voice, duration_ms)`` gives a line at 24 kHz as long as its slot."""
    cast = _cast(order, baseline)
    return _laid(order, [say(line.text, order.language, cast[line.speaker], line.duration_ms) for line in order.lines])


def stretched(text: str, language: Language, voice: str, duration_ms: int) -> Sound:
    """A line at 24 kHz at the voice's own pace, then stretched."""
    return stretch(ready.plainly(text, language, voice), voices.RATE, duration_ms * voices.RATE // 1000)


def _cast(order: Order, baseline: str) -> dict[str, str]:
    """A ready voice for each speaker, of their gender where it is known, no two alike while there are enough."""
    if baseline == "hibari":
        return dict.fromkeys(order.voices, "hibari")
    used: dict[Gender, int] = {}
    cast = {}
    for place, (name, voice) in enumerate(order.voices.items()):
        gender: Gender = ("female", "male")[place % 2] if voice.gender == "uncertain" else voice.gender
        names = _VOICES[order.language, gender]
        cast[name] = names[used.get(gender, 0) % len(names)]
        used[gender] = used.get(gender, 0) + 1
    return cast


def _laid(order: Order, said: Sequence[Sound]) -> Sound:
    """Lines of TTS at 24 kHz in their slots."""
    pieces = []
    for index in sorted(range(len(said)), key=lambda index: order.lines[index].start_ms):
        first, last = slot(order.lines[index].start_ms, order.lines[index].end_ms)
        pieces.append((first, ready.at(said[index], mel.RATE, last - first) * gate(last - first)))
    return np.concatenate(list(takes.laid(pieces, mel.samples_of(order.duration_ms))))


def _dubbed(order: Order, dubbing: Dubbing, manner: Manner, clock: _Clock) -> Sound:
    """The model's own, timed."""
    indices = list(range(len(order.lines)))
    began = time.process_time()
    clock.learned += dubbing.learn(order, manner)
    clock.cpu_learning += time.process_time() - began
    marks = [(time.monotonic(), time.process_time())]
    mels = dubbing.mels(order, indices, manner)
    marks.append((time.monotonic(), time.process_time()))
    said = [dubbing.sound(order, index, mels[index]) for index in indices]
    marks.append((time.monotonic(), time.process_time()))
    (wall0, cpu0), (wall1, cpu1), (wall2, cpu2) = marks
    clock.network, clock.vocoder = clock.network + wall1 - wall0, clock.vocoder + wall2 - wall1
    clock.cpu_network, clock.cpu_vocoder = clock.cpu_network + cpu1 - cpu0, clock.cpu_vocoder + cpu2 - cpu1
    clock.media += order.duration_ms / 1000
    clock.first_s = clock.first_s or time.monotonic() - clock.first
    places = sorted(indices, key=lambda index: order.lines[index].start_ms)
    pieces = [(slot(order.lines[index].start_ms, order.lines[index].end_ms)[0], said[index]) for index in places]
    return np.clip(np.concatenate(list(takes.laid(pieces, mel.samples_of(order.duration_ms)))), -1.0, 1.0)


def emotions(dubbing: Dubbing, orders: Sequence[Order], manner: Manner) -> dict[str, list[float]]:
    """What asking for an emotion changes against ``neutral``: pitch and its deviation in semitones, tilt and level in dB; means over lines."""
    found: dict[str, list[list[float]]] = {label: [] for label in _MOODS}
    for order in orders:
        plain = _in_mood(dubbing, order, "neutral", manner)
        for label in _MOODS:
            moody = _in_mood(dubbing, order, label, manner)
            if np.isfinite([*plain, *moody]).all():
                found[label].append([12 * (moody[0] - plain[0]), *(moody[i] - plain[i] for i in (1, 2, 3))])
    return {label: [float(value) for value in np.mean(changes, axis=0)] for label, changes in found.items() if changes}


def _in_mood(dubbing: Dubbing, order: Order, label: EmotionLabel, manner: Manner) -> list[float]:
    line = replace(order.lines[0], emotion=label)
    asked = replace(order, lines=(line,), clue="")
    ((_, sound),) = dubbing.speak(asked, [0], manner)
    heard = soxr.resample(sound, mel.RATE, dubscore.RATE).astype(np.float32)
    spoken = Spoken(line.speaker, 0, line.duration_ms, line.text, np.zeros(0))
    return dubscore.manner(heard, prosody.measure(heard, dubscore.RATE), spoken)
