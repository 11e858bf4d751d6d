"""Separated sound against the clean voices and background that a generated film comes with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from jaxtyping import Float

from cinedub import sound, untrusted
from cinedub.measures import Measure, derived
from cinedub.truth import Truth
from schemas import Span

RATE = 24_000
#: A stem that is nearly silent has nothing to be separated.
_SILENT = 1e-4
#: No estimate is better than this: 16 bits end here.
_BEST_DB = 90.0


@dataclass
class Stems:
    """The stems of a film's clips: sums of dB over seconds, for what was separated and, beside it, for the mix left as it is."""

    vocals: Path
    background: Path
    sums: dict[str, list[float]] = field(default_factory=dict)

    @staticmethod
    def of(truth: Truth) -> Stems | None:
        """For a truth with ``.vocals.flac`` and ``.background.flac`` beside it."""
        vocals, background = truth.beside(".vocals.flac"), truth.beside(".background.flac")
        return Stems(vocals, background) if vocals and background else None

    def add(self, record: dict[str, Any], members: dict[str, bytes]) -> None:
        """One clip with the bytes of its three sound files."""
        span = Span(*record["span_ms"])
        mix = _decoded(members["mix.flac"])
        for name, path in (("vocals", self.vocals), ("background", self.background)):
            true, found = sound.read(path, span, RATE), _decoded(members[f"{name}.flac"])
            length = min(len(true), len(found), len(mix))
            if length and float(np.sqrt(np.mean(true[:length] ** 2))) > _SILENT:
                for kind, estimate in ((name, found), (f"{name}_mix", mix)):
                    total = self.sums.setdefault(kind, [0.0, 0.0])
                    total[0] += length / RATE
                    total[1] += si_sdr(estimate[:length], true[:length]) * length / RATE

    def measures(self) -> dict[str, Measure]:
        """SI-SDR in dB, a mean over seconds of clips."""
        return {f"si_sdr_{kind}": derived({"of": round(seconds, 3), "sum": summed}) for kind, (seconds, summed) in self.sums.items()}


def si_sdr(estimate: Float[np.ndarray, " samples"], reference: Float[np.ndarray, " samples"]) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., "SDR – half-baked or well done?", 2019), within ±90."""
    estimate, reference = estimate - estimate.mean(dtype=float), reference - reference.mean(dtype=float)
    target = reference * (float(estimate @ reference) / max(float(reference @ reference), 1e-12))
    signal, error = float(target @ target), float(((estimate - target) ** 2).sum())
    return float(np.clip(10 * np.log10(max(signal, 1e-12) / max(error, 1e-12)), -_BEST_DB, _BEST_DB))


def _decoded(data: bytes) -> Float[np.ndarray, " samples"]:
    samples, rate = untrusted.sound(data, "a sound")
    mono = samples.mean(axis=1)
    return mono if rate == RATE else soxr.resample(mono, rate, RATE)
