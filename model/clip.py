"""One clip on the mel's frame axis: from a record's members, or from lines alone; and clips to a batch."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import soxr
import torch
from jaxtyping import Bool, Float, Float32
from torch.nn.utils.rnn import pad_sequence

from cinedub import prosody, untrusted
from cinedub.errors import MediaError
from model import mel
from model.batch import AGES, EMOTIONS, FACE, GENDERS, KINDS, LANGUAGES, LIPS, SLOTS, VOICE, Batch
from model.text import Tokens, spoken, tokenise
from schemas import Language
from schemas.record import upgrade

#: Members of a sample that teach; the others are for people to look at.
MEMBERS = ("json", "vocals.flac", "faces.npz", "lips.npz")
#: Lips move by tenths of an eye distance: this brings them to about 1.
_LIP_SCALE = 8.0
#: A face is taken to be where it was last seen for so long, in ms.
_STALE_MS = 60.0
_WORDS = 32
#: Sound enough for the pitch of a voice: at 8 kHz a spectrum has twice the points, and the pitch is 0.4 cents off (median).
_PITCH_RATE = 6_000


@dataclass(frozen=True, slots=True)
class LineOn:
    """A line on the frame axis: who speaks it, how, and in which frames; ``durations`` are its tokens' frames where they are known, else empty."""

    tokens: Tokens
    language: Language
    slot: int
    start: int
    length: int
    emotion: str
    age: str
    gender: str
    voice: Float32[np.ndarray, " 192"]
    durations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """What ``Batch`` holds, for one clip; arrays in single precision, or half where they are kept."""

    key: str
    kind: str
    clue: str
    lines: tuple[LineOn, ...]
    lips: Float[np.ndarray, "frames 81"]
    face: Float[np.ndarray, "frames 52"]
    seen: Bool[np.ndarray, " frames"]
    audible: Bool[np.ndarray, " frames"]
    mels: Float[np.ndarray, "frames 80"]
    pitch: Float[np.ndarray, " frames"]

    @property
    def frames(self) -> int:
        """Length in mel frames."""
        return len(self.seen)


