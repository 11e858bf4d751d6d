"""Dubbing: lines, voices and (where there is one) a record's picture to speech for the whole clip, exactly as long as the clip."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, get_args

import msgspec
import numpy as np
import soundfile
import soxr
import torch
from jaxtyping import Float, Float32

from cinedub import backends, media
from cinedub.backends.roles import VoiceEncoder
from cinedub.config import Model
from cinedub.errors import ElementError, UsageError
from cinedub.shards import fetch_member, shards_in
from model import mel, vocoder
from model.batch import VOICE
from model.checkpoint import load
from model.clip import Clip, LineOn, Picture, collate, line_on, slot_frames, tracks_of
from model.network import Guidance
from model.text import tokenise
from schemas import Age, EmotionLabel, Gender, Kind, Language
from schemas.record import upgrade

LONGEST_MS = 30_000
#: A voice's own speech rises and falls within this at a slot's ends, in ms.
_FADE_MS = 5
#: Tokens a second beyond which nothing can be understood (fast speech has about 20).
FASTEST = 30.0
_REFERENCE_S = (1.0, 30.0)


class DubError(ElementError):
    """Lines or a voice that can't be dubbed."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker: a CAM++ vector (empty: the network chooses) and attributes."""

    vector: tuple[float, ...] = ()
    age: Age = "uncertain"
    gender: Gender = "uncertain"


@dataclass(frozen=True, slots=True)
class Said:
    """A line to be spoken, in ms from the clip's start."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str
    emotion: EmotionLabel = "uncertain"
    on_screen: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """What to dub. ``faces`` is a record's face and lip arrays with each speaker's rows, where there is a picture."""

    duration_ms: int
    language: Language
    lines: tuple[Said, ...]
    voices: dict[str, Voice]
    kind: Kind = "monologue"
    clue: str = ""
    arrays: dict[str, np.ndarray] | None = None
    tracks: dict[str, list[int]] | None = None


@dataclass(frozen=True, slots=True)
class Dubbed:
    """Speech for the whole clip at ``rate`` Hz, silent outside the lines; ``rates`` in tokens a second, ``rushed`` the lines above the limit."""

    sound: Float32[np.ndarray, " samples"]
    rate: int
    rates: tuple[float, ...]
    rushed: tuple[int, ...]


class Dubbing:
    """A checkpoint and a vocoder, ready to speak."""

    def __init__(self, folder: Path, renderer: Model = Model("hifigan"), device: str = "cpu", threads: int = 2) -> None:  # noqa: B008 (frozen)
        torch.set_num_threads(threads)
        self._network, saved = load(folder, device)
        self._buckets, self._device = saved.settings.network.clue_buckets, device
        self._vocoder = vocoder.load(replace(renderer, device=device, threads=threads))

    def dub(self, order: Order, seed: int = 0, steps: int = 8, guidance: Guidance = Guidance()) -> Dubbed:  # noqa: B008 (frozen)
        """Speak an order's lines; the same seed says the same.

        Raises:
            DubError: DUB_TOO_LONG, DUB_OUTSIDE, DUB_OVERLAP (of one speaker with themselves), DUB_UNKNOWN_SPEAKER.
            TextError: a text that can't be spoken.
        """
        check(order)
        samples = mel.samples_of(order.duration_ms)
        sound = np.zeros(samples, np.float32)
        rates = [0.0] * len(order.lines)
        for number, layer in enumerate(layers(order.lines)):
            clip, lines = plan(order, layer)
            for index, line in zip(lines, clip.lines, strict=True):
                rates[index] = len(line.tokens) / (line.length / mel.FRAMES_PER_SECOND)
            batch = collate([clip], self._buckets).to(self._device)
            chance = torch.Generator().manual_seed(seed * 1000 + number)
            noise = torch.randn(1, clip.frames, mel.BINS, generator=chance).to(self._device)
            with torch.autocast(self._device.split(":")[0], torch.bfloat16, enabled=self._device != "cpu"):
                mels, _ = self._network.generate(batch, noise, steps, guidance)
            spoken = self._vocoder.sound(mels[0].float())[:samples].cpu().numpy()
            sound += spoken * gate([order.lines[index] for index in lines], samples)
        rushed = tuple(index for index, rate in enumerate(rates) if rate > FASTEST)
        return Dubbed(np.clip(sound, -1.0, 1.0), mel.RATE, tuple(rates), rushed)


class Wanted(Protocol):
    """What the command was asked for; see ``cinedub dub --help``."""

    checkpoint: Path
    script: Path | None
    dataset: Path | None
    key: str | None
    text: str | None
    line: int
    video: Path | None
    voice: list[str]
    out: Path
    seed: int
    steps: int
    guide_text: float
    guide_video: float
    guide_style: float
    device: str


def run(wanted: Wanted) -> Dubbed:
    """Dub what the command asks for and write it as a 16-bit WAV.

    Raises:
        UsageError: arguments that don't go together.
        DubError, TextError, MediaError, WeightsError: as the parts do.
    """
    named = [voice.partition("=") for voice in wanted.voice]
    if wrong := [voice for voice, (name, equals, file) in zip(wanted.voice, named, strict=True) if not (name and equals and file)]:
        raise UsageError(f"--voice wants SPEAKER=WAV, got {wrong[0]!r}")
    voices = {name: voice_of(Path(file)) for name, _, file in named}
    if wanted.script is not None:
        duration = None if wanted.video is None else round(float(media.probe(wanted.video)["format"]["duration"]) * 1000)
        order = from_script(wanted.script, duration, voices)
    elif wanted.dataset is not None and wanted.key:
        order = from_dataset(wanted.dataset, wanted.key)
        order = replace(order, voices={**order.voices, **voices})
    else:
        raise UsageError("--from needs the record's --key")
    if wanted.text is not None:
        if not 0 <= wanted.line < len(order.lines):
            raise UsageError(f"--line {wanted.line}: there are lines 0 to {len(order.lines) - 1}")
        lines = list(order.lines)
        lines[wanted.line] = replace(lines[wanted.line], text=wanted.text)
        order = replace(order, lines=tuple(lines))
    if wanted.steps < 1:
        raise UsageError(f"--steps {wanted.steps}: at least 1")
    guidance = Guidance(wanted.guide_text, wanted.guide_video, wanted.guide_style)
    made = Dubbing(wanted.checkpoint, device=wanted.device).dub(order, wanted.seed, wanted.steps, guidance)
    try:
        soundfile.write(wanted.out, made.sound, made.rate, subtype="PCM_16", format="WAV")
    except (OSError, soundfile.SoundFileError) as error:
        raise UsageError(f"{wanted.out}: can't be written ({error})") from error
    return made


def check(order: Order) -> None:
    """Refuse what can't be dubbed, saying which line and why."""
    if not 0 < order.duration_ms <= LONGEST_MS:
        raise DubError("DUB_TOO_LONG", f"a clip has 1 to {LONGEST_MS} ms, this one {order.duration_ms}; cut it at a silence")
    for number, line in enumerate(order.lines):
        if not 0 <= line.start_ms < line.end_ms <= order.duration_ms:
            raise DubError("DUB_OUTSIDE", f"line {number} is at {line.start_ms}-{line.end_ms} ms, the clip at 0-{order.duration_ms} ms")
        if line.speaker not in order.voices:
            raise DubError(
                "DUB_UNKNOWN_SPEAKER", f"line {number} is {line.speaker!r}'s; voices were given for: {', '.join(order.voices) or 'nobody'}"
            )
        for other in order.lines[:number]:
            if other.speaker == line.speaker and other.start_ms < line.end_ms and line.start_ms < other.end_ms:
                raise DubError("DUB_OVERLAP", f"line {number} of {line.speaker!r} begins before another line of theirs ends")


