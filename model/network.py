"""The dubbing network: time is the canvas. Lines, lips and voices in; a mel spectrogram of the clip's exact length out.

Bill of materials                                      rows        axis            width
  Text       tokens + signs -> blocks                  lines       tokens          text_width
  Picture    lips, face, seen -> blocks                clips       frames          video_width
  Style      voice, emotion, age, gender, clue, kind   lines       -               style_width   steers every norm of its line's tokens and frames
  Durations  text, pace -> shares of the slot          lines       tokens          1
  Listener   mel against text: who sounds when         lines       frames x tokens               teaches only (forward sum, then monotonic search)
  Reader     lips and phase against text: the same     lines       frames x tokens               decides when a mouth is seen
  Melody     aligned text + picture + place -> pitch   clips       frames / stack  melody_width
  Prior      the same + pitch -> mean                  clips       frames / stack  width
  Decoder    noise + mean + Prior's state -> velocity  clips       frames / stack  flow_width    conditional flow matching (Lipman et al., 2022)

Blocks are ConvNeXt's (a depthwise convolution before the MLP) behind a norm that the style shifts and scales, as in DiT (Peebles and Xie, 2022),
with one modulation shared by a tower's layers and a table of its own in each (PixArt-alpha). One block of the text's and of the prior's tower also
attends, with rotary positions: the rest of what counts is near. Frames of silence are neither generated nor taught.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from model import align
from model.batch import AGES, EMOTIONS, FACE, GENDERS, KINDS, LANGUAGES, LIPS, SLOTS, VOICE, Batch, mask
from model.config import Network as Config
from model.mel import BINS, FRAMES_PER_SECOND, SILENCE
from model.symbols import BLANK, SIGNS, SYMBOLS

#: What may be withheld, from a clip as a whole.
CONDITIONS = ("text", "lips", "face", "voice", "labels", "clue")
_PLACES = 10
_MIDDLE_HZ = 180.0
#: Frames of a pause before the first sound and after the last.
_END = 2.0
#: Logarithms of durations lie around those that are predicted with such deviations.
_SOUNDS_SPREAD, _PAUSES_SPREAD = 0.25, 0.5
#: What a frame's lips are worth: neighbours say the same, and faces are other ones than those that were learned from.
_TRUST = 0.1
#: Lips that say a line's sounds with less than this log probability a frame aren't those of who says it, or aren't seen well: somebody else's have
#: -2.5 in the median and more than this one time in eight, those of who speaks -0.5 on truth shards, -1.4 as the pipeline measures them.
_HEEDED = -2.0


@dataclass(frozen=True, slots=True)
class Keep:
    """Which conditions each clip shows the network; the others are as if unknown."""

    text: Bool[Tensor, " clips"]
    lips: Bool[Tensor, " clips"]
    face: Bool[Tensor, " clips"]
    voice: Bool[Tensor, " clips"]
    labels: Bool[Tensor, " clips"]
    clue: Bool[Tensor, " clips"]


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over what is heard: ``flow``, ``mean`` and ``contrast`` in the mels' deviation, ``duration``, ``binary``, ``read`` in nats, ``listen``
    per frame; ``melody`` in half octaves where voiced, with the nats of whether it is. ``contrast`` is how much less (or more) a clip's bins vary
    than the recording's: a mean alone would flatten them (Toda and Tokuda's global variance, 2007)."""

    flow: Float[Tensor, ""]
    mean: Float[Tensor, ""]
    contrast: Float[Tensor, ""]
    duration: Float[Tensor, ""]
    melody: Float[Tensor, ""]
    listen: Float[Tensor, ""]
    binary: Float[Tensor, ""]
    read: Float[Tensor, ""]


@dataclass(frozen=True, slots=True)
class Guidance:
    """How far to lean towards what text, picture and style add (Ho and Salimans, 2022); 0 costs nothing. Style tells speakers apart: without it the
    mean draws all voices together."""

    text: float = 0.0
    video: float = 0.0
    style: float = 0.5


