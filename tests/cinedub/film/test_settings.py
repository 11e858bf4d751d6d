from fractions import Fraction

import pytest

from cinedub.errors import UsageError
from cinedub.film import FilmSettings, load


def test_broadcast_rates_are_exact_fractions():
    assert FilmSettings(fps="29.97").rate == Fraction(30000, 1001)


def test_a_settings_file_is_read_and_an_unknown_key_refused(tmp_path):
    path = tmp_path / "film.toml"
    path.write_text('seconds = 20.0\nkinds = ["monologue"]\ncharacters = 1\n')
    assert load(path) == FilmSettings(seconds=20.0, kinds=("monologue",), characters=1)
    path.write_text("colour = 3\n")
    with pytest.raises(UsageError, match="unknown setting 'colour'"):
        load(path)


@pytest.mark.parametrize("wrong", [{"characters": 2}, {"height": 201}, {"fps": "fast"}, {"language": "zh"}, {"kinds": ()}])
def test_what_cannot_be_made_is_refused(wrong):
    with pytest.raises(UsageError):
        FilmSettings(**wrong)
