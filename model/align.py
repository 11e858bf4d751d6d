"""Which token sounds in which frame: the forward-sum loss, monotonic search, and durations that fill a slot exactly."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from model.batch import mask

#: Far below every log probability that is meant, yet finite in half precision.
NEVER = -1e4


def forward_sum(scores: Float[Tensor, "lines frames tokens"], frames: Int[Tensor, " lines"], tokens: Int[Tensor, " lines"]) -> Float[Tensor, ""]:
    """Negative log probability of all monotonic paths through every token, per frame (Badlani et al., "One TTS Alignment To Rule Them All", 2021).

    ``scores`` are unnormalised; a blank of score -1 stands beside the tokens.
    """
    classes = functional.pad(scores.float(), (1, 0), value=-1.0)
    known = mask(tokens + 1, classes.shape[-1])[:, None]
    chances = classes.masked_fill(~known, NEVER).log_softmax(-1)
    targets = torch.arange(1, classes.shape[-1], device=scores.device).expand(len(scores), -1)
    losses = functional.ctc_loss(chances.transpose(0, 1), targets, frames, tokens, reduction="none", zero_infinity=True)
    return (losses / frames).mean()


def search(scores: Float[Tensor, "lines frames tokens"], frames: Int[Tensor, " lines"], tokens: Int[Tensor, " lines"]) -> Int[Tensor, "lines tokens"]:
    """Durations in frames of the best monotonic path (Kim et al., "Glow-TTS", 2020): every token at least one, together the line's frames.

    A line needs at least as many frames as tokens.
    """
    scores = scores.detach().float()
    lines, longest, widest = scores.shape
    rows = torch.arange(lines, device=scores.device)
    best = scores.new_full((lines, widest), -torch.inf)
    best[:, 0] = scores[:, 0, 0]
    stepped = torch.zeros(lines, longest, widest, dtype=torch.bool, device=scores.device)
    for frame in range(1, longest):
        before = functional.pad(best[:, :-1], (1, 0), value=-torch.inf)
        stepped[:, frame] = before > best
        best = scores[:, frame] + torch.maximum(best, before)
    durations = torch.zeros(lines, widest, dtype=torch.long, device=scores.device)
    place = tokens.long() - 1
    for frame in range(longest - 1, -1, -1):
        within = frame < frames
        # A path that must still reach the first token steps back in every frame that is left.
        durations[rows, place] += within
        place = place - (within & (stepped[rows, frame, place] | (place >= frame)) & (place > 0)).long()
    return durations


def fill(shares: Float[Tensor, "lines tokens"], frames: Int[Tensor, " lines"], tokens: Int[Tensor, " lines"]) -> Int[Tensor, "lines tokens"]:
    """Whole durations in proportion to ``shares``, rounded by their cumulative sum: together exactly the line's frames.

    Every token gets at least one frame where the line has that many; in a shorter line some get none.
    """
    widest = shares.shape[1]
    shares = shares.double().masked_fill(~mask(tokens, widest), 0.0)
    ends = shares.cumsum(1)
    ends = (ends / ends[:, -1:].clamp_min(1e-12) * frames[:, None]).round().long()
    ramp = torch.arange(1, widest + 1, device=shares.device).expand_as(ends)
    room = (frames - tokens)[:, None]
    apart = (ends - ramp).cummax(1).values.clamp_min(0).minimum(room.clamp_min(0)) + ramp
    ends = torch.where(room >= 0, apart, ends)
    ends = torch.where(mask(tokens, widest), ends, frames[:, None])
    ends[torch.arange(len(ends)), tokens.long() - 1] = frames.long()
    return ends.diff(dim=1, prepend=torch.zeros_like(ends[:, :1]))


def paced(
    scores: Float[Tensor, "lines frames tokens"],
    logs: Float[Tensor, "lines tokens"],
    spread: Float[Tensor, "lines tokens"],
    frames: Int[Tensor, " lines"],
    tokens: Int[Tensor, " lines"],
) -> Int[Tensor, "lines tokens"]:
    """Durations in frames of the best monotonic path where a token's length counts as well as its frames' ``scores``: the best path of a hidden
    semi-Markov model (Yu, "Hidden semi-Markov models", 2010) whose logarithms of durations are normal around ``logs`` with deviation ``spread``.

    Every token gets at least one frame, and together they are the line's, which needs as many frames as tokens. ``logs`` must be of durations
    that sum to about the line's frames: no token gets more than four times the longest of them.
    """
    lines, longest, widest = scores.shape
    rows = torch.arange(lines, device=scores.device)
    sums = functional.pad(scores.cumsum(1), (0, 0, 1, 0))
    most = min(longest, 4 * int(logs.exp().max().ceil()))
    lengths = torch.arange(most, 0, -1, device=scores.device).float().log()
    best = torch.full_like(sums[:, :, 0], NEVER * longest)
    best[:, 0] = 0.0
    taken = []
    for token in range(widest):
        # What stands before each frame, as far back as the token may have begun.
        before = functional.pad(best - sums[:, :, token], (most, 0), value=2 * NEVER * longest).unfold(1, most, 1)[:, : longest + 1]
        fitting = -0.5 * ((lengths - logs[:, token, None]) / spread[:, token, None]).square()
        best, place = (before + fitting[:, None]).max(-1)
        best = (best + sums[:, :, token]).clamp_min(NEVER * longest)
        taken.append(most - place)
    durations = torch.zeros(lines, widest, dtype=torch.long, device=scores.device)
    end = frames.long()
    for token in range(widest - 1, -1, -1):
        durations[:, token] = torch.where(token < tokens, taken[token][rows, end], 0)
        end = end - durations[:, token]
    return durations


def token_at(durations: Int[Tensor, "lines tokens"], frames: int) -> Int[Tensor, "lines {frames}"]:
    """Which token each frame of a line belongs to; padding frames belong to the last."""
    ends = durations.cumsum(1)
    places = torch.arange(frames, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, places, right=True).clamp_max(durations.shape[1] - 1)


def diagonal(
    frames: Int[Tensor, " lines"], tokens: Int[Tensor, " lines"], longest: int, widest: int, spread: float = 0.12
) -> Float[Tensor, "lines {longest} {widest}"]:
    """The log of a bell around an even pace: what alignments look like before anything is learned."""
    time = (torch.arange(longest, device=frames.device) + 0.5) / frames[:, None]
    place = (torch.arange(widest, device=frames.device) + 0.5) / tokens[:, None]
    return -0.5 * ((time[:, :, None] - place[:, None, :]) / spread) ** 2
