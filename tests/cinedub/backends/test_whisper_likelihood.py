"""The sound bears the words that were said, and contradicts others; each word has its time."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from cinedub import backends, weights
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

SAID = "Every morning the fishing boats left the harbour before sunrise."
pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("whisper-base", "hibari")), reason="the weights whisper-base and hibari aren't here"
)


@pytest.fixture(scope="module")
def spoken() -> Any:
    from cinedub.film.voices import RATE, Speaker

    speech = Speaker("hibari", threads=1).say(SAID)
    return soxr.resample(speech.sound, RATE, 16_000).astype(np.float32), speech


@pytest.fixture(scope="module")
def hearing(spoken: Any) -> Any:
    return backends.load("verifier", Model("whisper-likelihood", "whisper-base", threads=1)).listen(spoken[0], "en")


@pytest.mark.parametrize(
    "false",
    [
        "Every morning the fishing boats left the station before sunrise.",
        "Every morning the fishing boats left the harbour long before sunrise.",
        "Every morning the boats left the harbour before sunrise.",
        "Every morning the fishing boats left the harbour.",
        "Every morning the fishing boats left the harbour before sunrise, didn't they?",
        "Nobody ever fished here again.",
    ],
    ids=["replaced", "inserted", "deleted", "cut off", "continued", "invented"],
)
def test_the_sound_contradicts_what_was_not_said(hearing: Any, false: str) -> None:
    assert hearing.margin(SAID, false) < -1.1
    assert hearing.margin(false, SAID) == -hearing.margin(SAID, false)


def test_a_true_correction_is_borne(hearing: Any) -> None:
    assert hearing.margin(SAID.replace("boats", "votes"), SAID) > 0
    assert hearing.margin(SAID, SAID) == 0.0


def test_words_get_their_times(hearing: Any, spoken: Any) -> None:
    words = hearing.times(SAID.split())
    truth = spoken[1].words
    assert [word.text for word in words] == SAID.split()
    assert all(before.span.end <= after.span.start + 1 for before, after in itertools.pairwise(words))
    assert np.median([abs(word.span.start - true.start) for word, true in zip(words, truth, strict=True)]) <= 250
    assert words[-1].span.end <= spoken[1].duration_ms + 20 and np.mean([word.confidence for word in words]) > 0.5


def test_a_text_longer_than_the_model_sees_is_judged_around_its_change(hearing: Any) -> None:
    long = " ".join([SAID] * 60)
    assert hearing.margin(long, long + " again") != 0.0


def test_longer_sound_than_it_hears_at_once_is_refused() -> None:
    verifier = backends.load("verifier", Model("whisper-likelihood", "whisper-base", threads=1))
    with pytest.raises(ModelError, match="at most 30 s"):
        verifier.listen(np.zeros(31 * 16_000, np.float32), "en")


def test_an_english_model_judges_english_only() -> None:
    if not weights.present("whisper-tiny.en"):
        pytest.skip("the weights whisper-tiny.en aren't here")
    second = backends.load("second_opinion", Model("whisper-likelihood", "whisper-tiny.en", threads=1))
    assert second.understands("en") and not second.understands("zh")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.bin is wanted"):
        backends.load("verifier", Model("whisper-likelihood", str(tmp_path)))
