from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from cinedub import attempts, commit, config
from pipelines import build
from schemas import Source
from transforms.list_films import FEW, ListFilms


def films(count: int, address: str = "gs://films/a-name-of-some-length-{}.mkv") -> list[Source]:
    return [Source(address.format(number), f"Film {number}") for number in range(count)]


@pytest.mark.parametrize("count", [2, FEW + 1])
def test_every_film_is_there_once_however_many_there_are(tmp_path: Path, count: int) -> None:
    (tmp_path / commit.BUILD).mkdir()
    attempts.keep_films(tmp_path, films(count))
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        assert_that(pipeline | ListFilms(films(count), tmp_path), equal_to(films(count)))


def test_the_graph_of_many_films_is_hardly_larger_than_that_of_few(tmp_path: Path) -> None:
    def size(sources: list[Source]) -> int:
        pipeline = beam.Pipeline(runner=FnApiRunner())
        build.draw(pipeline, sources, config.Settings(), tmp_path)
        return pipeline.to_runner_api().ByteSize()

    assert size(films(50_000)) < size(films(10)) + 32_000 < 1 << 20
    assert size(films(2_000, "https://films.example/{}.mkv?key=secret")) > 2_000 * 50  # in the graph, so that no key is written down
