"""Print every setting with its value, as TOML."""

from __future__ import annotations

import argparse
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--settings", type=Path, help="a TOML file laid over the defaults")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import config

    print(config.dump(config.load(None, options.settings, options.set)), end="")
    return DONE
