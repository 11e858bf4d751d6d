"""Print every setting with its value, as TOML.

examples:
  cinedub settings > mine.toml
  cinedub settings --set clips.max_ms=20000
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--profile", default="local", help="shipped settings by name, or a path (default: local)")
    parser.add_argument("--settings", type=Path, help="a TOML file laid over the profile")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    parser.add_argument("--json", action="store_true", help="as JSON instead")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import config
    from pipelines import profile
    from schemas import codec

    settings = config.load(profile.find(options.profile), options.settings, options.set)
    print(json.dumps(codec.builtins(settings), indent=1) if options.json else config.dump(settings).rstrip())
    return DONE
