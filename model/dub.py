"""Dubbing: every line of an order spoken into its slot, in its speaker's voice, on its speaker's lips.

Each line has a canvas of its own, its slot and a little silence around it, so that a line's sound depends on nothing but the line: a script of any
length takes the memory of one batch, one line can be said anew without the rest, and what was said is found again (``takes``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from cinedub import storage, weights
from cinedub.config import Model
from cinedub.errors import WeightsError
from model import adapt, mel, ready, vocoder
from model.checkpoint import load
from model.clip import Clip, Picture, collate, line_on, slot_frames
from model.network import Dubber, Guidance
from model.order import Order, Voice
from model.text import tokenise
from schemas import codec

#: The checkpoint that comes with CineDub.
SHIPPED = Path(__file__).parent / "checkpoints" / "small"
#: Silence around a line on its canvas, in ms.
MARGIN_MS = 200
#: A voice's own speech rises and falls within this at a slot's ends, in ms.
_FADE_MS = 5
#: Tokens a second beyond which nothing can be understood (fast speech has about 20).
FASTEST = 30.0
#: Padded mel frames of the lines that are spoken together: what bounds memory.
_TOGETHER = 3_000
#: Raised by hand whenever the same canvas is spoken otherwise.
_VERSION = "5"
_STAGE = "Voice"
#: Networks of learned voices that are held in memory.
_AT_HAND = 4

Sound = Float32[np.ndarray, " samples"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the network speaks: the same seed says the same; ``steps`` of the flow; ``learning`` steps in which a voice is learned from its
    references (0: it is known by its vector alone)."""

    seed: int = 0
    steps: int = 8
    learning: int = 25
    guidance: Guidance = field(default_factory=Guidance)


class Dubbing:
    """A checkpoint and a vocoder, ready to speak: bf16 on an accelerator, single precision on a CPU."""

    def __init__(self, folder: Path = SHIPPED, renderer: Model = Model("hifigan"), device: str = "cpu", threads: int = 2) -> None:  # noqa: B008 (frozen)
        if folder == SHIPPED and not (folder / "config.json").is_file():
            raise WeightsError("no trained model comes with this version; name yours with --checkpoint RUN/best (cinedub train makes it)")
        torch.set_num_threads(threads)
        self._network, saved = load(folder, device)
        self._buckets, self._device = saved.settings.network.clue_buckets, device
        self._vocoder = vocoder.load(replace(renderer, device=device, threads=threads))
        self._checkpoint = weights.digest(folder)
        self.digest = f"{self._checkpoint}:{self._vocoder.digest}:{device}"
        self._voices: dict[str, Dubber] = {}

    def address(self, order: Order, index: int, manner: Manner) -> str:
        """What a line's take is called: all that decides it is in it."""
        line, voice = order.lines[index], order.voices[order.lines[index].speaker]
        first, last = slot(line.start_ms, line.end_ms)
        told = [_VERSION, order.language, line.text, line.duration_ms, last - first, replace(voice, references=()), self._place(voice, manner)]
        if voice.ready:
            return storage.address(codec.encode(told))
        clip = canvas(order, index)
        (said,) = clip.lines
        told += [self.digest, manner, line.speaker, line.emotion, clip.kind, clip.clue, said.slot, said.start, said.length, clip.frames]
        return storage.address(codec.encode(told), *(part.tobytes() for part in (clip.lips, clip.face, clip.seen)))

    def speak(self, order: Order, wanted: Sequence[int], manner: Manner = Manner()) -> Iterator[tuple[int, Sound]]:
        """The wanted lines (by index) as they are done, each exactly its slot at ``mel.RATE``, and the same whichever others are wanted.

        The order must be one that ``check`` lets pass.
        """
        ours = [index for index in wanted if not order.voices[order.lines[index].speaker].ready]
        for index in wanted:
            line = order.lines[index]
            if voice := order.voices[line.speaker].ready:
                first, last = slot(line.start_ms, line.end_ms)
                sound = ready.at(ready.say(line.text, order.language, voice, line.duration_ms), mel.RATE, last - first)
                yield index, sound * gate(len(sound))
        for group in _groups(order, ours):
            for index, mels in zip(group, self.mels(order, group, manner), strict=True):
                yield index, self.sound(order, index, mels)

    def learn(self, order: Order, manner: Manner) -> int:
        """Learn the voices of an order that were never learned; gives how many those were."""
        places = {self._place(voice, manner): voice for voice in order.voices.values()}
        new = [voice for place, voice in places.items() if place and place not in self._voices and not _kept(place).exists()]
        for voice in new:
            self._speaking_as(voice, manner)
        return len(new)

    def mels(self, order: Order, group: Sequence[int], manner: Manner) -> list[Float32[Tensor, "frames 80"]]:
        """The canvases of some lines; those of one voice, and those of all that aren't learned, are generated together."""
        made: dict[int, Float32[Tensor, "frames 80"]] = {}
        together: dict[str, list[int]] = {}
        for index in group:
            together.setdefault(self._place(order.voices[order.lines[index].speaker], manner), []).append(index)
        for indices in together.values():
            network = self._speaking_as(order.voices[order.lines[indices[0]].speaker], manner)
            made.update(zip(indices, self._mels(network, order, indices, manner), strict=True))
        return [made[index] for index in group]

    def _mels(self, network: Dubber, order: Order, group: Sequence[int], manner: Manner) -> list[Float32[Tensor, "frames 80"]]:
        clips = [canvas(order, index) for index in group]
        batch = collate(clips, self._buckets).to(self._device)
        noise = torch.zeros(len(clips), batch.line_at.shape[1], mel.BINS)
        for row, (index, clip) in enumerate(zip(group, clips, strict=True)):
            chance = torch.Generator().manual_seed(_seed(order, index, manner.seed))
            noise[row, : clip.frames] = torch.randn(clip.frames, mel.BINS, generator=chance)
        with torch.autocast(self._device.split(":")[0], torch.bfloat16, enabled=self._device != "cpu"):
            made, _ = network.generate(batch, noise.to(self._device), manner.steps, manner.guidance)
        return [made[row, : clip.frames].float() for row, clip in enumerate(clips)]

    def _place(self, voice: Voice, manner: Manner) -> str:
        """What names all that is learned of a voice; empty for one that is known by its vector alone."""
        if not voice.references or not manner.learning:
            return ""
        return _named(voice, adapt.VERSION, self._checkpoint, self._device, str(manner.learning))

    def _speaking_as(self, voice: Voice, manner: Manner) -> Dubber:
        """The network as it speaks in a voice, learned now or before; always as what was learned is kept, so that all runs speak alike."""
        place = self._place(voice, manner)
        if not place:
            return self._network
        if place not in self._voices:
            path = _kept(place)
            if not path.exists():
                with storage.Assets(_STAGE, place) as assets:
                    adapt.write(assets.path(path.name), adapt.learn(self._network, voice, self._buckets, manner.learning, self._device))
                    assets.publish()
            self._voices[place] = adapt.speaking_as(self._network, adapt.read(path))
            while len(self._voices) > _AT_HAND:
                del self._voices[next(iter(self._voices))]
        return self._voices[place]

    def render(self, mels: Float32[Tensor, "frames 80"]) -> Sound:
        """Any mel spectrogram as sound."""
        return self._vocoder.sound(mels).cpu().numpy()

    def sound(self, order: Order, index: int, mels: Float32[Tensor, "frames 80"]) -> Float32[np.ndarray, " samples"]:
        """A canvas as sound, cut to the line's slot."""
        line = order.lines[index]
        first, last = slot(line.start_ms, line.end_ms)
        at = mel.samples_of(line.start_ms - _begin(line.start_ms))
        spoken = self.render(mels)[at : at + last - first]
        return np.pad(spoken, (0, last - first - len(spoken))) * gate(last - first)


