"""The whole chain on a generated film: real models, real shards."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cinedub import commit, config, film, overlay, score, shards, status, truth, validate
from cinedub.errors import UsageError
from pipelines import build, oracle, score_correction, script
from schemas import Review

SETTINGS = film.FilmSettings(seed=4, seconds=26, kinds=("monologue", "dialogue"), characters=2, height=360, fps="23.976", music=1.0, overlap=0.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build")


@pytest.fixture(autouse=True)
def one_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEDUB_CACHE", str(place / "cache"))


@pytest.fixture(scope="module")
def footage(place: Path) -> Path:
    return film.write(SETTINGS, place / "film.mp4")


def run(place: Path, *names: object, out: str = "out", sets: tuple[str, ...] = ()) -> build.Outcome:
    return build.build([str(name) for name in names], place / out, config.load(sets=sets), mode="quiet")


@pytest.fixture(scope="module")
def built(place: Path, footage: Path) -> build.Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(place / "cache"))
        return run(place, footage)


def test_a_film_becomes_a_dataset_that_keeps_every_promise(place: Path, built: build.Outcome) -> None:
    report = validate.validate(place / "out")
    assert report.faults == []
    assert report.records == built.dataset["records"] >= 2
    assert built.letters == []


def test_its_words_people_and_scenes_are_those_of_the_film(place: Path, built: build.Outcome) -> None:
    scores = score.score(place / "out", [place / "film.json"])["total"]
    assert scores["wer"]["rate"] <= 0.15
    assert scores["der"]["rate"] <= 0.10
    assert scores["lines"]["right"] >= scores["lines"]["of"] - 1 >= 6  # one is spoken so fast that Whisper base makes little of it
    assert scores["joins"]["right"] == scores["joins"]["of"] >= 1
    assert scores["speakers"]["found"] == scores["speakers"]["truth"] == 2


def test_a_detached_build_is_made_a_dataset_when_its_runner_is_done(place: Path, footage: Path, built: build.Outcome) -> None:
    told = json.loads(_said("build", footage, "--out", place / "apart", "--detach", "--json"))
    assert told == {"out": str(place / "apart"), "state": "at work"}
    assert not (place / "apart" / "_SUCCESS").exists()
    made = build.finish(place / "apart")
    assert made.dataset["digest"] == built.dataset["digest"] and made.dataset["films"] == 1
    assert made.metrics["stages"]["Pack"]["out"] == built.dataset["records"] and made.metrics["wall_s"] > 0
    assert validate.validate(place / "apart").faults == []
    with pytest.raises(UsageError, match="no build waits here"):
        build.finish(place / "apart")
    assert _said("build", footage, "--out", place / "apart", "--detach", "--quiet") == ""


def _said(*words: object) -> str:
    return subprocess.run([sys.executable, "-m", "cinedub.cli", *map(str, words)], capture_output=True, text=True, check=True).stdout


def test_nothing_is_computed_twice_and_the_bytes_are_the_same(place: Path, footage: Path, built: build.Outcome) -> None:
    again = run(place, footage)
    assert all(facts["cached"] == facts["in"] for facts in again.metrics["stages"].values())
    elsewhere = place / "moved film.mp4"
    shutil.copy(footage, elsewhere)
    moved = run(place, elsewhere, out="moved", sets=("probe.min_ms=1000",))
    assert again.dataset["digest"] == built.dataset["digest"]
    assert all(facts["cached"] for name, facts in moved.metrics["stages"].items() if name not in ("Probe", "Pack"))


_LIGHT = (
    "import sys; from cinedub import cli; code = cli.main(sys.argv[1:]); sys.exit(code or bool({'apache_beam', 'torch', 'numpy'} & {*sys.modules}))"
)


def test_an_unchanged_build_ends_at_once_as_it_did_and_a_damaged_one_is_mended(place: Path, footage: Path, built: build.Outcome) -> None:
    def table(*python: str) -> str:
        command = [sys.executable, *python, "build", str(footage), "--out", str(place / "same")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = table("-m", "cinedub.cli")
    assert table("-c", _LIGHT) == first
    (shard,) = shards.shards_in(place / "same")
    whole = shard.read_bytes()
    shard.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    table("-m", "cinedub.cli")
    assert shard.read_bytes() == whole and validate.validate(place / "same").faults == []


def test_a_plain_script_that_calls_the_same_functions_gives_the_same_shards(place: Path, footage: Path, built: build.Outcome) -> None:
    assert script.main(place / "script", [str(footage)]) == built.dataset["digest"]


def test_a_build_tells_another_process_how_it_comes_along(place: Path, footage: Path, built: build.Outcome) -> None:
    command = [
        sys.executable,
        "-m",
        "cinedub.cli",
        "build",
        str(footage),
        "--out",
        str(place / "told"),
        "--quiet",
        "--set",
        "see.detect_every_ms=240",
    ]
    with subprocess.Popen(command) as building:
        seen: list[status.Status] = []
        while building.poll() is None:
            time.sleep(0.2)
            if commit.held(place / "told") and (place / "told" / ".build" / "settings.toml").exists():
                seen.append(status.status(place / "told"))
    assert building.returncode == 0
    assert seen[0].state == "at work" and seen[0].films == 1
    last = {row["stage"]: row for row in seen[-1].stages}
    assert last["Transcribe"]["cached"] == last["Transcribe"]["done"] == 1
    assert any(0 < sum(row["done"] for row in each.stages if row["stage"] == "See") < last["See"]["total"] for each in seen)
    done = status.status(place / "told")
    assert done.state == "done" and {row["stage"]: row["done"] for row in done.stages}["See"] == last["See"]["total"]


def test_a_changed_setting_recomputes_its_descendants_alone(place: Path, footage: Path, built: build.Outcome) -> None:
    changed = run(place, footage, out="changed", sets=("recognise.join_gap_ms=1000",)).metrics["stages"]
    fresh = {name for name, facts in changed.items() if facts["cached"] < facts["in"]}
    assert "Recognise" in fresh
    assert fresh <= {"Recognise", "Correct", "Judge", "Pack"}


def test_what_a_gate_refuses_is_written_down_with_its_reason(place: Path, footage: Path, built: build.Outcome) -> None:
    strict = run(place, footage, out="strict", sets=("judge.min_dnsmos=5",))
    rows = pq.read_table(place / "strict" / "dropped.parquet").to_pylist()
    assert strict.dataset["records"] == 0
    assert len(rows) == built.dataset["records"]
    assert all(row["code"] == "LOW_DNSMOS" and row["value"] < row["threshold"] == 5 for row in rows)
    assert validate.validate(place / "strict").faults == []


def test_what_people_said_is_packed_and_nothing_else_is_computed_again(place: Path, footage: Path, built: build.Outcome) -> None:
    first, second, *_ = (record for shard in shards.shards_in(place / "out") for record in shards.read_annotations(shard))
    line, at = first["lines"][0], "2026-01-02T03:04:05+00:00"
    after = line["text"].rstrip(".") + ", they said."
    said = Review(first["key"], "text", "anna", at, 0, line["text"], after, line["start_ms"], line["end_ms"])
    run(place, footage, out="edited")
    overlay.append(place / "edited", [said, Review(second["key"], "reject", "anna", at)])
    edited = run(place, footage, out="edited")
    assert {name: facts["in"] - facts["cached"] for name, facts in edited.metrics["stages"].items() if facts["cached"] < facts["in"]} == {
        "Amend": 2, "Judge": 1, "Pack": 1
    }  # fmt: skip
    records = {record["key"]: record for shard in shards.shards_in(place / "edited") for record in shards.read_annotations(shard)}
    assert records[first["key"]]["lines"][0]["text"] == after and second["key"] not in records
    assert records[first["key"]]["corrections"][-1]["by"] == "person:anna"
    assert [row["code"] for row in pq.read_table(place / "edited" / "dropped.parquet").to_pylist()] == ["REJECTED"]
    assert edited.dataset["edits"] == {"said": 2, "lost": 0} and validate.validate(place / "edited").faults == []


def test_a_language_models_edits_are_in_the_record_its_bill_in_the_metrics_its_prompts_in_the_provenance(
    place: Path, footage: Path, built: build.Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    knowing = oracle.Oracle([score_correction.Film(truth.read(place / "film.json"), ()).said], 1.0)
    with oracle.serve(knowing) as url:
        options = (f"base_url={url}", "model=knowing", "price_in=2.0", "price_out=8.0")
        sets = ("correct.corrector=openai", *(f"correct.corrector.options.{option}" for option in options))
        noted = run(place, footage, out="corrected", sets=sets).metrics["stages"]["Correct"]["noted"]
    assert noted["requests"] >= 2
    assert noted["cost_millionths"] == pytest.approx(2 * noted["tokens_in"] + 8 * noted["tokens_out"], abs=noted["requests"])
    assert json.loads((place / "corrected" / "metrics.json").read_text())["stages"]["Correct"]["noted"] == noted
    before, after = (score.score(place / out, [place / "film.json"])["total"]["wer"]["rate"] for out in ("out", "corrected"))
    assert after < before
    made_by = [
        {row["role"]: row for row in record["provenance"]["stages"]}["corrector"]["digest"]
        for out in ("out", "corrected")
        for shard in shards.shards_in(place / out)
        for record in shards.read_annotations(shard)
    ]
    assert len(set(made_by)) == 2


def test_bad_films_become_dead_letters_and_the_good_one_is_built(place: Path, footage: Path, built: build.Outcome) -> None:
    (place / "empty.mp4").touch()
    (place / "text.mp4").write_text("no film")
    shutil.copy(footage, place / "same.mp4")
    mixed = run(place, footage, place / "empty.mp4", place / "text.mp4", place / "same.mp4", out="mixed")
    assert {letter["code"] for letter in mixed.letters} == {"PROBE_EMPTY", "PROBE_UNREADABLE", "PROBE_DUPLICATE"}
    assert mixed.dataset["digest"] == built.dataset["digest"]
    assert json.loads((place / "mixed" / "failures" / "Probe.jsonl").read_text().splitlines()[0])["element"]


def test_a_damaged_shard_does_not_validate(place: Path, built: build.Outcome) -> None:
    shutil.copytree(place / "out", place / "damaged")
    (shard,) = shards.shards_in(place / "damaged")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(bytes(data))
    assert any("sha256" in fault for fault in validate.validate(place / "damaged").faults)


def test_a_folder_that_holds_something_else_is_left_alone(place: Path, footage: Path) -> None:
    (place / "precious").mkdir()
    (place / "precious" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and holds no dataset"):
        run(place, footage, out="precious")
    assert (place / "precious" / "thesis.txt").read_text() == "years of work"
