from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.cut_reels import quiet_borders


@given(st.integers(1_000, 400_000), st.integers(5_000, 60_000), st.integers(0, 2**32 - 1))
def test_reels_tile_the_film_and_none_is_longer_than_allowed(duration: int, longest: int, seed: int) -> None:
    loudness = np.random.default_rng(seed).random(duration // 100 + 1)
    borders = quiet_borders(loudness, duration, longest, longest // 4)
    assert borders[0] == 0 and borders[-1] == duration
    assert all(0 < end - start <= longest for start, end in pairwise(borders))


def test_a_border_is_put_where_it_is_quiet() -> None:
    loudness = np.ones(1000)
    loudness[540:560] = 0
    (border,) = quiet_borders(loudness, 100_000, 60_000, 20_000)[1:-1]
    assert 54_000 <= border <= 56_000
