"""The demonstration film: a minute about a lost boat, with every kind of scene, made from nothing but the packs ``build`` and ``film``."""

from __future__ import annotations

import dataclasses

from cinedub.film.cast import LOOKS
from cinedub.film.script import Character, Line, Scene
from cinedub.film.settings import FilmSettings


def settings(seed: int) -> FilmSettings:
    """The demonstration's settings: nothing that would hide a face."""
    return FilmSettings(seed=seed, title="The Ninth of March", small=0, turned=0, blurred=0, hidden=0, snr_db=(14, 14))


CAST = (
    Character("mara", "jf_alpha:1.4+jf_nezumi:-0.4", "female", look=dataclasses.replace(LOOKS[8], clothes=(126, 52, 58))),
    Character("john", "jm_kumo", "male", look=dataclasses.replace(LOOKS[2], clothes=(58, 74, 96))),
    Character("ruth", "jf_nezumi", "female", speed=0.95, look=dataclasses.replace(LOOKS[0], clothes=(84, 104, 82))),
    Character("narrator", "hibari", "female"),
)
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
