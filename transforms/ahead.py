"""Models are loaded while the stages before theirs are at work: to load is one thread's work, and the first stages leave cores free.

It begins when a stage has to compute something and has its own models: where all is in the cache no model is needed. Only in the command's own
process, where the stages follow one another; what is loaded there is what they would load a moment later. A build that ends before loads no more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from cinedub import backends, progress
from cinedub.config import Model
from cinedub.meter import METER, Seconds

Needed = tuple[str, Model]
_ONCE = threading.Lock()
_OVER = threading.Event()
_COSTS: dict[Needed, Seconds] = {}


def load(needed: Sequence[Needed]) -> None:
    """Begin to load what later stages need, first things first; once in a process."""
    here = os.environ.get(progress.DRIVER) == str(os.getpid())
    if here and needed and _ONCE.acquire(blocking=False):
        _OVER.clear()
        # The process must wait for it: a stage's thread is a daemon, this one would be one, too, and one that is cut off in native code aborts.
        threading.Thread(target=_load, args=(needed,), name="ahead", daemon=False).start()


def stop() -> None:
    """Nobody needs what isn't loaded yet: the build has ended, and would wait for it."""
    _OVER.set()


def cost(role: str, model: Model) -> Seconds:
    """What it took to load a model ahead, told once: to the stage that uses it first."""
    return _COSTS.pop((role, model), (0.0, 0.0))


def _load(needed: Sequence[Needed]) -> None:
    for role, model in needed:
        if _OVER.is_set():
            return
        METER.begin()
        try:
            backends.load(role, model)
        except Exception:  # the stage that needs it meets the same fault, and tells it
            METER.end()
            return
        _COSTS[role, model] = METER.end()
