"""Cut a film into reels of bounded length, where it is quiet."""

from __future__ import annotations

import itertools

import numpy as np
from jaxtyping import Float

from cinedub import config, media, storage
from schemas import Film, Reel, Span
from transforms.stage import Stage

_STEP_MS = 100


def cut_reels(film: Film, config: config.CutReels, assets: storage.Assets) -> list[Reel]:
    """Reels that tile the film, each at most ``max_ms`` long and ended at the quietest place in its last ``search_ms``."""
    borders = [0, film.duration]
    if film.duration > config.max_ms:
        borders = quiet_borders(_loudness(film), film.duration, config.max_ms, config.search_ms)
    spans = [Span(start, end) for start, end in itertools.pairwise(borders)]
    return [Reel(film, span, span.pad(config.margin_ms, film.span)) for span in spans]


class CutReels(Stage[Film, Reel]):
    """Cut every film into reels."""

    run = staticmethod(cut_reels)


def quiet_borders(loudness: Float[np.ndarray, " steps"], duration: int, max_ms: int, search_ms: int) -> list[int]:
    """Borders in ms, 0 and ``duration`` among them, no two further apart than ``max_ms``.

    ``loudness`` is power per 100 ms. Among equally quiet places the latest is taken.
    """
    borders = [0]
    while duration - borders[-1] > max_ms:
        last = borders[-1] + max_ms
        first = max(borders[-1] + _STEP_MS, last - search_ms)
        low, high = first // _STEP_MS, max(first // _STEP_MS + 1, last // _STEP_MS)
        smooth = np.convolve(np.pad(loudness, 1, mode="edge"), np.ones(3) / 3, "valid")[low:high]
        step = low + len(smooth) - 1 - int(np.argmin(smooth[::-1])) if len(smooth) else last // _STEP_MS
        borders.append(min(last, step * _STEP_MS + _STEP_MS // 2))
    return [*borders, duration]


def _loudness(film: Film) -> Float[np.ndarray, " steps"]:
    rate, step = 8000, 8 * _STEP_MS
    power = []
    for block in media.sound(storage.resolve(film.uri), film.span, rate, 1, block_s=10.0):
        whole = np.pad(block[0], (0, -block.shape[1] % step))
        power.append(np.mean(whole.reshape(-1, step) ** 2, axis=1))
    return np.concatenate(power)
