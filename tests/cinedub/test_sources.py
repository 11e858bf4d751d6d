import json
from pathlib import Path

import pytest

from cinedub.errors import UsageError
from cinedub.sources import expand


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for name in ("b film.mp4", "a.mkv", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_its_films_by_name_and_nothing_else(films: Path) -> None:
    assert [source.title for source in expand([str(films)])] == ["a", "b film"]


def test_a_film_named_twice_is_taken_once(films: Path) -> None:
    assert len(expand([str(films), str(films / "*.mkv"), str(films / "a.mkv")])) == 2


def test_a_manifest_gives_title_series_and_language(films: Path) -> None:
    (films / "m.csv").write_text("uri,title,series,language\na.mkv,Pilot,The Show,zh\n")
    (source,) = expand([str(films / "m.csv")])
    assert (source.title, source.series, source.language, source.uri) == ("Pilot", "The Show", "zh", str(films / "a.mkv"))


def test_a_jsonl_manifest_is_read_too(films: Path) -> None:
    (films / "m.jsonl").write_text(json.dumps({"uri": "a.mkv"}) + "\n\n")
    assert [source.title for source in expand([str(films / "m.jsonl")])] == ["a"]


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("m.csv", "uri,title\n,Pilot\n", r"m.csv, row 2: no uri"),
        ("m.csv", "uri,language\na.mkv,fr\n", r"row 2: unknown language 'fr'; known: en, zh"),
        ("m.csv", "uri\ngone.mkv\n", r"row 2: gone.mkv: no such file"),
        ("m.jsonl", "{not json}\n", r"not a manifest"),
        ("m.jsonl", "[1]\n", r"row 1: wants an object"),
    ],
)
def test_a_bad_manifest_row_is_named(films: Path, name: str, rows: str, message: str) -> None:
    (films / name).write_text(rows)
    with pytest.raises(UsageError, match=message):
        expand([str(films / name)])


@pytest.mark.parametrize(
    ("name", "message"), [("gone.mp4", "no such file or folder"), ("*.avi", "no file matches this pattern"), ("empty", "no films in this folder")]
)
def test_a_name_that_leads_to_no_film_is_an_error(films: Path, name: str, message: str) -> None:
    (films / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        expand([str(films / name)])
