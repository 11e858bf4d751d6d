"""Script -> Take | Dropped: what a clip measures, and whether that is good enough."""

from __future__ import annotations

import itertools

import numpy as np
from jaxtyping import Float32

from cinedub import config, sound
from cinedub.backends import roles
from cinedub.storage import Assets, resolve
from schemas import Dropped, Quality, Script, Span, Take, Turn, union
from transforms.stage import Stage

RATE = 16_000
#: A ratio beyond this is digital silence on one side, not quality.
_MOST_DB = 60.0


def judge(script: Script, config: config.Judge, assets: Assets, scorer: roles.Scorer) -> Take | Dropped:
    """The script as a take with its quality; or a ``Dropped`` with the first gate that it misses, what was measured and the threshold.

    Further gates that it misses are in ``detail``, by code: value and threshold.
    LOW_DNSMOS, LOW_SNR and LOW_CONFIDENCE are below their thresholds; TOO_MUCH_OVERLAP is the share of voiced time with two voices or more;
    OUT_OF_SYNC is how far the sound is from the lips in ms, where that was found with ``min_sync_confidence``.
    """
    clip = script.clip
    inside = clip.span.shift(-clip.stems.reel.heard.start)
    vocals = sound.read(resolve(clip.stems.vocals), inside, RATE)
    background = sound.read(resolve(clip.stems.background), inside, RATE)
    voiced = union(turn.span for turn in script.turns)
    length, overlap = sum(span.duration for span in voiced), overlap_ms(script.turns)
    quality = Quality(
        dnsmos=round(scorer.score(vocals).overall, 3),
        snr_db=round(snr_db(vocals, background, voiced, clip.span.start), 2),
        asr_confidence=round(confidence(script), 4),
        overlap_ms=overlap,
        sync=script.cast.faces.sync,
    )
    share = round(overlap / length, 4) if length else 0.0
    apart = abs(quality.sync.offset_ms) if quality.sync and quality.sync.confidence >= config.min_sync_confidence else 0
    gates = (
        ("LOW_DNSMOS", quality.dnsmos, config.min_dnsmos, quality.dnsmos < config.min_dnsmos),
        ("LOW_SNR", quality.snr_db, config.min_snr_db, quality.snr_db < config.min_snr_db),
        ("LOW_CONFIDENCE", quality.asr_confidence, config.min_asr_confidence, quality.asr_confidence < config.min_asr_confidence),
        ("TOO_MUCH_OVERLAP", share, config.max_overlap, share > config.max_overlap),
        ("OUT_OF_SYNC", apart, config.max_sync_ms, apart > config.max_sync_ms),
    )
    text = " ".join(line.text for line in script.lines)
    missed = [(code, value, limit) for code, value, limit, fails in gates if fails]
    if not missed:
        return Take(script, quality)
    code, value, limit = missed[0]
    also = {other: [measured, bound] for other, measured, bound in missed[1:]}
    return Dropped(script.id, clip.film.id, clip.span, "Judge", code, value, limit, text, also)


class Judge(Stage[Script, Take]):
    """Measure every script, and keep the good ones."""

    run = staticmethod(judge)
    version = 3


def snr_db(vocals: Float32[np.ndarray, " samples"], background: Float32[np.ndarray, " samples"], voiced: list[Span], start: int) -> float:
    """Power of the voices over that of the background, in dB, while somebody speaks (all the while where nobody is known to)."""
    spoken = np.zeros(len(vocals), bool)
    for span in voiced:
        spoken[(max(span.start - start, 0)) * RATE // 1000 : (span.end - start) * RATE // 1000] = True
    if not spoken.any():
        spoken[:] = True
    voice, rest = (float(np.mean(np.square(part[spoken], dtype=np.float64))) for part in (vocals, background))
    return float(np.clip(10 * np.log10((voice + 1e-12) / (rest + 1e-12)), -_MOST_DB, _MOST_DB))


def confidence(script: Script) -> float:
    """Mean probability of the script's words, each weighed by its length; 0 where there are none."""
    words = [word for line in script.lines for word in line.words]
    if not words:
        return 0.0
    return float(np.average([word.confidence for word in words], weights=[word.span.duration for word in words]))


def overlap_ms(turns: tuple[Turn, ...]) -> int:
    """How long two or more speakers are heard at once."""
    by_speaker: dict[str, list[Span]] = {turn.speaker: [] for turn in turns}
    for turn in turns:
        by_speaker[turn.speaker].append(turn.span)
    pairs = itertools.combinations(by_speaker.values(), 2)
    shared = [a & b for one, other in pairs for a in one for b in other]
    return sum(span.duration for span in union(span for span in shared if span is not None))
