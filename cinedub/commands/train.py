"""Train the dubbing model on shards.

examples:
  cinedub train --shards dataset --out run
  cinedub train --shards dataset --out run --init resume --set train.steps=40000
  torchrun --nproc-per-node 8 -m cinedub.cli train --shards dataset --config base --out run
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--shards", nargs="+", required=True, metavar="PLACE", help="datasets (folders), or .tar files and URIs")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="where checkpoints and the log go")
    parser.add_argument("--config", default="small", help="nano, small, base, or a TOML file (default: small)")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    parser.add_argument("--init", choices=["scratch", "finetune", "resume"], default="scratch")
    parser.add_argument("--from", dest="source", type=Path, metavar="CHECKPOINT", help="what to finetune, or to resume instead of RUN's newest")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from model import config
    from model.board import Board
    from model.data import find_shards
    from model.train import told, train

    shards, valid = (find_shards(options.shards, split) for split in ("train", "valid"))

    @functools.cache
    def board() -> Board:
        """Opened by the first rank, which alone is asked to report."""
        return Board(options.out, valid)

    def report(note: dict[str, Any]) -> None:
        print(told(note))
        board().curves(note)

    settings = config.load(options.config, options.set)
    best = train(shards, options.out, settings, options.init, options.source, valid, report, lambda step, best: board().samples(step, best))
    print(best)
    return DONE
