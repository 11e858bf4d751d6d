"""Hand a dataset on in a form that other tools read.

examples:
  cinedub export dataset --to huggingface --out hub
  cinedub export dataset --to srt --out subtitles
  cinedub export dataset --to huggingface --without-video --without embeddings --out shared
  cinedub export dataset --to shards --without-video --out shared
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("dataset", type=Path, metavar="OUT", help="a finished dataset")
    parser.add_argument("--to", required=True, metavar="FORM", help="huggingface croissant lhotse energon jsonl srt vtt ass rttm ctm csv shards")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--without-video", action="store_true", help="leave out every pixel: the clips and the mouth crops")
    parser.add_argument(
        "--without", action="append", default=[], metavar="PART", help="leave out: video landmarks embeddings background mix; may be repeated"
    )
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import export

    without = (["video"] if options.without_video else []) + options.without
    made = export.export(options.dataset, options.to, options.out, without, options.quiet)
    files = [path for path in made.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    if options.json:
        print(json.dumps({"folder": str(made), "form": options.to, "without": without, "files": len(files), "bytes": size}))
        return DONE
    print(f"{made}: {len(files)} files, {size / 1e6:.1f} MB")
    if without:
        print(f"read again member by member: no {', no '.join(without)} left")
    return DONE
