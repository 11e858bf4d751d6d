"""What the page shows in one language, topic by topic, as JSON: kinds of scenes and what is hard in them, others' voices, emotions, instructions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import dubtable
from cinedub.dubscore import Heard
from model import mel, voices
from model.dub import Dubbing
from model.order import Order
from pipelines.examples import scenes, versions
from pipelines.examples.scenes import SCENES, Clip
from pipelines.examples.versions import Studio, told
from schemas import EmotionLabel, Language

#: Id, title and note of every topic.
TOPICS = (
    *((scene.name, scene.title, "") for scene in SCENES),
    ("cloning", "Voice cloning", "The monologue's lines in the same slots, in the voice of a recording of a few seconds; similarity is with that."),
    ("emotion", "Emotion control",
     "The same lines, voice and slots; only the emotion asked for differs. Changes are against neutral. The baseline can't be asked."),
    ("instruction", "Instruction control",
     "The same lines, voice and slots; only the instruction in words differs. Changes are against none. The baseline can't be told."),
)  # fmt: skip
_SYSTEMS = {"ours": "CineDub", "baseline": "Baseline: TTS, stretched", "original": "Original"}
_MOODS: tuple[EmotionLabel, ...] = ("neutral", "anger", "sadness")
#: Instructions as datasets word them; the text and its time stay the same.
_CLUES: dict[Language, tuple[str, ...]] = {
    "en": ("An adult man speaks at a fast pace. The mood is angry.", "An elderly woman speaks at a slow pace. The mood is sad."),
    "zh": ("一位成年男性独自说话，语速较快。整体情绪愤怒。", "一位老年女性独自说话，语速缓慢。整体情绪悲伤。"),
}
_CHANGES = ("pitch", "range", "tilt", "level")
Example = dict[str, Any]


@dataclass(frozen=True)
class Spoken:
    """A language's examples by topic, and each system's figures over all scenes."""

    examples: dict[str, Example]
    totals: list[dict[str, Any]]


def spoken(language: Language, checkpoint: Path, out: Path) -> Spoken:
    """Everything that is shown in one language, written to ``out``. One thread: every language has a process of its own.

    Raises:
        WeightsError: no checkpoint, or weights that aren't here. StorageError: ``out`` or the cache can't be written.
    """
    studio = Studio(Dubbing(checkpoint, threads=1), out)
    clips = {scene.name: scenes.read(scenes.make(scene, language)) for scene in SCENES}
    examples: dict[str, Example] = {}
    heard: dict[str, list[Heard]] = {system: [] for system in _SYSTEMS}
    for name, clip in clips.items():
        _say(f"{name}, {language}")
        examples[name], measured = example(studio, clip, clip.record.order, f"{name}-{language}")
        for system, one in measured.items():
            heard[system].append(one)
    _say(f"voices, emotions and instructions, {language}")
    examples["cloning"] = cloning(studio, clips["monologue"], clips["narration"], f"cloning-{language}")
    examples["emotion"] = emotions(studio, clips["monologue"], examples["monologue"], f"emotion-{language}")
    examples["instruction"] = instructions(studio, clips["monologue"], examples["monologue"], f"instruction-{language}")
    totals = []
    for system, label in _SYSTEMS.items():
        summary = dubtable.summary(heard[system], heard["original"])
        totals.append({"language": language, "label": label, **{name: summary[name] for name in (*versions.FIGURES, "clips")}})
    return Spoken(examples, totals)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def example(studio: Studio, clip: Clip, order: Order, name: str, *beside: dict[str, Any]) -> tuple[Example, dict[str, Heard]]:
    """A clip as every system says what ``order`` asks for, after the silent clip and what else is to be seen ``beside``; what was measured."""
    shown, measured = [studio.silent(clip, f"{name}/silent.mp4"), *beside], {}
    for system, sound in (("ours", studio.dubbed(order)), ("baseline", versions.baseline(order)), ("original", clip.record.vocals)):
        version, measured[system] = studio.version(_SYSTEMS[system], clip, order, f"{name}/{system}.mp4", sound)
        shown.append(version)
    return {"script": told(clip), "versions": shown}, measured


def cloning(studio: Studio, clip: Clip, whose: Clip, name: str) -> Example:
    """A clip in the voice of another film's only speaker."""
    reference = studio.recording("Reference: another film's voice", whose, f"{name}/reference.wav")
    return example(studio, clip, voiced(clip.record.order, whose), name, reference)[0]


def voiced(order: Order, whose: Clip) -> Order:
    """The order with everybody in the voice of ``whose`` one speaker, as a recording of it gives it.

    Raises:
        DubError: a recording that is too short or too noisy to be a reference.
    """
    (known,) = whose.record.order.voices.values()
    voice = replace(voices.of_sound(whose.record.vocals, mel.RATE, whose.record.key), age=known.age, gender=known.gender)
    return replace(order, voices=dict.fromkeys(order.voices, voice))


def emotions(studio: Studio, clip: Clip, known: Example, name: str) -> Example:
    """A clip asked for in several emotions."""
    order = replace(clip.record.order, clue="")
    asked = [(mood.capitalize(), replace(order, lines=tuple(replace(line, emotion=mood) for line in order.lines))) for mood in _MOODS]
    return _directed(studio, clip, known, name, asked)


def instructions(studio: Studio, clip: Clip, known: Example, name: str) -> Example:
    """A clip under several instructions in words, no emotion asked for."""
    order = clip.record.order
    plain = replace(order, clue="", lines=tuple(replace(line, emotion="uncertain") for line in order.lines))
    return _directed(studio, clip, known, name, [("No instruction", plain), *((clue, replace(plain, clue=clue)) for clue in _CLUES[order.language])])


def _directed(studio: Studio, clip: Clip, known: Example, name: str, asked: Sequence[tuple[str, Order]]) -> Example:
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
