"""Write the examples page: films that the dubbing model never saw, dubbed, beside what users have today and the original.

examples:
  python -m pipelines.examples out/examples
  python -m pipelines.examples out/examples --checkpoint run/best
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import resources
from pathlib import Path
from typing import Any

from cinedub import __version__, dubscore, storage, weights
from cinedub.errors import CinedubError, ModelError
from cinedub.report.page import page, read
from model.dub import SHIPPED
from pipelines.examples.scenes import LANGUAGES
from pipelines.examples.topics import TOPICS, spoken


def write(out: Path, checkpoint: Path = SHIPPED) -> dict[str, Any]:
    """Make the films, dub them, and write the page; returns what it shows.

    Raises:
        WeightsError: no checkpoint, or weights that aren't here. StorageError: ``out`` can't be written. ModelError: EXAMPLES_KILLED.
    """
    began = time.monotonic()
    with ProcessPoolExecutor(len(LANGUAGES), multiprocessing.get_context("spawn")) as pool:
        try:
            found = list(pool.map(functools.partial(spoken, checkpoint=checkpoint, out=out), LANGUAGES))
        except BrokenProcessPool as error:
            raise ModelError(
                "EXAMPLES_KILLED", "a language's process was killed (it takes up to 3 GB); the same command goes on from there"
            ) from error
    data = {
        "topics": [{"id": name, "title": title, "note": note, "examples": [each.examples[name] for each in found]} for name, title, note in TOPICS],
        "totals": [row for each in found for row in each.totals], "checkpoint": weights.digest(checkpoint), "shipped": checkpoint == SHIPPED,
        "scorers": dubscore.digests(), "code": __version__, "wall_s": round(time.monotonic() - began),
    }  # fmt: skip
    storage.write_atomic(out / "examples.json", (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
    storage.write_atomic(out / "index.html", document(data).encode())
    return data


def document(data: dict[str, Any]) -> str:
    """The page that shows what ``write`` found; its films lie beside it."""
    script = (resources.files("pipelines.examples") / "examples.js").read_text(encoding="utf-8")
    return page(data, "Examples · CineDub", "'self' file: data:", scripts=read("dom.js") + script)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser("examples", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED, metavar="FOLDER", help="RUN/best (default: the one that comes with CineDub)")
    options = parser.parse_args(arguments)
    try:
        data = write(options.out, options.checkpoint)
    except CinedubError as error:
        print(f"examples: {error}", file=sys.stderr)
        return 2
    print(f"{options.out / 'index.html'}: {sum(len(topic['examples']) for topic in data['topics'])} examples, {data['wall_s']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
