"""The demonstration film: a minute about a lost boat, with every kind of scene, made from nothing but the packs ``build`` and ``film``."""

from __future__ import annotations

from cinedub.film.faces import Look
from cinedub.film.script import Character, Line, Scene

MARA = Character(
    "mara", "jf_tebukuro:0.7+jf_alpha:0.3", "female", speed=1.05,
    look=Look(width=0.94, chin=0.1, eyes_size=0.12, eyes_tilt=-0.12, brows=0.05, nose_width=-0.15, skin=(-14, 3, 5), hair=(-28, 0, -12),
        clothes=(126, 52, 58)),
)  # fmt: skip
JOHN = Character(
    "john", "jm_kumo", "male",
    look=Look(
        width=1.1, jaw=0.15, chin=0.15, brows=-0.08, eyes_size=-0.2, nose_width=0.3, nose_length=0.1, mouth_width=-0.2, skin=(-8, 2, 4),
        hair=(-22, 0, -9),
        beard=0.6, brow_weight=0.7, mirrored=True, hair_volume=-0.3, clothes=(58, 74, 96), gender="male",
    ),
)  # fmt: skip
RUTH = Character(
    "ruth", "jf_nezumi", "female", "elderly", speed=0.95,
    look=Look(
        width=1.06, jaw=0.25, chin=-0.15, eyes_apart=-0.08, eyes_size=-0.12, nose_length=0.15, nose_width=0.25, age=0.9, hair=(22, -6, -20),
        skin=(3, 3, -2),
        glasses=True, lips=-0.2, mirrored=True, clothes=(84, 104, 82),
    ),
)  # fmt: skip
NARRATOR = Character("narrator", "hibari", "female")

CAST = (MARA, JOHN, RUTH, NARRATOR)
SCENES = (
    Scene("narration", "shore", (
        Line("narrator", "Every morning the fishing boats left the harbour before sunrise."),
        Line("narrator", "On the ninth of March, only one of them came back.", 450),
    ), ("ruth",), music=True),
    Scene("dialogue", "kitchen", (
        Line("mara", "You promised you would be home by seven, John."),
        Line("john", "I know. The engine stopped, and nobody answered the radio.", 300, emotion="sadness"),
        Line("mara", "Then why did the captain say he spoke to you?", 200, emotion="tension"),
        Line("john", "Because he is lying, and I can prove it.", 350, emotion="anger"),
        Line("mara", "Show me the letter. Please, I need to see it with my own eyes.", 250),
        Line("john", "Not here. Meet me at the station after dark.", 300, emotion="fear"),
    ), ("mara", "john")),
    Scene("monologue", "street", (
        Line("john", "Twenty years I have worked on that boat, and I never once asked for anything.", emotion="sadness"),
        Line("john", "Tomorrow the whole town will know what really happened.", 500, emotion="anticipation"),
    ), ("john",), music=True),
    Scene("ensemble", "park", (
        Line("ruth", "So this is where you two have been hiding all afternoon!", emotion="surprise"),
        Line("mara", "Grandmother, you should be resting.", 250),
        Line("john", "Let her stay. She was there that night, wasn't she?", 200),
        Line("ruth", "I was, and I remember every single light on the water.", 300),
    ), ("mara", "ruth", "john")),
)  # fmt: skip
