"""How much of what a dataset holds: hours by language, kind, emotion, gender, age; speakers.

examples:
  cinedub stats dataset
  cinedub stats dataset --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import dataset, stats

    found = stats.stats(dataset.load(options.out))
    print(json.dumps(found, ensure_ascii=False, indent=1) if options.json else stats.told(found))
    return DONE
