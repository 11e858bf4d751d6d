"""Clips hold whole utterances of one scene, between silences."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedub import config
from schemas import AudioStream, Clip, Dropped, Film, Reel, Scenes, Shots, Span, Stems, Transcript, Utterance, VideoStream, Word
from transforms.cut_clips import cut_clips

SETTINGS = config.CutClips()


def transcript(scenes: list[Span], utterances: list[Utterance], shots: list[Span] | None = None, wordless: list[Span] | None = None) -> Transcript:
    span = Span(scenes[0].start, scenes[-1].end)
    film = Film("film", "0" * 64, "film.mp4", "", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), span.end)
    stems = Stems(Shots(Reel(film, span, span), tuple(shots or [span])), "mix", "vocals", "background")
    return Transcript(Scenes(stems, tuple(scenes)), tuple(utterances), tuple(wordless or ()))


def utterance(*words: tuple[int, int]) -> Utterance:
    said = tuple(Word("word", Span(start, end), 0.9) for start, end in words)
    return Utterance(Span(words[0][0], words[-1][1]), " ".join(word.text for word in said), said, 0.9)


def cut(*inputs: Any, settings: config.CutClips = SETTINGS) -> list[Clip | Dropped]:
    return cut_clips(transcript(*inputs), settings, cast(Any, None))


@st.composite
def films(draw: st.DrawFn) -> tuple[list[Span], list[Utterance]]:
    """Scenes, each with words anywhere in it, gathered into utterances at random."""
    scenes, utterances, start = [], [], 0
    for _ in range(draw(st.integers(1, 4))):
        at = start + draw(st.integers(0, 3000))
        for _ in range(draw(st.integers(0, 8))):
            words = []
            for _ in range(draw(st.integers(1, 6))):
                end = at + draw(st.integers(1, 9000))
                words.append((at, end))
                at = end + draw(st.sampled_from([0, 0, 80, 500, 3000]))
            utterances.append(utterance(*words))
            at += draw(st.integers(0, 6000))
        end = at + draw(st.integers(1, 3000))
        scenes.append(Span(start, end))
        start = end
    return scenes, utterances


@settings(max_examples=200, deadline=None)
@given(films())
def test_every_word_is_in_exactly_one_clip_or_dropped_and_no_border_cuts_one(film: tuple[list[Span], list[Utterance]]) -> None:
    scenes, utterances = film
    results = cut(scenes, utterances)
    clips = [result for result in results if isinstance(result, Clip)]
    words = [word.span for said in utterances for word in said.words]
    held = [word.span for clip in clips for said in clip.utterances for word in said.words]
    lost = [word for word in words if any(isinstance(result, Dropped) and result.span.covers(word) for result in results)]
    assert sorted(held + lost) == words
    for clip in clips:
        assert clip.scene in scenes and clip.scene.covers(clip.span)
        assert SETTINGS.min_ms <= clip.span.duration <= SETTINGS.max_ms
        for word in words:
            assert clip.span.covers(word) or not clip.span.overlap(word)
    assert all(one.span.end <= other.span.start for one, other in pairwise(clips))
    assert len({clip.id for clip in clips}) == len(clips)


def test_a_dialogue_that_fits_stays_together_over_a_long_pause() -> None:
    clips = cut([Span(0, 20_000)], [utterance((1000, 3000)), utterance((7000, 9000))])
    assert [len(cast(Clip, clip).utterances) for clip in clips] == [2]


def test_a_scene_too_long_for_one_clip_is_cut_at_its_pauses() -> None:
    said = [utterance((at, at + 4000)) for at in (0, 4500, 12_000, 16_500, 30_000, 34_500)]
    clips = cut([Span(0, 40_000)], said)
    assert [[said.span.start for said in cast(Clip, clip).utterances] for clip in clips] == [[0, 4500], [12_000, 16_500], [30_000, 34_500]]


def test_clips_start_and_end_on_frames_with_silence_around_the_words() -> None:
    (clip,) = cast(list[Clip], cut([Span(0, 20_000)], [utterance((1011, 3007))]))
    assert clip.span.start % 40 == 0 and clip.span.end % 40 == 0
    assert 300 <= 1011 - clip.span.start < 340 and 300 <= clip.span.end - 3007 < 340


def test_a_scene_border_is_kept_even_between_frames() -> None:
    (clip,) = cast(list[Clip], cut([Span(0, 1013), Span(1013, 9000)], [utterance((1013, 3000))]))
    assert clip.span.start == 1013


def test_a_short_word_gets_the_silence_around_it() -> None:
    (clip,) = cast(list[Clip], cut([Span(0, 9000)], [utterance((100, 200))]))
    assert clip.span == Span(0, 1000)


def test_a_scene_shorter_than_a_clip_is_dropped_with_its_reason() -> None:
    (lost,) = cut([Span(0, 900), Span(900, 9000)], [utterance((100, 400))])
    assert isinstance(lost, Dropped) and lost.code == "CLIP_TOO_SHORT" and lost.value == 300 and lost.threshold == 1000


def test_speech_without_words_is_dropped_where_no_clip_holds_it() -> None:
    wordless = [Span(0, 5000), Span(12_000, 12_900), Span(14_000, 15_000)]
    clip, *lost = cut([Span(0, 20_000)], [utterance((4000, 6000), (8000, 8500))], None, wordless)
    assert isinstance(clip, Clip) and clip.span.start == 3680
    assert [(part.span, part.code, part.value, part.threshold) for part in cast(list[Dropped], lost)] == [
        (Span(0, 3680), "NO_WORDS", 0, 1),
        (Span(14_000, 15_000), "NO_WORDS", 0, 1),
    ]


def test_an_endless_utterance_is_divided_at_its_largest_gap() -> None:
    long = utterance((0, 14_000), (14_100, 20_000), (21_000, 34_000))
    clips = cast(list[Clip], cut([Span(0, 36_000)], [long]))
    assert [len(clip.utterances[0].words) for clip in clips] == [2, 1]


def test_shots_are_those_of_the_clip() -> None:
    (clip,) = cast(list[Clip], cut([Span(0, 9000)], [utterance((1000, 5000))], [Span(0, 2000), Span(2000, 4000), Span(4000, 9000)]))
    assert clip.shots == (Span(clip.span.start, 2000), Span(2000, 4000), Span(4000, clip.span.end))


@pytest.mark.parametrize("gap", [0, 10])
def test_neighbours_do_not_share_a_frame(gap: int) -> None:
    first, second = cast(list[Clip], cut([Span(0, 60_000)], [utterance((0, 20_000)), utterance((20_000 + gap, 45_000))]))
    assert first.span.end <= second.span.start
