from pathlib import Path

import pytest

from cinedub import cli, commit, dataset, forget, overlay, validate
from cinedub.errors import UsageError
from schemas import Review
from tests.cinedub import small_dataset


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return small_dataset.make(tmp_path / "out")


def test_a_film_goes_with_all_its_records_and_other_shards_keep_their_bytes(out: Path) -> None:
    source = dataset.load(out)
    before = {path.name: path.read_bytes() for path in source.paths}
    done = forget.forget(source, forget.find_film(source, "The Harbour"))
    assert (done["removed"], done["kept"], done["rewritten"]) == (2, 6, 1)
    assert validate.validate(out).faults == []
    after = dataset.load(out)
    assert {record["film"]["id"] for record in after.annotations()} == {"bbbb", "cccc", "dddd"}
    assert after.facts["films"] == 3 and after.facts["forgotten"] == [{"film": "aaaa"}]
    assert [path.name for path in after.paths if path.read_bytes() != before[path.name]] == ["cinedub-train-00000.tar"]
    assert not any(b"aaaa-00" in path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != commit.FORGOTTEN)


def test_a_person_goes_where_they_speak_and_where_their_face_is_seen(out: Path) -> None:
    """Person 0 is s001 of the first film; in the third film only the face tells."""
    source = dataset.load(out)
    wanted = forget.find_speaker(source, "The Harbour/s001", face_distance=0.09)
    assert sorted(forget.concerned(source, wanted)) == [f"{film}-{at:09d}-{at + 1000:09d}" for film in ("aaaa", "cccc") for at in (0, 2000)]
    done = forget.forget(source, wanted)
    assert (done["removed"], done["kept"]) == (4, 4)
    assert done["nearest_face"] > 0.5
    assert validate.validate(out).faults == []
    assert forget.remembered(out) == [{"group": "film:aaaa", "speaker": "s001"}]


def test_what_people_said_of_forgotten_clips_goes_too(out: Path) -> None:
    said = [Review(f"{film}-000000000-000001000", "reject", "ann", "2026-01-01T00:00:00+00:00", reason="hers") for film in ("bbbb", "dddd")]
    overlay.append(out, said)
    source = dataset.load(out)
    forget.forget(source, forget.find_film(source, "bbbb"))
    assert list(overlay.read(out)) == ["dddd-000000000-000001000"]


def test_who_is_meant_has_to_be_clear(out: Path) -> None:
    source = dataset.load(out)
    with pytest.raises(UsageError, match="4 speakers are called 's001' in film:aaaa, film:bbbb"):
        forget.find_speaker(source, "s001", 0.09)
    with pytest.raises(UsageError, match="0 speakers are called 's009'"):
        forget.find_speaker(source, "s009", 0.09)
    with pytest.raises(UsageError, match="0 films are called 'Jaws'"):
        forget.find_film(source, "Jaws")


def test_nothing_happens_without_yes(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert cli.main(["forget", str(out), "--film", "bbbb"]) == 0
    assert "2 of 8 records would go" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_forgetting_that_was_cut_off_goes_on(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = dataset.load(out)
    wanted = forget.find_film(source, "cccc")

    def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(forget.repack, "finish", power_cut)
        forget.forget(source, wanted)
    assert validate.validate(out).faults == [] and validate.validate(out).records == 8
    assert cli.main(["forget", str(out), "--film", "cccc", "--yes", "--quiet"]) == 0
    assert validate.validate(out).faults == []
    assert "cccc" not in {record["film"]["id"] for record in dataset.load(out).annotations()}
    assert dataset.load(out).facts["films"] == 3
