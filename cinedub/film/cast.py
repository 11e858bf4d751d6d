"""Looks that dlib's face encoder tells apart, found by moving the features until each was far from all others."""

from __future__ import annotations

from cinedub.film.faces import Look

LOOKS: tuple[Look, ...] = (
    Look(
        width=0.96, jaw=0.17, chin=0.04, brows=-0.13, eyes_apart=-0.05, eyes_size=-0.25, eyes_tilt=-0.01, nose_width=-0.34,
        nose_length=-0.16, mouth_width=0.05, mouth_height=-0.01, lips=0.38, forehead=0.21, hair=(12, 2, 6), hair_volume=-0.42,
        brow_weight=0.38, glasses=True,
    ),
    Look(
        width=0.97, jaw=-0.2, chin=0.21, brows=-0.09, eyes_apart=0.09, eyes_size=-0.26, eyes_tilt=0.29, nose_width=-0.35, nose_length=-0.05,
        mouth_width=-0.05, mouth_height=0.08, lips=-0.07, forehead=0.26, skin=(-8, 2, 4), hair=(12, 2, 6), hair_volume=0.06,
        brow_weight=0.08,
    ),
    Look(
        width=0.84, jaw=-0.17, chin=0.05, brows=0.06, eyes_apart=0.1, eyes_size=-0.3, eyes_tilt=0.12, nose_width=0.5, nose_length=-0.04,
        mouth_width=-0.25, mouth_height=0.05, lips=-0.01, forehead=-0.1, skin=(-32, 4, 5), hair=(-28, 0, -12), hair_volume=-0.49, beard=0.8,
        brow_weight=0.67, age=0.4, gender="male",
    ),
    Look(
        width=1.01, jaw=0.06, chin=0.04, brows=0.04, eyes_apart=0.11, eyes_size=0.08, eyes_tilt=-0.06, nose_width=0.18, nose_length=0.19,
        mouth_width=-0.14, mouth_height=0.06, lips=-0.13, forehead=-0.08, skin=(-16, 3, 5), hair=(-22, 0, -9), hair_volume=-0.22,
        brow_weight=0.02, age=0.4, mirrored=True,
    ),
    Look(
        jaw=-0.2, chin=0.25, brows=0.06, eyes_apart=-0.08, eyes_size=0.3, eyes_tilt=0.18, nose_width=0.13, nose_length=0.14, mouth_width=0.2,
        mouth_height=0.02, lips=-0.19, forehead=-0.11, skin=(6, 2, -2), hair=(22, -6, -18), hair_volume=-0.25, brow_weight=0.15, age=0.4,
    ),
    Look(
        width=0.87, jaw=0.35, chin=-0.1, brows=-0.12, eyes_apart=-0.11, eyes_size=-0.15, eyes_tilt=0.3, nose_width=-0.35, nose_length=0.15,
        mouth_width=0.01, mouth_height=0.05, lips=-0.14, forehead=-0.04, hair=(-10, 8, 2), hair_volume=-0.44, brow_weight=0.97,
        gender="male",
    ),
    Look(
        width=0.93, jaw=0.33, chin=0.26, brows=0.03, eyes_apart=0.07, eyes_size=0.04, eyes_tilt=0.05, nose_width=-0.32, nose_length=0.05,
        mouth_width=0.2, mouth_height=-0.06, lips=-0.3, forehead=0.05, skin=(-32, 4, 5), hair_volume=-0.43, brow_weight=0.92, age=0.4,
        gender="male",
    ),
    Look(
        width=1.05, jaw=0.22, chin=-0.03, brows=-0.13, eyes_apart=0.05, eyes_size=-0.14, eyes_tilt=-0.3, nose_width=0.5, nose_length=-0.17,
        mouth_width=-0.16, mouth_height=0.06, lips=-0.08, forehead=-0.2, skin=(-8, 2, 4), hair=(22, -6, -18), hair_volume=-0.5, beard=0.6,
        brow_weight=0.3, age=0.4, glasses=True, mirrored=True, gender="male",
    ),
    Look(
        width=1.01, jaw=-0.01, chin=-0.2, brows=-0.05, eyes_apart=-0.09, eyes_size=0.16, eyes_tilt=-0.23, nose_width=0.5, nose_length=-0.12,
        mouth_width=-0.03, mouth_height=0.02, lips=-0.29, forehead=-0.15, skin=(-32, 4, 5), hair=(-28, 0, -12), hair_volume=-0.17, age=0.4,
        mirrored=True,
    ),
    Look(
        width=0.84, jaw=0.21, chin=-0.04, brows=-0.11, eyes_apart=0.04, eyes_size=-0.06, eyes_tilt=0.3, nose_width=0.48, nose_length=-0.17,
        mouth_width=0.2, mouth_height=0.08, lips=0.05, forehead=0.12, hair=(12, 2, 6), hair_volume=-0.12, brow_weight=0.88, mirrored=True,
        gender="male",
    ),
    Look(
        width=1.1, jaw=0.12, chin=0.17, brows=0.03, eyes_apart=-0.07, eyes_size=-0.24, eyes_tilt=-0.02, nose_width=-0.02, nose_length=0.09,
        mouth_width=-0.03, mouth_height=-0.04, lips=-0.04, forehead=0.3, skin=(-16, 3, 5), hair=(-18, 4, -3), hair_volume=-0.44, beard=0.8,
        brow_weight=0.38, age=0.9, gender="male",
    ),
    Look(
        jaw=-0.2, chin=-0.03, brows=0.03, eyes_apart=0.01, eyes_size=0.11, eyes_tilt=-0.25, nose_width=0.01, nose_length=-0.17,
        mouth_width=0.11, mouth_height=-0.05, forehead=0.18, hair_volume=0.15, brow_weight=0.24, age=0.9,
    ),
)  # fmt: skip
