"""What a dataset teaches of its speakers' voices."""

from pathlib import Path

import pytest

from model import mel, of_record
from tests.model import synthetic

KEYS = ("f1-000000000-000009000", "f1-000009000-000018000")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    short, long = synthetic.line("a", 200, 3200, "the harbour was quiet"), synthetic.line("a", 200, 4200, "nobody heard the old ship come in")
    crowded, other = synthetic.line("b", 4500, 8500, "seven men slept near their boats"), synthetic.line("a", 6000, 7000, "quiet")
    notes = [synthetic.annotations(KEYS[0], 9000, [short, crowded]), synthetic.annotations(KEYS[1], 9000, [long, crowded, other])]
    for one in notes:
        one["turns"] = [{"speaker": line["speaker"], "start_ms": line["start_ms"], "end_ms": line["end_ms"], "score": 1.0} for line in one["lines"]]
    return synthetic.dataset(tmp_path / "dataset", notes)


def test_a_speaker_teaches_by_their_longest_lines_in_the_whole_film(dataset: Path) -> None:
    found = of_record.references(dataset, "f1", "a")
    assert [reference.text for reference in found] == ["nobody heard the old ship come in", "the harbour was quiet"]
    assert [round(len(reference.pcm) / 2 / mel.RATE) for reference in found] == [4, 3]
    assert of_record.references(dataset, "f1", "nobody") == of_record.references(dataset, "f2", "a") == ()


def test_lines_in_which_others_speak_and_the_record_that_is_measured_teach_nothing(dataset: Path) -> None:
    assert [reference.text for reference in of_record.references(dataset, "f1", "b")] == ["seven men slept near their boats"]
    assert [reference.text for reference in of_record.references(dataset, "f1", "a", without=KEYS[1])] == ["the harbour was quiet"]
    assert of_record.references(dataset, "f1", "b", without=KEYS[0]) == ()


def test_an_order_knows_its_speakers_by_the_film(dataset: Path) -> None:
    order = of_record.of_dataset(dataset, KEYS[0])
    assert {name: len(voice.references) for name, voice in order.voices.items()} == {"a": 2, "b": 1}
    again = of_record.onto(order, dataset, "f1")
    assert again.voices["a"].references == order.voices["a"].references
