"""Say what changed between two builds, by stage; exit 1 when something did.

examples:
  cinedub diff before after
  cinedub diff before after --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE, FAILED


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("before", type=Path, metavar="OUT1")
    parser.add_argument("after", type=Path, metavar="OUT2")
    parser.add_argument("--json", action="store_true", help="one JSON line per change")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import dataset, diff

    changes = diff.diff(dataset.load(options.before), dataset.load(options.after))
    if options.json:
        for change in changes:
            print(json.dumps(vars(change), ensure_ascii=False))
    else:
        print(diff.told(changes))
    return FAILED if changes else DONE
