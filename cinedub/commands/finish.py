"""Make the dataset of a build that was left to its runner (cinedub build --detach), when that is done.

examples:
  cinedub finish /mnt/shared/dataset
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cinedub.commands.build import ends, tell


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", metavar="OUT")
    ends(parser)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from pipelines import build

    return tell(build.finish(Path(options.out)), options)
