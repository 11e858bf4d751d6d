"""List or fetch pretrained weights.

examples:
  cinedub weights list
  cinedub weights fetch build film
"""

from __future__ import annotations

import argparse
import dataclasses
import json

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("action", choices=["list", "fetch"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="models, or packs: build, film, recordings, more, all (default: build film)")
    parser.add_argument("--json", action="store_true", help="as JSON lines")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import weights

    if options.action == "list":
        for name, row in weights.PACK.items():
            if options.json:
                print(json.dumps(dataclasses.asdict(row) | {"present": weights.present(name)}))
                continue
            state = "present" if weights.present(name) else "missing"
            source = ", ".join(f"{package.name}=={package.version}" for package in row.packages)
            print(f"{name:<18} {state:<8} {row.pack:<6} {row.role:<14} {row.licence:<13} {source}")
        return DONE
    wanted = options.names or ["build", "film"]
    packs = {"build", "film", "recordings", "more", "all"}
    names = [model for name in wanted for model in (weights.members_of(name) if name in packs else [name])]
    from cinedub.display import download_bars

    with download_bars(options.quiet) as progress:
        for name, what in weights.fetch(dict.fromkeys(names), progress):
            print(json.dumps({"name": name, "state": what}) if options.json else f"{name}: {what}", flush=True)
    return DONE
