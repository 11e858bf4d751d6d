"""DNSMOS gives scores between 1 and 5."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import backends, weights
from cinedub.config import Model
from cinedub.errors import ModelError

pytestmark = pytest.mark.skipif(not weights.present("dnsmos"), reason="the weights dnsmos aren't here")


def test_noise_scores_low_and_a_window_is_repeated() -> None:
    scorer = backends.load("scorer", Model("dnsmos", "dnsmos"))
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    one, ten = scorer.score(noise), scorer.score(np.tile(noise, 10))
    assert 1 <= one.overall < 2 and 1 <= one.background < 2.5 and 1 <= one.signal <= 5
    assert abs(one.overall - ten.overall) < 0.1


def test_no_sound_is_refused() -> None:
    with pytest.raises(ModelError, match="no sound"):
        backends.load("scorer", Model("dnsmos", "dnsmos")).score(np.zeros(0, np.float32))
