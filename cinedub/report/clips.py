"""One clip as the page shows it: its annotations, its waveform, and how far each speaker's mouth is open."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from cinedub import untrusted
from cinedub.dataset import Dataset

#: Peaks of the sound each second; a mouth is this far open (in eye distances) at full scale.
PEAKS_HZ, _WIDE = 50, 0.4
#: What a mouth that isn't seen is in the curve.
_UNSEEN = 255


def clip(dataset: Dataset, row: dict[str, Any]) -> dict[str, Any]:
    """A record for the page: times in ms from the clip's start, curves as base64 of one byte a step.

    ``peaks``: of vocals and background, ``PEAKS_HZ`` a second, 0 to 255 of full scale. ``mouths``: speaker -> opening 25 times a second, 0 to 254,
    255 where the mouth isn't seen.
    """
    record = dataset.record(row)
    wanted = ("vocals.flac", "background.flac", "lips.npz", "faces.npz")
    members = dataset.members(row, wanted)
    speakers = [{name: speaker.get(name) for name in ("id", "age", "gender", "timbre")} for speaker in record["speakers"]]
    return {
        **{name: record[name] for name in ("key", "film", "span_ms", "language", "kind", "lines", "turns", "shots_ms", "emotion", "clue")},
        **{name: record[name] for name in ("quality", "corrections", "asr_turns")},
        "split": row["split"],
        "shard": f"shards/{row['shard']}.tar",
        "speakers": speakers,
        "provenance": record["provenance"],
        "peaks": {name: _text(peaks(members[f"{name}.flac"])) if f"{name}.flac" in members else "" for name in ("vocals", "background")},
        "mouths": {name: _text(curve) for name, curve in mouths(record, members["faces.npz"], members["lips.npz"]).items()},
    }


def peaks(sound: bytes) -> np.ndarray:
    """The greatest amplitude in every step of 1/``PEAKS_HZ`` s, uint8."""
    samples, rate = untrusted.sound(sound, "a sound")
    loud, step = np.abs(samples).max(axis=1), rate // PEAKS_HZ
    steps = -(-len(loud) // step)
    return np.round(255 * np.minimum(np.pad(loud, (0, steps * step - len(loud))).reshape(steps, step).max(axis=1), 1)).astype(np.uint8)


def mouths(record: dict[str, Any], faces: bytes, lips: bytes) -> dict[str, np.ndarray]:
    """How far each speaker's mouth is open at 25 Hz, uint8; speakers who are never seen are left out."""
    seen = untrusted.arrays(faces, "faces.npz", ["track"])["track"].astype(bool)
    aperture = untrusted.arrays(lips, "lips.npz", ["aperture"])["aperture"]
    if aperture.shape != seen.shape:  # left out of a dataset made to be shared
        return {}
    opening = np.round(254 * np.clip(aperture / _WIDE, 0, 1))
    found = {}
    for speaker in record["speakers"]:
        tracks = [track for track in tracks_of(speaker) if track < len(seen)]
        if tracks and seen[tracks].any():
            widest = np.where(seen[tracks], opening[tracks], -1).max(axis=0)
            found[speaker["id"]] = np.where(widest < 0, _UNSEEN, widest).astype(np.uint8)
    return found


def tracks_of(speaker: dict[str, Any]) -> list[int]:
    """A speaker's rows in the face arrays."""
    face = speaker.get("face")
    return list(speaker.get("faces") or ([] if face is None else [face]))


def _text(curve: np.ndarray) -> str:
    return base64.b64encode(curve.tobytes()).decode()
