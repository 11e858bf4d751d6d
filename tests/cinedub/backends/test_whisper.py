"""Whisper writes down speech, keeps its second thoughts, and writes nothing for silence."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import jiwer
import numpy as np
import pytest

from cinedub import backends, media, weights
from cinedub.config import Model
from cinedub.errors import WeightsError
from schemas import Span, Word
from schemas.speech import joined

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real"
needs_weights = pytest.mark.skipif(not weights.present("whisper-base"), reason="the weights whisper-base aren't here")


def words(text: str, length: int = 300) -> list[Word]:
    return [Word(word, Span(index * length, (index + 1) * length), 0.9) for index, word in enumerate(text.split())]


def said(text: str) -> str:
    from cinedub.backends.whisper import without_loops

    return " ".join(word.text for word in without_loops(words(text), 1_000_000))


def test_a_looping_decoder_is_heard_once() -> None:
    assert said("Well " + "thank you. " * 9 + "Goodbye") == "Well thank you. Goodbye"
    assert said("go " * 40) == "go"


def test_what_people_do_repeat_stays() -> None:
    assert said("no, no, no, no, no! Come on, come on, come on.") == "no, no, no, no, no! Come on, come on, come on."


def test_words_after_the_end_go() -> None:
    from cinedub.backends.whisper import without_loops

    assert [word.span for word in without_loops(words("a b c"), 500)] == [Span(0, 300), Span(300, 500)]


def test_another_hypothesis_is_divided_as_the_best_one_is() -> None:
    from cinedub.backends.whisper import aligned

    breaths = [words("I knew it was"), words("you. Go home now.")]
    assert aligned(breaths, "I knew that it was you, go home now!", "en") == ["I knew that it was", "you, go home now!"]
    chinese = [words("我 们 走"), words("好 吧")]
    assert aligned(chinese, "我们都走好啊", "zh") == ["我们都走", "好啊"]


def test_what_has_no_space_before_it_goes_on_an_english_word() -> None:
    from cinedub.backends.whisper import whole

    def piece(word: str, start: float, probability: float) -> SimpleNamespace:
        return SimpleNamespace(word=word, start=start, end=start + 0.5, probability=probability)

    pieces = [piece(" It's", 0.0, 1.0), piece(" $14", 0.5, 0.9), piece(".02", 1.0, 0.6), piece(" in", 1.5, 1.0)]
    assert whole(pieces, "en") == [Word("It's", Span(0, 500), 1.0), Word("$14.02", Span(500, 1500), 0.75), Word("in", Span(1500, 2000), 1.0)]
    assert [word.text for word in whole([piece("我", 0.0, 1.0), piece("们", 0.5, 1.0)], "zh")] == ["我", "们"]


def test_a_year_is_one_number_in_chinese() -> None:
    from cinedub.backends.whisper import whole

    def texts(*pieces: str) -> list[str]:
        return [word.text for word in whole([SimpleNamespace(word=text, start=0.1 * n, end=0.1 * n + 0.1, probability=1.0)
                                             for n, text in enumerate(pieces)], "zh")]  # fmt: skip

    assert texts("在", "19", "81", "年") == ["在", "1981", "年"]
    assert texts("看", "i", "Phone", " 15", "吗") == ["看", "iPhone", "15", "吗"]


def test_accents_and_amounts_of_another_hypothesis_stay_whole() -> None:
    from cinedub.backends.whisper import aligned

    assert aligned([words("at the cafe for $14.02")], "at the café for $14.03.", "en") == ["at the café for $14.03."]


def test_long_sound_is_cut_in_pauses() -> None:
    from cinedub.backends.whisper import _parts

    speech = [Span(at, at + 4000) for at in range(0, 95_000, 5000)]
    parts = _parts(speech, 100_000)
    assert all(part.duration <= 28_000 for part in parts)
    assert all(any(part.covers(span) for part in parts) for span in speech)
    assert all(part.duration <= 28_000 for part in _parts([Span(0, 100_000)], 100_000))
    assert _parts([], 100_000) == []


@needs_weights
def test_silence_and_noise_say_nothing() -> None:
    recogniser = backends.load("recogniser", Model("faster-whisper", "whisper-base"))
    for sound in (np.zeros(64_000, np.float32), np.random.default_rng(0).normal(0, 0.05, 64_000).astype(np.float32), np.zeros(0, np.float32)):
        assert recogniser.speech(sound) == [] and recogniser.transcribe(sound, "en") == []


@needs_weights
@pytest.mark.skipif(not REAL.is_dir(), reason="the measuring films aren't here")
def test_a_real_scene_is_written_down() -> None:
    recogniser = backends.load("recogniser", Model("faster-whisper", "whisper-base"))
    line = json.loads((REAL / "film_en_dev.json").read_text())["lines"][3]
    span = Span(line["start_ms"], line["end_ms"])
    sound = next(media.sound(REAL / "film_en_dev.mp4", span, 16000, 1))[0]
    found = recogniser.transcribe(sound, "en")
    with ThreadPoolExecutor(2) as both:
        again, half = both.map(lambda part: recogniser.transcribe(part, "en"), [sound, sound[: len(sound) // 2]])
    assert found == again and half == recogniser.transcribe(sound[: len(sound) // 2], "en") != found and recogniser.language(sound)["en"] > 0.8
    text = " ".join(utterance.text for utterance in found)
    assert jiwer.wer(*(re.sub(r"[^a-z ]", "", side.lower()) for side in (line["text"], text))) < 0.2
    for utterance in found:
        assert utterance.text == joined((word.text for word in utterance.words), "en")
        assert utterance.text not in utterance.alternatives and all(0 <= word.confidence <= 1 for word in utterance.words)
        assert utterance.span.end <= span.duration


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.bin is wanted"):
        backends.load("recogniser", Model("faster-whisper", str(tmp_path)))


def test_every_hypothesis_of_a_beam_is_asked_for() -> None:
    from cinedub.backends.whisper import _KeepsAll

    class Decoder:
        def generate(self, **options: object) -> list[dict[str, object]]:
            return [options]

    kept = _KeepsAll(Decoder())
    assert kept.generate(beam_size=5) == [{"beam_size": 5, "num_hypotheses": 5}]
    assert len(kept.results) == 1
