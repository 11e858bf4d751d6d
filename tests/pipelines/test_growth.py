"""Films for the growth runs are as long as asked, and as many; exponents are slopes."""

from pathlib import Path

import pytest

from cinedub import media, storage
from pipelines import growth
from tests.pipelines.cards import card


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return card(tmp_path_factory.mktemp("film"))


def test_a_longer_film_is_the_film_over_and_over(film: Path, tmp_path: Path) -> None:
    made = growth.longer(film, 0.5, tmp_path / "longer.mkv")
    assert float(media.probe(made)["format"]["duration"]) == pytest.approx(30, abs=0.3)


def test_several_films_show_the_same_and_are_different_files(film: Path, tmp_path: Path) -> None:
    made = growth.several(film, 3, tmp_path / "films")
    assert len({storage.content_digest(path) for path in made}) == 3
    assert all(float(media.probe(path)["format"]["duration"]) == pytest.approx(3, abs=0.3) for path in made)


def test_an_exponent_is_the_slope_without_what_loading_costs() -> None:
    rows = [
        {"film_s": 60.0, "core_s": 70.0, "load_s": 10.0, "engine_core_s": 3.0},
        {"film_s": 240.0, "core_s": 250.0, "load_s": 10.0, "engine_core_s": 6.0},
        {"film_s": 480.0, "core_s": 970.0, "load_s": 10.0, "engine_core_s": 12.0},
    ]
    assert growth.exponents(rows, "core_s") == [1.0, 2.0]
    assert growth.exponents(rows, "engine_core_s") == [0.5, 1.0]


def test_a_kind_of_growth_that_was_not_asked_for_is_not_told() -> None:
    row = {"size": 1, "film_s": 3.0, "wall_s": 9.0, "core_s": 9.0, "load_s": 5.0, "peak_mb": 900.0, "records": 1, "shards": 1, "shard_mb": [1.0, 1.0]}
    row |= {"engine_core_s": 3.1, "engine_peak_mb": 300.0}
    told = growth.table({"code": "0", "minutes": [], "films": [row, row | {"size": 10, "film_s": 30.0, "wall_s": 45.0, "core_s": 45.0}]})
    assert "films of 3 s" in told and "minutes of one film" not in told and "| 1 | 9 | 9 |  | 900 | 3.1 |  | 300 | 1 |" in told
    assert "| 10 | 45 | 45 | 1.0, 1.0 | 900 | 3.1 | 0.0 |" in told