class Dubber(nn.Module):
    """The whole network. ``forward`` gives losses, ``generate`` mels."""

    mean: Tensor
    deviation: Tensor
    #: Whether the listener learns where all durations are told, too.
    listens = False

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.full((BINS,), SILENCE / 2))
        self.register_buffer("deviation", torch.full((BINS,), 2.0))
        self.style = Style(config)
        self.text = Text(config)
        self.picture = Picture(config)
        self.durations = Durations(config)
        self.listener = Listener(config)
        self.reader = Reader(config)
        self.melody = Melody(config)
        self.prior = Prior(config)
        self.decoder = Decoder(config) if config.flow_layers else None

    def forward(self, batch: Batch, keep: Keep, noise: Float[Tensor, "clips frames 80"] | None, time: Float[Tensor, " clips"]) -> Losses:
        """Losses of one batch; ``noise`` and ``time`` in [0, 1] are the flow's, which rests where there is no noise.

        Every line must have at least as many frames as tokens, or tell their durations.
        """
        target = (batch.mels - self.mean) / self.deviation
        style = self.style(batch, keep)
        text = self.text(batch, style)
        picture = self.picture(batch, keep)
        longest = int(batch.length.max())
        known = mask(batch.length, longest) & of_lines(batch.audible[..., None], batch, longest)[..., 0]
        found, listen, binary = self._found(target, text, known, batch)
        owners = align.token_at(found, longest)
        said = mask(batch.tokens, batch.symbols.shape[1])

        logs = self.durations(text, batch)
        wanted = found.clamp_min(1).float().log()
        duration = _mean(functional.smooth_l1_loss(logs, wanted, reduction="none"), said)
        read = self.reader(picture, text, logs.detach(), batch)
        seen = known & of_lines(self.picture.shown(batch, keep)[..., None], batch, longest)[..., 0]
        read_loss = _mean(functional.nll_loss(read.float().log_softmax(-1).transpose(1, 2), owners, reduction="none"), seen)

        aligned = self.prior.aligned(text, found, picture, batch, keep)
        heard = batch.audible & batch.speaking
        height, voicing = self.melody(aligned, style, batch)
        melody = _mean(functional.l1_loss(height, heights(batch.pitch), reduction="none"), heard & (batch.pitch > 0))
        melody = melody + _mean(functional.binary_cross_entropy_with_logits(voicing, (batch.pitch > 0).float(), reduction="none"), heard)
        mean, state = self.prior(aligned, batch.pitch, style, batch)
        taught = heard[..., None].expand_as(target)
        if noise is None or self.decoder is None:
            flow = mean.new_zeros(()) + 0.0 * sum(parameter.sum() for parameter in (self.decoder.parameters() if self.decoder else ()))
        else:
            at = time[:, None, None]
            velocity = self.decoder((1 - at) * noise + at * target, mean.detach(), state, time, style, batch)
            flow = _mean(functional.mse_loss(velocity.float(), target - noise, reduction="none"), taught)
        return Losses(
            flow=flow,
            mean=_mean(functional.l1_loss(mean.float(), target, reduction="none"), taught),
            contrast=functional.l1_loss(_deviation(mean.float(), heard), _deviation(target, heard)),
            duration=duration,
            melody=melody,
            listen=listen,
            binary=binary,
            read=read_loss,
        )

    def _found(
        self, target: Float[Tensor, "clips frames 80"], text: Float[Tensor, "lines tokens text"], known: Bool[Tensor, "lines slot"], batch: Batch
    ) -> tuple[Int[Tensor, "lines tokens"], Float[Tensor, ""], Float[Tensor, ""]]:
        """Durations as told, or as the listener finds them in the recording, and what that teaches it: ``listen`` and ``binary``.

        Where all lines of a batch are told nothing is to be found, and it costs nothing, unless it learns from them (``listens``).
        """
        if bool(batch.timed.all()) and not self.listens:
            nothing = 0.0 * sum(parameter.sum() for parameter in self.listener.parameters())
            return batch.durations, nothing, nothing
        heard = self.listener(of_lines(target, batch, known.shape[1]), text, batch)
        found = align.search(heard.float().log_softmax(-1), batch.length, batch.tokens)
        found = torch.where(batch.timed[:, None], batch.durations, found)
        owners = align.token_at(found, known.shape[1])
        binary = _mean(functional.nll_loss(heard.float().log_softmax(-1).transpose(1, 2), owners, reduction="none"), known)
        return found, align.forward_sum(heard, batch.length, batch.tokens), binary

    @torch.no_grad()
    def timing(self, batch: Batch) -> Int[Tensor, "lines tokens"]:
        """Durations in frames that fill each line's slot: by text and pace, and by lips in frames that show them. Lips know when a sound falls, not
        how long it must be to be understood, so lengths count beside them (``align.paced``). Lips that don't fit the words are not followed."""
        keep = keep_all(batch)
        text = self.text(batch, self.style(batch, keep))
        logs = filling(self.durations(text, batch), batch)
        durations = align.fill(logs.exp(), batch.length, batch.tokens)
        longest = int(batch.length.max())
        shown = of_lines(self.picture.shown(batch, keep)[..., None], batch, longest) & mask(batch.length, longest)[..., None]
        guided = shown.any(2).any(1) & (batch.length >= batch.tokens)
        if guided.any():
            read = self.reader(self.picture(batch, keep), text, logs, batch).float().log_softmax(-1)
            spread = torch.where(batch.symbols <= BLANK, _PAUSES_SPREAD, _SOUNDS_SPREAD)
            told = (_TRUST * read * shown, logs, spread, batch.length, batch.tokens)
            led = align.paced(*(part[guided] for part in told))
            owners = align.token_at(led, longest)[..., None]
            seen = shown[guided, :, 0]
            said = (read[guided].gather(2, owners)[..., 0] * seen).sum(1) / seen.sum(1).clamp_min(1)
            durations[guided] = torch.where((said >= _HEEDED)[:, None], led, durations[guided])
        return durations

    @torch.no_grad()
    def generate(
        self, batch: Batch, noise: Float[Tensor, "clips frames 80"], steps: int, guidance: Guidance
    ) -> tuple[Float[Tensor, "clips frames 80"], Int[Tensor, "lines tokens"]]:
        """Mels, silent where nobody speaks, and the durations they were made with; Euler's method in ``steps`` steps from ``noise``, or the mean
        alone where the network has no flow."""
        durations = self.timing(batch)
        runs = [(1.0 + guidance.text + guidance.video + guidance.style, keep_all(batch))]
        runs += [(-guidance.text, keep_all(batch, "text"))] if guidance.text else []
        runs += [(-guidance.video, keep_all(batch, "lips", "face"))] if guidance.video else []
        runs += [(-guidance.style, keep_all(batch, "voice", "labels", "clue"))] if guidance.style else []
        prepared = []
        pitch: Tensor | None = None
        for weight, keep in runs:
            style = self.style(batch, keep)
            aligned = self.prior.aligned(self.text(batch, style), durations, self.picture(batch, keep), batch, keep)
            # The first run sees everything; the others say the same melody.
            pitch = self.melody.sung(aligned, style, batch) if pitch is None else pitch
            prepared.append((weight, style, *self.prior(aligned, pitch, style, batch)))
        if self.decoder is None:
            mels = sum((weight * mean.float() for weight, _, mean, _ in prepared), torch.zeros_like(noise))
            return self._voiced(mels, batch), durations
        mels = noise
        for step in range(steps):
            time = torch.full_like(batch.frames, step, dtype=torch.float32) / steps
            velocity = torch.zeros_like(noise)
            for weight, style, mean, state in prepared:
                velocity = velocity + weight * self.decoder(mels, mean, state, time, style, batch).float()
            mels = mels + velocity / steps
        return self._voiced(mels, batch), durations

    def _voiced(self, mels: Float[Tensor, "clips frames 80"], batch: Batch) -> Float[Tensor, "clips frames 80"]:
        """Mels as the vocoder reads them, silent where nobody speaks."""
        return torch.where(batch.speaking[..., None], mels * self.deviation + self.mean, torch.full_like(mels, SILENCE))


