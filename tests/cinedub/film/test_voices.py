"""Voices: how long they speak, when, and how far apart they are; skipped where their weights aren't fetched."""

from itertools import combinations

import numpy as np
import pytest
import soxr

from cinedub import backends, weights
from cinedub.config import Model
from cinedub.errors import UsageError
from cinedub.film import pools
from cinedub.film.voices import RATE, Speaker

pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in ("hibari", "kokoro")), reason="needs: cinedub weights fetch --pack film")
VOICES = ["hibari", "hibari@0.88", "jm_kumo", "jf_tebukuro/jm_kumo@0.9"]


@pytest.mark.parametrize("voice", VOICES)
def test_a_line_is_exactly_as_long_as_the_durations_put_in(voice):
    said = Speaker(voice, 1).say("Not here.")
    symbols = _symbols(voice, "Not here.")
    durations = [4 + i % 5 for i in range(symbols)]
    asked = Speaker(voice, 1).say("Not here.", durations=durations)
    assert len(asked.sound) == sum(durations) * 600 != len(said.sound)
    assert asked.phones[-1].end == sum(durations) * 25
    assert np.sqrt(np.mean(asked.sound**2)) > 0.01


@pytest.mark.parametrize("voice", VOICES)
def test_phonemes_tile_the_line(voice):
    said = Speaker(voice, 1).say("Meet me at noon.")
    assert said.phones[0].start == 0 and said.phones[-1].end == len(said.sound) * 1000 // RATE
    assert all(a.end == b.start for a, b in zip(said.phones, said.phones[1:], strict=False))
    assert [word.text for word in said.words] == ["Meet", "me", "at", "noon"]


def test_a_lower_pitch_is_the_same_line_at_the_same_pace():
    plain, low = (Speaker(voice, 1).say("Every single light on the water.").duration_ms for voice in ("hibari", "hibari@0.8"))
    assert abs(low - plain) < 0.12 * plain


@pytest.mark.parametrize("wrong", ["jm_nobody", "jm_kumo:x", "jm_kumo@9", "jm_kumo/jf_nobody"])
def test_a_voice_that_does_not_exist_is_refused(wrong):
    with pytest.raises(UsageError):
        Speaker(wrong)


def test_a_voice_is_in_one_split_only():
    for language, pack in (("en", "film"), ("en", "more"), ("zh", "more"), ("en", "flite")):
        names = [
            name for split in ("train", "valid", "test") for gender in ("female", "male") for name in pools.voices(language, pack, split, gender)
        ]
        assert len(names) == len(set(names))


@pytest.mark.slow
@pytest.mark.skipif(not weights.present("campplus"), reason="needs: cinedub weights fetch build")
def test_any_two_voices_of_a_film_are_far_apart():
    encoder = backends.load("voice_encoder", Model("campplus", "campplus"))
    for split in ("train", "valid", "test"):
        voices = [name for gender in ("female", "male") for name in pools.voices("en", "film", split, gender)]
        sounds = [Speaker(voice).say("I was there that night, and I remember every single light on the water.").sound for voice in voices]
        vectors = dict(zip(voices, encoder.encode([soxr.resample(sound, RATE, 16_000) for sound in sounds]), strict=True))
        near = {(a, b): round(1 - float(vectors[a] @ vectors[b]), 2) for a, b in combinations(voices, 2)}
        assert min(near.values()) > 0.42, near  # 0.5 over several lines; a single one varies


def _symbols(voice, text):
    try:
        Speaker(voice, 1).say(text, durations=[1])
    except UsageError as error:
        return int(str(error).split(" has ")[1].split()[0])
