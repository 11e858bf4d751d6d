"""Nouns are read by several threads of a worker at once."""

from __future__ import annotations

import subprocess
import sys

#: Each noun is met for the first time by all threads together.
_FIRST = """
import sys, threading, msgspec, schemas
from schemas import codec

def meet(noun):
    together.wait()
    try:
        codec.convert({}, getattr(schemas, noun))
    except msgspec.ValidationError:
        refused.append(noun)

sys.setswitchinterval(1e-6)
for noun in ("Shots", "Word", "Film", "Span", "Passage", "Take", "Record"):
    together, refused = threading.Barrier(8), []
    threads = [threading.Thread(target=meet, args=(noun,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == 8 * [noun]
"""


def test_a_noun_that_threads_meet_at_once_is_learnt_by_one_of_them() -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", _FIRST], check=True)
