"""Tell how a build comes along, while it runs and after: stages, losses, pace, time left.

examples:
  cinedub status dataset
  cinedub status dataset --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE, FAILED


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code: 1 for a build that was stopped."""
    from cinedub import status

    found = status.status(options.out)
    print(json.dumps(status.facts(found)) if options.json else status.table(found, options.out))
    return FAILED if found.state == "stopped" else DONE
