"""What a Dataflow Flex Template starts: its parameters become ``cinedub build --detach``, everything else is a flag of Beam's.

The launcher must end for the job to begin, so the dataset is made afterwards: ``cinedub finish OUT``. Parameters: docker/flex-template.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from cinedub import cli


def command(arguments: Sequence[str]) -> list[str]:
    """The words of ``cinedub`` for a template's parameters."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--films", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--profile", default="dataflow")
    parser.add_argument("--settings")
    parser.add_argument("--set", default="", help="settings, divided by semicolons")
    parser.add_argument("--limit")
    found, beam_flags = parser.parse_known_args(arguments)
    words = ["build", found.films, "--out", found.out, "--profile", found.profile, "--detach"]
    for name in ("settings", "limit"):
        if value := getattr(found, name):
            words += [f"--{name}", value]
    for setting in filter(None, found.set.split(";")):
        words += ["--set", setting]
    return [*words, "--", *beam_flags]


if __name__ == "__main__":
    sys.exit(cli.main(command(sys.argv[1:])))