def keep_all(batch: Batch, *withheld: str) -> Keep:
    """Everything but ``withheld`` is shown in every clip."""
    return Keep(**{name: torch.full_like(batch.frames, name not in withheld, dtype=torch.bool) for name in CONDITIONS})


def of_lines(frames: Tensor, batch: Batch, longest: int) -> Tensor:
    """(clips, frames, width) -> (lines, longest, width): each line's frames, from its first; what follows its last is other frames."""
    places = (batch.start[:, None] + torch.arange(longest, device=frames.device)).clamp_max(frames.shape[1] - 1)
    return frames[batch.clip[:, None], places]


def _mean(values: Tensor, where: Tensor) -> Float[Tensor, ""]:
    return (values.float() * where).sum() / where.sum().clamp_min(1)


def _deviation(mels: Float[Tensor, "clips frames 80"], where: Bool[Tensor, "clips frames"]) -> Float[Tensor, "clips 80"]:
    """How much each bin varies over a clip."""
    weight = where[..., None] / where.sum(1).clamp_min(1)[:, None, None]
    mean = (mels * weight).sum(1, keepdim=True)
    return ((mels - mean).square() * weight).sum(1).add(1e-4).sqrt()


class Style(nn.Module):
    """What steers the norms: one row for silence, then one for each line."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.style_width
        self.voice = nn.Linear(VOICE, width)
        self.nobody = nn.Parameter(torch.zeros(width))
        self.language, self.kind, self.slot = nn.Embedding(len(LANGUAGES), width), nn.Embedding(len(KINDS), width), nn.Embedding(SLOTS, width)
        self.emotion, self.age, self.gender = (nn.Embedding(len(names), width) for names in (EMOTIONS, AGES, GENDERS))
        self.clue = nn.Embedding(config.clue_buckets + 1, config.clue_width, padding_idx=0)
        self.clue_out = nn.Linear(config.clue_width, width)
        self.silence = nn.Parameter(torch.zeros(width))
        self.mix = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, batch: Batch, keep: Keep) -> Float[Tensor, "rows style"]:
        """Row 0 is silence, row 1 + i line i."""
        known = (keep.voice[batch.clip] & (batch.voice != 0).any(1))[:, None]
        voice = torch.where(known, self.voice(batch.voice * VOICE**0.5), self.nobody)
        labels = self.emotion(batch.emotion) + self.age(batch.age) + self.gender(batch.gender)
        words = (batch.clue > 0).sum(1, keepdim=True)
        clue = self.clue_out(self.clue(batch.clue).sum(1) / words.clamp_min(1))
        lines = voice + self.language(batch.language) + self.kind(batch.kind[batch.clip]) + self.slot(batch.slot)
        lines = lines + labels * keep.labels[batch.clip][:, None] + clue * (keep.clue[batch.clip][:, None] & (words > 0))
        return functional.silu(self.mix(torch.cat([self.silence[None], lines])))


class Block(nn.Module):
    """A depthwise convolution with an MLP, and before it attention where asked for; each behind a norm that ``modulation`` shifts and scales."""

    def __init__(self, width: int, heads: int, kernel: int, expansion: int, attends: bool) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(2 * width))
        self.attention = Attention(width, heads) if attends else None
        self.near = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.grow, self.shrink = nn.Linear(width, expansion * width), nn.Linear(expansion * width, width)
        self.gate = nn.Parameter(torch.full((width,), 0.3))

    def forward(
        self, x: Float[Tensor, "rows places width"], known: Bool[Tensor, "rows places"], modulation: Float[Tensor, "rows _ two_widths"]
    ) -> Float[Tensor, "rows places width"]:
        """The same places, each having looked at the others that are ``known``."""
        if self.attention is not None:
            x = self.attention(x, known)
        shift, scale = (modulation + self.table).chunk(2, -1)
        inner = torch.addcmul(shift, functional.layer_norm(x, x.shape[-1:]), 1 + scale) * known[..., None]
        inner = self.near(inner.transpose(1, 2)).transpose(1, 2)
        return torch.addcmul(x, self.gate, self.shrink(functional.gelu(self.grow(inner))))


class Attention(nn.Module):
    """Each place looks at all that are known, behind a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.inward, self.outward = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.gate = nn.Parameter(torch.full((width,), 0.3))

    def forward(self, x: Float[Tensor, "rows places width"], known: Bool[Tensor, "rows places"]) -> Float[Tensor, "rows places width"]:
        """The same places."""
        query, key, value = self.inward(self.norm(x)).unflatten(-1, (3, self.heads, -1)).unbind(2)
        query, key, value = rotate(query).transpose(1, 2), rotate(key).transpose(1, 2), value.transpose(1, 2)
        looked = functional.scaled_dot_product_attention(query, key, value, known[:, None, None])
        return torch.addcmul(x, self.gate, self.outward(looked.transpose(1, 2).flatten(2)))


