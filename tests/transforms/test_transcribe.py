"""Words are heard scene by scene and stay where they start."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from cinedub import config
from schemas import AudioStream, Film, Language, Reel, Scenes, Shots, Span, Stems, Utterance, VideoStream, Word, union
from transforms.transcribe import agreed, parts, placed, transcribe, trim


class Tones:
    """A recogniser for a language of loud and quiet tones: loud sound is speech, and every part of it is one word."""

    digest = "tones"

    def __init__(self, confidence: float = 0.95) -> None:
        self.confidence = confidence
        self.heard: list[int] = []

    def language(self, sound: np.ndarray) -> dict[Language, float]:
        return {"en": 1.0, "zh": 0.0}

    def speech(self, sound: np.ndarray) -> list[Span]:
        loud = np.abs(sound[: len(sound) // 160 * 160]).reshape(-1, 160).max(axis=1) > 0.25
        edges = np.flatnonzero(np.diff(np.pad(loud, 1).astype(int)))
        return [Span(int(start) * 10, int(end) * 10) for start, end in zip(edges[::2], edges[1::2], strict=True)]

    def transcribe(self, sound: np.ndarray, language: Language) -> list[Utterance]:
        self.heard.append(len(sound))
        return [Utterance(span, "word", (Word("word", span, self.confidence),), self.confidence) for span in self.speech(sound)]


def scenes(folder: Path, words: list[Span], borders: list[int], span: Span, heard: Span) -> Scenes:
    sound = np.zeros(heard.duration * 48, np.float32)
    for word in words:
        sound[(word.start - heard.start) * 48 : (word.end - heard.start) * 48] = 0.5
    for name in ("mix", "vocals"):
        soundfile.write(folder / f"{name}.flac", sound, 48000)
    film = Film("film", "0" * 64, "film.mp4", "", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), 90_000)
    stems = Stems(Shots(Reel(film, span, heard), (span,)), str(folder / "mix.flac"), str(folder / "vocals.flac"), "")
    edges = [span.start, *borders, span.end]
    return Scenes(stems, tuple(Span(start, end) for start, end in itertools.pairwise(edges)))


def heard_words(recogniser: Any, found: Scenes) -> list[Span]:
    transcript = transcribe(found, config.Transcribe(), cast(Any, None), recogniser)
    return [utterance.span for utterance in transcript.utterances]


def test_a_word_over_a_scene_border_is_heard_in_two_and_belongs_to_each_scene_with_its_part(tmp_path: Path) -> None:
    found = scenes(tmp_path, [Span(11_000, 12_000), Span(14_500, 15_500), Span(20_000, 21_000)], [15_000], Span(10_000, 25_000), Span(10_000, 25_000))
    assert heard_words(Tones(), found) == [Span(11_000, 12_000), Span(14_500, 15_000), Span(15_000, 15_500), Span(20_000, 21_000)]


def test_a_word_over_the_reels_border_is_heard_whole_and_belongs_where_it_starts(tmp_path: Path) -> None:
    words = [Span(9500, 10_500), Span(12_000, 13_000), Span(19_500, 20_700)]
    first = scenes(tmp_path, words, [], Span(10_000, 20_000), Span(8000, 22_000))
    assert heard_words(Tones(), first) == [Span(12_000, 13_000), Span(19_500, 20_000)]


def test_the_vocals_are_heard_only_where_the_mix_leaves_doubt(tmp_path: Path) -> None:
    found = scenes(tmp_path, [Span(1000, 2000)], [], Span(0, 5000), Span(0, 5000))
    sure, unsure = Tones(0.95), Tones(0.5)
    heard_words(sure, found)
    heard_words(unsure, found)
    assert (len(sure.heard), len(unsure.heard)) == (1, 2)


def test_a_voice_that_the_separator_lost_is_heard(tmp_path: Path) -> None:
    found = scenes(tmp_path, [Span(1000, 2000), Span(3000, 3500)], [], Span(0, 5000), Span(0, 5000))
    vocals, rate = soundfile.read(tmp_path / "vocals.flac")
    vocals[: 2500 * 48] = 0
    soundfile.write(tmp_path / "vocals.flac", vocals, rate)
    assert heard_words(Tones(), found) == [Span(1000, 2000), Span(3000, 3500)]


class Mumbling(Tones):
    """Understands no word of a second and a half or more."""

    def transcribe(self, sound: np.ndarray, language: Language) -> list[Utterance]:
        return [heard for heard in super().transcribe(sound, language) if heard.span.duration < 1500]


def test_speech_without_a_word_is_told_scene_by_scene_where_a_second_or_more_of_it_lies_together(tmp_path: Path) -> None:
    words = [Span(1000, 3000), Span(8000, 9000), Span(13_000, 18_000), Span(22_000, 22_900)]
    found = scenes(tmp_path, words, [15_000], Span(0, 25_000), Span(0, 25_000))
    transcript = transcribe(found, config.Transcribe(), cast(Any, None), Mumbling())
    assert [utterance.span for utterance in transcript.utterances] == [Span(8000, 9000), Span(22_000, 22_900)]
    assert list(transcript.wordless) == [Span(1000, 3000), Span(13_000, 15_000), Span(15_000, 18_000)]


def test_silence_is_not_given_to_the_recogniser(tmp_path: Path) -> None:
    recogniser = Tones()
    assert heard_words(recogniser, scenes(tmp_path, [], [2000], Span(0, 5000), Span(0, 5000))) == []
    assert recogniser.heard == []


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(50, 20_000)), max_size=20))
def test_parts_hold_all_speech_and_never_overlap(steps: list[tuple[int, int]]) -> None:
    speech, at = [], 0
    for pause, length in steps:
        speech.append(Span(at + pause + 10, at + pause + 10 + length))
        at = speech[-1].end
    within = Span(0, at + 1000)
    found = parts(speech, within)
    assert all(any(part.covers(span) for part in found) for span in speech)
    assert union(found) == found or all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert all(part.duration <= 28_800 for part in found)


def test_a_word_stretched_over_a_pause_is_trimmed_to_its_speech() -> None:
    speech = [Span(0, 1000), Span(4000, 5000)]
    assert trim(Span(900, 4500), speech) == Span(4000, 4500)
    assert trim(Span(2000, 3000), speech) == Span(2000, 3000)


def test_words_of_an_utterance_never_overlap() -> None:
    words = (Word("a", Span(0, 600), 0.9), Word("b", Span(400, 900), 0.9), Word("c", Span(450, 500), 0.9))
    found = placed(Utterance(Span(0, 900), "a b c", words, 0.9, ("a b d",)), [Span(0, 1000)], Span(0, 1000), "en")
    assert found is not None and [word.span for word in found.words] == [Span(0, 600), Span(600, 900), Span(900, 901)]
    assert found.alternatives == ("a b d",)


def utterance(text: str, start: int, *confidences: float) -> Utterance:
    said = tuple(
        Word(word, Span(start + 300 * n, start + 300 * (n + 1)), p) for n, (word, p) in enumerate(zip(text.split(), confidences, strict=True))
    )
    return Utterance(Span(start, start + 300 * len(said)), text, said, 0.5, ("kept as it is",))


def test_where_hearings_differ_the_surer_words_stay_and_the_outvoted_are_an_alternative() -> None:
    ours = [utterance("it took clear days", 0, 0.9, 0.9, 0.4, 0.9), utterance("so long", 3000, 0.9, 0.9)]
    first, second = agreed(ours, list(utterance("it took claire days", 20, 0.9, 0.9, 0.8, 0.9).words), "en")
    assert first.text == "it took claire days" and first.alternatives == ("it took clear days", "kept as it is")
    assert second == ours[1]
    assert agreed(ours, [], "en") == ours


def test_what_one_hearing_alone_has_stays_when_it_is_probably_right() -> None:
    (found,) = agreed([utterance("we go now", 0, 0.9, 0.9, 0.3)], list(utterance("we must go", 0, 0.9, 0.7, 0.9).words), "en")
    assert found.text == "we must go"
    assert agreed([], list(utterance("yes", 500, 0.8).words), "en")[0].text == "yes"
    assert agreed([], list(utterance("yes", 500, 0.3).words), "en") == []


class Hasty(Tones):
    """Skips what lies between other speech."""

    def transcribe(self, sound: np.ndarray, language: Language) -> list[Utterance]:
        said = super().transcribe(sound, language)
        return [said[0], said[-1]] if len(said) > 2 else said


def test_a_sentence_that_the_recogniser_skipped_is_heard_by_itself(tmp_path: Path) -> None:
    words = [Span(1000, 2000), Span(3000, 4500), Span(5500, 6000)]
    recogniser = Hasty()
    assert heard_words(recogniser, scenes(tmp_path, words, [], Span(0, 8000), Span(0, 8000))) == words
    assert len(recogniser.heard) == 2


def test_a_short_sound_between_words_is_not_asked_for_again(tmp_path: Path) -> None:
    recogniser = Hasty()
    found = scenes(tmp_path, [Span(1000, 2000), Span(2500, 3000), Span(3500, 4000)], [], Span(0, 8000), Span(0, 8000))
    assert heard_words(recogniser, found) == [Span(1000, 2000), Span(3500, 4000)]
    assert len(recogniser.heard) == 1