def layers(lines: Sequence[Said]) -> list[list[int]]:
    """Indices of lines in order of time, in as few layers as leave no two lines of one layer in the same moment (nor frame)."""
    found: list[list[int]] = []
    for index in sorted(range(len(lines)), key=lambda index: (lines[index].start_ms, lines[index].end_ms)):
        for layer in found:
            if mel.frames_of(mel.samples_of(lines[layer[-1]].end_ms)) <= mel.samples_of(lines[index].start_ms) // mel.HOP:
                layer.append(index)
                break
        else:
            found.append([index])
    return found


def plan(order: Order, layer: Sequence[int]) -> tuple[Clip, list[int]]:
    """The network's canvas for one layer of lines, and which lines they are."""
    frames = mel.frames_of(mel.samples_of(order.duration_ms))
    times = mel.frame_times(frames)
    names = list(dict.fromkeys(line.speaker for line in sorted(order.lines, key=lambda line: line.start_ms)))
    picture = Picture.nothing(frames)
    lines: list[LineOn] = []
    for index in layer:
        line, voice = order.lines[index], order.voices[order.lines[index].speaker]
        start, length = slot_frames(line.start_ms, line.end_ms, frames)
        speaker = {"age": voice.age, "gender": voice.gender, "voice": list(voice.vector)}
        tokens = tokenise(line.text, order.language)
        lines.append(line_on(tokens, order.language, names.index(line.speaker), start, length, line.emotion, speaker))
        if order.arrays is not None and order.tracks is not None and line.on_screen:
            where = slice(start, start + length)
            picture.show(where, order.arrays, order.tracks.get(line.speaker, []), times[where])
    mels = np.zeros((frames, mel.BINS), np.float32)
    return Clip("", order.kind, order.clue, tuple(lines), picture.lips, picture.face, picture.seen, np.ones(frames, bool), mels), list(layer)


