"""Write the examples page: films that the dubbing model never saw, dubbed, beside what users have today and the original.

examples:
  python -m pipelines.examples out/examples
  python -m pipelines.examples out/examples --checkpoint run/best
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from cinedub import __version__, dubscore, storage, weights
from cinedub.errors import CinedubError
from cinedub.report.page import page, read
from model.dub import SHIPPED, Dubbing
from pipelines.examples import scenes, topics
from pipelines.examples.versions import Studio


def write(out: Path, checkpoint: Path = SHIPPED) -> dict[str, Any]:
    """Make the films, dub them, and write the page; returns what it shows.

    Raises:
        WeightsError: no checkpoint, or weights that aren't here. StorageError: ``out`` can't be written.
    """
    began = time.monotonic()
    studio = Studio(Dubbing(checkpoint), out)
    _say(f"making {len(scenes.SCENES) * len(scenes.LANGUAGES)} films")
    clips = scenes.films()
    known, totals = topics.side_by_side(studio, clips, _say)
    found = [
        {"id": scene.name, "title": scene.title, "note": "", "examples": [known[scene.name, language] for language in scenes.LANGUAGES]}
        for scene in scenes.SCENES
    ]
    found += [topics.cloning(studio, clips, _say), topics.emotions(studio, clips, known, _say), topics.instructions(studio, clips, known, _say)]
    data = {
        "topics": found, "totals": totals, "checkpoint": weights.digest(checkpoint), "shipped": checkpoint == SHIPPED, "scorers": dubscore.digests(),
        "code": __version__, "wall_s": round(time.monotonic() - began),
    }  # fmt: skip
    storage.write_atomic(out / "examples.json", (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
    storage.write_atomic(out / "index.html", document(data).encode())
    return data


def document(data: dict[str, Any]) -> str:
    """The page that shows what ``write`` found; its films lie beside it."""
    script = (resources.files("pipelines.examples") / "examples.js").read_text(encoding="utf-8")
    return page(data, "Examples · CineDub", "'self' file: data:", scripts=read("dom.js") + script)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


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
