import json
from pathlib import Path

import pytest

from schemas import Member, Record
from schemas.record import MEMBERS, upgrade

GOLDEN = Path(__file__).parent.parent / "golden"


def test_a_key_with_a_dot_is_refused_because_webdataset_would_cut_it() -> None:
    with pytest.raises(ValueError, match="WebDataset would cut it at 'a'"):
        Record("a.b", "train", tuple(Member(name, "x", 1) for name in MEMBERS), {})


def test_a_record_without_all_members_is_refused() -> None:
    with pytest.raises(ValueError, match="every sample has"):
        Record("a", "train", (Member("json", "x", 1),), {})


def test_the_golden_record_of_schema_1_is_read_as_it_is() -> None:
    record = json.loads((GOLDEN / "record-1.json").read_text())
    assert upgrade(record) == record


def test_an_unknown_version_is_refused_with_its_key() -> None:
    with pytest.raises(ValueError, match="record k has schema 99"):
        upgrade({"schema": 99, "key": "k"})
