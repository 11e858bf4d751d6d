"""Models that are loaded before their stage begins."""

import os
import threading
import time

import pytest

from cinedub import backends, config, progress
from cinedub.config import Model
from cinedub.meter import METER
from transforms import ahead
from transforms.stage import Losses

PLAIN = Model("none", options=(("of", "test_ahead"),))


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_ONCE", threading.Lock())
    monkeypatch.setenv(progress.DRIVER, str(os.getpid()))


def loaded(*needed: ahead.Needed) -> None:
    ahead.load(needed)
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join()


def test_what_loading_took_is_told_once_to_whoever_uses_the_model_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(role: str, model: Model) -> None:
        time.sleep(0.05)

    monkeypatch.setattr(backends, "load", slow)
    loaded(("corrector", PLAIN))
    METER.begin()
    METER.charge(ahead.cost("corrector", PLAIN))
    assert METER.end()[0] >= 0.05
    assert ahead.cost("corrector", PLAIN) == (0.0, 0.0)


def test_a_model_that_cant_be_loaded_is_left_to_the_stage_that_needs_it() -> None:
    loaded(("corrector", Model("nobody")), ("corrector", PLAIN))
    assert ahead.cost("corrector", PLAIN) == (0.0, 0.0)


def test_a_worker_of_another_process_loads_nothing_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(progress.DRIVER, "1")
    loaded(("corrector", PLAIN))
    assert ahead.cost("corrector", PLAIN) == (0.0, 0.0)


def test_what_is_not_loaded_when_a_build_ends_is_not_loaded_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []

    def last(role: str, model: Model) -> None:
        names.append(role)
        ahead.stop()

    monkeypatch.setattr(backends, "load", last)
    loaded(("separator", PLAIN), ("corrector", PLAIN))
    assert names == ["separator"]


def test_a_stage_knows_the_models_of_those_after_it() -> None:
    settings = config.Settings()
    losses = Losses(settings=settings)
    assert losses.after(settings.correct) == [("scorer", settings.judge.scorer)]
    assert [role for role, _ in losses.after(settings.shots)][:3] == ["separator", "recogniser", "segmenter"]
    assert losses.after(settings) == Losses().after(settings.probe) == []


def test_a_process_waits_for_what_is_being_loaded_though_its_stages_threads_are_daemons(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []
    monkeypatch.setattr(backends, "load", lambda role, model: kinds.append(threading.current_thread().daemon))
    stage = threading.Thread(target=loaded, args=(("corrector", PLAIN),), daemon=True)
    stage.start()
    stage.join()
    assert kinds == [False]
