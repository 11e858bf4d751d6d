"""Take a person or a film out of a dataset, and prove that it is gone.

examples:
  cinedub forget dataset --film "The Harbour"
  cinedub forget dataset --speaker s003 --yes
  cinedub forget dataset --speaker "The Harbour/s003" --yes --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--film", metavar="FILM", help="a film's id or title")
    what.add_argument("--speaker", metavar="[GROUP/]ID", help="a speaker's id; GROUP is a series, or a film's id or title")
    parser.add_argument("--face-distance", type=float, default=0.09, metavar="D", help="records with a face so near theirs go too (default: 0.09)")
    parser.add_argument("--yes", action="store_true", help="do it; without, only what would go is told")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import forget

    source = forget.reopen(options.out)
    if options.film:
        wanted = forget.find_film(source, options.film)
    else:
        wanted = forget.find_speaker(source, options.speaker, options.face_distance, options.quiet)
    if not options.yes:
        keys = forget.concerned(source, wanted)
        text = f"{len(keys)} of {source.facts['records']} records would go: {', '.join(keys[:5])}{', …' if len(keys) > 5 else ''}\n"
        print(json.dumps(wanted.name | {"would_remove": keys}) if options.json else f"{text}nothing was changed; do it with --yes")
        return DONE
    done = forget.forget(source, wanted, options.quiet)
    if options.json:
        print(json.dumps(done))
        return DONE
    near = f"; the nearest face left is {done['nearest_face']} away" if done["nearest_face"] is not None else ""
    print(f"{done['removed']} records removed, {done['kept']} kept; {done['rewritten']} of {done['shards']} shards written anew")
    print(f"all {done['shards']} shards were read again: nothing of it is there{near}")
    print("Still elsewhere: the films themselves, the stage cache (CINEDUB_CACHE), earlier exports and copies, models trained before.")
    return DONE