def rotate(x: Float[Tensor, "rows places heads width"]) -> Float[Tensor, "rows places heads width"]:
    """Rotary positions (Su et al., "RoFormer", 2021)."""
    half = x.shape[-1] // 2
    speeds = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angles = torch.arange(x.shape[1], device=x.device, dtype=torch.float32)[:, None] * speeds
    cos, sin = angles.cos()[:, None].to(x.dtype), angles.sin()[:, None].to(x.dtype)
    left, right = x[..., :half], x[..., half : 2 * half]
    return torch.cat([left * cos - right * sin, left * sin + right * cos], -1)


class Tower(nn.Module):
    """Blocks that share one modulation out of the style; ``attends`` says which of them attend."""

    def __init__(self, width: int, config: Config, layers: int, kernel: int, attends: int | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, config.heads, kernel, config.expansion, layer == attends) for layer in range(layers))
        self.steer = nn.Linear(config.style_width, 2 * width)
        nn.init.normal_(self.steer.weight, std=0.02)
        nn.init.zeros_(self.steer.bias)

    def forward(
        self,
        x: Float[Tensor, "rows places width"],
        known: Bool[Tensor, "rows places"],
        style: Float[Tensor, "styles style"],
        at: Int[Tensor, "rows _"],
    ) -> Float[Tensor, "rows places width"]:
        """All blocks in turn; ``at`` says which of the styles steers each place (or all of a row)."""
        modulation = self.steer(style)[at]
        for block in self.blocks:
            x = block(x, known, modulation)
        return x * known[..., None]


