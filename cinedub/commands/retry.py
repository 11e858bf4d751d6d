"""Try a dataset's dead letters again, and merge what comes of them.

examples:
  cinedub retry dataset
  cinedub retry dataset --set probe.timeout_s=300
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE
from cinedub.commands.build import ends, mode, tell

TAKES_BEAM_FLAGS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting for what is tried again; may be repeated")
    ends(parser)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import remote
    from pipelines import build

    place = remote.workplace(options.out) if remote.is_remote(options.out) else Path(options.out)
    outcome = build.retry(place, options.set, options.beam_flags, mode(options))
    if outcome is None:
        print(json.dumps({"failures": 0}) if options.json else f"{options.out}: no dead letters")
        return DONE
    if remote.is_remote(options.out):
        remote.publish(place, options.out)
    return tell(outcome, options)
