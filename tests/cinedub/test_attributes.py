"""Age and gender are said where there is something to say them from."""

from __future__ import annotations

import numpy as np

from cinedub.attributes import VoiceColour, age, certainty, colour, female_odds, gender, looking, octaves, timbre, voice_odds
from schemas import FaceTrack, Span


def face(years: float | None = None, female: float | None = None, ms: int = 2_000) -> FaceTrack:
    return FaceTrack(0, Span(0, ms), 100, 0.9, years, female)


def voice(pitch: float, windows: int = 6, spread: float = 3, tilt: float = -10, female: float = 0.0) -> VoiceColour:
    return VoiceColour(pitch, spread, tilt, windows, female)


def test_pitch_tells_gender_unless_it_lies_between() -> None:
    assert gender(voice(105), [], [], "uncertain") == "male"
    assert gender(voice(215), [], [], "uncertain") == "female"
    assert gender(voice(162), [], [], "uncertain") == "uncertain"
    assert gender(None, [], [], "uncertain") == "uncertain"


def test_a_clear_voice_outweighs_one_wrong_look_and_a_look_decides_an_unclear_voice() -> None:
    assert gender(voice(105), [], [face(female=0.95)], "adult") == "male"
    assert gender(voice(160), [], [face(female=0.95)], "adult") == "female"


def test_a_childs_pitch_says_nothing() -> None:
    assert gender(voice(300), [], [face(years=8)], "child") == "uncertain"


def test_age_is_the_median_faces_and_uncertain_without_one() -> None:
    assert age([face(years=30), face(years=34), face(years=70, ms=500)]) == "adult"
    assert age([face(years=50)]) == "middle-aged"
    assert age([]) == age([face()]) == age([face(years=30, ms=200)]) == "uncertain"


def test_timbre_is_a_few_words_and_nothing_for_a_voice_without_colour() -> None:
    assert timbre(voice(90, tilt=-18, spread=1), "male") == ("low", "warm", "calm")
    assert timbre(voice(200), "female") == ("balanced",)
    assert timbre(colour(*np.full((4, 4), np.nan)), "male") == ()


def sounding(odds: float, hertz: float) -> list[float]:
    """The shortest voice vector with which a voice of this pitch has these log odds of being a woman's."""
    constant = voice_odds([0.0] * 192, hertz, 0.0)
    slope = np.array([voice_odds(row.tolist(), hertz, 0.0) - constant for row in np.eye(192)])
    return (slope * (odds - constant) / (slope @ slope)).tolist()


def test_a_voice_is_heard_by_more_than_its_pitch() -> None:
    assert gender(voice(162), sounding(2.0, 162), [], "uncertain") == "female"
    assert gender(voice(162), sounding(-2.0, 162), [], "uncertain") == "male"
    assert gender(voice(162), sounding(0.3, 162), [], "uncertain") == "uncertain"
    assert gender(voice(215), sounding(3.0, 215), [], "child") == "uncertain"


def test_no_vector_makes_a_womans_voice_of_a_mans_pitch() -> None:
    """A vector trained on synthetic voices alone once did, of most real men."""
    vectors = np.random.default_rng(0).standard_normal((50, 192))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert all(voice_odds(vector.tolist(), 95, -3.0) < 0 < voice_odds(vector.tolist(), 230, 3.0) for vector in vectors)
    assert octaves(20) == octaves(80) == -1 and octaves(160) == 0 and octaves(900) == 1
    # Vectors of another encoder are left out.
    assert voice_odds([0.1] * 64, 160, 0.0) == 0 < voice_odds([0.1] * 64, 200, 0.0) < voice_odds([0.1] * 64, 200, 1.0)


def test_how_sure_an_attribute_is_grows_with_the_evidence() -> None:
    thin, full = (certainty(female_odds(voice(190, windows), [], [], "uncertain")) for windows in (1, 6))
    assert 0.5 < thin < full < 1 and certainty(0.0) == 0.5
    faces = [face(years=30), face(years=34), face(years=45)]
    assert looking(faces, "adult") == round(2 / 3, 4) and looking([], "adult") == looking(faces, "uncertain") == 0
