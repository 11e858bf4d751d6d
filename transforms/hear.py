"""Clip -> Voices: who can be heard when, told apart within the clip, with a vector for every second and a half of voice."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from cinedub import config, heard, prosody
from cinedub.backends import roles
from cinedub.storage import Assets
from schemas import Clip, Span, Turn, Voices, outside, union
from transforms.stage import Stage

#: A voice is heard in a pass above this probability; shorter holes are filled, then shorter bursts dropped (breaths and clicks).
_ACTIVE, _HOLE_MS, _BURST_MS = 0.5, 250, 200
#: Two speak from so many expected voices on: the segmenter thinks less often of two than two speak, and of one in seven on it is more often right.
_TWO = 1.15
#: The segmenter's borders come so early, at both ends of a turn, as against generated films, whose borders are known to the sample.
_EARLY_MS = 25
#: Voice vectors see this much, this far apart; never less than ``_LEAST_MS``.
_WINDOW_MS, _HOP_MS, _LEAST_MS = 1_500, 750, 400
#: A window in which others are heard, too, is told by what is heard of its voice alone, up to so far outside; by itself where that is too little.
_REACH_MS, _ENOUGH_MS, _STEP_MS, _PIECE_MS = 1_000, 1_000, 50, 100
#: Words that are trusted without a voice, and the pause up to which they are one turn.
_TRUSTED, _WORD_GAP_MS = 0.5, 500
#: Two neighbouring passes speak of one voice when they share this part of the shorter one's activity in what both hear.
_SAME = 0.3


def hear(
    clip: Clip, config: config.Hear, assets: Assets, segmenter: roles.Segmenter, voice_encoder: roles.VoiceEncoder, gender: roles.GenderReader
) -> Voices:
    """Turns of clip-local voices ``v0``, ``v1``, … by first appearance, overlaps included, and the vectors of their windows.

    Words that were understood where the segmenter hears nobody (under music, whispered) are voices of their own, numbered last.
    """
    vocals, sound = heard.stem(clip, "vocals", clip.span), heard.stem(clip, "mix", clip.span)
    activity = follow(sound, segmenter)
    turns = _turns(activity, speaking(activity), segmenter.step_ms, clip.span)
    turns = sorted([*turns, *unclaimed(clip, turns)], key=lambda turn: (turn.span, turn.speaker))
    pieces = [(piece, int(turn.speaker[1:])) for turn in turns for piece in windows(turn.span, clip.span)]
    spans = np.array([(piece.start, piece.end) for piece, _ in pieces], np.int64).reshape(-1, 2)
    local = np.rint((spans - clip.span.start) * (heard.RATE / 1000)).astype(int)
    parts = [_sound(sound, alone(piece, f"v{voice}", turns, clip.span), clip.span.start) for piece, voice in pieces]
    vectors = voice_encoder.encode(parts) if parts else np.zeros((0, 0), np.float32)
    measured = prosody.measure(vocals, heard.RATE)
    colours = np.array([measured.over(*(span - clip.span.start)) for span in spans], np.float32).reshape(-1, 3)
    level = np.array([_level(vocals[start:end]) for start, end in local], np.float32)
    np.savez_compressed(
        assets.path("voices.npz"), windows=spans, embeddings=vectors, voice=np.array([voice for _, voice in pieces], np.int64),
        pitch=colours[:, 0], spread=colours[:, 1], tilt=colours[:, 2], level=level, female=gender.female(parts),
    )  # fmt: skip
    return Voices(clip, tuple(turns), assets.uri("voices.npz"))


class Hear(Stage[Clip, Voices]):
    """Tell the voices of a clip apart."""

    run = staticmethod(hear)
    version = 22


def follow(sound: roles.Mono, segmenter: roles.Segmenter) -> Float[np.ndarray, "frames voices"]:
    """Activity of each of the sound's voices, by passes of the segmenter that overlap by half and are stitched where both hear.

    A pass knows its voices only by number. It takes over the numbers of the voices so far that are active together with its own; a voice that
    is active with none of them is new. Where passes overlap, each counts by how far from its own edge it hears the frame.
    """
    step = segmenter.step_ms
    frames, width = -(-len(sound) * 1000 // round(step * heard.RATE)), round(segmenter.window_ms / step)
    samples = round(step * heard.RATE / 1000)
    total, weight = np.zeros((frames, 0)), np.zeros(frames)
    last = max(0, frames - width)
    for first in sorted({*range(0, last, width // 2), last}):
        part = segmenter.segment(sound[first * samples : (first + width) * samples])
        part = part[: frames - first]
        rows = slice(first, first + len(part))
        known = total[rows] / np.maximum(weight[rows], 1e-9)[:, None]
        column = _columns(known, part * (weight[rows] > 0)[:, None], part)
        total = np.pad(total, ((0, 0), (0, max(column.max() + 1 - total.shape[1], 0))))
        share = np.minimum(np.arange(1, len(part) + 1), np.arange(len(part), 0, -1)).astype(float)
        for voice, target in enumerate(column):
            if target >= 0:
                total[rows, target] += share * part[:, voice]
        weight[rows] += share
    return total / np.maximum(weight, 1e-9)[:, None]


def _columns(known: np.ndarray, shared: np.ndarray, part: np.ndarray) -> np.ndarray:
    """For each voice of a pass the number it continues, a new one, or -1 when it is never active."""
    from scipy.optimize import linear_sum_assignment

    voices = part.shape[1]
    column = np.full(voices, -1)
    together = known.T @ shared
    for old, voice in zip(*linear_sum_assignment(-together), strict=True) if together.size else ():
        if together[old, voice] > _SAME * max(min(known[:, old].sum(), shared[:, voice].sum()), 1.0):
            column[voice] = old
    fresh = known.shape[1]
    for voice in range(voices):
        if column[voice] < 0 and part[:, voice].max() > _ACTIVE:
            column[voice], fresh = fresh, fresh + 1
    return column


def speaking(activity: Float[np.ndarray, "frames voices"]) -> Bool[np.ndarray, "frames voices"]:
    """Who speaks: every voice that is active, and the two likeliest where two are expected, which is told by the sum of the activities."""
    two = activity.sum(axis=1) > _TWO
    place = (-activity).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return (activity > _ACTIVE) | (two[:, None] & (place < 2) & (activity > 0))


def windows(turn: Span, within: Span) -> list[Span]:
    """Windows over a turn: every 0.75 s, the last one flush with the turn's end; a short turn is one window, widened to 0.4 s where it can be."""
    if turn.duration <= _WINDOW_MS:
        missing = max(0, _LEAST_MS - turn.duration)
        return [turn.pad(-(-missing // 2), within)]
    starts = [*range(turn.start, turn.end - _WINDOW_MS, _HOP_MS), turn.end - _WINDOW_MS]
    if len(starts) > 2 and starts[-1] - starts[-2] < _HOP_MS // 3:  # nearly the same sound twice
        del starts[-2]
    return [Span(start, start + _WINDOW_MS) for start in starts]


def alone(window: Span, voice: str, turns: list[Turn], within: Span) -> list[Span]:
    """What of a voice tells whose it is: a window, or, where others are heard in it, what lies nearest to its middle and is the voice's alone."""
    others = union(turn.span for turn in turns if turn.speaker != voice)
    if not any(window.overlap(other) for other in others):
        return [window]
    own = union(turn.span for turn in turns if turn.speaker == voice)
    solo = [part for span in own for part in outside(span, others) if part.duration >= _PIECE_MS]
    near: list[Span] = []
    for further in range(0, _REACH_MS + 1, _STEP_MS):
        near = [part for span in solo if (part := span & window.pad(further, within))]
        if sum(part.duration for part in near) >= window.duration:
            break
    return near if sum(part.duration for part in near) >= _ENOUGH_MS else [window]


def _sound(sound: roles.Mono, spans: list[Span], start: int) -> roles.Mono:
    return np.concatenate([sound[round((span.start - start) * heard.RATE / 1000) : round((span.end - start) * heard.RATE / 1000)] for span in spans])


def unclaimed(clip: Clip, turns: list[Turn]) -> list[Turn]:
    """Turns over words that no turn touches, each by a new voice. In a clip without any turn all words count, else only those trusted."""
    words = [word for utterance in clip.utterances for word in utterance.words if word.confidence >= _TRUSTED or not turns]
    alone = [word for word in words if not any(word.span.overlap(turn.span) for turn in turns)]
    gaps = union([word.span for word in alone], gap=_WORD_GAP_MS)
    fresh = 1 + max((int(turn.speaker[1:]) for turn in turns), default=-1)
    found: list[Turn] = []
    for span in gaps:
        inside = [word.confidence for word in alone if span.covers(word.span)]
        if span.duration >= _BURST_MS or not turns:
            found.append(Turn(f"v{fresh + len(found)}", span, round(float(np.mean(inside)), 4)))
    return found


def _turns(activity: Float[np.ndarray, "frames voices"], on: Bool[np.ndarray, "frames voices"], step_ms: float, span: Span) -> list[Turn]:
    voices: list[list[tuple[int, int, float]]] = []
    for column, active in zip(activity.T, on.T, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], active, [0]])))
        runs = [[int(a), int(b)] for a, b in edges.reshape(-1, 2)]
        joined: list[list[int]] = []
        for run in runs:
            if joined and (run[0] - joined[-1][1]) * step_ms < _HOLE_MS:
                joined[-1][1] = run[1]
            else:
                joined.append(run)
        kept = [run for run in joined if (run[1] - run[0]) * step_ms >= _BURST_MS]
        voices.append([(run[0], run[1], float(column[run[0] : run[1]].mean())) for run in kept])
    turns = []
    for number, runs_of_voice in enumerate(sorted(filter(None, voices))):
        for first, end, score in runs_of_voice:
            start_ms, end_ms = (min(span.end, span.start + round(frame * step_ms) + _EARLY_MS * (frame > 0)) for frame in (first, end))
            turns.append(Turn(f"v{number}", Span(start_ms, end_ms), round(min(score, 1.0), 4)))
    return sorted(turns, key=lambda turn: (turn.span, turn.speaker))


def _level(heard: roles.Mono) -> float:
    """In dB, full scale 0."""
    return float(10 * np.log10(np.mean(np.square(heard, dtype=np.float64)) + 1e-10)) if len(heard) else -100.0
