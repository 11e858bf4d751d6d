"""What a build has spent, told by all its processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from cinedub.errors import StorageError
from cinedub.ledger import Ledger


def spend(times: int) -> None:
    for _ in range(times):
        Ledger().spend(0.25)


def test_processes_that_spend_at_once_forget_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEDUB_PROGRESS", str(tmp_path))
    assert Ledger().spent() == 0.0
    workers = [multiprocessing.get_context("fork").Process(target=spend, args=(200,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Ledger().spent() == 100.0


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_without_the_builds_folder_everyone_counts_for_himself(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEDUB_PROGRESS", folder)
    one, other = Ledger(), Ledger()
    one.spend(0.5)
    assert (one.spent(), other.spent()) == (0.5, 0.0)


def test_what_cannot_be_noted_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEDUB_PROGRESS", str(tmp_path))
    (tmp_path / "ledger").mkdir()
    with pytest.raises(StorageError, match="ledger"):
        Ledger().spend(0.5)