class Text(nn.Module):
    """Tokens to states, each line by itself, spoken in its style."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.symbols, self.signs = nn.Embedding(SYMBOLS, config.text_width), nn.Linear(SIGNS, config.text_width, bias=False)
        self.tower = Tower(config.text_width, config, config.text_layers, kernel=5, attends=config.text_layers - 1)

    def forward(self, batch: Batch, style: Float[Tensor, "rows style"]) -> Float[Tensor, "lines tokens text"]:
        """States; zero beyond a line's tokens."""
        flags = (batch.signs[..., None] >> torch.arange(SIGNS, device=batch.signs.device)) & 1
        x = self.symbols(batch.symbols) + self.signs(flags.to(self.signs.weight.dtype))
        return self.tower(x, mask(batch.tokens, x.shape[1]), style[1:], torch.arange(len(x), device=x.device)[:, None])


class Picture(nn.Module):
    """Lips and face of whoever speaks, already on the mel's frame axis. What is withheld or not seen is zero, and a flag says so."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.inward = nn.Linear(LIPS + FACE + 2, config.video_width)
        self.tower = Tower(config.video_width, config, config.video_layers, kernel=9, attends=None)
        self.plain = nn.Parameter(0.1 * torch.randn(config.style_width))

    @staticmethod
    def shown(batch: Batch, keep: Keep) -> Bool[Tensor, "clips frames"]:
        """Where lips are seen and not withheld."""
        return batch.seen & keep.lips[:, None] & batch.speaking

    def forward(self, batch: Batch, keep: Keep) -> Float[Tensor, "clips frames video"]:
        """States."""
        lips = self.shown(batch, keep)[..., None]
        face = (batch.seen & keep.face[:, None] & batch.speaking)[..., None]
        x = self.inward(torch.cat([batch.lips * lips, batch.face * face, lips, face], -1).to(self.inward.weight.dtype))
        return self.tower(x, mask(batch.frames, x.shape[1]), self.plain[None], torch.zeros(len(x), 1, dtype=torch.long, device=x.device))


class Durations(nn.Module):
    """How a line's slot is shared among its tokens."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.text_width
        self.pace = nn.Linear(1, width)
        self.near = nn.Conv1d(width, width, 5, padding=2)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, text: Float[Tensor, "lines tokens text"], batch: Batch) -> Float[Tensor, "lines tokens"]:
        """Logarithms of durations in frames that sum to the slot."""
        known = mask(batch.tokens, text.shape[1])
        slot = batch.length.float().log()[:, None]
        pace = (slot - batch.tokens.float().log()[:, None])[..., None]
        x = (text.detach() * 0.9 + text * 0.1 + self.pace(pace)) * known[..., None]
        x = functional.gelu(self.norm(self.near(x.transpose(1, 2)).transpose(1, 2)))
        return self.out(x)[..., 0].float().masked_fill(~known, align.NEVER).log_softmax(1) + slot


