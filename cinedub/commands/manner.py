"""How the dubbing model speaks: what ``dub`` and ``evaluate`` both take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.dub import Manner


def arguments(parser: argparse._ActionsContainer) -> None:
    """Checkpoint, seed, steps, learning of voices, guidance, device."""
    parser.add_argument("--checkpoint", metavar="FOLDER", help="what cinedub train made: RUN/best (default: the one that comes with CineDub)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=8, help="steps of the flow (default: 8)")
    parser.add_argument(
        "--learning",
        type=int,
        default=25,
        metavar="N",
        help="steps in which a voice is learned from what it said (default: 25; 0: its vector alone)",
    )
    for name, lean in (("text", 0.0), ("video", 0.0), ("style", 0.5)):
        parser.add_argument(f"--guide-{name}", type=float, default=lean, metavar="W", help=f"lean towards what the {name} adds (default: {lean:g})")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: half precision")


def manner(options: argparse.Namespace) -> Manner:
    """What was asked for.

    Raises:
        UsageError: fewer steps than there can be.
    """
    from cinedub.errors import UsageError
    from model.dub import Manner
    from model.network import Guidance

    for name, least in (("steps", 1), ("learning", 0)):
        if getattr(options, name) < least:
            raise UsageError(f"--{name} {getattr(options, name)}: at least {least}")
    guidance = Guidance(options.guide_text, options.guide_video, options.guide_style)
    return Manner(options.seed, options.steps, options.learning, guidance)
