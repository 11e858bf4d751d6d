"""report.html carries what is to be seen, stays small, and lets nothing that a transcript says be anything but text."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedub import report
from cinedub.dataset import opened
from cinedub.report.page import embedded, page
from tests.cinedub import dataset_of


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return dataset_of.write(tmp_path_factory.mktemp("report") / "out")


def data_in(document: str) -> Any:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', document, re.S)[1])  # type: ignore[index]


def test_every_kept_clip_of_a_small_dataset_is_there_with_its_media_and_curves(out: Path) -> None:
    data = data_in((out / "report.html").read_text())
    assert len(data["details"]) == 5 and data["clips"]["total"] == 6
    for clip in data["details"].values():
        assert set(clip["media"]) == {"mp4", "mix", "vocals", "background"} and clip["still"].startswith("data:image/jpeg;base64,")
        assert clip["peaks"]["vocals"] and set(clip["mouths"]) == {speaker["id"] for speaker in clip["speakers"]}
    assert sorted(len(film["cast"]) for film in data["timelines"].values()) == [2, 3]
    assert all(card["face"] and card["voice"] for film in data["timelines"].values() for card in film["cast"])


def test_pictures_are_the_records_own_where_all_of_them_fit_and_small_ones_otherwise(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> dict[str, bytes]:
        details = data_in(report.write(out).read_text())["details"]
        return {key: base64.b64decode(clip["media"]["mp4"].partition(",")[2]) for key, clip in details.items()}

    kept = {row["key"]: row for row in map(opened(out).row, shown()) if row}
    records = {key: opened(out).member(row, "mp4") for key, row in kept.items()}
    assert shown() == records
    monkeypatch.setattr(report, "_PICTURES", 1e-9)
    small = shown()
    assert small.keys() == records.keys() and all(small[key] != records[key] for key in records)


@pytest.mark.parametrize(("limit", "small"), [(60, ""), (59, "c"), (36, "c"), (35, "bc"), (19, "abc"), (0, "abc")])
def test_no_more_pictures_are_made_smaller_than_it_takes_for_all_to_fit(limit: int, small: str) -> None:
    assert report._too_large(
        [{"key": "a", "mp4_bytes": 10}, {"key": "b", "mp4_bytes": 20}, {"key": "c", "mp4_bytes": 30}, {"key": "d", "mp4_bytes": None}], limit
    ) == set(small)


def test_the_funnel_adds_up(out: Path) -> None:
    steps = data_in((out / "report.html").read_text())["funnel"]
    lost = sum(step["s"] for step in steps if step["step"] == "loss")
    kept = next(step["s"] for step in steps if step["step"] == "out")
    assert steps[0]["s"] == pytest.approx(lost + kept) == 40.0
    assert {step["label"] for step in steps if step["step"] == "loss"} == {"nobody speaks", "refused: LOW_SNR", "failed: Probe, PROBE_EMPTY"}


def test_nothing_that_was_said_is_markup(out: Path) -> None:
    document = (out / "report.html").read_text()
    assert document.count("</script>") == 2 and "<img" not in document and "<b>" not in document
    assert any(row["text"] == dataset_of.HOSTILE for row in data_in(document)["clips"]["rows"])


def test_the_page_may_load_nothing(out: Path) -> None:
    document = (out / "report.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', document)[1]  # type: ignore[index]
    assert policy.startswith("default-src &#x27;none&#x27;") and "unsafe" not in policy and "http" not in policy
    assert not re.search(r'(?:src|href)="https?:', document)


def test_a_page_keeps_to_its_bytes_and_says_what_it_left_out(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = 120_000
    monkeypatch.setattr(report, "BYTES", small)
    document = report.write(out).read_text()
    assert len(data_in(document)["details"]) < 5 and data_in(document)["clips"]["total"] == 6
    assert len(json.dumps(data_in(document))) < small


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists) | st.sampled_from(["</script>", "<!--", "]]>", "\u2028@@data@@"]))
def test_embedded_json_is_the_same_data_and_ends_no_element(value: Any) -> None:
    text = embedded(value)
    assert json.loads(text) == value and not set("<>&\u2028\u2029") & set(text)


def test_a_title_is_never_a_place_for_something_else() -> None:
    assert "<title>@@script@@</title>" in page({}, "@@script@@")
