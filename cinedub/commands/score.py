"""Measure a dataset against truth.

examples:
  cinedub score dataset --truth demo.json
  cinedub score dataset --truth films/*.json --peer --write scores.json --against bench/scores.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cinedub.commands import DONE, FAILED


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--truth", type=Path, nargs="+", required=True, metavar="FILE", help="truth files (.json with an .rttm beside)")
    parser.add_argument("--peer", action="store_true", help="beside it, the whisperX recipe on the same films (they lie beside their truth)")
    parser.add_argument("--against", type=Path, metavar="FILE", help="scores written before: exit 1 when a figure fell by more than its tolerance")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the scores as JSON, and as a Markdown table beside")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import figures, score, storage

    before = figures.read(options.against) if options.against else None
    scores = score.score(options.out, options.truth, options.peer)
    if options.write:
        storage.write_atomic(options.write, (json.dumps(scores, indent=1, ensure_ascii=False) + "\n").encode())
        storage.write_atomic(options.write.with_suffix(".md"), score.markdown(scores).encode())
    print(json.dumps(scores, indent=1, ensure_ascii=False) if options.json else score.table(scores))
    worse = list(figures.fallen(scores, before)) if before else []
    for sentence in worse:
        print(f"cinedub: {sentence}", file=sys.stderr)
    return FAILED if worse else DONE
