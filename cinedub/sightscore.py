"""Pictures against the truth: shots, faces, mouths, and who of those who are seen speaks.

A found face is a true one where their boxes overlap (intersection over union of at least ``SAME_FACE``), one to one in every frame. Only frames
inside clips are looked at: of the rest of a film a dataset promises nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from cinedub import sync
from cinedub.measures import Measure, derived, overlap
from cinedub.truth import TrueFace, Truth

#: Detectors draw the box around a face, the truth around its outline: half, as others ask for, would measure taste.
SAME_FACE = 0.3
#: A cut is right within a frame of 24 per second.
SAME_CUT_MS = 45
#: Sound is in step with the picture within a frame of 25 per second.
IN_STEP_MS = 40
#: A face that is this sure to speak is marked as speaking.
SPEAKS = 0.5
#: Faces are counted by their height in pixels (below these, and beyond), and in scenes with less light than this apart.
SIZES, DARK = {"small": 48, "middle": 96, "large": 1 << 16}, 0.7
#: A mouth is compared over at least a second of one face, and where it moves at all.
LEAST_FRAMES, LEAST_MOVEMENT = 25, 0.01

Arrays = dict[str, np.ndarray]


@dataclass
class Sight:
    """What a film's clips showed, clip by clip; only sums and the scores of faces are kept."""

    truth: Truth
    cuts: Counter[str] = field(default_factory=Counter)
    faces: Counter[str] = field(default_factory=Counter)
    recall: dict[str, Counter[str]] = field(default_factory=dict)
    marked: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)
    step: Counter[str] = field(default_factory=Counter)
    mouths: list[tuple[float, int]] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)
    speaks: list[np.ndarray] = field(default_factory=list)
    unseen: int = 0

    def add(self, record: dict[str, Any], faces: Arrays, lips: Arrays) -> None:
        """One clip: its annotations and the arrays of ``faces.npz`` and ``lips.npz``."""
        if self.truth.shots:
            self.cuts.update(_cuts(self.truth, record))
        if self.truth.faces:
            self._add_faces(record, faces, lips)

    def _add_faces(self, record: dict[str, Any], faces: Arrays, lips: Arrays) -> None:
        zero, pts = record["span_ms"][0], np.asarray(faces["pts_ms"], np.int64)
        frames = np.rint((zero + pts) * float(Fraction(self.truth.fps)) / 1000).astype(int)
        true = [face for face in self.truth.faces if face.first_frame <= frames.max(initial=-1) and frames.min(initial=0) < _last(face)]
        there, boxes = _laid_out(true, frames)
        found = np.asarray(faces["track"], bool)
        match = matched(there, boxes, found, np.asarray(faces["box"], float))
        person = np.array([face.person for face in true], object)
        speaking = np.array([_speaking(self.truth, face.person, zero + pts) for face in true], bool).reshape(len(true), len(pts))
        self.faces.update(of=int(there.sum()), right=int((match >= 0).sum()))
        self._recall(there, boxes, match, zero + pts)
        for k, face in enumerate(true):
            for trial in face.trials:
                self._tally(trial, there[k], match[k])
        right = np.zeros(found.shape, bool)
        for k, t in zip(*np.nonzero(match >= 0), strict=True):
            right[match[k, t], t] = speaking[k, t]
        self.scores.append(np.asarray(faces["speaking"], float)[found])
        self.speaks.append(right[found])
        self.unseen += int((there & speaking & (match < 0)).sum())
        self._mark(there, speaking, match, found, np.asarray(faces["speaking"], float), zero + pts)
        self._own(record, person, there, match)
        self._step(record)
        for k, face in enumerate(true):
            self._mouth(face, frames, match[k], np.asarray(lips["aperture"], float))

    def _recall(self, there: np.ndarray, boxes: np.ndarray, match: np.ndarray, times: Int[np.ndarray, " T"]) -> None:
        """How many faces of each size, and in the dark, were found."""
        height = boxes[..., 3] - boxes[..., 1]
        low = 0
        for name, below in SIZES.items():
            self._tally(name, there & (low <= height) & (height < below), match)
            low = below
        dark = np.zeros(len(times), bool)
        for line in self.truth.lines:
            if line.light is not None and line.light < DARK:
                dark |= (line.start_ms <= times) & (times < line.end_ms)
        self._tally("dark", there & dark, match)

    def _tally(self, name: str, faces: np.ndarray, match: np.ndarray) -> None:
        self.recall.setdefault(name, Counter()).update(of=int(faces.sum()), right=int((faces & (match >= 0)).sum()))

    def _mark(
        self, there: np.ndarray, speaking: np.ndarray, match: np.ndarray, found: np.ndarray, scores: np.ndarray, times: Int[np.ndarray, " T"]
    ) -> None:
        """Frames in which one person alone speaks and is seen: is theirs the face that is marked as speaking?"""
        heard = sum(
            (_speaking(self.truth, name, times).astype(int) for name in {turn.speaker for turn in self.truth.turns}), np.zeros(len(times), int)
        )
        for k, t in zip(*np.nonzero(there & speaking & (heard == 1)), strict=True):
            here = np.flatnonzero(found[:, t] & (scores[:, t] >= SPEAKS))
            best = int(here[scores[here, t].argmax()]) if len(here) else -1
            self.marked.update(of=1, right=int(best >= 0 and best == match[k, t]))

    def _own(self, record: dict[str, Any], person: np.ndarray, there: np.ndarray, match: np.ndarray) -> None:
        """Voices of the clip whose person is seen for a second, or that were given a face: is the face the voice's?"""
        for speaker in record["speakers"]:
            voice = whose(self.truth, record, speaker["id"])
            tracks = speaker.get("faces", [] if speaker.get("face") is None else [speaker["face"]])
            seen: Counter[str] = Counter()
            for k, name in enumerate(person):
                seen[name] += int(np.isin(match[k][match[k] >= 0], tracks).sum())
            visible = int(there[person == voice].any(axis=0).sum()) >= LEAST_FRAMES if voice else False
            if voice and (visible or tracks):
                best = max(seen, key=lambda name: seen[name], default=None)
                self.owners.update(of=1, right=int(best == voice and bool(seen[voice])))

    def _step(self, record: dict[str, Any]) -> None:
        """A film with truth about its mouths has its sound in step with them: what a clip is sure of must say so."""
        found = record.get("quality", {}).get("sync")
        if found and found["confidence"] >= sync.SURE:
            self.step.update(of=1, right=int(abs(found["offset_ms"]) <= IN_STEP_MS))

    def _mouth(self, face: TrueFace, frames: Int[np.ndarray, " T"], match: Int[np.ndarray, " T"], aperture: np.ndarray) -> None:
        if not face.mouth:
            return
        for track in sorted({int(i) for i in match if i >= 0}):
            at = np.flatnonzero(match == track)
            true, measured = np.array(face.mouth)[frames[at] - face.first_frame], aperture[track, at]
            if len(at) >= LEAST_FRAMES and true.std() >= LEAST_MOVEMENT:
                self.mouths.append((float(np.corrcoef(true, measured)[0, 1]) if measured.std() else 0.0, len(at)))

    def measures(self) -> dict[str, Measure]:
        """What could be measured of the film."""
        found: dict[str, Measure] = {}
        if self.truth.shots:
            found["shots"] = derived({name: self.cuts[name] for name in ("truth", "found", "right")})
        if self.truth.faces:
            for name, count in (("faces", self.faces), ("speaking", self.marked), ("voice_faces", self.owners), ("in_step", self.step)):
                found[name] = {"of": count["of"], "right": count["right"]}
            found |= {f"faces_{name}": {"of": count["of"], "right": count["right"]} for name, count in self.recall.items()}
            frames = sum(length for _, length in self.mouths)
            found["mouths"] = derived({"of": frames, "sum": sum(r * length for r, length in self.mouths)})
            scores = np.concatenate([*self.scores, np.zeros(0)])
            labels = np.concatenate([*self.speaks, np.zeros(0, bool)])
            if labels.sum() + self.unseen:
                found["speaking_ap"] = derived({"of": 1, "sum": average_precision(scores, labels, self.unseen)})
        return found


