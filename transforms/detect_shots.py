"""Find the true cuts in a reel."""

from __future__ import annotations

from itertools import pairwise

from cinedub import config, media, storage
from cinedub.backends import roles
from cinedub.thumbnails import Thumbnails
from schemas import Reel, Shots, Span
from transforms.stage import Stage


def detect_shots(reel: Reel, config: config.DetectShots, assets: storage.Assets, detector: roles.ShotDetector) -> Shots:
    """Shots that tile the reel's span. The margin is seen too, so that a cut near a border is found by both reels.

    Raises:
        MediaError: DECODE_VIDEO or DECODE_TIMEOUT.
    """
    small = Thumbnails()
    frames = small.of(media.pictures(storage.resolve(reel.film.uri), reel.heard, detector.size))
    cuts = detector.cuts(frames)
    for _ in frames:  # that the detector didn't ask for
        pass
    shots = tile(reel.span, cuts, config.min_shot_ms)
    small.write(shots, assets.path("thumbnails.npz"))
    return Shots(reel, shots, assets.uri("thumbnails.npz"))


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
    version = 2
