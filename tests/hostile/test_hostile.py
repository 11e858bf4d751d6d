"""A few of the hostile films; ``make test-hostile`` has all of them, ``make fuzz`` mutated ones."""

from pathlib import Path

import pytest

from tests.hostile.cases import Case, cases
from tests.hostile.run import judge, mutated

ALL = cases()


def test_there_are_enough_of_them_and_each_has_a_name() -> None:
    assert len(ALL) >= 200


@pytest.mark.parametrize("case", ALL[::12], ids=lambda case: case.name.replace("\0", " "))
def test_a_hostile_film_has_the_right_end(tmp_path: Path, case: Case) -> None:
    (tmp_path / "films").mkdir()
    assert judge(case, tmp_path / "films") == ""


@pytest.mark.parametrize("case", mutated(8, seed=1), ids=lambda case: case.name)
def test_a_mutated_film_ends_in_the_taxonomy(tmp_path: Path, case: Case) -> None:
    (tmp_path / "films").mkdir()
    assert judge(case, tmp_path / "films") == ""
