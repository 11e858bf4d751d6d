"""Flite's voices: words as written with their times, pace, pitch and manner; films without a neural voice."""

import ctypes.util
import itertools
import json

import numpy as np
import pytest

from cinedub import prosody
from cinedub.errors import UsageError
from cinedub.film import FilmSettings, write
from cinedub.film.acting import MANNERS
from cinedub.film.flite import GENDERS, Flite
from cinedub.film.phonemes import viseme
from cinedub.film.voices import RATE

pytestmark = pytest.mark.skipif(ctypes.util.find_library("flite") is None, reason="needs libflite1")
LINE = "It's nine o'clock, Doctor Reeves."


def test_words_are_those_written_in_order_and_inside_the_sound():
    said = Flite("flite_slt").say(LINE)
    assert [word.text for word in said.words] == ["It's", "nine", "o'clock", "Doctor", "Reeves"]
    assert all(a.end <= b.start + 1 for a, b in itertools.pairwise(said.words))
    assert said.words[0].start > 0 and said.words[-1].end < said.duration_ms
    assert all(a.end == b.start for a, b in itertools.pairwise(said.phones))
    assert {phone.symbol for phone in said.phones if phone.symbol and not any(viseme(phone.symbol))} <= set("pbm")


@pytest.mark.parametrize("name", GENDERS)
def test_the_same_line_always_sounds_the_same_whoever_spoke_before(name):
    voice, line = Flite(f"flite_{name}"), "The meteorologist diagnosed rheumatism in nine minutes, before we had to be at the courtroom."
    first = voice.say(line).sound
    Flite("flite_awb").say("Run, Anna!", speed=1.4)
    assert np.array_equal(first, voice.say(line).sound)


@pytest.mark.parametrize("voice", ["flite_slt", "flite_kal16"])
def test_pace_and_pitch_are_as_asked(voice):
    plain, fast, high = Flite(voice).say(LINE), Flite(voice).say(LINE, speed=1.25), Flite(f"{voice}@1.2").say(LINE)
    assert fast.duration_ms == pytest.approx(plain.duration_ms / 1.25, rel=0.06)
    assert high.duration_ms == pytest.approx(plain.duration_ms, rel=0.06)
    pitch = [prosody.measure(said.sound, RATE).over(0, said.duration_ms)[0] for said in (plain, high)]
    assert pitch[1] == pytest.approx(1.2 * pitch[0], rel=0.06)


def test_sadness_is_slower_and_lower_than_anger():
    sad, angry = (Flite("flite_slt").say(LINE, manner=MANNERS[name]) for name in ("sadness", "anger"))
    assert sad.duration_ms > 1.2 * angry.duration_ms
    assert prosody.measure(sad.sound, RATE).over(0, sad.duration_ms)[0] < prosody.measure(angry.sound, RATE).over(0, angry.duration_ms)[0]


@pytest.mark.parametrize(("voice", "text"), [("flite_nobody", LINE), ("flite_slt", "你好。")])
def test_a_voice_that_is_not_there_and_a_line_that_is_not_english_are_refused(voice, text):
    with pytest.raises(UsageError):
        Flite(voice).say(text)


def test_a_film_is_spoken_by_flite_alone_with_the_same_bytes_of_truth(tmp_path):
    settings = FilmSettings(seed=3, seconds=20, kinds=("narration", "dialogue"), characters=2, voices="flite", audio_only=True)
    made = [write(settings, tmp_path / name / "film.mp4") for name in ("a", "b")]
    for ending in (".json", ".rttm", ".ctm", ".stm", ".vocals.flac", ".background.flac"):
        assert made[0].with_suffix(ending).read_bytes() == made[1].with_suffix(ending).read_bytes(), ending
    truth = json.loads(made[0].with_suffix(".json").read_text())
    assert {speaker["voice"].partition("_")[0] for speaker in truth["speakers"]} == {"flite"}
    assert len({speaker["voice"] for speaker in truth["speakers"]}) == 3
