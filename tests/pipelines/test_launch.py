"""A Flex Template's parameters are those of its launcher, and become a build that doesn't wait for its runner."""

import json
from pathlib import Path

import pytest

from cinedub import cli
from pipelines.launch import command

HOME = Path(__file__).parents[2]
SPEC = json.loads((HOME / "docker" / "flex-template.json").read_text())
VALUES = {
    "films": "films.csv",
    "out": "/mnt/out",
    "profile": "dataflow",
    "settings": "mine.toml",
    "set": "pack.shard_mb=64;cache.max_gb=9",
    "limit": "3",
}


def test_every_parameter_of_the_template_becomes_a_word_of_the_build() -> None:
    assert [one["name"] for one in SPEC["parameters"]] == list(VALUES)
    words = command([f"--{name}={value}" for name, value in VALUES.items()] + ["--runner=DataflowRunner", "--region=europe-west4"])
    assert words == [
        "build", "films.csv", "--out", "/mnt/out", "--profile", "dataflow", "--detach", "--settings", "mine.toml", "--limit", "3",
        "--set", "pack.shard_mb=64", "--set", "cache.max_gb=9", "--", "--runner=DataflowRunner", "--region=europe-west4",
    ]  # fmt: skip


def test_what_the_template_calls_optional_may_be_left_out_and_the_rest_may_not() -> None:
    needed = [one["name"] for one in SPEC["parameters"] if not one["isOptional"]]
    words = command([f"--{name}={VALUES[name]}" for name in needed])
    assert words == ["build", "films.csv", "--out", "/mnt/out", "--profile", "dataflow", "--detach", "--"]
    for name in needed:
        with pytest.raises(SystemExit):
            command([f"--{other}={VALUES[other]}" for other in needed if other != name])


def test_there_is_nothing_to_finish_where_nothing_was_detached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["finish", str(tmp_path / "out")]) == 2
    assert "no build waits here for its end" in capsys.readouterr().err
