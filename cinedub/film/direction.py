"""From a script to a plan: lines are spoken and placed in time; cameras look at who speaks, sometimes at who listens, sometimes at both."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from cinedub.film import acting
from cinedub.film.flite import Flite
from cinedub.film.script import FURTHEST, Character, Plan, PlannedScene, Scene, Seat, Shot, Spoken
from cinedub.film.settings import FilmSettings
from cinedub.film.voices import RATE, Phone, Speaker, Speech, SpokenWord
from schemas import Span

LEAD_IN_MS, LEAD_OUT_MS = 700, 600
MIN_SHOT_MS = 600
#: Silence that a model puts around a line, cut down to this.
HEAD_MS, TAIL_MS = 40, 100


def plan(settings: FilmSettings, characters: Sequence[Character], scenes: Sequence[Scene]) -> Plan:
    """Speak every line and decide every shot."""
    cast = {character.name: character for character in characters}
    speakers: dict[str, Speaker | Flite] = {}
    planned: list[PlannedScene] = []
    clock, fps = Fraction(0), settings.rate
    for index, scene in enumerate(scenes):
        start = round(clock * 1000 / fps)
        spoken: list[Spoken] = []
        for number, line in enumerate(scene.lines):
            person = cast[line.speaker]
            speaker = speakers.get(person.voice) or speakers.setdefault(person.voice, speaker_of(person.voice))
            manner = acting.MANNERS[line.emotion]
            seed = settings.seed * 10_000 + index * 100 + number
            speech = trimmed(speaker.say(line.text, settings.language, person.speed, seed, manner=manner), manner.level_db, speaker.late_ms)
            own = [item.span.end for item in spoken if item.line.speaker == line.speaker]
            at = max([item.span.end for item in spoken]) + line.gap_ms if spoken else start + LEAD_IN_MS
            spoken.append(Spoken(line, max([at, *(end + 100 for end in own)]), speech))
        end = max(item.span.end for item in spoken) + LEAD_OUT_MS
        clock = Fraction(-(-end * fps // 1000))  # scenes begin on a frame
        planned.append(PlannedScene(scene, Span(start, round(clock * 1000 / fps)), tuple(spoken)))
    whole = Plan(settings.title, settings.language, fps, settings.size, settings.seed, cast, tuple(planned))
    return dataclasses.replace(whole, shots=tuple(_shots(whole, settings)))


def speaker_of(voice: str) -> Speaker | Flite:
    """Whoever speaks with a voice of a pack."""
    return Flite(voice) if voice.startswith("flite_") else Speaker(voice)


def trimmed(speech: Speech, gain_db: float = 0.0, late_ms: int = 0) -> Speech:
    """The line with at most ``HEAD_MS`` of silence before its first sound, ``TAIL_MS`` after its last, and the gain over all lines' loudness.

    Its first word begins with the first sound and its last ends with the last; ``late_ms`` is how far its times lag behind the sound.
    """
    level = np.abs(speech.sound)
    window = RATE // 200
    envelope = level[: len(level) // window * window].reshape(-1, window).max(1)
    loud = np.flatnonzero(envelope > 0.02 * float(level.max()))
    onset, offset = int(loud[0]) * 5, int(loud[-1] + 1) * 5
    first = max(0, onset - HEAD_MS)
    last = min(speech.duration_ms, offset + TAIL_MS)
    samples = RATE // 1000
    sound = speech.sound[first * samples : last * samples].copy()
    fade = 5 * samples
    sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    sound *= np.float32(0.07 * 10 ** (gain_db / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-6))
    edges = {speech.words[0].start: onset, speech.words[-1].end: offset}

    def moved(ms: int) -> int:
        return edges.get(ms, min(max(ms - late_ms, onset), offset)) - first

    phones = tuple(Phone(p.symbol, moved(p.start), moved(p.end)) for p in speech.phones if moved(p.start) < moved(p.end))
    words = tuple(SpokenWord(w.text, moved(w.start), moved(w.end)) for w in speech.words)
    return Speech(sound, phones, words)


def _shots(plan: Plan, settings: FilmSettings) -> list[Shot]:
    rng = np.random.default_rng([plan.seed, 11])
    shots: list[Shot] = []
    for index, planned in enumerate(plan.scenes):
        first, last = _frame(plan, planned.span.start), _frame(plan, planned.span.end)
        cuts: list[tuple[int, tuple[str, ...], int]] = []
        for at, names, view in _cuts(planned, rng):
            if not cuts or cuts[-1][0] + MIN_SHOT_MS <= at <= planned.span.end - MIN_SHOT_MS:
                cuts.append((at, names, view))
        edges = [first, *(_frame(plan, at) for at, _, _ in cuts[1:]), last]
        for (_, names, view), begin, end in zip(cuts, edges, edges[1:], strict=False):
            blur = float(rng.uniform(2, 4)) if rng.random() < settings.blurred else 0.0
            seats = _seats(names, planned.scene.seen, settings, rng)
            shots.append(Shot(begin, end, index, seats, view, blur, bool(rng.random() < settings.hidden)))
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
            shown = others[int(rng.integers(len(others)))]
            cuts.append((begin, (shown,), scene.seen.index(shown) + 1))
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


def _seats(names: tuple[str, ...], seen: tuple[str, ...], settings: FilmSettings, rng: np.random.Generator) -> tuple[Seat, ...]:
    small = 0.45 if rng.random() < settings.small else 1.0
    turned = [float(rng.choice([-1, 1]) * rng.uniform(12, FURTHEST)) if rng.random() < settings.turned else 0.0 for _ in names]
    if len(names) == 1:
        side = 0.0 if len(seen) < 2 else (-0.1 if seen.index(names[0]) % 2 == 0 else 0.1)
        size = float(rng.uniform(0.15, 0.19)) * small
        return (Seat(names[0], 0.5 + side, _eye_line(size), size, -side * 5, turned[0]),)
    wide = {2: 0.17, 3: 0.27}.get(len(names), 0.36)
    size = {2: 0.115, 3: 0.10}.get(len(names), 0.075) * small
    places = np.linspace(0.5 - wide, 0.5 + wide, len(names))
    return tuple(
        Seat(name, float(x), _eye_line(size), size, (0.5 - float(x)) * 3, yaw or (0.5 - float(x)) * 25)
        for name, x, yaw in zip(names, places, turned, strict=True)
    )


def _eye_line(size: float) -> float:
    """How high the eyes are: the body, seven times as long as the eyes are apart, reaches down out of the picture."""
    return max(0.40, 1.0 - 7.0 * size)


def said_by(plan: Plan, name: str) -> list[Spoken]:
    """Every line of one character, in order."""
    return [item for planned in plan.scenes for item in planned.spoken if item.line.speaker == name]
