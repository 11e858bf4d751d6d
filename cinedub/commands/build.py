"""Build a dataset from films.

examples:
  cinedub build film.mp4 --out dataset
  cinedub build 'films/*.mkv' --out dataset --settings mine.toml -- --runner=DataflowRunner
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cinedub.commands import DONE, FAILED, LOSSES
from cinedub.errors import UsageError

if TYPE_CHECKING:
    from cinedub.config import Settings
    from cinedub.outcome import Outcome

TAKES_BEAM_FLAGS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("films", nargs="+", metavar="FILM", help="file, folder, glob, or manifest (.csv, .jsonl: uri, title, series, language)")
    parser.add_argument("--out", required=True, help="the dataset's folder, or its place in an object store (s3://bucket/name)")
    parser.add_argument("--profile", default="local", help="shipped settings by name, or a path (default: local)")
    parser.add_argument("--settings", type=Path, help="a TOML file laid over the profile")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    parser.add_argument("--limit", type=int, help="take only the first N films")
    parser.add_argument("--detach", action="store_true", help="leave the work to the runner that the flags after -- name; then: cinedub finish OUT")
    ends(parser)


def ends(parser: argparse.ArgumentParser) -> None:
    """What decides how a build is told and how it ends."""
    parser.add_argument("--max-failures", type=float, default=0.5, metavar="RATIO", help="exit 3 when a stage fails on more than this share")
    parser.add_argument("--json", action="store_true", help="progress and result as JSON lines")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import config, outcome, remote, sources
    from pipelines import profile

    if options.detach and remote.is_remote(options.out):
        raise UsageError(f"{options.out}: a detached build's folder is one that its workers see, on a shared disk")
    settings = config.load(profile.find(options.profile), options.settings, options.set)
    place = remote.workplace(options.out) if remote.is_remote(options.out) else Path(options.out)
    if options.detach:
        return _detach(options, place, settings)
    made = outcome.known(place, sources.expand(options.films)[: options.limit], settings)
    if made is None:
        from pipelines import build

        made = build.build(options.films, place, settings, options.limit, options.beam_flags, mode(options))
    elif mode(options) == "text":
        print("nothing has changed since this was built", file=sys.stderr)
    if remote.is_remote(options.out):
        remote.publish(place, options.out)
    return tell(made, options)


def _detach(options: argparse.Namespace, place: Path, settings: Settings) -> int:
    from pipelines import build

    build.detach(options.films, place, settings, options.limit, options.beam_flags)
    if options.json:
        print(json.dumps({"out": options.out, "state": "at work"}))
    elif not options.quiet:
        print(f"left to its runner; when that is done: cinedub finish {options.out}")
    return DONE


def mode(options: argparse.Namespace) -> str:
    """How a build shows itself."""
    return "quiet" if options.quiet else "json" if options.json else "text"


def tell(outcome: Outcome, options: argparse.Namespace) -> int:
    """Say how a build ended; returns the exit code."""
    from cinedub import display

    if options.json:
        print(json.dumps({"dataset": outcome.dataset, "metrics": outcome.metrics}))
    elif not options.quiet:
        print(display.summary(outcome.dataset, outcome.metrics, str(options.out)))
    for letter in outcome.letters[:20] if not options.json else []:
        print(f"cinedub: {letter['stage']}: {letter['code']}: {letter['message']}", file=sys.stderr)
    if outcome.letters and not outcome.dataset["records"]:
        return FAILED
    worst = max((facts["failed"] / facts["in"] for facts in outcome.metrics["stages"].values() if facts["in"]), default=0.0)
    return LOSSES if worst > options.max_failures else DONE
