"""A voice learned from a few seconds of it: the prior is taught on what a speaker said until its mels look like theirs.

A vector tells which of the voices that the network knows is the likest. A voice unlike them all needs weights of its own (speaker adaptation: Chen
et al., "Sample Efficient Adaptive Text-to-Speech", 2019; Chen et al., "AdaSpeech", 2021). How text and picture are read stays the network's, as do
timing and the course of the pitch; how every sound looks in this voice is learned, and how high it speaks is measured. When each sound falls in the
reference is found by the network too: it speaks the reference's words, and the likeness of frames decides (``align.paced``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from safetensors.torch import save_file
from torch import Tensor

from model import align, checkpoint, mel
from model.batch import Batch
from model.clip import Clip, Picture, collate, line_on, pitch_of
from model.network import Dubber, Guidance, filling, heights, keep_all
from model.order import LONGEST_MS, Reference, Voice
from model.symbols import BLANK
from model.text import TextError, tokenise
from schemas import EmotionLabel, Language

#: Raised by hand whenever the same references teach otherwise.
VERSION = "3"
#: Less speech than this teaches nothing; more is not listened to, for time grows with it.
LEAST_S, MOST_S = 2.0, 15.0
#: Adam's rate, the steps in which it rises, and the gradient's largest norm.
_RATE, _RISE, _CLIP = 6e-4, 5, 1.0
#: How far the weights go towards what was learned: by then they have most of the voice, and forget less of how other words are said.
_SHARE = 0.6
_HIGHER = "higher"
#: What a frame's likeness is worth beside the lengths of sounds, and how far these lie from the network's (logarithms).
_LIKENESS, _SOUNDS_SPREAD, _PAUSES_SPREAD = 4.0, 0.35, 0.5


@dataclass(frozen=True, slots=True)
class Learned:
    """What is a voice's own: the prior's weights, and how much higher it speaks than the network would say, in half octaves."""

    prior: dict[str, Tensor]
    higher: float


def of_sound(sound: Float32[np.ndarray, " samples"], text: str, language: Language, emotion: EmotionLabel = "uncertain") -> Reference | None:
    """A reference out of mono sound at ``mel.RATE``; None where its words can't be spoken, or are more than fit into it."""
    said = trimmed(sound)
    try:
        tokens = tokenise(text, language)
    except TextError:
        return None
    if not len(tokens) <= mel.frames_of(len(said)) <= LONGEST_MS * mel.FRAMES_PER_SECOND / 1000:
        return None
    return Reference(text, language, (np.clip(said, -1.0, 1.0) * 32767).round().astype("<i2").tobytes(), emotion)


def enough(found: Iterable[Reference | None]) -> tuple[Reference, ...]:
    """The first of some references that are ``MOST_S`` long together; none where all are less than ``LEAST_S``."""
    chosen: list[Reference] = []
    lasting = 0.0
    for reference in found:
        if reference is not None and lasting < MOST_S:
            chosen.append(reference)
            lasting += len(reference.pcm) / (2 * mel.RATE)
    return tuple(chosen) if lasting >= LEAST_S else ()


