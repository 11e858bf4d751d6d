"""Show one record: who says what when, what was corrected and why, how good it is.

examples:
  cinedub inspect dataset 20c603dbc9408acb-000006320-000011200
  cinedub inspect dataset 20c603db --json
  cinedub inspect dataset 20c603db --extract clip
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("key", metavar="KEY", help="a record's key, or as much of its beginning as no other has")
    parser.add_argument("--extract", type=Path, metavar="FOLDER", help="write its members there as files")
    parser.add_argument("--json", action="store_true", help="the record's own JSON")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import dataset, inspection

    shown = inspection.open_record(dataset.load(options.out), options.key)
    if options.extract:
        for path in inspection.extract(shown, options.extract):
            print(path)
        return DONE
    print(json.dumps(shown.annotations, ensure_ascii=False, indent=1) if options.json else inspection.told(shown))
    return DONE
