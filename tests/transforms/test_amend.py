"""What people said reaches the clip it is about, in the graph; everything else passes by."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that

from cinedub import config, sound
from cinedub.lines import lines_of
from schemas import Dropped, Emotion, Review, Script, Span
from tests.cinedub.cast_of import cast_of, clip_of
from transforms.amend import amended
from transforms.stage import Losses

AT = "2026-01-02T03:04:05+00:00"


@pytest.fixture(autouse=True)
def mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound that the clips' stems name: noise, in which nobody says anything."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).normal(0, 0.05, (1, 20 * 16_000)).astype(np.float32)
    sound.write(tmp_path / "mix", [noise], 16_000)


def script(end: int) -> Script:
    heard = [[("to", 1_000, 1_300), ("house", 1_300, 2_000)]]
    cast = cast_of(dataclasses.replace(clip_of(*heard), span=Span(0, end)), [("s001", 900, 2_100)])
    return Script(cast, lines_of(cast), cast.turns, "monologue", Emotion("uncertain", 0.0), "", ())


def test_only_clips_of_which_somebody_said_something_change() -> None:
    corrected, rejected, untouched = script(18_000), script(19_000), script(20_000)
    said = {
        corrected.id: (Review(corrected.id, "text", "anna", AT, 0, "to house", "two houses", 1_000, 2_000),),
        rejected.id: (Review(rejected.id, "reject", "anna", AT),),
        "film-000000000-000000001": (Review("film-000000000-000000001", "reject", "anna", AT),),
    }
    losses = Losses()

    def told(found: list[Any]) -> None:
        assert sorted((item.id, item.lines[0].text) for item in found) == [(corrected.id, "two houses"), (untouched.id, "to house")]
        assert untouched in found

    def refused(found: list[Dropped]) -> None:
        assert [(item.key, item.code) for item in found] == [(rejected.id, "REJECTED")]

    with beam.Pipeline() as pipeline:
        scripts = pipeline | beam.Create([corrected, rejected, untouched]).with_output_types(Script)
        assert_that(amended(scripts, said, config.Correct(), losses), told, "kept")
        assert_that(tuple(losses.lost) | beam.Flatten(), refused, "lost")


def test_without_edits_the_graph_is_as_it_was() -> None:
    losses, scripts = Losses(), object()
    assert amended(scripts, {}, config.Correct(), losses) is scripts and not losses.lost
