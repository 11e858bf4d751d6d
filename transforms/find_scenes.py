"""Find the cuts at which one scene ends and the next begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from cinedub import config, continuity, storage, thumbnails
from cinedub.continuity import Look, Sound
from schemas import Scenes, Span, Stems
from transforms.stage import Stage

_PRIOR = -1.0  # log-odds of any cut: one in four changes the scene; a missed border spoils a clip, a false one only divides it
_MEMORY = 4  # shots on both sides that are compared


def find_scenes(stems: Stems, config: config.FindScenes, assets: storage.Assets) -> Scenes:
    """Scenes that tile the reel's span. A cut ends a scene when the probability of that is at least ``config.threshold``."""
    reel, shots = stems.reel, stems.shots.spans
    if len(shots) == 1:
        return Scenes(stems, (reel.span,))
    start = reel.heard.start
    cuts = [shot.start for shot in shots[1:]]
    sound = Sound.measured(continuity.levels(*_mono(storage.resolve(stems.mix))), [cut - start for cut in cuts])
    black = np.zeros((*thumbnails.SIZE[::-1], 3), np.uint8)  # of a shot without a frame of its own
    looks = [Look.of(pictures or [black]) for pictures in thumbnails.read(storage.resolve(stems.shots.thumbnails), len(shots))]
    edges, first = [reel.span.start], 0
    for index, cut in enumerate(cuts, start=1):
        evidence = sum(sound.evidence(cut - start, shots[index - 1].start - start, shots[index].end - start))
        evidence += continuity.place_evidence(looks[max(first, index - _MEMORY) : index], looks[index : index + _MEMORY])
        if probability(_PRIOR + evidence) >= config.threshold:
            edges.append(cut)
            first = index
    return Scenes(stems, tuple(Span(one, other) for one, other in pairwise([*edges, reel.span.end])))


def probability(odds: float) -> float:
    """Of log-odds."""
    return 1 / (1 + math.exp(-odds))


def _mono(path: Path) -> tuple[Iterator[np.ndarray], int]:
    """A sound file as mono blocks of 10 s, and its rate."""
    rate = soundfile.info(str(path)).samplerate
    blocks = soundfile.blocks(str(path), blocksize=10 * rate, dtype="float32", always_2d=True)
    return (block.mean(axis=1) for block in blocks), rate


class FindScenes(Stage[Stems, Scenes]):
    """Find the cuts at which one scene ends and the next begins."""

    run = staticmethod(find_scenes)
    version = 4
