"""What elements cost: seconds of wall and of all cores.

Models work in threads of their own and decoders in processes, so that nobody can tell whose work the cores did. Elements that are at work at once,
each in a thread of a worker, share it equally: what they cost together is what the process took while it was at any of them.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable

Seconds = tuple[float, float]


def spent() -> Seconds:
    """Seconds of wall, and of all cores that this process, and the decoders that it has waited for, have used."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return time.monotonic(), own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Meter:
    """Shares what is spent between the threads that are at work."""

    def __init__(self, clock: Callable[[], Seconds] = spent) -> None:
        self._clock, self._last = clock, clock()
        self._lock = threading.Lock()
        self._shares: dict[int, Seconds] = {}

    def begin(self) -> None:
        """This thread is at work from now on, and has cost nothing yet."""
        with self._lock:
            self._settle()
            self._shares[threading.get_ident()] = 0.0, 0.0

    def so_far(self) -> Seconds:
        """What this thread has cost since it began; nothing where it hasn't."""
        with self._lock:
            self._settle()
            return self._shares.get(threading.get_ident(), (0.0, 0.0))

    def charge(self, cost: Seconds) -> None:
        """Add to what this thread has cost what another did for it; nothing where it isn't at work."""
        with self._lock:
            if threading.get_ident() in self._shares:
                wall, cores = self._shares[threading.get_ident()]
                self._shares[threading.get_ident()] = wall + cost[0], cores + cost[1]

    def end(self) -> Seconds:
        """This thread is at work no more; what it has cost. Nothing when it had ended before."""
        with self._lock:
            self._settle()
            return self._shares.pop(threading.get_ident(), (0.0, 0.0))

    def _settle(self) -> None:
        now, before = self._clock(), self._last
        self._last = now
        part = [(new - old) / len(self._shares) for new, old in zip(now, before, strict=True)] if self._shares else []
        self._shares = {thread: (wall + part[0], cores + part[1]) for thread, (wall, cores) in self._shares.items()}


#: This process's.
METER = Meter()