def trimmed(sound: Float32[np.ndarray, " samples"]) -> Float32[np.ndarray, " samples"]:
    """From the first to the last block of 10 ms that is at most 35 dB below the loudest."""
    block = mel.RATE // 100
    level = np.abs(sound[: len(sound) // block * block]).reshape(-1, block).max(1, initial=0.0)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (-35 / 20))
    return sound[loud[0] * block : (loud[-1] + 1) * block] if len(loud) else sound[:0]


def write(path: Path, learned: Learned) -> None:
    """Keep what was learned, in half precision."""
    half = {name: value.cpu().half().contiguous() for name, value in learned.prior.items()}
    save_file(half | {_HIGHER: torch.tensor([learned.higher])}, path)


def read(path: Path) -> Learned:
    """What was kept.

    Raises:
        WeightsError: it is damaged.
    """
    prior = checkpoint.tensors(path)
    return Learned({name: value.float() for name, value in prior.items() if name != _HIGHER}, float(prior[_HIGHER]))


def learn(network: Dubber, voice: Voice, buckets: int, steps: int, device: str = "cpu") -> Learned:
    """Teach a copy of the network's prior the voice in its references (``enough`` of them) in so many steps.

    What it gives lies between the network's weights and those (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    batch = collate([_clip(reference, voice) for reference in voice.references], buckets).to(device)
    batch = replace(batch, durations=_durations(network, batch))
    given = _given(network, batch)
    prior = copy.deepcopy(network.prior).requires_grad_(False)
    weights = [*prior.tower.parameters(), *prior.out.parameters()]
    for weight in weights:
        weight.requires_grad_(True)
    target, spoken = (batch.mels - network.mean) / network.deviation, batch.speaking
    optimizer = torch.optim.Adam(weights, lr=_RATE)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = _RATE * min(1.0, (step + 1) / _RISE)
        mean, _ = prior(given.aligned, batch.pitch, given.style, batch)
        optimizer.zero_grad()
        (mean - target)[spoken].abs().mean().backward()
        torch.nn.utils.clip_grad_norm_(weights, _CLIP)
        optimizer.step()
    taught = prior.state_dict()
    own = {name: torch.lerp(value, taught[name], _SHARE) for name, value in network.prior.state_dict().items()}
    return Learned(own, _higher(network, batch, given))


def speaking_as(network: Dubber, learned: Learned) -> Dubber:
    """A copy of the network that has what was learned."""
    own = copy.deepcopy(network)
    own.prior.load_state_dict(learned.prior)
    with torch.no_grad():
        own.melody.out.bias.view(-1, 2)[:, 0] += learned.higher
    return own


def _clip(reference: Reference, voice: Voice) -> Clip:
    """A reference as a clip that teaches."""
    sound = np.frombuffer(reference.pcm, "<i2").astype(np.float32) / 32767
    mels = mel.mel(torch.from_numpy(sound)[None])[0].numpy()
    frames = len(mels)
    speaker = {"age": voice.age, "gender": voice.gender, "voice": list(voice.vector)}
    line = line_on(tokenise(reference.text, reference.language), reference.language, 0, 0, frames, reference.emotion, speaker)
    picture = Picture.nothing(frames)
    pitch = pitch_of(sound, mel.frame_times(frames)).astype(np.float32)
    return Clip("", "monologue", "", (line,), picture.lips, picture.face, picture.seen, np.ones(frames, bool), mels, pitch)


@torch.no_grad()
def _durations(network: Dubber, batch: Batch) -> Int[Tensor, "lines tokens"]:
    """Frames of every token, by the likeness of the recording's frames to those in which the network says that token, and by usual lengths."""
    said, own = network.generate(batch, torch.zeros_like(batch.mels), 1, Guidance())
    owners = align.token_at(own, batch.mels.shape[1])
    within = batch.speaking[..., None]

    def centred(mels: Tensor) -> Tensor:
        mean = (mels * within).sum(1, keepdim=True) / within.sum(1, keepdim=True)
        return (mels - mean) / network.deviation * within

    sums = torch.zeros(*own.shape, mel.BINS, device=said.device)
    sums = sums.scatter_add(1, owners[..., None].expand(-1, -1, mel.BINS), centred(said))
    looks = sums / own.clamp_min(1)[..., None]
    likeness = -_LIKENESS * torch.cdist(centred(batch.mels), looks).square() / mel.BINS
    keep = keep_all(batch)
    logs = filling(network.durations(network.text(batch, network.style(batch, keep)), batch), batch)
    spread = torch.where(batch.symbols <= BLANK, _PAUSES_SPREAD, _SOUNDS_SPREAD)
    return align.paced(likeness, logs, spread, batch.length, batch.tokens)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the prior works from, which no step of learning changes."""

    style: Float[Tensor, "rows style"]
    aligned: Float[Tensor, "clips frames inputs"]


@torch.no_grad()
def _given(network: Dubber, batch: Batch) -> _Given:
    keep = keep_all(batch)
    style = network.style(batch, keep)
    return _Given(style, network.prior.aligned(network.text(batch, style), batch.durations, network.picture(batch, keep), batch, keep))


@torch.no_grad()
def _higher(network: Dubber, batch: Batch, given: _Given) -> float:
    """How much higher than the network would say the references are spoken: the median over voiced frames, in half octaves."""
    heard, _ = network.melody(given.aligned, given.style, batch)
    voiced = batch.speaking & (batch.pitch > 0)
    return float((heights(batch.pitch) - heard)[voiced].median()) if voiced.any() else 0.0
