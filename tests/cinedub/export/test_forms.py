"""Each form as what was written says; ``test_readers`` opens those of libraries that live in an environment of their own."""

import csv
import json
from pathlib import Path

import pysubs2
import pytest
from pyannote.database.util import load_rttm

from cinedub import dataset
from cinedub.export import FORMS, export
from tests.cinedub import small_dataset


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset.make(tmp_path_factory.mktemp("dataset") / "out")


@pytest.mark.parametrize("form", ["srt", "vtt", "ass"])
def test_subtitles_have_a_file_per_film_with_lines_on_the_films_clock(out: Path, tmp_path: Path, form: str) -> None:
    folder = export(out, form, tmp_path / form)
    names = ("The_Harbour-aaaa", "The_Harbour_2-cccc", "dddd", "码头-bbbb")
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.{form}" for name in names]
    events = pysubs2.load(str(folder / f"The_Harbour-aaaa.{form}")).events
    assert [(event.start, event.end) for event in events] == [(100, 480), (500, 880), (2100, 2480), (2500, 2880)]


def test_hostile_text_stays_text_in_every_subtitle(out: Path, tmp_path: Path) -> None:
    shown = {form: (export(out, form, tmp_path / form) / f"dddd.{form}").read_text() for form in ("srt", "vtt", "ass")}
    assert shown["srt"].count(" --> ") == 2 and "[s001] He said" in shown["srt"]
    assert shown["vtt"].startswith("WEBVTT") and "<script>" not in shown["vtt"] and shown["vtt"].count("-->") == 2
    assert "<v s001>He said" in shown["vtt"] and "&lt;script&gt;" in shown["vtt"]
    assert "{" not in shown["ass"].split("[Events]")[1] and ",s001," in shown["ass"]


def test_rttm_opens_in_pyannote_and_ctm_has_every_word(out: Path, tmp_path: Path) -> None:
    rttm = export(out, "rttm", tmp_path / "rttm") / "The_Harbour-aaaa.rttm"
    turns = load_rttm(str(rttm))["The_Harbour-aaaa"]
    assert [(round(turn.start, 3), round(turn.end, 3), who) for turn, _, who in turns.itertracks(yield_label=True)][:2] == [
        (0.1, 0.48, "s001"), (0.5, 0.88, "s002"),
    ]  # fmt: skip
    ctm = (export(out, "ctm", tmp_path / "ctm") / "The_Harbour-aaaa.ctm").read_text().splitlines()
    assert ctm[:2] == ["The_Harbour-aaaa 1 0.100 0.200 word 0.9000", "The_Harbour-aaaa 1 0.500 0.200 word 0.9000"]
    assert len(ctm) == 4


def test_csv_has_a_row_per_line_and_keeps_the_text_to_the_letter(out: Path, tmp_path: Path) -> None:
    with (export(out, "csv", tmp_path / "csv") / "lines.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert {row["text"] for row in rows} == {small_dataset.HOSTILE}
    row = next(row for row in rows if row["key"] == "aaaa-000002000-000003000")
    assert row | {"start_ms": "2100", "end_ms": "2480", "speaker": "s001", "split": "train", "title": "The Harbour"} == row


def test_the_reference_systems_jsonl_names_media_that_are_there(out: Path, tmp_path: Path) -> None:
    folder = export(out, "jsonl", tmp_path / "jsonl")
    rows = [json.loads(line) for line in (folder / "valid.jsonl").read_text("utf-8").splitlines()]
    said = {message["role"]: message["content"] for message in rows[0]["messages"]}
    assert (rows[0]["type"], rows[0]["source"], rows[0]["task"], rows[0]["speech_length"]) == ("独白", "zh", "VTTS", 25)
    assert said["dialogue"] == [{"start": 0.1, "duration": 0.38, "spk": "1", "gender": "女", "age": "儿童", "timbre": "warm"}]
    assert said["emotion"] == "喜悦 0.5"
    assert all((folder / said[role]).is_file() for role in ("vocal", "instrumental", "video"))
    bare = export(out, "jsonl", tmp_path / "bare", ["video"])
    assert "video" not in {message["role"] for message in json.loads((bare / "valid.jsonl").read_text("utf-8").splitlines()[0])["messages"]}


def test_an_export_holds_the_shards_bytes_and_leaves_the_dataset_as_it_was(out: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for form in ("huggingface", "croissant", "energon"):
        folder = export(out, form, tmp_path / form)
        assert sorted(path.read_bytes() for path in folder.rglob("*.tar")) == sorted(path.read_bytes() for path in dataset.load(out).paths)
    card = (tmp_path / "huggingface" / "README.md").read_text("utf-8")
    assert card.startswith("---\nlicense: other") and "| gender: female |" in card and "biometric" in card
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_the_help_names_every_form() -> None:
    from cinedub import cli

    verbs = next(action for action in cli.parser()._actions if action.dest == "verb")
    shown = verbs.choices["export"].format_help()  # type: ignore[union-attr, index]
    assert all(form in shown for form in FORMS)
