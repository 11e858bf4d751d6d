"""Which of the faces in a picture speaks, once it is known who is heard: the mouth, and what the whole film tells of a face and a voice.

A mouth in profile, in the dark or behind a hand tells little by itself; but whoever's face is seen speaking with a voice elsewhere in the film most
likely speaks with it here, and a face that keeps still while the voice goes on is a listener's. Every turn of a voice over one face track is a piece
of evidence. It is judged by its own mouth and by all *other* pieces of the same voice and face in the film, never by itself twice:

    log odds = own mouth + the other pieces of this face with this voice − the best of this face with another voice

At one moment one voice has at most one face: the faces that are visible and nobody of them share a probability of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from cinedub import speaking
from cinedub.speaking import FRAME_MS
from schemas import Span

#: Voiced seconds at which a piece of evidence counts half.
SOME_S = 0.6
#: Share of the voiced time for which a mouth goes with the voice, at which speaking is as likely as not.
HALF = 0.35
#: Log odds per unit of that share: of the mouth itself, of the other pieces of the same voice, of those of another voice.
OWN, SAME, OTHER = 6.0, 8.0, 4.0
#: A mouth that goes with a sound in which nobody's turn was found keeps this part of its score.
NO_TURN = 0.5
#: How much less a face is said to speak in the pauses of a turn.
PAUSE = 0.3
#: Borders of turns are sure within this many frames: so far beyond them a face speaks that speaks in the turn and whose mouth still goes.
EDGE = 7

Spoken = Sequence[tuple[int, Span, float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A clip's faces: N tracks, T frames at 25 Hz.

    ``identity`` of each track in the film; ``visible`` where it has a box; ``mouth`` how likely the mouth goes with the voice (``speaking.scores``);
    ``heard`` how likely anybody is heard.
    """

    start: int
    identity: Int[np.ndarray, " N"]
    visible: Bool[np.ndarray, "N T"]
    mouth: Float[np.ndarray, "N T"]
    heard: Float[np.ndarray, " T"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One turn over one track: whose voice, which face, the frames, how long it is voiced there and for how much of that the mouth goes with it."""

    clip: int
    turn: int
    track: int
    person: int
    identity: int
    frames: Int[np.ndarray, " frames"]
    voiced_s: float
    with_voice_s: float


def scores(seen: Sequence[Seen], spoken: Sequence[Spoken]) -> list[Float32[np.ndarray, "N T"]]:
    """For every clip of a film how likely each track's face speaks at each frame, in [0, 1]; 0 where it isn't visible.

    ``spoken`` are each clip's turns: person, span, score. A person has a turn through short pauses, so a face speaks through them too.
    """
    pieces = [piece for number, (clip, turns) in enumerate(zip(seen, spoken, strict=True)) for piece in _pieces(number, clip, turns)]
    odds = _odds(pieces)
    found = []
    for number, (clip, turns) in enumerate(zip(seen, spoken, strict=True)):
        own = [(piece, odd) for piece, odd in zip(pieces, odds, strict=True) if piece.clip == number]
        rest = 1 - PAUSE * (1 - speaking.widened(clip.heard))
        quiet, somebody = np.ones(clip.visible.shape), np.zeros(clip.visible.shape[1], bool)
        for turn, (_, span, _) in enumerate(turns):
            weights = np.zeros(clip.visible.shape)
            for piece, odd in own:
                if piece.turn == turn:
                    weights[piece.track, piece.frames] = np.exp(odd)
            inside = _frames(clip, span)
            if not len(inside):  # a turn shorter than half a frame
                continue
            likely = weights / (1 + weights.sum(axis=0))
            for edge, beyond in ((inside[:1], inside[:1] - np.arange(EDGE, 0, -1)), (inside[-1:], inside[-1:] + np.arange(1, EDGE + 1))):
                beyond = beyond[(beyond >= 0) & (beyond < likely.shape[1])]
                likely[:, beyond] = likely[:, edge] * clip.mouth[:, beyond]
            quiet *= 1 - likely * rest
            somebody[inside] = True
        likely = np.where(somebody, 1 - quiet, np.maximum(1 - quiet, NO_TURN * clip.mouth))
        found.append((likely * clip.visible).astype(np.float32))
    return found


def _pieces(number: int, clip: Seen, turns: Spoken) -> list[_Piece]:
    pieces = []
    for turn, (person, span, _) in enumerate(turns):
        inside = _frames(clip, span)
        for track, identity in enumerate(clip.identity.tolist()):
            frames = inside[clip.visible[track, inside]]
            if len(frames):
                voiced, going = (float(signal[frames].sum()) * FRAME_MS / 1000 for signal in (clip.heard, clip.mouth[track]))
                pieces.append(_Piece(number, turn, track, person, identity, frames, voiced, min(going, voiced)))
    return pieces


def _odds(pieces: Sequence[_Piece]) -> list[float]:
    """Log odds of every piece that the face speaks there."""
    voiced: dict[int, dict[int, np.ndarray]] = {}
    for piece in pieces:
        pair = voiced.setdefault(piece.identity, {}).setdefault(piece.person, np.zeros(2))
        pair += (piece.voiced_s, piece.with_voice_s)
    odds = []
    for piece in pieces:
        of_face = voiced[piece.identity]
        own = np.array((piece.voiced_s, piece.with_voice_s))
        same = _said(*(of_face[piece.person] - own))
        other = max((_said(*sums) for person, sums in of_face.items() if person != piece.person), default=0.0)
        odds.append(OWN * _said(*own) + SAME * same - OTHER * max(other, 0.0))
    return odds


def _said(voiced_s: float, with_voice_s: float) -> float:
    """How much a mouth goes with a voice, from about -0.35 (still) to 0.65 (in step), less where little is heard."""
    return (with_voice_s - HALF * voiced_s) / (voiced_s + SOME_S)


def _frames(clip: Seen, span: Span) -> Int[np.ndarray, " frames"]:
    first, after = (round((ms - clip.start) / FRAME_MS) for ms in (span.start, span.end))
    return np.arange(max(first, 0), min(after, clip.visible.shape[1]))