def gate(lines: Sequence[Said], samples: int) -> Float32[np.ndarray, " samples"]:
    """1 within lines, 0 outside, with a rise and fall of ``_FADE_MS`` within each line's ends."""
    opened = np.zeros(samples, np.float32)
    for line in lines:
        first, last = mel.samples_of(line.start_ms), min(mel.samples_of(line.end_ms), samples)
        fade = min(mel.samples_of(_FADE_MS), (last - first) // 2)
        shape = np.ones(last - first, np.float32)
        if fade:
            ramp = np.arange(fade, dtype=np.float32) / fade
            shape[:fade], shape[-fade:] = ramp, ramp[::-1]
        opened[first:last] = shape
    return opened


def from_sample(sample: dict[str, bytes]) -> Order:
    """An order out of a record's members (``json``, ``faces.npz``, ``lips.npz``): its lines in its speakers' voices, on its picture."""
    record = upgrade(json.loads(sample["json"]))
    with np.load(io.BytesIO(sample["faces.npz"]), allow_pickle=False) as faces, np.load(io.BytesIO(sample["lips.npz"]), allow_pickle=False) as lips:
        arrays = {name: faces[name] for name in ("pts_ms", "track", "blendshapes")} | {name: lips[name] for name in ("points", "aperture")}
    lines = tuple(
        Said(line["speaker"], line["start_ms"], line["end_ms"], line["text"], line["emotion"]["label"], line["on_screen"]) for line in record["lines"]
    )
    voices = {speaker["id"]: Voice(tuple(speaker["voice"]), speaker["age"], speaker["gender"]) for speaker in record["speakers"]}
    tracks = {speaker["id"]: tracks_of(speaker) for speaker in record["speakers"]}
    duration = record["span_ms"][1] - record["span_ms"][0]
    return Order(duration, record["language"], lines, voices, record["kind"], record["clue"], arrays, tracks)


def from_dataset(out: Path, key: str) -> Order:
    """An order out of a finished dataset's record.

    Raises:
        UsageError: no such record.
    """
    import pyarrow.parquet

    shards_in(out)
    rows = pyarrow.parquet.read_table(out / "manifest.parquet", filters=[("key", "=", key)]).to_pylist()
    if not rows:
        raise UsageError(f"{out}: no record {key!r}; its keys are in manifest.parquet")
    return from_sample({name: fetch_member(out, rows[0], name) for name in ("json", "faces.npz", "lips.npz")})


def from_script(path: Path, duration_ms: int | None, voices: dict[str, Voice]) -> Order:
    """An order out of a JSON file.

        {"language": "en", "duration_ms": 3000, "lines": [{"speaker", "start_ms", "end_ms", "text", "emotion"?}], "kind"?, "clue"?}

    ``duration_ms`` counts before the file's. A speaker for whom no voice is given has the network's own.

    Raises:
        UsageError: not such a file.
    """
    try:
        script = json.loads(path.read_text())
        duration = msgspec.convert(script["duration_ms"], int) if duration_ms is None else duration_ms
        lines = msgspec.convert(script["lines"], tuple[Said, ...])
        language = msgspec.convert(script["language"], Language)
        kind = msgspec.convert(script.get("kind") or _kind(lines), Kind)
        clue = msgspec.convert(script.get("clue", ""), str)
    except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: not a script of lines ({type(error).__name__}: {error})") from error
    known = {line.speaker: voices.get(line.speaker, Voice()) for line in lines}
    unknown = sorted(set(voices) - set(known))
    if unknown:
        raise UsageError(f"{path}: voices were given for {', '.join(unknown)}, who say nothing; its speakers are {', '.join(known)}")
    return Order(duration, language, lines, known, kind, clue)


def _kind(lines: Sequence[Said]) -> Kind:
    names: tuple[Kind, ...] = get_args(Kind)
    return names[min(max(1, len({line.speaker for line in lines})), 3)]


def voice_of(path: Path, encoder: VoiceEncoder | None = None) -> Voice:
    """The voice in a recording.

    Raises:
        UsageError: no sound file.
        DubError: REFERENCE_SHORT for less than a second, REFERENCE_SILENT for one in which nobody can be heard.
    """
    encoder = encoder or backends.load("voice_encoder", Model("campplus", "campplus"))
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=-1)
    except (OSError, soundfile.SoundFileError) as error:
        raise UsageError(f"{path}: no sound that can be read ({error})") from error
    mono = soxr.resample(sound.mean(1), rate, 16_000).astype(np.float32)[: int(_REFERENCE_S[1] * 16_000)]
    if len(mono) < _REFERENCE_S[0] * 16_000:
        raise DubError("REFERENCE_SHORT", f"{path}: {len(mono) / 16_000:.1f} s; a reference voice needs 3 to 15 s, at least {_REFERENCE_S[0]:.0f} s")
    if loudness(mono) < -50.0:
        raise DubError("REFERENCE_SILENT", f"{path}: nobody can be heard ({loudness(mono):.0f} dB)")
    vector = encoder.encode([mono])[0]
    assert len(vector) == VOICE, f"the network reads voice vectors of {VOICE} numbers, the encoder gives {len(vector)}"
    return Voice(tuple(float(value) for value in vector))


def loudness(sound: Float[np.ndarray, " samples"]) -> float:
    """Root mean square in dB below full scale."""
    return 20 * math.log10(float(np.sqrt(np.mean(np.square(sound)))) + 1e-9)
