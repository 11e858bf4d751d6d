"""What the page shows, topic by topic, as JSON: kinds of scenes and what is hard in them, other people's voices, emotions and instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import soxr

from cinedub import dubtable
from cinedub.dubscore import RATE, Heard
from model import mel, voices
from model.order import Order
from pipelines.examples import versions
from pipelines.examples.scenes import LANGUAGES, Clip
from pipelines.examples.versions import Studio, told
from schemas import EmotionLabel, Language

_SYSTEMS = ("ours", "baseline", "original")
_LABELS = {"ours": "CineDub", "baseline": "Baseline: TTS, stretched", "original": "Original"}
_MOODS: tuple[EmotionLabel, ...] = ("neutral", "anger", "happy", "sadness")
#: Instructions as datasets word them; the text and its time stay the same.
_CLUES: dict[Language, tuple[str, ...]] = {
    "en": ("An adult man speaks at a fast pace. The mood is angry.", "An elderly woman speaks at a slow pace. The mood is sad."),
    "zh": ("一位成年男性独自说话，语速较快。整体情绪愤怒。", "一位老年女性独自说话，语速缓慢。整体情绪悲伤。"),
}
_CHANGES = ("pitch", "range", "tilt", "level")
Clips = dict[tuple[str, Language], Clip]
Examples = dict[tuple[str, Language], dict[str, Any]]
Told = Callable[[str], None]


def side_by_side(studio: Studio, clips: Clips, say: Told) -> tuple[Examples, list[dict[str, Any]]]:
    """Every scene's example in both languages, and the figures of each system over all of a language's clips."""
    examples, heard = Examples(), {(system, language): list[Heard]() for system in _SYSTEMS for language in LANGUAGES}
    for (name, language), clip in clips.items():
        say(f"{name}, {language}")
        examples[name, language], measured = _example(studio, clip, clip.record.order, f"{name}-{language}")
        for system, one in measured.items():
            heard[system, language].append(one)
    totals = []
    for language in LANGUAGES:
        for system in _SYSTEMS:
            summary = dubtable.summary(heard[system, language], heard["original", language])
            totals.append({"language": language, "label": _LABELS[system], **{name: summary[name] for name in (*versions.FIGURES, "clips")}})
    return examples, totals


def _example(studio: Studio, clip: Clip, order: Order, name: str, reference: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Heard]]:
    """A clip as every system says what ``order`` asks for."""
    shown, measured = [studio.silent(clip, f"{name}/silent.mp4"), *([reference] if reference else [])], {}
    for system, sound in (("ours", studio.dubbed(order)), ("baseline", versions.baseline(order)), ("original", clip.record.vocals)):
        version, measured[system] = studio.version(_LABELS[system], clip, order, f"{name}/{system}.mp4", sound)
        shown.append(version)
    return {"script": told(clip), "versions": shown}, measured


def cloning(studio: Studio, clips: Clips, say: Told) -> dict[str, Any]:
    """The monologue in the voice of another film's narrator."""
    examples = []
    for language in LANGUAGES:
        say(f"voice cloning, {language}")
        clip, whose = clips["monologue", language], clips["narration", language]
        reference = studio.recording("Reference: another film's voice", whose, f"cloning-{language}/reference.wav")
        examples.append(_example(studio, clip, voiced(clip.record.order, whose), f"cloning-{language}", reference)[0])
    note = "The monologue's lines in the same slots, in a voice taken from a recording of a few seconds; similarity is with that recording."
    return {"id": "cloning", "title": "Voice cloning", "note": note, "examples": examples}


def voiced(order: Order, whose: Clip) -> Order:
    """The order with everybody in the voice of ``whose`` one speaker, as a recording of it gives it.

    Raises:
        DubError: a recording that is too short or too noisy to be a reference.
    """
    recorded = soxr.resample(whose.record.vocals, mel.RATE, RATE).astype(np.float32)
    (known,) = whose.record.order.voices.values()
    voice = replace(voices.of_sound(recorded, whose.record.key), age=known.age, gender=known.gender)
    return replace(order, voices=dict.fromkeys(order.voices, voice))


def emotions(studio: Studio, clips: Clips, known: Examples, say: Told) -> dict[str, Any]:
    """The monologue asked for in several emotions."""
    examples = []
    for language in LANGUAGES:
        say(f"emotions, {language}")
        clip = clips["monologue", language]
        order = replace(clip.record.order, clue="")
        asked = [(mood.capitalize(), replace(order, lines=tuple(replace(line, emotion=mood) for line in order.lines))) for mood in _MOODS]
        examples.append(_directed(studio, clip, known["monologue", language], f"emotion-{language}", asked))
    note = "The same lines, voice and slots; only the emotion asked for differs. Changes are against neutral. The baseline can't be asked."
    return {"id": "emotion", "title": "Emotion control", "note": note, "examples": examples}


def instructions(studio: Studio, clips: Clips, known: Examples, say: Told) -> dict[str, Any]:
    """The narration under several instructions in words."""
    examples = []
    for language in LANGUAGES:
        say(f"instructions, {language}")
        clip = clips["narration", language]
        order = clip.record.order
        plain = replace(order, clue="", lines=tuple(replace(line, emotion="uncertain") for line in order.lines))
        asked = [("No instruction", plain), *((clue, replace(plain, clue=clue)) for clue in _CLUES[language])]
        examples.append(_directed(studio, clip, known["narration", language], f"instruction-{language}", asked))
    note = "The same lines, voice and slots; only the instruction in words differs. Changes are against none. The baseline can't be told."
    return {"id": "instruction", "title": "Instruction control", "note": note, "examples": examples}


def _directed(studio: Studio, clip: Clip, known: dict[str, Any], name: str, asked: Sequence[tuple[str, Order]]) -> dict[str, Any]:
    """A clip under several directions, all at the gain of the first, each with how its manner differs; then what ``known`` holds beside ours."""
    shown, gain, first = [], None, None
    for number, (label, order) in enumerate(asked):
        version, heard = studio.version(label, clip, order, f"{name}/{number}.mp4", studio.dubbed(order), gain)
        if first is None:
            first, gain = heard, version["gain"]
        else:
            version["change"] = change(heard, first)
        shown.append(version)
    silent, _, *others = known["versions"]
    return {"script": known["script"], "versions": [silent, *shown, *others]}


def change(one: Heard, other: Heard) -> dict[str, float]:
    """How the manner differs, means over lines: pitch and its deviation in semitones, tilt and level in dB; nothing where no line has a pitch."""
    pairs = [(mine, theirs) for mine, theirs in zip(one.manner, other.manner, strict=True) if np.isfinite([*mine, *theirs]).all()]
    if not pairs:
        return {}
    mean = np.mean([np.subtract(mine, theirs) for mine, theirs in pairs], axis=0) * (12, 1, 1, 1)
    return {name: round(float(value), 2) for name, value in zip(_CHANGES, mean, strict=True)}
