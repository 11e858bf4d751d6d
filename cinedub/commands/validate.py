"""Re-read a dataset and check every promise of its records.

examples:
  cinedub validate dataset
  cinedub validate dataset --json
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
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import validate

    report = validate.validate(options.out, options.quiet)
    if options.json:
        print(json.dumps({"records": report.records, "shards": report.shards, "faults": report.faults}))
    else:
        for fault in report.faults:
            print(fault, file=sys.stderr)
        print(f"{report.records} records in {report.shards} shards: {'all promises kept' if not report.faults else f'{len(report.faults)} faults'}")
    return FAILED if report.faults else DONE
