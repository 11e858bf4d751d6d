"""Made-up series for the cast's growth: the same number gives the same film, and one episode more renames nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.series import episode, names, renamed

SECONDS = 150.0


def test_an_episode_more_renames_nobody_and_brings_its_guests(tmp_path: Path) -> None:
    parts = [episode(number, SECONDS, tmp_path) for number in range(4)]
    before, after = names(parts[:3]), names(parts)
    assert renamed(before, after) == 0
    assert sum(map(len, after[0]["clips"])) > 20 and len(after) == 4
    known, later = ({turn[0] for film in films for clip in film["clips"] for turn in clip} for films in (before, after))
    assert known < later


def test_what_is_renamed_is_counted() -> None:
    before = [{"film": "a", "clips": [[["s001", 0, 5], ["s002", 5, 9]]]}]
    after = [{"film": "a", "clips": [[["s001", 0, 5], ["s003", 5, 9]]]}, {"film": "b", "clips": []}]
    assert renamed(before, before) == 0 and renamed(before, after) == 1


def test_the_same_number_gives_the_same_film(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (episode(5, SECONDS, folder) for folder in folders)
    assert one.film == two.film
    assert [path.name for path in sorted(folders[0].iterdir())] == [path.name for path in sorted(folders[1].iterdir())]
    assert all((folders[1] / path.name).read_bytes() == path.read_bytes() for path in folders[0].iterdir())


def test_a_film_without_room_for_a_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too short"):
        episode(0, 15.0, tmp_path)
