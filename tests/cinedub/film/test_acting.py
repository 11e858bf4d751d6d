"""A line that is acted sounds of its emotion, in rate and pitch as measured, and keeps its words and its speaker's voice."""

from typing import get_args

import numpy as np
import pytest

from cinedub import prosody, weights
from cinedub.film import acting, expressions
from cinedub.film.direction import trimmed
from cinedub.film.vocabulary import TEMPLATES
from cinedub.film.voices import RATE, Speaker
from schemas import EmotionLabel

needs_voices = pytest.mark.skipif(not all(weights.present(name) for name in ("hibari", "kokoro")), reason="needs: cinedub weights fetch --pack film")
LINE = "You found it, and nobody saw."


def test_every_emotion_that_lines_are_said_in_is_a_label_and_all_but_neutral_are_acted():
    said = {emotion for styles in TEMPLATES.values() for lines in styles.values() for emotion, _ in lines}
    assert said <= set(get_args(EmotionLabel))
    assert said == acting.MANNERS.keys() and said - {"neutral"} == expressions.FACES.keys()


@needs_voices
@pytest.mark.parametrize("voice", ["hibari", "jm_kumo"])
def test_anger_is_faster_higher_and_louder_and_sadness_slower_lower_and_flatter(voice):
    speaker = Speaker(voice, threads=1)
    said = {name: speaker.say(LINE, seed=1, manner=acting.MANNERS[name]) for name in ("neutral", "anger", "sadness")}
    pitch, spread = ({name: _heard(speech)[part] for name, speech in said.items()} for part in (0, 1))
    assert said["anger"].duration_ms < said["neutral"].duration_ms < said["sadness"].duration_ms
    assert pitch["anger"] > 1.05 * pitch["neutral"] > 1.08 * pitch["sadness"]
    assert spread["anger"] > spread["neutral"] > spread["sadness"]
    loud = {name: np.sqrt(np.mean(trimmed(speech, acting.MANNERS[name].level_db).sound ** 2)) for name, speech in said.items()}
    assert loud["anger"] > 1.4 * loud["neutral"] > 1.8 * loud["sadness"]
    assert [word.text for word in said["anger"].words] == [word.text for word in said["neutral"].words]


def _heard(speech):
    """Median pitch in Hz, and its deviation in semitones."""
    return prosody.measure(speech.sound, RATE).over(0, speech.duration_ms)[:2]