def average_precision(scores: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], unseen: int = 0) -> float:
    """Area under precision over recall, without interpolation; ``unseen`` positives have no score and are never found."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # equal scores are found together
    precision, recall = hits[ends] / (ends + 1), hits[ends] / max(1, int(right.sum()) + unseen)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def matched(
    there: Bool[np.ndarray, "K T"], boxes: Float[np.ndarray, "K T 4"], found: Bool[np.ndarray, "N T"], others: Float[np.ndarray, "N T 4"]
) -> Int[np.ndarray, "K T"]:
    """For every true face and frame the found face that is it, or -1: the pairs that overlap most together."""
    match = np.full(there.shape, -1)
    low = np.maximum(boxes[:, None, :, :2], others[None, :, :, :2])
    high = np.minimum(boxes[:, None, :, 2:], others[None, :, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    union = _area(boxes)[:, None] + _area(others)[None] - shared
    together = np.where(there[:, None] & found[None], shared / np.maximum(union, 1e-9), 0.0)
    for t in np.flatnonzero((together >= SAME_FACE).any(axis=(0, 1))):
        for k, i in zip(*linear_sum_assignment(-together[:, :, t]), strict=True):
            if together[k, i, t] >= SAME_FACE:
                match[k, t] = i
    return match


def whose(truth: Truth, record: dict[str, Any], speaker: str) -> str | None:
    """The true speaker with whom a found one shares most of the clip."""
    zero, shared = record["span_ms"][0], Counter[str]()
    for turn in record["turns"]:
        if turn["speaker"] == speaker:
            for true in truth.turns:
                shared[true.speaker] += overlap(zero + turn["start_ms"], zero + turn["end_ms"], true.start_ms, true.end_ms)
    best = max(shared, key=lambda name: shared[name], default=None)
    return best if best and shared[best] else None


def _cuts(truth: Truth, record: dict[str, Any]) -> dict[str, int]:
    """Cuts well inside the clip: a clip's own borders are no cuts found."""
    zero, end = record["span_ms"]
    true, found = (
        [cut for cut in cuts if zero + SAME_CUT_MS < cut < end - SAME_CUT_MS]
        for cuts in ([shot.start_ms for shot in truth.shots[1:]], [zero + start for start, _ in record["shots_ms"][1:]])
    )
    left, right = list(found), 0
    for cut in true:
        near = [other for other in left if abs(other - cut) <= SAME_CUT_MS]
        if near:
            left.remove(min(near, key=lambda other: abs(other - cut)))
            right += 1
    return {"truth": len(true), "found": len(found), "right": right}


def _speaking(truth: Truth, person: str, times: Int[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
    """When a person has a turn."""
    active = np.zeros(len(times), bool)
    for turn in truth.turns:
        if turn.speaker == person:
            active |= (turn.start_ms <= times) & (times < turn.end_ms)
    return active


def _laid_out(true: list[TrueFace], frames: Int[np.ndarray, " T"]) -> tuple[Bool[np.ndarray, "K T"], Float[np.ndarray, "K T 4"]]:
    """Where each true face is in the clip's frames, and when."""
    there, boxes = np.zeros((len(true), len(frames)), bool), np.zeros((len(true), len(frames), 4))
    for k, face in enumerate(true):
        there[k] = (face.first_frame <= frames) & (frames < _last(face))
        boxes[k, there[k]] = np.array(face.boxes)[frames[there[k]] - face.first_frame]
    return there & (_area(boxes) > 0), boxes


def _last(face: TrueFace) -> int:
    return face.first_frame + len(face.boxes)


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
