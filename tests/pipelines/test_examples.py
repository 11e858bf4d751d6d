"""The examples: clips of films that nobody trained on, and how they are spoken and measured."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub import media, weights
from cinedub.film import choose, direction, screenplay, texts
from model import checkpoint, config
from model.checkpoint import Saved
from model.dub import Dubbing
from model.network import Dubber
from pipelines.examples import scenes, topics
from pipelines.examples.scenes import SCENES, Scene, quickly
from pipelines.examples.versions import Studio
from schemas import Span

NEEDED = ("whisper-base", "campplus", "dnsmos", "hibari", "kokoro", "kokoro-voices", "hifigan-universal", "face-landmarker")
here = pytest.mark.skipif(not all(weights.present(name) for name in NEEDED), reason="weights are not here")


def test_quick_cuts_leave_nothing_out_and_nothing_long() -> None:
    settings = choose(language="en", kinds=["dialogue"], seconds=6, voices="flite", characters=2)
    plan = direction.plan(settings, *screenplay.write(settings))
    quick = quickly(plan)
    assert [edge for shot in quick.shots for edge in (shot.first, shot.last)][1:-1:2] == [shot.first for shot in quick.shots[1:]]
    assert (quick.shots[0].first, quick.shots[-1].last) == (plan.shots[0].first, plan.shots[-1].last)
    assert all(8 <= shot.last - shot.first < 24 for shot in quick.shots) and len(quick.shots) > 2 * len(plan.shots)


def test_a_change_of_manner_is_the_mean_over_lines_with_a_pitch() -> None:
    @dataclasses.dataclass
    class Spoken:
        manner: list[list[float]]

    low, high = Spoken([[7.0, 2.0, -9.0, -20.0], [float("nan")] * 4]), Spoken([[7.5, 3.0, -8.0, -19.0], [8.0, 1.0, 1.0, 1.0]])
    assert topics.change(high, low) == {"pitch": 6.0, "range": 1.0, "tilt": 1.0, "level": 1.0}  # type: ignore[arg-type]


@here
def test_a_scene_is_a_film_of_the_test_split_and_every_system_says_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    settings = config.load("nano")
    checkpoint.save_best(tmp_path / "run", Saved(settings, 0), Dubber(settings.network).state_dict())
    studio = Studio(Dubbing(tmp_path / "run" / "best"), tmp_path / "out")
    scene = Scene("hidden", "Hidden", "monologue", 2, 1, hidden=True)
    clip = scenes.read(scenes.make(scene, "en"))
    order = clip.record.order
    assert all(texts.split_of(line.text) == "test" and not line.on_screen for line in order.lines), "nobody saw these lines, nobody is seen"
    example, measured = topics.example(studio, clip, order, "hidden-en")
    assert [version["label"] for version in example["versions"]] == ["Silent clip", "CineDub", "Baseline: TTS, stretched", "Original"]
    silent, *spoken = (media.probe(tmp_path / "out" / version["src"]) for version in example["versions"])
    assert [stream["codec_type"] for stream in silent["streams"]] == ["video"]
    for made in spoken:
        assert {stream["codec_type"] for stream in made["streams"]} == {"video", "audio"}
        assert float(made["format"]["duration"]) == pytest.approx(order.duration_ms / 1000, abs=0.05)
    figures = {name: heard for name, heard in measured.items()}
    assert figures["original"].errors < figures["ours"].errors, "a network that learned nothing is not understood"
    voiced = topics.voiced(order, clip) if order.duration_ms > 4000 else order
    assert np.isfinite([value for voice in voiced.voices.values() for value in voice.vector]).all()
    assert Span(0, order.duration_ms).duration == order.duration_ms and {scene.kind for scene in SCENES} >= {"narration", "ensemble"}
