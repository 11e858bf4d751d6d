import os
from pathlib import Path

import pytest

from cinedub import storage
from cinedub.errors import StorageError


def test_assets_are_there_whole_or_not_at_all() -> None:
    place = storage.address("a")
    with pytest.raises(RuntimeError), storage.Assets("Stage", place) as assets:
        assets.path("x").write_bytes(b"half")
        raise RuntimeError
    assert not assets.folder.exists()
    with storage.Assets("Stage", place) as assets:
        assets.path("x").write_bytes(b"whole")
        assets.publish()
    assert storage.resolve(assets.uri("x")).read_bytes() == b"whole"
    assert [path.name for path in assets.folder.parent.iterdir()] == [place]


def test_the_second_of_two_writers_keeps_what_the_first_published() -> None:
    place = storage.address("b")
    with storage.Assets("Stage", place) as first, storage.Assets("Stage", place) as second:
        for assets, data in ((first, b"1"), (second, b"2")):
            assets.path("x").write_bytes(data)
        first.publish()
        second.publish()
    assert storage.resolve(first.uri("x")).read_bytes() == b"1"


def test_addresses_keep_parts_apart() -> None:
    assert storage.address("ab", "c") != storage.address("a", "bc")


def test_an_asset_uri_cannot_leave_the_cache() -> None:
    with pytest.raises(StorageError, match="leaves the cache"):
        storage.resolve("asset:Stage/../../../etc/passwd")


def test_a_changed_film_has_another_digest(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(b"one")
    before = storage.content_digest(film)
    film.write_bytes(b"three")
    assert storage.content_digest(film) != before


def test_a_film_replaced_by_one_of_the_same_size_and_time_has_another_digest(tmp_path: Path) -> None:
    film, other = tmp_path / "film", tmp_path / "other"
    film.write_bytes(b"one")
    before = storage.content_digest(film)
    assert storage.known_digest(str(film)) == before
    other.write_bytes(b"two")
    os.utime(other, ns=(0, film.stat().st_mtime_ns))
    other.rename(film)
    assert storage.known_digest(str(film)) is None and storage.content_digest(film) != before
