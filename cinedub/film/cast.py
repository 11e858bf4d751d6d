"""Looks that dlib's face encoder tells apart, found by moving the features until each was far from all others."""

from __future__ import annotations

from cinedub.film.faces import Look

LOOKS: tuple[Look, ...] = (
    Look(
        width=0.93, jaw=0.22, chin=0.16, brows=-0.08, eyes_apart=-0.07, eyes_size=-0.19, eyes_tilt=0.19, nose_width=-0.22, nose_length=-0.1,
        mouth_width=0.12, mouth_height=-0.05, lips=0.25, forehead=0.19, skin=(5, 2, -2), hair=(-10, 8, 2), hair_volume=-0.38,
        brow_weight=0.38, glasses=True,
    ),
    Look(
        width=0.95, jaw=-0.12, chin=0.16, brows=-0.08, eyes_apart=0.05, eyes_size=-0.19, eyes_tilt=0.19, nose_width=-0.22, nose_length=-0.06,
        mouth_width=-0.15, mouth_height=0.05, forehead=0.19, skin=(-7, 2, 4), hair=(22, -6, -18), hair_volume=-0.06, brow_weight=0.08,
    ),
    Look(
        width=0.9, jaw=-0.12, chin=-0.05, brows=0.06, eyes_apart=0.07, eyes_size=-0.17, eyes_tilt=0.13, nose_width=0.31, nose_length=0.03,
        mouth_width=0.12, mouth_height=0.05, lips=0.12, forehead=-0.12, skin=(-12, 3, 5), hair=(12, 2, 6), hair_volume=-0.38, beard=0.8,
        brow_weight=0.93, age=0.4, gender="male",
    ),
    Look(
        jaw=0.1, chin=-0.06, brows=0.02, eyes_apart=0.07, eyes_size=0.06, eyes_tilt=0.12, nose_width=0.12, nose_length=0.11,
        mouth_width=-0.11, mouth_height=0.05, lips=-0.19, forehead=-0.03, skin=(-12, 3, 5), hair_volume=-0.14, brow_weight=0.04, age=0.4,
        mirrored=True,
    ),
    Look(
        width=0.97, jaw=-0.11, chin=0.16, brows=0.03, eyes_apart=-0.07, eyes_size=0.19, eyes_tilt=0.04, nose_width=0.13, nose_length=0.12,
        mouth_width=0.08, mouth_height=0.02, lips=-0.19, forehead=-0.05, skin=(5, 2, -2), hair_volume=-0.12, brow_weight=0.15, age=0.4,
    ),
    Look(
        width=0.93, jaw=0.18, chin=-0.13, brows=-0.08, eyes_apart=-0.07, eyes_size=-0.03, eyes_tilt=0.13, nose_width=-0.22, nose_length=0.03,
        mouth_width=-0.1, mouth_height=0.05, lips=-0.1, forehead=0.03, skin=(-12, 3, 5), hair=(-22, 0, -9), hair_volume=-0.36,
        brow_weight=0.97, gender="male",
    ),
    Look(
        width=0.9, jaw=0.22, chin=0.16, eyes_apart=0.07, eyes_size=0.08, nose_width=-0.22, nose_length=0.07, mouth_width=0.08,
        mouth_height=-0.05, lips=-0.08, forehead=-0.08, skin=(-12, 3, 5), hair=(12, 2, 6), hair_volume=-0.22, brow_weight=0.92, age=0.4,
        mirrored=True, gender="male",
    ),
    Look(
        width=1.08, jaw=0.22, chin=-0.1, brows=-0.08, eyes_apart=0.05, eyes_size=-0.14, eyes_tilt=-0.19, nose_width=0.31, nose_length=-0.1,
        mouth_width=-0.1, mouth_height=0.04, lips=-0.04, forehead=-0.09, skin=(-7, 2, 4), hair=(22, -6, -18), hair_volume=-0.35, beard=0.6,
        brow_weight=0.92, age=0.4, glasses=True, gender="male",
    ),
    Look(
        width=1.02, jaw=-0.01, chin=-0.14, brows=-0.01, eyes_apart=-0.05, eyes_size=0.09, eyes_tilt=-0.19, nose_width=0.26,
        nose_length=-0.06, mouth_width=0.12, mouth_height=-0.02, lips=-0.17, forehead=-0.07, skin=(-12, 3, 5), hair=(22, -6, -18),
        hair_volume=-0.13, age=0.4, mirrored=True,
    ),
    Look(
        width=0.91, jaw=0.16, chin=-0.03, brows=-0.08, eyes_apart=0.04, eyes_size=-0.08, eyes_tilt=0.19, nose_width=0.31, nose_length=-0.1,
        mouth_width=0.12, mouth_height=0.04, lips=0.08, forehead=0.17, hair=(-18, 4, -3), brow_weight=0.88, gender="male",
    ),
    Look(
        width=1.09, jaw=0.12, chin=0.15, brows=0.04, eyes_apart=-0.07, eyes_size=-0.19, eyes_tilt=-0.02, nose_width=-0.02, nose_length=0.04,
        mouth_width=-0.03, mouth_height=-0.05, lips=0.05, forehead=0.19, skin=(-12, 3, 5), hair_volume=-0.38, beard=0.8, brow_weight=0.38,
        age=0.9, gender="male",
    ),
    Look(
        width=0.93, jaw=-0.01, chin=-0.02, brows=-0.04, eyes_apart=0.05, eyes_size=-0.07, eyes_tilt=-0.17, nose_width=0.01, nose_length=-0.1,
        mouth_width=0.12, mouth_height=-0.05, lips=0.01, forehead=0.17, hair=(-18, 4, -3), hair_volume=0.02, brow_weight=0.16, age=0.9,
        mirrored=True,
    ),
)  # fmt: skip
