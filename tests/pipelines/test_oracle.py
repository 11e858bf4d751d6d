"""The oracle with faults: with the truth it mends everything, without it does harm that looks like help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cinedub.places import wording
from pipelines.oracle import FAULTS, Oracle, Truth, false_edit, true_edits, true_speakers

SAID = "So he left at once. Every morning the fishing boats left the harbour before sunrise. On the ninth of March only one came back to us."
TRUTH = Truth("en", [(word, "b" if number > 15 else "a") for number, word in enumerate(SAID.split())])
HEARD = ["Every morning the fishing goats left harbour before the sunrise.", "On ninth of march,", "only one same back"]


def mended(lines: list[str], edits: list[tuple[int, str, str]]) -> list[str]:
    lines = list(lines)
    for number, before, after in edits:
        assert lines[number].count(before) == 1
        lines[number] = " ".join(lines[number].replace(before, after).split())
    return lines


def test_true_edits_make_the_heard_lines_true() -> None:
    edits = [(place.line, *wording(place, HEARD[place.line].split(), "en")) for place in true_edits(HEARD, TRUTH)]
    assert mended(HEARD, edits) == [
        "Every morning the fishing boats left the harbour before sunrise.",
        "On the ninth of march,",
        "only one came back",
    ]


def test_what_was_heard_elsewhere_is_nobodys_to_mend() -> None:
    assert true_edits(["Completely different words entirely"], TRUTH) == []


def test_every_word_is_whose_it_is() -> None:
    lines = [{"text": HEARD[0], "speaker": "x"}, {"text": HEARD[1], "speaker": "y"}, {"text": "only one", "speaker": "x"}]
    assert true_speakers(lines, TRUTH) == [["x"] * 10, ["x", "y", "y", "y"], ["y", "y"]]
    named = Truth("en", TRUTH.said, {"x": "b", "y": "a"})
    assert true_speakers(lines, named) == [["y"] * 10, ["y", "x", "x", "x"], ["x", "x"]]


def test_lines_and_parts_of_lines_go_to_whoever_says_them() -> None:
    texts = ["Every morning the fishing boats left the harbour before sunrise.", "On the ninth of March only one", "came back to us."]
    lines = [{"id": 7 + number, "speaker": who, "text": text} for number, (who, text) in enumerate(zip("xyx", texts, strict=True))]
    told = Oracle([TRUTH], 1.0).answer({"language": "en", "lines": lines, "speakers": [{"id": "x"}, {"id": "y"}]})
    assert [(edit["kind"], edit["line"], edit["before"], edit["after"]) for edit in told["edits"]] == [
        ("part", 8, "On", "x"),
        ("speaker", 9, "x", "y"),
    ]


@pytest.mark.parametrize("kind", FAULTS)
def test_false_edits_change_a_line_that_was_right(kind: str) -> None:
    words = HEARD[0].split()
    place = false_edit(kind, 0, words, "en", [word for word, _ in TRUTH.said] * 3, np.random.default_rng(1))
    assert place is not None
    before, after = wording(place, words, "en")
    assert before != after and HEARD[0].count(before) == 1


@pytest.mark.parametrize(("p", "reasons"), [(1.0, {"true"}), (0.0, {*FAULTS, "false"})])
def test_the_oracle_is_as_right_as_it_is_told_to_be_and_does_not_change_its_mind(p: float, reasons: set[str]) -> None:
    lines = [{"id": number, "speaker": "x", "text": text} for number, text in enumerate(HEARD)]
    evidence: dict[str, Any] = {"language": "en", "lines": lines, "speakers": [{"id": "x"}, {"id": "y"}]}
    told = Oracle([TRUTH], p).answer(evidence)
    assert told["edits"] and {edit["reason"] for edit in told["edits"]} <= reasons
    assert Oracle([TRUTH], p).answer(evidence) == told
