"""From a script to a plan: lines are spoken and placed in time; cameras look at who speaks, sometimes at who listens, sometimes at both."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from cinedub.film.script import Character, Line, Plan, PlannedScene, Scene, Seat, Shot, Spoken
from cinedub.film.voices import RATE, Phone, Speaker, Speech, SpokenWord
from schemas import Language, Span

LEAD_IN_MS, LEAD_OUT_MS = 700, 600
#: Silence that a model puts around a line, cut down to this.
HEAD_MS, TAIL_MS = 40, 100


def plan(
    title: str, language: Language, characters: Sequence[Character], scenes: Sequence[Scene],
    fps: Fraction = Fraction(25), size: tuple[int, int] = (1280, 720), seed: int = 0,
) -> Plan:  # fmt: skip
    """Speak every line and decide every shot."""
    cast = {character.name: character for character in characters}
    speakers: dict[str, Speaker] = {}
    planned: list[PlannedScene] = []
    clock = Fraction(0)
    for scene in scenes:
        start = round(clock * 1000 / fps)
        at = start + LEAD_IN_MS
        spoken: list[Spoken] = []
        for number, line in enumerate(scene.lines):
            person = cast[line.speaker]
            speaker = speakers.setdefault(person.voice, Speaker(person.voice))
            speech = trimmed(speaker.say(line.text, language, person.speed, seed=seed * 1000 + number))
            at = max(start + 200, at + (line.gap_ms if spoken else 0))
            spoken.append(Spoken(line, at, speech))
            at += speech.duration_ms
        end = max(item.span.end for item in spoken) + LEAD_OUT_MS
        clock = Fraction(-(-end * fps // 1000))  # scenes begin on a frame
        planned.append(PlannedScene(scene, Span(start, round(clock * 1000 / fps)), tuple(spoken)))
    whole = Plan(title, language, fps, size, seed, cast, tuple(planned))
    return dataclasses.replace(whole, shots=tuple(_shots(whole)))


def trimmed(speech: Speech) -> Speech:
    """The line with at most ``HEAD_MS`` of silence before its first word and ``TAIL_MS`` after its last sound."""
    level = np.abs(speech.sound)
    window = RATE // 200
    envelope = level[: len(level) // window * window].reshape(-1, window).max(1)
    loud = np.flatnonzero(envelope > 0.02 * float(level.max()))
    first = max(0, int(loud[0]) * 5 - HEAD_MS)
    last = min(speech.duration_ms, int(loud[-1] + 1) * 5 + TAIL_MS)
    samples = RATE // 1000
    sound = speech.sound[first * samples : last * samples].copy()
    fade = 5 * samples
    sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    sound *= np.float32(0.07 / max(float(np.sqrt(np.mean(sound**2))), 1e-6))
    length = last - first

    def moved(ms: int) -> int:
        return min(max(ms - first, 0), length)

    phones = tuple(Phone(p.symbol, moved(p.start), moved(p.end)) for p in speech.phones if moved(p.start) < moved(p.end))
    words = tuple(SpokenWord(w.text, moved(w.start), moved(w.end)) for w in speech.words)
    return Speech(sound, phones, words)


def _shots(plan: Plan) -> list[Shot]:
    rng = np.random.default_rng([plan.seed, 11])
    shots: list[Shot] = []
    for index, planned in enumerate(plan.scenes):
        first, last = _frame(plan, planned.span.start), _frame(plan, planned.span.end)
        cuts = _cuts(planned, rng)
        for number, (at, names, view) in enumerate(cuts):
            begin = first if number == 0 else _frame(plan, at)
            end = last if number + 1 == len(cuts) else _frame(plan, cuts[number + 1][0])
            if end > begin:
                shots.append(Shot(begin, end, index, _seats(names, planned.scene.seen, rng), view))
    return shots


def _frame(plan: Plan, ms: int) -> int:
    return round(ms * plan.fps / 1000)


def _cuts(planned: PlannedScene, rng: np.random.Generator) -> list[tuple[int, tuple[str, ...], int]]:
    """(time, who is seen, view) of every camera position, in order."""
    scene, start = planned.scene, planned.span.start
    if scene.kind == "narration" or len(scene.seen) < 2:
        middle = (planned.span.start + planned.span.end) // 2
        views = [(start, scene.seen if scene.kind != "narration" else (), 0)]
        if scene.kind == "narration":
            views.append((middle, scene.seen, 1))
        elif planned.span.duration > 6000:
            views.append((planned.spoken[len(planned.spoken) // 2].start - 120 if len(planned.spoken) > 1 else middle, scene.seen, 1))
        return views
    cuts: list[tuple[int, tuple[str, ...], int]] = []
    for number, item in enumerate(planned.spoken):
        speaker = item.line.speaker
        others = [name for name in scene.seen if name != speaker]
        begin = start if number == 0 else item.start - 120
        if not item.line.on_screen or speaker not in scene.seen:
            cuts.append((begin, (others[int(rng.integers(len(others)))],), scene.seen.index(others[0]) + 1))
        elif number == 0 or (number % 4 == 3 and len(scene.seen) == 2):
            cuts.append((begin, scene.seen, 0))
        else:
            cuts.append((begin, (speaker,), scene.seen.index(speaker) + 1))
        if item.line.on_screen and item.speech.duration_ms > 2600 and others:
            listener = others[int(rng.integers(len(others)))]
            if number == 0:
                cuts.append((item.start + 1300, (speaker,), scene.seen.index(speaker) + 1))
            elif rng.random() < 0.6:
                cuts.append((item.start + int(item.speech.duration_ms * 0.6), (listener,), scene.seen.index(listener) + 1))
    return cuts


def _seats(names: tuple[str, ...], seen: tuple[str, ...], rng: np.random.Generator) -> tuple[Seat, ...]:
    if len(names) == 1:
        side = 0.0 if len(seen) < 2 else (-0.1 if seen.index(names[0]) % 2 == 0 else 0.1)
        size = float(rng.uniform(0.15, 0.19))
        return (Seat(names[0], 0.5 + side, 0.40, size, -side * 5),)
    places = np.linspace(0.5 - 0.2 * (len(names) - 1) / max(1, len(names) - 1) - 0.04, 0.54 + 0.2, len(names))
    return tuple(Seat(name, float(x), 0.42, 0.115 if len(names) < 4 else 0.09, (0.5 - float(x)) * 3) for name, x in zip(names, places, strict=True))


def said_by(plan: Plan, name: str) -> list[Spoken]:
    """Every line of one character, in order."""
    return [item for planned in plan.scenes for item in planned.spoken if item.line.speaker == name]


__all__ = ["Character", "Line", "Scene", "plan", "said_by", "trimmed"]
