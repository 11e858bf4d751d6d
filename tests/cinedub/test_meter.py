"""What elements cost that are at work at once."""

from __future__ import annotations

import threading

from cinedub.meter import Meter


class Clock:
    """Two cores that are always busy."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> tuple[float, float]:
        return self.now, 2 * self.now


def test_an_element_alone_costs_all_that_is_spent_while_it_is_at_work():
    clock = Clock()
    meter = Meter(clock)
    clock.now = 1.0
    meter.begin()
    clock.now = 3.0
    assert meter.so_far() == (2.0, 4.0)
    clock.now = 4.0
    assert meter.end() == (3.0, 6.0)
    assert meter.end() == meter.so_far() == (0.0, 0.0)


def test_elements_at_work_at_once_share_what_is_spent():
    clock = Clock()
    meter = Meter(clock)
    other: list[tuple[float, float]] = []
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        meter.begin()
        begun.set()
        ended.wait()
        other.append(meter.end())

    meter.begin()
    clock.now = 1.0
    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    clock.now = 3.0
    assert meter.end() == (2.0, 4.0)
    clock.now = 3.5
    ended.set()
    thread.join()
    assert other == [(1.5, 3.0)]
    assert meter.so_far() == (0.0, 0.0)


def test_an_element_that_begins_anew_has_cost_nothing():
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    clock.now = 5.0
    meter.begin()
    assert meter.end() == (0.0, 0.0)


def test_what_another_thread_did_for_an_element_is_added_to_it() -> None:
    meter = Meter(Clock())
    meter.charge((1.0, 1.0))
    meter.begin()
    meter.charge((2.0, 3.0))
    assert meter.end() == (2.0, 3.0)
