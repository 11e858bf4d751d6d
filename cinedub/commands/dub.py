"""Speak lines in voices, on time.

examples:
  cinedub dub --checkpoint run/best --from dataset --key 20c603dbc9408acb-000006320-000011200 --out line.wav
  cinedub dub --checkpoint run/best --script lines.json --video clip.mp4 --voice anna=anna.wav --out speech.wav
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FOLDER", help="what cinedub train made: RUN/best")
    lines = parser.add_mutually_exclusive_group(required=True)
    lines.add_argument("--script", type=Path, metavar="FILE", help="lines as JSON")
    lines.add_argument("--from", dest="dataset", type=Path, metavar="OUT", help="a dataset: revoice its record --key")
    parser.add_argument("--key", help="the record's key")
    parser.add_argument("--text", help="new words for the record's first line, or for --line")
    parser.add_argument("--line", type=int, default=0, metavar="N", help="which line --text is for, from 0")
    parser.add_argument("--video", type=Path, help="the clip: the speech lasts as long (with --script; else the script says duration_ms)")
    parser.add_argument("--voice", action="append", default=[], metavar="SPEAKER=WAV", help="a speaker's reference voice, 3 to 15 s; may be repeated")
    parser.add_argument("--out", type=Path, required=True, metavar="WAV")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=8, help="steps of the flow (default: 8)")
    for what in ("text", "video", "style"):
        parser.add_argument(f"--guide-{what}", type=float, default=0.0, metavar="W", help=f"lean towards what the {what} adds (default: 0)")
    parser.add_argument("--device", default="cpu")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from model import dub

    made = dub.run(options)
    for line in made.rushed:
        print(f"cinedub: line {line} has {made.rates[line]:.0f} sounds a second; above {dub.FASTEST:.0f} nobody understands", file=sys.stderr)
    print(options.out)
    return DONE
