"""Edits before the sound and the voices of a clip: what they contradict is refused, and the numbers are kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from cinedub import backends, config, edits, sound, weights, witness
from cinedub.backends.roles import Edit
from cinedub.config import Model
from cinedub.lines import lines_of
from cinedub.witness import Witness
from schemas import AudioStream, Cast, Clip, Faces, Film, Line, Reel, Shots, Span, Speaker, Stems, Turn, Utterance, VideoStream, Voices, Word

SAID = "Every morning the fishing boats left the harbour before sunrise."
HEARD = SAID.replace("boats", "goats")
START, HEAD = 4_000, 1_000
needs_weights = pytest.mark.skipif(
    not all(weights.present(name) for name in ("whisper-base", "hibari")), reason="the weights whisper-base and hibari aren't here"
)


def make_cast(folder: Path, text: str, length: int, voices: dict[str, tuple[float, ...]] | None = None, window: Any = (1.0, 0.0)) -> Cast:
    """A clip of ``length`` ms that starts at 4 s in a reel heard from 1 s on, with one line by ``s001``."""
    video, audio = VideoStream(0, "h264", 640, 360, "25"), AudioStream(1, "aac", 48_000, 2)
    film = Film("f0", "f0" * 32, "film.mp4", "film", None, "en", video, audio, 60_000)
    reel = Reel(film, Span(2_000, 60_000), Span(HEAD, 60_000))
    span = Span(START, START + length)
    step = length // len(text.split())
    words = tuple(Word(word, Span(START + n * step, START + (n + 1) * step), 0.8) for n, word in enumerate(text.split()))
    said = Utterance(Span(words[0].span.start, words[-1].span.end), text, words, 0.8, ())
    clip = Clip(Stems(Shots(reel, (reel.span,)), str(folder / "mix.flac"), "v", "b"), span, span, (said,), (span,))
    np.savez(folder / "v.npz", windows=np.array([[START, START + length]]), embeddings=np.array([window], np.float32))
    people = tuple(Speaker(name, (), "adult", "female", (), voice) for name, voice in (voices or {"s001": ()}).items())
    turns = (Turn("s001", span, 0.9),)
    return Cast(Voices(clip, turns, str(folder / "v.npz")), Faces(clip, (), "f.npz", "mp4"), people, turns)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from cinedub.film.voices import RATE, Speaker

    folder = tmp_path_factory.mktemp("spoken")
    speech = Speaker("hibari", threads=1).say(SAID)
    heard = np.concatenate([np.zeros((START - HEAD) * 16), soxr.resample(speech.sound, RATE, 16_000)]).astype(np.float32)
    sound.write(folder / "mix.flac", [heard[None]], 16_000)
    return make_cast(folder, HEARD, speech.duration_ms)


def argue(cast: Cast, *proposed: Edit) -> Any:
    verifier = backends.load("verifier", Model("whisper-likelihood", "whisper-base", threads=1))
    asked = Witness(cast, {"verifier": verifier, "second_opinion": backends.load("second_opinion", Model("none"))})
    return edits.argue(lines_of(cast), cast, proposed, config.Correct(), "test", asked)


@needs_weights
def test_an_edit_that_the_sound_contradicts_is_refused_however_fluent_it_is(spoken: Cast) -> None:
    lines, _, (verdict,) = argue(spoken, Edit("text", 0, "fishing goats left the harbour", "soldiers marched out of town", "reads better", 0.99))
    assert (verdict.verdict, verdict.reason) == ("rejected", "the sound contradicts it")
    limits = config.Correct()
    assert verdict.evidence["margins"]["verifier"] < verdict.evidence["min_margin"]
    assert limits.min_margin_alike < verdict.evidence["min_margin"] <= limits.min_margin and verdict.evidence["alike"] < 0.2
    assert list(verdict.evidence["margins"]) == ["verifier"] and verdict.evidence["argument"] == "reads better"
    assert lines[0].text == HEARD


@needs_weights
def test_a_second_recogniser_is_asked_too_and_either_may_refuse(spoken: Cast) -> None:
    base = backends.load("verifier", Model("whisper-likelihood", "whisper-base", threads=1))
    nobody = backends.load("second_opinion", Model("none"))
    edit = Edit("text", 0, "harbour", "village", "")
    for judges, asked in (
        ({"verifier": nobody, "second_opinion": base}, ["second_opinion"]),
        ({"verifier": base, "second_opinion": base}, ["verifier", "second_opinion"]),
    ):
        refusal, evidence = edits.verify(edit, lines_of(spoken), spoken, config.Correct(), Witness(spoken, judges))
        assert refusal == "the sound contradicts it" and list(evidence["margins"]) == asked


@needs_weights
def test_words_are_not_taken_away_while_they_can_be_heard(spoken: Cast) -> None:
    _, _, (verdict,) = argue(spoken, Edit("text", 0, "before sunrise.", "", "shorter"))
    assert verdict.verdict == "rejected" and verdict.evidence["min_margin"] == config.Correct().min_margin_deletion


@needs_weights
def test_a_true_edit_is_made_and_its_word_is_found_in_the_sound(spoken: Cast) -> None:
    lines, _, (verdict,) = argue(spoken, Edit("text", 0, "goats", "boats", "they fish"))
    assert verdict.verdict == "accepted" and verdict.evidence["margins"]["verifier"] > 0
    assert lines[0].text == SAID
    word = lines[0].words[4]
    assert word.text == "boats" and word.confidence > 0.3
    assert lines_of(spoken)[0].words[3].span.end <= word.span.start < word.span.end <= lines_of(spoken)[0].words[5].span.start


@needs_weights
def test_capitals_and_commas_are_not_the_sounds_to_judge(spoken: Cast) -> None:
    _, _, (verdict,) = argue(spoken, Edit("text", 0, "Every morning the", "Every morning, the", "a pause"))
    assert verdict.verdict == "accepted" and "margins" not in verdict.evidence


@pytest.mark.parametrize(("window", "verdict"), [((1.0, 0.0), "rejected"), ((0.0, 1.0), "accepted"), ((0.7, 0.7), "accepted")])
def test_a_line_goes_to_another_speaker_unless_the_voice_is_clearly_the_first_ones(tmp_path: Path, window: Any, verdict: str) -> None:
    cast = make_cast(tmp_path, SAID, 4_000, {"s001": (1.0, 0.0), "s002": (0.0, 1.0)}, window)
    _, turns, (judged,) = edits.argue(
        lines_of(cast), cast, [Edit("speaker", 0, "s001", "s002", "answers")], config.Correct(), "test", Witness(cast, {})
    )
    assert judged.verdict == verdict and set(judged.evidence["likeness"]) == {"s001", "s002"}
    assert [turn.speaker for turn in turns] == ["s001" if verdict == "rejected" else "s002"]


def test_new_words_take_their_times_between_those_that_stay() -> None:
    def word(text: str, start: int, end: int) -> Word:
        return Word(text, Span(start, end), 0.5)

    before = (word("I", 0, 100), word("red", 100, 700), word("it", 700, 900))
    line = Line(
        "s001", Span(0, 900), "I have read it", "I red it", (before[0], word("have", 100, 400), word("read", 400, 700), before[2]), True, None
    )  # type: ignore[arg-type]
    heard = [word("I", 10, 90), word("have", 90, 220), word("read", 240, 720), word("it", 720, 900)]
    assert [w.span for w in witness.kept_times(line, heard, before).words] == [Span(0, 100), Span(100, 220), Span(240, 700), Span(700, 900)]
    nowhere = [dataclasses.replace(w, span=Span(800, 890)) for w in heard]
    assert witness.kept_times(line, nowhere, before).words == line.words


def test_a_voice_is_told_by_just_the_sound_of_a_stretch(tmp_path: Path) -> None:
    class Loud:
        """A voice by its loudness: ``s001`` is loud."""

        digest = "loud-1"

        def encode(self, sounds: Any) -> Any:
            return np.array([[1.0, 0.0] if float(np.abs(sound).mean()) > 0.1 else [0.0, 1.0] for sound in sounds], np.float32)

    cast = make_cast(tmp_path, SAID, 4_000, {"s001": (1.0, 0.0), "s002": (0.0, 1.0)})
    wave = np.concatenate([np.zeros((START - HEAD) * 16), np.full(2_000 * 16, 0.5), np.zeros(2_000 * 16)]).astype(np.float32)
    sound.write(tmp_path / "mix.flac", [wave[None]], 16_000)
    clip = dataclasses.replace(cast.clip, stems=dataclasses.replace(cast.clip.stems, mix=str(tmp_path / "mix.flac")))
    voices = dataclasses.replace(cast.voices, clip=clip)
    listening = Witness(dataclasses.replace(cast, voices=voices, faces=dataclasses.replace(cast.faces, clip=clip)), {}, Loud())
    assert listening.voice(Span(START, START + 1_000)) == {"s001": 1.0, "s002": 0.0}
    assert listening.voice(Span(START + 2_500, START + 3_500)) == {"s001": 0.0, "s002": 1.0}
    assert listening.voice(Span(START, START + 200)) == {} == Witness(cast, {}).voice(Span(START, START + 1_000))


def test_a_stretch_of_a_line_that_sounds_like_somebody_else_is_told(tmp_path: Path) -> None:
    cast = make_cast(tmp_path, SAID, 4_000, {"s001": (1.0, 0.0), "s002": (0.0, 1.0)})
    windows = np.array([[START, START + 1_500], [START + 750, START + 2_250], [START + 3_900, START + 5_400]])
    np.savez(tmp_path / "v.npz", windows=windows, embeddings=np.array([[0.8, 0.6], [0.6, 0.8], [0.0, 1.0]], np.float32))
    (line,) = lines_of(cast)
    assert Witness(cast, {}).strangers(line) == [(Span(START + 750, START + 2_250), "s002", 0.2)]
    assert Witness(cast, {}).strangers(dataclasses.replace(line, speaker="s009")) == []