def slot_frames(start_ms: int, end_ms: int, frames: int) -> tuple[int, int]:
    """First frame and number of frames that cover an interval, at least one, within the clip."""
    first = min(mel.samples_of(start_ms) // mel.HOP, frames - 1)
    last = min(mel.frames_of(mel.samples_of(end_ms)), frames)
    return first, max(1, last - first)


def from_record(sample: dict[str, bytes], max_ms: int = 30_000) -> Clip:
    """A clip that teaches, out of a record's members.

    Frames in which lines overlap are not audible, and a line that begins inside another yields those frames to it.

    Raises:
        MediaError: CLIP_TOO_LONG, CLIP_NO_LINES, CLIP_NO_SOUND.
        ElementError: a line whose text can't be spoken.
        UntrustedError: a damaged member.
        KeyError, ValueError, TypeError, IndexError: annotations or arrays of other forms than a record's.
    """
    record = upgrade(untrusted.json_object(sample["json"], "json"))
    duration = record["span_ms"][1] - record["span_ms"][0]
    if not 0 < duration <= max_ms:
        raise MediaError("CLIP_TOO_LONG", f"{record['key']}: {duration} ms, above {max_ms} ms")
    heard, rate = untrusted.sound(sample["vocals.flac"], f"{record['key']}: vocals.flac")
    sound = soxr.resample(heard[:, 0], rate, mel.RATE).astype(np.float32)
    samples = mel.samples_of(duration)
    if len(sound) < samples - mel.HOP:
        raise MediaError("CLIP_NO_SOUND", f"{record['key']}: {len(sound)} of {samples} samples")
    sound = np.pad(sound[:samples], (0, max(0, samples - len(sound))))
    mels = mel.mel(torch.from_numpy(sound)[None])[0].numpy()
    frames = len(mels)
    times = mel.frame_times(frames)
    audible = np.zeros(frames, bool)
    picture = Picture.nothing(frames)
    lines: list[LineOn] = []
    free = 0
    taken = np.zeros(frames, int)
    for line in record["lines"]:
        first, length = slot_frames(line["start_ms"], line["end_ms"], frames)
        taken[first : first + length] += 1
    arrays = arrays_of(sample, record["key"])
    people = {speaker["id"]: (number, speaker) for number, speaker in enumerate(_by_first_line(record))}
    for line in sorted(record["lines"], key=lambda line: line["start_ms"]):
        first, length = slot_frames(line["start_ms"], line["end_ms"], frames)
        begin, end = max(first, free), first + length
        tokens, ends = spoken(line["phones"]) if line.get("phones") else (tokenise(line["text"], record["language"]), ())
        if end - begin < max(len(tokens), 1) or begin > first + length // 4:
            continue
        slot, speaker = people[line["speaker"]]
        made = line_on(tokens, record["language"], slot, begin, end - begin, line["emotion"]["label"], speaker)
        lines.append(replace(made, durations=durations_of(ends, begin, end)) if ends and begin == first else made)
        audible[begin:end] = taken[begin:end] == 1
        if line["on_screen"]:
            picture.show(slice(begin, end), arrays, tracks_of(speaker), times[begin:end])
        free = end
    if not lines:
        raise MediaError("CLIP_NO_LINES", f"{record['key']}: no line that teaches")
    clue = record["clue"]
    return Clip(record["key"], record["kind"], clue, tuple(lines), picture.lips, picture.face, picture.seen, audible, mels, pitch_of(sound, times))


def pitch_of(sound: Float32[np.ndarray, " samples"], times: Float[np.ndarray, " frames"]) -> Float32[np.ndarray, " frames"]:
    """Pitch in Hz at some times in ms, 0 where unvoiced; ``sound`` at ``mel.RATE``."""
    heard = prosody.measure(soxr.resample(sound, mel.RATE, _PITCH_RATE), _PITCH_RATE).pitch
    return np.nan_to_num(heard[(times / 10).astype(int).clip(0, len(heard) - 1)])


def arrays_of(sample: dict[str, bytes], key: str) -> dict[str, np.ndarray]:
    """The face and lip arrays of a record that the model looks at, with their presentation times.

    Raises:
        UntrustedError: members that aren't what they should be.
    """
    wanted = {"faces.npz": ("pts_ms", "track", "blendshapes"), "lips.npz": ("points", "aperture")}
    return {name: array for member, names in wanted.items() for name, array in untrusted.arrays(sample[member], f"{key}: {member}", names).items()}


def line_on(tokens: Tokens, language: Language, slot: int, start: int, length: int, emotion: str, speaker: dict[str, Any]) -> LineOn:
    """A line with what is known of its speaker (``age``, ``gender``, ``voice`` as in a record); an unknown voice is zeros."""
    voice = np.asarray(speaker.get("voice") or np.zeros(VOICE), np.float32)
    return LineOn(tokens, language, slot % SLOTS, start, length, emotion, speaker.get("age", AGES[-1]), speaker.get("gender", GENDERS[-1]), voice)


def halved(clip: Clip) -> Clip:
    """The same in half precision, for keeping."""
    return replace(clip, **{name: getattr(clip, name).astype(np.float16) for name in ("lips", "face", "mels", "pitch")})


def durations_of(ends_ms: Sequence[int], begin: int, end: int) -> tuple[int, ...]:
    """Frames of each token from when it ends, in ms from the clip's start; together they are the line's, from ``begin`` to ``end``."""
    edges = np.round(np.asarray(ends_ms) * (mel.RATE / 1000 / mel.HOP)).clip(begin, end).astype(int)
    edges[-1] = end
    return tuple(int(frames) for frames in np.diff(np.maximum.accumulate(edges), prepend=begin))


def _by_first_line(record: dict[str, Any]) -> list[dict[str, Any]]:
    order = list(dict.fromkeys(line["speaker"] for line in sorted(record["lines"], key=lambda line: line["start_ms"])))
    known = {speaker["id"]: speaker for speaker in record["speakers"]}
    return [known[name] for name in order]


def tracks_of(speaker: dict[str, Any]) -> list[int]:
    """A speaker's rows in the face arrays: ``faces``, or in older records the one ``face``."""
    face = speaker.get("face")
    return list(speaker.get("faces") or ([] if face is None else [face]))


@dataclass(frozen=True, slots=True)
class Picture:
    """Lips and face of whoever speaks, on the mel's frame axis, as they differ from their mean while a track shows them in a line: faces, and what
    measures them, differ in form by more than a mouth moves."""

    lips: Float32[np.ndarray, "frames 81"]
    face: Float32[np.ndarray, "frames 52"]
    seen: Bool[np.ndarray, " frames"]

    @classmethod
    def nothing(cls, frames: int) -> Picture:
        """Nobody is seen."""
        return cls(np.zeros((frames, LIPS), np.float32), np.zeros((frames, FACE), np.float32), np.zeros(frames, bool))

    def show(self, where: slice, arrays: dict[str, np.ndarray], tracks: Sequence[int], times: np.ndarray) -> None:
        """Put a speaker's face into some frames: between two pictures that show it in proportion to their times, else the nearer one.

        ``times`` are the frames' in ms from the clip's start, ``arrays`` a record's face and lip arrays with their presentation times.
        """
        pts = arrays["pts_ms"].astype(float)
        if not len(pts):
            return
        after = np.searchsorted(pts, times, side="right").clip(0, len(pts) - 1)
        before = (after - 1).clip(0)
        part = ((times - pts[before]) / np.maximum(pts[after] - pts[before], 1e-6)).clip(0.0, 1.0)
        for row in tracks:
            there = arrays["track"][row]
            part_here = np.where(there[before] & there[after], part, np.where(there[after], 1.0, 0.0))
            nearest = np.where(part_here > 0.5, after, before)
            show = (there[before] | there[after]) & (np.abs(pts[nearest] - times) <= _STALE_MS) & ~self.seen[where]
            weight = part_here[show, None].astype(np.float32)
            shapes = arrays["points"][row]
            points = (shapes - shapes.mean(1, keepdims=True)).reshape(len(pts), -1)
            lips = np.concatenate([points, arrays["aperture"][row][:, None]], 1) * _LIP_SCALE
            if show.any():
                for target, source in ((self.lips, lips), (self.face, arrays["blendshapes"][row])):
                    moving = (1 - weight) * source[before[show]] + weight * source[after[show]]
                    target[where][show] = moving - moving.mean(0)
                self.seen[where] |= show


def hashed(clue: str, buckets: int) -> list[int]:
    """A clue's words (Chinese: characters and pairs) as places in ``buckets``, from 1."""
    text = clue.lower()
    han = re.findall(r"[一-鿿]", text)
    words = re.findall(r"[a-z]+", text) + han + ["".join(pair) for pair in itertools.pairwise(han)]
    return [1 + int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big") % buckets for word in dict.fromkeys(words)][:_WORDS]


def collate(clips: Sequence[Clip], buckets: int) -> Batch:
    """Clips as one batch, padded to the longest."""
    lines = [(place, line) for place, clip in enumerate(clips) for line in clip.lines]
    line_at = [torch.zeros(clip.frames, dtype=torch.long) for clip in clips]
    for number, (place, line) in enumerate(lines, start=1):
        line_at[place][line.start : line.start + line.length] = number

    def padded(arrays: Sequence[np.ndarray | Sequence[int]], dtype: torch.dtype) -> torch.Tensor:
        return pad_sequence([torch.as_tensor(np.asarray(array), dtype=dtype) for array in arrays], batch_first=True)

    def whole(values: Sequence[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.long)

    return Batch(
        frames=whole([clip.frames for clip in clips]),
        kind=whole([KINDS.index(clip.kind) for clip in clips]),
        line_at=pad_sequence(line_at, batch_first=True),
        lips=padded([clip.lips for clip in clips], torch.float32),
        face=padded([clip.face for clip in clips], torch.float32),
        seen=padded([clip.seen for clip in clips], torch.bool),
        audible=padded([clip.audible for clip in clips], torch.bool),
        mels=padded([clip.mels for clip in clips], torch.float32),
        pitch=padded([clip.pitch for clip in clips], torch.float32),
        clip=whole([place for place, _ in lines]),
        start=whole([line.start for _, line in lines]),
        length=whole([line.length for _, line in lines]),
        tokens=whole([len(line.tokens) for _, line in lines]),
        symbols=padded([line.tokens.symbols for _, line in lines], torch.long),
        signs=padded([line.tokens.signs for _, line in lines], torch.long),
        durations=padded([line.durations or [0] * len(line.tokens) for _, line in lines], torch.long),
        language=whole([LANGUAGES.index(line.language) for _, line in lines]),
        slot=whole([line.slot for _, line in lines]),
        emotion=whole([EMOTIONS.index(line.emotion) for _, line in lines]),
        age=whole([AGES.index(line.age) for _, line in lines]),
        gender=whole([GENDERS.index(line.gender) for _, line in lines]),
        voice=padded([line.voice for _, line in lines], torch.float32),
        clue=padded([hashed(clips[place].clue, buckets) or [0] for place, _ in lines], torch.long),
    )
