"""Windows are faded into each other without a trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedub.backends.crossfade import crossfade


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=12), st.integers(1, 50))
def test_a_process_that_changes_nothing_changes_nothing(lengths: list[int], overlap: int) -> None:
    sound = np.random.default_rng(0).standard_normal((2, sum(lengths))).astype(np.float32)
    blocks = np.split(sound, np.cumsum(lengths)[:-1], axis=1) if lengths else []
    windows: list[int] = []

    def same(window: np.ndarray) -> np.ndarray:
        windows.append(window.shape[1])
        return window.copy()

    out = [np.zeros((2, 0), np.float32), *crossfade(blocks, 100, overlap, same)]
    np.testing.assert_allclose(np.concatenate(out, axis=1), sound, atol=1e-6)
    assert set(windows) <= {100}


def test_an_overlap_of_more_than_half_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap by 1 to 50"):
        list(crossfade([np.zeros((2, 10), np.float32)], 100, 51, lambda window: window))
