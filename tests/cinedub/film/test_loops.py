import numpy as np
import pytest
import soundfile

from cinedub.errors import UsageError
from cinedub.film import loops
from cinedub.film.sounds import RATE


@pytest.fixture
def folder(tmp_path):
    time = np.arange(44_100) / 44_100
    soundfile.write(tmp_path / "loop_hum.flac", 0.2 * np.sin(2 * np.pi * 440 * time), 44_100)
    soundfile.write(tmp_path / "ambi_wind.flac", 0.1 * np.stack([np.sin(2 * np.pi * 100 * time)] * 2, 1), 44_100)
    return tmp_path


def test_a_loop_goes_on_for_as_long_as_music_is_wanted_with_a_drone_under_it(folder):
    made = loops.music(folder, 5 * RATE, np.random.default_rng(0))
    assert made.shape == (2, 5 * RATE) and made.dtype == np.float32
    assert np.sqrt(np.mean(made**2)) == pytest.approx(1, abs=1e-3)
    power = np.abs(np.fft.rfft(made[0])) ** 2
    assert power[440 * 5] > 2 * power[100 * 5] > 0.01 * power.max()
    assert np.abs(made[:, 4 * RATE :]).max() > 0.5


def test_the_same_seed_chooses_the_same_music(folder):
    one, other = (loops.music(folder, RATE, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, other)


def test_a_folder_without_loops_is_refused_with_where_to_get_them(tmp_path):
    with pytest.raises(UsageError, match="apt-get install sonic-pi-samples"):
        loops.music(tmp_path, RATE, np.random.default_rng(0))
