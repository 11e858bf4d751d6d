"""The voices of one dataset for the speakers of another: what dubbing into another language asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cinedub import dataset
from cinedub.errors import UsageError
from model.of_record import voice
from model.order import Order, Voice


def company(out: Path) -> list[Voice]:
    """Everybody in a dataset who says enough alone to be learned from, film by film.

    Raises:
        UsageError: nobody does.
        ShardError: no finished dataset.
    """
    found: dict[tuple[str, str], Voice] = {}
    for film in dataset.load(out).films():
        for record in film:
            for speaker in record["speakers"]:
                place = record["film"]["id"], speaker["id"]
                if place not in found and any(speaker["voice"]):
                    found[place] = voice(speaker, out, place[0])
    if not (voices := [each for each in found.values() if each.references]):
        raise UsageError(f"{out}: nobody says enough there to lend a voice")
    return voices


def recast(order: Order, voices: Sequence[Voice]) -> Order:
    """The order in other voices: of each speaker's gender as long as there are such, each once while there are enough."""
    left = list(voices)
    given: dict[str, Voice] = {}
    for name, own in order.voices.items():
        left = left or list(voices)
        given[name] = next((each for each in left if each.gender == own.gender), left[0])
        left.remove(given[name])
    return replace(order, voices=given)
