"""SI-SDR against known mixtures, and stems of clips against the truth's files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub.stemscore import RATE, Stems, si_sdr

RNG = np.random.default_rng(1)
VOICE, UNDER = (RNG.normal(0, 0.1, 4 * RATE).astype(np.float32) for _ in range(2))


def flac(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="FLAC")
    return file.getvalue()


def test_noise_of_a_tenth_of_the_power_is_10_db_at_any_loudness() -> None:
    noisy = VOICE + 0.1**0.5 * UNDER
    assert si_sdr(noisy, VOICE) == pytest.approx(10, abs=0.2)
    assert si_sdr(3 * noisy, VOICE) == pytest.approx(si_sdr(noisy, VOICE), abs=0.01)
    assert si_sdr(VOICE, VOICE) > 60


def test_perfect_stems_score_high_and_the_mix_scores_what_it_holds(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "v.flac", VOICE, RATE)
    soundfile.write(tmp_path / "b.flac", UNDER, RATE)
    stems = Stems(tmp_path / "v.flac", tmp_path / "b.flac")
    part = slice(RATE, 3 * RATE)
    members = {"vocals.flac": flac(VOICE[part]), "background.flac": flac(UNDER[part]), "mix.flac": flac((VOICE + UNDER)[part])}
    stems.add({"span_ms": [1000, 3000]}, members)
    measures = stems.measures()
    assert measures["si_sdr_vocals"]["mean"] > 50
    assert measures["si_sdr_background"]["mean"] > 50
    assert measures["si_sdr_vocals_mix"]["mean"] == pytest.approx(0, abs=0.3)
    assert measures["si_sdr_vocals"]["of"] == 2.0


def test_a_stem_100_ms_late_is_worth_nothing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "v.flac", VOICE, RATE)
    soundfile.write(tmp_path / "b.flac", UNDER, RATE)
    stems = Stems(tmp_path / "v.flac", tmp_path / "b.flac")
    late = {"vocals.flac": flac(VOICE[: 2 * RATE]), "background.flac": flac(UNDER[: 2 * RATE]), "mix.flac": flac(VOICE[: 2 * RATE])}
    stems.add({"span_ms": [100, 2100]}, late)
    assert stems.measures()["si_sdr_vocals"]["mean"] < -20
