import dataclasses
from pathlib import Path

import pytest

from cinedub import cli, config, dataset, diff
from tests.cinedub import small_dataset


def test_changes_are_told_by_the_stage_that_made_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config.load(None, None, ["clips.max_ms=20000", "transcribe.recogniser.weights=/models/large"])
    before = small_dataset.make(tmp_path / "before", text="As it was.", clips=1)
    after = small_dataset.make(tmp_path / "after", text="As it is.", clips=2, settings=dataclasses.replace(settings))
    changes = {(change.stage, change.what): change for change in diff.diff(dataset.load(before), dataset.load(after))}
    assert changes["CutClips", "clip only after"].count == 4
    assert changes["CutClips", "setting clips.max_ms"].example == {"before": 30000, "after": 20000}
    assert changes["Transcribe", "setting transcribe.recogniser.weights"].example["after"] == "/models/large"
    assert changes["Correct", "text"].count == 4
    assert changes["Correct", "text"].example["before"][0] == "As it was."
    assert not {stage for stage, _ in changes} & {"See", "Separate", "Recognise"}
    assert cli.main(["diff", str(before), str(after)]) == 1
    assert "Correct      text" in capsys.readouterr().out
    assert cli.main(["diff", str(before), str(before)]) == 0
    assert capsys.readouterr().out == "no difference\n"
