"""Scores of dubbed speech: what is right scores as right, and each planted fault shows in its own figure."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import soxr

from cinedub import backends, dubscore, dubtable, sync, weights
from cinedub.dubscore import RATE, Heard, Spoken
from schemas import Language, Word

NEEDED = ("whisper-base", "campplus", "dnsmos", "hibari")
pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in NEEDED), reason="the scorers' weights are not here")

TEXTS = ("Nobody heard the ship come in before dawn.", "Then who left the lamp burning?")


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, list[Spoken], dict[str, np.ndarray]]:
    """Two voices, a line each, and mouths that open with them."""
    pytest.importorskip("hibari")
    from cinedub.film.voices import Speaker

    sound, lines, voices, at = np.zeros(9 * RATE, np.float32), [], {}, 500
    for name, voice, text in zip("ab", ("hibari", "hibari@0.78"), TEXTS, strict=True):
        speech = Speaker(voice, 1).say(text)
        said = soxr.resample(speech.sound, 24_000, RATE).astype(np.float32)
        loud = np.flatnonzero(np.abs(said) > 0.03 * np.abs(said).max()) * 1000 // RATE
        start, end = at + int(loud[0]), at + int(loud[-1]) + 1
        sound[at * RATE // 1000 :][: len(said)] += said
        lines.append(Spoken(name, start, end, text, np.zeros(0)))
        voices[name] = backends.load("voice_encoder", dubscore.MODELS["voice_encoder"]).encode([said])[0]
        at = end + 900
    sound = sound[: at * RATE // 1000]
    loud = sync.level(sound, RATE)
    mouth = np.array([loud[min(len(loud) - 1, (k * 40 + 20) // 10)] for k in range(len(sound) * 25 // RATE)]) * 0.3
    return sound, [replace(line, mouth=mouth) for line in lines], voices


def heard(scene: tuple, sound: np.ndarray) -> Heard:
    clip = {"key": "k", "language": "en", "kind": "dialogue", "duration_ms": round(len(scene[0]) * 1000 / RATE)}
    return dubscore.measure(clip, scene[1], scene[2], [], sound, RATE)


@pytest.fixture(scope="module")
def truth(scene: tuple) -> Heard:
    return heard(scene, scene[0])


def test_the_recording_itself_scores_nearly_perfect(truth: Heard) -> None:
    figures = dubtable.summary([truth], [truth])
    assert figures["exact_length"] == 1 and figures["error_rate"] <= 0.1 and figures["cp_error_rate"] <= 0.1
    assert figures["similarity"] > 0.9 and figures["similarity"] > figures["similarity_wrong"] + 0.1
    assert figures["border_ms"] == 0 and figures["slot_ms"] <= 40 and figures["energy_outside"] < 0.02 and figures["dnsmos"] > 2.5
    assert figures["lips"]["mean"] > 0.95 and abs(figures["lips"]["lag_ms"]) <= 20 and figures["lips"]["lines"] == 2


def test_speech_that_comes_late_shows_in_borders_lips_and_energy(scene: tuple, truth: Heard) -> None:
    late = heard(scene, np.roll(scene[0], 160 * RATE // 1000))
    figures = dubtable.summary([late], [truth])
    assert figures["border_ms"] >= 150 and figures["slot_ms"] > 110 and figures["energy_outside"] > 0.003
    assert abs(figures["lips"]["lag_ms"] - 160) <= 20


def test_exchanged_voices_show_in_similarity_and_in_words_by_speaker(scene: tuple, truth: Heard) -> None:
    sound, lines, voices = scene
    mixed = heard((sound, lines, {"a": voices["b"], "b": voices["a"]}), sound)
    assert sum(mixed.right) < sum(mixed.wrong)
    one_voice = dubscore.with_speakers(lines, truth.texts, ["a", "a"], "en")
    assert truth.cp_errors == truth.errors and one_voice is not None and one_voice > truth.errors + 3


def test_a_line_that_is_lost_behind_another_is_heard_again_by_itself(scene: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, lines, _ = scene
    whole, alone = [], dubscore._words

    def loses(part: np.ndarray, language: Language) -> Iterator[Word]:
        whole.append(len(part))
        kept = 5 if len(whole) == 1 else 99
        return itertools.islice(alone(part, language), kept)

    monkeypatch.setattr(dubscore, "_words", loses)
    texts = dubscore.transcribe(sound, lines, "en")
    assert len(whole) == 2 and whole[1] < whole[0] and len(texts[0].split()) == 5
    assert dubscore.errors_of(TEXTS[1], texts[1], "en")[0] <= 1


def test_silence_says_nothing_and_a_wrong_length_is_told(scene: tuple, truth: Heard) -> None:
    silent = heard(scene, np.zeros(len(scene[0]) - RATE, np.float32))
    assert not silent.exact and silent.errors == silent.words == truth.words and silent.borders_ms == [[], []]
    assert math.isnan(silent.manner[0][0]) and dubtable.summary([silent], [truth])["border_ms"] is None


def test_errors_are_counted_in_words_and_in_characters() -> None:
    assert dubscore.errors_of("Come in, please.", "come on please", "en") == (1, 3)
    assert dubscore.errors_of("他来了。", "他走了", "zh") == (1, 3) and dubscore.errors_of("Come in.", "", "en") == (2, 2)


@pytest.mark.parametrize(
    ("heard", "wanted", "language", "dealt"),
    [
        ("What was that? Maybe it rains.", ["What was that?", "Maybe it rains."], "en", ["What was that?", "Maybe it rains."]),
        ("so what was it", ["What was it?", "Nothing at all."], "en", ["so what was it", ""]),
        ("… 再 过 九 个 月 了 灯 塔", ["再过九个月了。", "灯塔"], "zh", ["… 再 过 九 个 月 了", "灯 塔"]),
        ("", ["Come in."], "en", [""]),
        ("hello there", ["…", "…"], "en", ["hello there", ""]),
    ],
)
def test_heard_words_go_to_the_lines_in_which_the_fewest_of_them_are_wrong(
    heard: str, wanted: list[str], language: Language, dealt: list[str]
) -> None:
    assert dubscore.dealt(heard.split(), wanted, language) == dealt


def test_a_chinese_syllable_written_otherwise_is_not_said_wrong() -> None:
    assert dubscore.errors_of("再过九个月", "在过九个约", "zh")[0] == 2 and dubscore.syllable_errors("再过九个月", "在过九个约") == 1
    assert dubscore.syllable_errors("妈妈", "马马") == 2 and dubscore.syllable_errors("", "好") == 1


def test_a_gain_of_the_lips_is_told_with_its_interval(truth: Heard) -> None:
    curves = [[0.5 + 0.01 * (i == 10) for i in range(len(dubscore.LAGS_MS))]] * 20
    better, worse = replace(truth, curves=curves), replace(truth, curves=[[value - 0.2 for value in curve] for curve in curves])
    gain = dubtable.difference([better], [worse])
    assert gain is not None and gain["mean"] == pytest.approx(0.2) and gain["interval"][0] > 0.19
    assert dubtable.difference([replace(truth, curves=[[]] * 20)], [worse]) is None
