"""List or fetch pretrained weights."""

from __future__ import annotations

import argparse

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("action", choices=["list", "fetch"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="models, or packs: build, film, recordings, more, all (default: build film)")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import weights

    if options.action == "list":
        for name, row in weights.PACK.items():
            state = "present" if weights.present(name) else "missing"
            source = ", ".join(f"{package.name}=={package.version}" for package in row.packages)
            print(f"{name:<18} {state:<8} {row.pack:<6} {row.role:<14} {row.licence:<13} {source}")
        return DONE
    wanted = options.names or ["build", "film"]
    packs = {"build", "film", "recordings", "more", "all"}
    names = [model for name in wanted for model in (weights.members_of(name) if name in packs else [name])]
    from cinedub.display import download_bars

    with download_bars() as progress:
        for name, what in weights.fetch(dict.fromkeys(names), progress):
            print(f"{name}: {what}", flush=True)
    return DONE
