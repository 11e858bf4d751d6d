"""Measure the dubbing model on records that it never saw.

Beside it, on the same clips: the recording, the recording through the vocoder, and TTS put into the slots, stretched or with its durations set.

examples:
  cinedub evaluate dataset --limit 40 --write evaluation.json
  cinedub evaluate dataset --checkpoint run/best --baseline hibari
  cinedub evaluate chinese --only --cast english         # Chinese lines in the voices of English speakers
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cinedub.commands import DONE
from cinedub.commands import manner as manners


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("dataset", type=Path, metavar="OUT", help="a dataset: the test split of cinedub film --truth-shards, or a built one")
    parser.add_argument("--limit", type=int, default=40, metavar="N", help="so many records, of every language and kind alike (default: 40)")
    parser.add_argument("--baseline", choices=["kokoro", "hibari"], default="kokoro", help="whose TTS (default: kokoro; hibari is faster, one voice)")
    parser.add_argument("--only", action="store_true", help="measure the recording and the model, shown and hidden: no baselines")
    parser.add_argument("--cast", type=Path, metavar="OUT", help="speak in the voices of this dataset: dubbing into another language")
    parser.add_argument("--syncnet", type=Path, metavar="FILE", help="SyncNet's weights (syncnet_v2.model): LSE-D and LSE-C, too")
    manners.arguments(parser)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write everything as JSON, and the tables as Markdown beside")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import dubtable, storage
    from model import syncnet
    from model.dub import SHIPPED
    from model.evaluate import SYSTEMS, evaluate

    manner = manners.manner(options)
    wanted = [name for name in SYSTEMS if name.startswith("cinedub")] if options.only else SYSTEMS
    network = syncnet.load(options.syncnet) if options.syncnet else None
    checkpoint = Path(options.checkpoint or SHIPPED)
    scores = evaluate(options.dataset, checkpoint, options.limit, manner, options.device, options.baseline, _told, wanted, network, options.cast)
    text = json.dumps(scores, indent=1, ensure_ascii=False, allow_nan=True) + "\n"
    if options.write:
        storage.write_atomic(options.write, text.encode())
        storage.write_atomic(options.write.with_suffix(".md"), dubtable.markdown(scores).encode())
    print(text if options.json else dubtable.markdown(scores), end="")
    return DONE


def _told(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} records", end="\n" if done == of else "", file=sys.stderr, flush=True)