def filling(logs: Float[Tensor, "lines tokens"], batch: Batch) -> Float[Tensor, "lines tokens"]:
    """Logarithms of durations with ``_END`` frames for each pause before the first sound and after the last: speech fills its slot, while recordings
    that teach have some silence at both ends."""
    known = mask(batch.tokens, logs.shape[1])
    sounds = (batch.symbols > BLANK) & known
    inner = sounds.cummax(1).values & sounds.flip(1).cummax(1).values.flip(1)
    room = (batch.length - _END * (known & ~inner).sum(1)).clamp_min(1.0).log()
    within = logs.float().masked_fill(~inner, -torch.inf).log_softmax(1) + room[:, None]
    return torch.where(inner, within, torch.where(known, math.log(_END), align.NEVER))


class Listener(nn.Module):
    """Which token a frame of the recording sounds like: distances between mel and text, near an even pace."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.align_width
        self.query = nn.ModuleList([nn.Conv1d(BINS, 2 * width, 5, padding=2), nn.Conv1d(2 * width, width, 5, padding=2)])
        self.key = nn.Linear(config.text_width, width)

    def forward(
        self, mels: Float[Tensor, "lines frames 80"], text: Float[Tensor, "lines tokens text"], batch: Batch
    ) -> Float[Tensor, "lines frames tokens"]:
        """Scores, unnormalised."""
        known = mask(batch.length, mels.shape[1])[:, None]
        first, second = self.query
        query = second(torch.relu(first(mels.transpose(1, 2) * known)) * known).transpose(1, 2)
        query, key = query.float(), self.key(text).float()
        distance = query.square().sum(-1)[:, :, None] + key.square().sum(-1)[:, None] - 2 * query @ key.transpose(1, 2)
        scores = align.diagonal(batch.length, batch.tokens, mels.shape[1], text.shape[1]) - distance
        return scores.masked_fill(~mask(batch.tokens, text.shape[1])[:, None], align.NEVER)


class Reader(nn.Module):
    """Which token a frame's lips say, near where the durations expect it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.align_width
        self.query = nn.Sequential(nn.Linear(config.video_width + 4, width), nn.GELU(), nn.Linear(width, width))
        self.key = nn.Linear(config.text_width, width)
        self.focus = nn.Parameter(torch.zeros(()))

    def forward(
        self,
        picture: Float[Tensor, "clips frames video"],
        text: Float[Tensor, "lines tokens text"],
        logs: Float[Tensor, "lines tokens"],
        batch: Batch,
    ) -> Float[Tensor, "lines slot tokens"]:
        """Scores, unnormalised."""
        longest = int(batch.length.max())
        query = self.query(torch.cat([of_lines(picture, batch, longest), phase(batch, longest).to(picture.dtype)], -1)).float()
        key = self.key(text).float()
        length = logs.exp()
        centre = length.cumsum(1) - length / 2
        frames = torch.arange(longest, device=logs.device) + 0.5
        pace = (batch.length / batch.tokens).float()[:, None, None]
        expected = -functional.softplus(self.focus) * (frames[None, :, None] - centre[:, None]).abs() / pace
        scores = query @ key.transpose(1, 2) * query.shape[-1] ** -0.5 + expected
        return scores.masked_fill(~mask(batch.tokens, text.shape[1])[:, None], align.NEVER)


def phase(batch: Batch, longest: int) -> Float[Tensor, "lines {longest} 4"]:
    """The temporal track within a line: phase, what is left of it, seconds since its start and to its end."""
    since = torch.arange(longest, device=batch.length.device) + 0.5
    length = batch.length[:, None].float()
    done = (since / length).clamp_max(1.0)
    seconds = since.expand_as(done) / FRAMES_PER_SECOND
    left = (length - since).clamp_min(0.0) / FRAMES_PER_SECOND
    return torch.stack([done, 1 - done, torch.log1p(seconds), torch.log1p(left)], -1)