@functools.lru_cache(maxsize=64)
def _named(voice: Voice, *told: str) -> str:
    """Asked for every line of a voice, whose references are a megabyte."""
    return storage.address(*told, codec.encode(voice))


def _kept(place: str) -> Path:
    return storage.resolve(f"{storage.ASSET}{_STAGE}/{place}/voice.safetensors")


def slot(start_ms: int, end_ms: int) -> tuple[int, int]:
    """A line's samples in the clip: first, and after the last."""
    return mel.samples_of(start_ms), mel.samples_of(end_ms)


def pace(order: Order, index: int) -> float:
    """Tokens a second that a line's slot asks for."""
    line = order.lines[index]
    return len(tokenise(line.text, order.language)) * 1000 / line.duration_ms


def _begin(start_ms: int) -> int:
    return max(0, start_ms - MARGIN_MS)


def _seed(order: Order, index: int, seed: int) -> int:
    line = order.lines[index]
    return int(storage.address(str(seed), line.speaker, line.text, str(line.duration_ms))[:15], 16)


def _groups(order: Order, wanted: Sequence[int]) -> Iterator[list[int]]:
    """Lines of like length together, in batches of bounded size."""
    group: list[int] = []
    for index in sorted(wanted, key=lambda index: -order.lines[index].duration_ms):
        longest = order.lines[(group or [index])[0]].duration_ms + 2 * MARGIN_MS
        if group and (len(group) + 1) * longest * mel.FRAMES_PER_SECOND / 1000 > _TOGETHER:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def canvas(order: Order, index: int) -> Clip:
    """One line's canvas: its slot with ``MARGIN_MS`` around it, and its speaker's face where it shows."""
    line, voice = order.lines[index], order.voices[order.lines[index].speaker]
    begin, end = _begin(line.start_ms), min(order.duration_ms, line.end_ms + MARGIN_MS)
    frames = mel.frames_of(mel.samples_of(end - begin))
    start, length = slot_frames(line.start_ms - begin, line.end_ms - begin, frames)
    names = list(dict.fromkeys(line.speaker for line in sorted(order.lines, key=lambda line: line.start_ms)))
    speaker = {"age": voice.age, "gender": voice.gender, "voice": list(voice.vector)}
    said = line_on(tokenise(line.text, order.language), order.language, names.index(line.speaker), start, length, line.emotion, speaker)
    picture = Picture.nothing(frames)
    if order.faces and (shown := order.faces.of(line)):
        where = slice(start, start + length)
        picture.show(where, shown.arrays, shown.rows, begin - shown.zero_ms + mel.frame_times(frames)[where])
    mels = np.zeros((frames, mel.BINS), np.float32)
    return Clip("", order.kind, order.clue, (said,), picture.lips, picture.face, picture.seen, np.ones(frames, bool), mels, mels[:, 0])


def gate(samples: int) -> Float32[np.ndarray, " {samples}"]:
    """1, with a rise and a fall of ``_FADE_MS`` at the ends."""
    shape = np.ones(samples, np.float32)
    if fade := min(mel.samples_of(_FADE_MS), samples // 2):
        ramp = np.arange(fade, dtype=np.float32) / fade
        shape[:fade], shape[-fade:] = ramp, ramp[::-1]
    return shape
