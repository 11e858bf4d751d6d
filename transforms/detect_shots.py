"""Find the true cuts in a reel."""

from __future__ import annotations

from itertools import pairwise

from cinedub import config, storage
from cinedub.backends import roles
from schemas import Reel, Shots, Span
from transforms.stage import Stage


def detect_shots(reel: Reel, config: config.DetectShots, assets: storage.Assets, detector: roles.ShotDetector) -> Shots:
    """Shots that tile the reel's span. The margin is seen too, so that a cut near a border is found by both reels."""
    cuts = detector.cuts(storage.resolve(reel.film.uri), reel.heard)
    return Shots(reel, tile(reel.span, cuts, config.min_shot_ms))


def tile(span: Span, cuts: list[int], min_ms: int) -> tuple[Span, ...]:
    """``span`` divided at ``cuts``; a cut less than ``min_ms`` after the one before it, or from the span's ends, is left out."""
    edges = [span.start]
    for cut in sorted(cuts):
        if edges[-1] + min_ms <= cut <= span.end - min_ms:
            edges.append(cut)
    return tuple(Span(start, end) for start, end in pairwise([*edges, span.end]))


class DetectShots(Stage[Reel, Shots]):
    """Find the true cuts in a reel."""

    run = staticmethod(detect_shots)