class Melody(nn.Module):
    """How high each frame is spoken, and whether it is voiced: told to the Prior, whose mean would blur every harmonic else (Łańcucki, "FastPitch",
    2021, by frames instead of symbols)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.stack = config.stack
        self.inward = nn.Linear(self.stack * _aligned_width(config), config.melody_width)
        self.tower = Tower(config.melody_width, config, config.melody_layers, kernel=9, attends=None)
        self.out = nn.Linear(config.melody_width, 2 * self.stack)

    def forward(
        self,
        aligned: Float[Tensor, "clips frames inputs"],
        style: Float[Tensor, "rows style"],
        batch: Batch,
    ) -> tuple[Float[Tensor, "clips frames"], Float[Tensor, "clips frames"]]:
        """Height in half octaves (``heights``) and the logit of being voiced."""
        x = self.inward(stacked(aligned, self.stack))
        x = self.out(self.tower(x, known_stacks(batch, self.stack), style, leading(batch, self.stack))).float()
        height, voicing = unstacked(x, self.stack, batch.line_at.shape[1]).unbind(-1)
        return height, voicing

    def sung(
        self,
        aligned: Float[Tensor, "clips frames inputs"],
        style: Float[Tensor, "rows style"],
        batch: Batch,
    ) -> Float[Tensor, "clips frames"]:
        """Pitch in Hz, 0 where it is rather unvoiced."""
        height, voicing = self(aligned, style, batch)
        return torch.where(voicing > 0, _MIDDLE_HZ * torch.exp2(height.clamp(-3.0, 3.0) / 2), 0.0)


def heights(pitch: Float[Tensor, "clips frames"]) -> Float[Tensor, "clips frames"]:
    """Pitch in Hz as half octaves above ``_MIDDLE_HZ``; anything where unvoiced."""
    return 2 * torch.log2(pitch.clamp_min(30.0) / _MIDDLE_HZ)


def _aligned_width(config: Config) -> int:
    return config.text_width + config.video_width + _PLACES


class Prior(nn.Module):
    """Aligned text, picture, time and pitch to a first mel and the state that the decoder works from."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.stack = config.stack
        self.nothing = nn.Parameter(torch.zeros(config.text_width))
        self.inward = nn.Linear(self.stack * (_aligned_width(config) + 2), config.width)
        self.tower = Tower(config.width, config, config.prior_layers, kernel=7, attends=config.prior_layers // 2)
        self.out = nn.Linear(config.width, self.stack * BINS)

    def aligned(
        self,
        text: Float[Tensor, "lines tokens text"],
        durations: Int[Tensor, "lines tokens"],
        picture: Float[Tensor, "clips frames video"],
        batch: Batch,
        keep: Keep,
    ) -> Float[Tensor, "clips frames inputs"]:
        """For every frame its token's state, ten numbers of time (within token and line, and whether anybody speaks), and the picture's state."""
        longest = int(batch.length.max())
        owners = align.token_at(durations, longest)
        length = durations.gather(1, owners).clamp_min(1).float()
        since = torch.arange(longest, device=text.device) - (durations.cumsum(1) - durations).gather(1, owners)
        within = ((since + 0.5) / length).clamp(0.0, 1.0)
        numbers = [within, 1 - within, 4 * within * (1 - within), length.log() / 3, torch.log1p(since.clamp_min(0)) / 3]
        track = torch.cat([torch.stack(numbers, -1), phase(batch, longest), torch.ones_like(within)[..., None]], -1)
        states = torch.where(keep.text[batch.clip][:, None, None], text, self.nothing.to(text.dtype))
        states = states.gather(1, owners[..., None].expand(-1, -1, text.shape[-1]))
        lines = torch.cat([states, track.to(states.dtype)], -1)
        # Every frame fetches its row: line i's frames lie behind a row of silence, one line after the other.
        rows = torch.cat([lines.new_zeros(1, lines.shape[-1]), lines.flatten(0, 1)])
        line = (batch.line_at - 1).clamp_min(0)
        offset = torch.arange(batch.line_at.shape[1], device=text.device) - batch.start[line]
        spoken = rows[torch.where(batch.speaking, 1 + line * longest + offset.clamp(0, longest - 1), 0)]
        return torch.cat([spoken, picture], -1)

    def forward(
        self,
        aligned: Float[Tensor, "clips frames inputs"],
        pitch: Float[Tensor, "clips frames"],
        style: Float[Tensor, "rows style"],
        batch: Batch,
    ) -> tuple[Float[Tensor, "clips frames 80"], Float[Tensor, "clips stacks width"]]:
        """The mean mel (normalised) and the state of each stack of frames."""
        voiced = (pitch > 0) & batch.speaking
        sung = torch.stack([heights(pitch) * voiced, voiced], -1).to(aligned.dtype)
        x = self.inward(stacked(torch.cat([aligned, sung], -1), self.stack))
        state = self.tower(x, known_stacks(batch, self.stack), style, leading(batch, self.stack))
        return unstacked(self.out(state), self.stack, batch.line_at.shape[1]), state


class Decoder(nn.Module):
    """The flow's velocity at ``time``, given noisy mels, the mean and the Prior's state."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.stack, self.style_width = config.stack, config.style_width
        self.inward = nn.Linear(2 * self.stack * BINS, config.flow_width)
        self.state = nn.Linear(config.width, config.flow_width)
        self.time = nn.Sequential(nn.Linear(64, config.style_width), nn.SiLU(), nn.Linear(config.style_width, config.style_width))
        self.tower = Tower(config.flow_width, config, config.flow_layers, kernel=7, attends=None)
        self.norm = nn.LayerNorm(config.flow_width)
        self.out = nn.Linear(config.flow_width, self.stack * BINS)
        nn.init.zeros_(self.out.weight)

    def forward(
        self,
        mels: Float[Tensor, "clips frames 80"],
        mean: Float[Tensor, "clips frames 80"],
        state: Float[Tensor, "clips stacks width"],
        time: Float[Tensor, " clips"],
        style: Float[Tensor, "rows style"],
        batch: Batch,
    ) -> Float[Tensor, "clips frames 80"]:
        """Velocity in units of the mels' deviation; silent frames are zero on the way in, so that what happens to them there tells nothing."""
        spoken = torch.cat([mels, mean], -1) * batch.speaking[..., None]
        x = self.inward(stacked(spoken.to(state.dtype), self.stack)) + self.state(state)
        steps = time[:, None] * 1000.0 * 10_000.0 ** (-torch.arange(32, device=time.device) / 32)
        moment = functional.silu(self.time(torch.cat([steps.cos(), steps.sin()], -1).to(state.dtype)))
        # Silence's row, the first, is a place that nobody hears: any clip's moment will do.
        steered = style + moment[functional.pad(batch.clip, (1, 0))]
        x = self.norm(self.tower(x, known_stacks(batch, self.stack), steered, leading(batch, self.stack)))
        return unstacked(self.out(x), self.stack, mels.shape[1])


def stacked(frames: Float[Tensor, "clips frames width"], stack: int) -> Float[Tensor, "clips stacks stacked_width"]:
    """Neighbouring frames side by side; the last stack is filled with zeros."""
    padded = functional.pad(frames, (0, 0, 0, -frames.shape[1] % stack))
    return padded.unflatten(1, (-1, stack)).flatten(2)


def unstacked(stacks: Float[Tensor, "clips stacks stacked_width"], stack: int, frames: int) -> Float[Tensor, "clips {frames} width"]:
    """The reverse: ``frames`` frames one after another."""
    return stacks.unflatten(-1, (stack, -1)).flatten(1, 2)[:, :frames]


def leading(batch: Batch, stack: int) -> Int[Tensor, "clips stacks"]:
    """The line of each stack of frames: whoever speaks in any of them."""
    padded = functional.pad(batch.line_at, (0, -batch.line_at.shape[1] % stack))
    return padded.unflatten(1, (-1, stack)).amax(-1)


def known_stacks(batch: Batch, stack: int) -> Bool[Tensor, "clips stacks"]:
    """Stacks with at least one frame of the clip."""
    return mask(-(-batch.frames // stack), -(-batch.line_at.shape[1] // stack))
