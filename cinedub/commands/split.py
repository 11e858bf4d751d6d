"""Split a dataset so that nobody's voice or face is on two sides, or report how near the sides are.

examples:
  cinedub split dataset
  cinedub split dataset --out resplit --ratios 0.8 0.1 0.1
  cinedub split larger --out resplit --like earlier --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("dataset", type=Path, metavar="OUT", help="a finished dataset")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write it with new splits; without, only the report of the splits as they are")
    parser.add_argument("--ratios", type=float, nargs=3, default=(0.9, 0.05, 0.05), metavar=("TRAIN", "VALID", "TEST"), help="of films and series")
    parser.add_argument("--seed", default="cinedub", help="another one gives other splits (default: cinedub)")
    parser.add_argument("--like", type=Path, metavar="EARLIER", help="films and series of this dataset keep the splits they have there")
    parser.add_argument("--voice-distance", type=float, default=0.35, metavar="D", help="voices nearer than this are one person's (default: 0.35)")
    parser.add_argument("--face-distance", type=float, default=0.07, metavar="D", help="faces nearer than this are one person's (default: 0.07)")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import resplit, splitting

    limits = splitting.Limits(options.voice_distance, options.face_distance)
    if options.out:
        found = resplit.resplit(options.dataset, options.out, tuple(options.ratios), options.seed, limits, options.like, options.quiet)
    else:
        found = resplit.report(options.dataset, limits, options.quiet)
    print(json.dumps(found, ensure_ascii=False, indent=1) if options.json else resplit.told(found))
    return DONE
