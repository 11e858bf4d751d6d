"""One dataset's voices for another's speakers."""

from pathlib import Path

import pytest

from cinedub.errors import UsageError
from model.of_record import of_dataset
from model.order import Order, Said, Voice
from model.recast import company, recast
from tests.model import synthetic


def dataset(tmp_path: Path, until: int) -> Path:
    """A film of two people, of whom one speaks until then."""
    lines = [synthetic.line("a", 100, until, "the harbour was quiet and nobody slept"), synthetic.line("b", 3000, 3900, "seven old men")]
    note = synthetic.annotations("f1-000000000-000004000", 4000, lines)
    note["film"]["id"] = "f1"
    return synthetic.dataset(tmp_path / "dataset", [note])


def test_whoever_says_enough_lends_a_voice(tmp_path: Path) -> None:
    (only,) = company(dataset(tmp_path, 2900))
    assert only.references[0].text.startswith("the harbour") and only.gender == "female"


def test_a_dataset_in_which_nobody_says_enough_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody says enough"):
        company(dataset(tmp_path, 900))


def test_speakers_get_voices_of_their_gender_and_different_ones(tmp_path: Path) -> None:
    cast = [Voice((float(place),), gender=gender) for place, gender in enumerate(["male", "female", "female"])]
    order = Order(1000, "en", (Said("a", 0, 500, "yes"),), {name: Voice(gender="female") for name in "abcd"})
    given = [voice.vector[0] for voice in recast(order, cast).voices.values()]
    assert given == [1, 2, 0, 1]
    assert recast(of_dataset(dataset(tmp_path, 2900), "f1"), cast).lines[0].text.startswith("the harbour")
