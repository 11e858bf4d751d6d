from pathlib import Path

import numpy as np

from cinedub import dataset, persons, resplit, splitting, validate
from cinedub.persons import Person
from tests.cinedub import small_dataset

RATIOS = (0.8, 0.1, 0.1)


def crowd(films: int, seed: int = 0) -> list[Person]:
    """Films of three strangers; every tenth film shares its first person with the film before."""
    chance = np.random.default_rng(seed)
    people: list[Person] = []
    for film in range(films):
        for number in range(3):
            voice, face = chance.normal(size=192), chance.normal(size=128)
            if film % 10 == 9 and number == 0:
                voice, face = people[-3].voice + 0.01, people[-3].face + 0.01
            people.append(Person(f"film:{film:04d}", f"s{number}", voice=voice, face=face))
    return people


def split_all(people: list[Person], earlier: dict | None = None) -> dict:
    groups = sorted({person.group for person in people})
    return splitting.assign(groups, list(splitting.ties(people, splitting.Limits())), RATIOS, "seed", earlier or {})


def test_nobody_is_on_two_sides_and_ratios_hold() -> None:
    people = crowd(1000)
    splits = split_all(people)
    tied = list(splitting.ties(people, splitting.Limits()))
    assert len(tied) == 100
    assert all(splits[tie.one.group] == splits[tie.other.group] for tie in tied)
    share = [list(splits.values()).count(split) / 1000 for split in ("train", "valid", "test")]
    assert all(abs(found - wanted) < 0.04 for found, wanted in zip(share, RATIOS, strict=True))


def test_splits_are_the_same_whatever_the_order_and_stay_when_films_are_added() -> None:
    people = crowd(300)
    before = split_all(people[: 3 * 200])
    assert split_all(people[: 3 * 200][::-1]) == before
    after = split_all(people, before)
    assert {group: after[group] for group in before} == before
    loose = split_all(people)
    assert sum(loose[group] != split for group, split in before.items()) <= 2


def test_a_newcomer_that_ties_two_sides_together_goes_where_most_ties_go_and_the_leak_is_told() -> None:
    a, b = (Person(f"film:{name}", "s0", voice=np.random.default_rng(n).normal(size=192)) for n, name in enumerate("ab"))
    newcomers = [Person("film:c", f"s{n}", voice=old.voice + 0.01) for n, old in enumerate((a, b))]
    splits = split_all([a, b, *newcomers], {"film:a": "train", "film:b": "test"})
    assert splits == {"film:a": "train", "film:b": "test", "film:c": "train"}
    nearest = splitting.leakage([a, b, *newcomers], splits)["train-test"]["voice"][0]
    assert nearest["distance"] < 0.01 and {nearest["one"], nearest["other"]} == {"film:c/s1", "film:b/s0"}


def test_distances_are_unknown_where_a_vector_is_or_encoders_differ() -> None:
    found = persons.distances([np.ones(4), None, np.ones(3)], [np.ones(4), -np.ones(3)])
    assert np.allclose(found[0, 0], 0) and np.allclose(found[2, 1], 2)
    assert np.isnan(found[0, 1]) and np.isnan(found[1]).all()


def test_a_dataset_is_written_anew_with_its_person_on_one_side(tmp_path: Path) -> None:
    out = small_dataset.make(tmp_path / "out")
    before = resplit.report(out, splitting.Limits())
    assert [(row["one"], row["other"]) for row in before["across"]] == [("film:aaaa/s001", "film:cccc/s001")]
    assert before["nearest"]["train-test"]["face"][0]["distance"] < 0.01
    found = resplit.resplit(out, tmp_path / "new", (0.5, 0.0, 0.5), "x", splitting.Limits())
    assert found["across"] == [] and found["splits"]["film:aaaa"] == found["splits"]["film:cccc"]
    assert validate.validate(tmp_path / "new").faults == []
    one, other = ({record["key"]: members for _, record, members in dataset.load(each).samples()} for each in (out, tmp_path / "new"))
    assert one == other
    assert "ACROSS" in resplit.told(before)
