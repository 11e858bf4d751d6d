import json
from pathlib import Path

import pytest

from cinedub import cli
from tests.cinedub import small_dataset


def test_a_record_is_found_by_the_beginning_of_its_key_and_shown_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(small_dataset.make(tmp_path / "out"))
    assert cli.main(["inspect", out, "aaaa-000002"]) == 0
    shown = capsys.readouterr().out
    assert "aaaa-000002000-000003000  in cinedub-train-00000 (train)" in shown
    assert "The Harbour  0:00:02.000 to 0:00:03.000  en  dialogue" in shown
    assert "landmarks 2x25x478x3" in shown
    assert cli.main(["inspect", out, "bbbb-000000000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["film"]["title"] == "码头"
    assert cli.main(["inspect", out, "dddd-000000000", "--extract", str(tmp_path / "clip")]) == 0
    assert (tmp_path / "clip" / "dddd-000000000-000001000.mp4").read_bytes() == small_dataset.silent_film()


@pytest.mark.parametrize(("key", "said"), [("aaaa", "begins 2 keys"), ("zzzz", "no record 'zzzz'")])
def test_a_key_that_is_not_one_record_is_told_in_one_line(tmp_path: Path, key: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(small_dataset.make(tmp_path / "out", clips=2)), key]) == 2
    assert said in capsys.readouterr().err
