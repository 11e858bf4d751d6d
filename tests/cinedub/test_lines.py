"""Words find their speakers; scenes find their kind."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

from cinedub.lines import kind_of, lines_of
from schemas import Cast, Span, Tone

_spec = importlib.util.spec_from_file_location("cast_of", Path(__file__).with_name("cast_of.py"))
assert _spec is not None and _spec.loader is not None
nouns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nouns)
cast_of, clip_of, track = nouns.cast_of, nouns.clip_of, nouns.track

PHRASE = [("so", 1000, 1300), ("you", 1300, 1500), ("came", 1500, 1900), ("back", 1900, 2300), ("I", 2400, 2500), ("did", 2500, 2900)]


def said(cast: Cast) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in lines_of(cast)]


def test_an_utterance_of_two_people_is_split_where_the_voice_changes() -> None:
    cast = cast_of(clip_of(PHRASE), [("s001", 900, 2350), ("s002", 2350, 3000)])
    assert said(cast) == [("s001", "so you came back"), ("s002", "I did")]


def test_a_change_a_little_beside_a_word_border_falls_on_the_border() -> None:
    for change in (2250, 2450):
        assert said(cast_of(clip_of(PHRASE), [("s001", 900, change), ("s002", change, 3000)])) == [("s001", "so you came back"), ("s002", "I did")]


def test_a_single_word_inside_a_phrase_does_not_change_hands() -> None:
    cast = cast_of(clip_of(PHRASE), [("s001", 900, 1500), ("s002", 1500, 1900), ("s001", 1900, 3000)])
    assert said(cast) == [("s001", "so you came back I did")]


def test_an_interjection_in_a_breath_of_its_own_does() -> None:
    clip = clip_of([("we", 1000, 1300), ("could", 1300, 1700)], [("No!", 1900, 2300)], [("leave", 2500, 2900)])
    cast = cast_of(clip, [("s001", 900, 1750), ("s002", 1850, 2350), ("s001", 2450, 3000)])
    assert said(cast) == [("s001", "we could"), ("s002", "No!"), ("s001", "leave")]


def test_words_that_nobody_claims_go_to_the_nearest_voice() -> None:
    cast = cast_of(clip_of([("well", 4000, 4300)]), [("s001", 900, 1500), ("s002", 4700, 6000)])
    assert said(cast) == [("s002", "well")]


def test_every_word_is_in_exactly_one_line_and_a_long_pause_parts_lines() -> None:
    clip = clip_of(PHRASE, [("and", 6000, 6300), ("left", 6300, 6700)])
    lines = lines_of(cast_of(clip, [("s001", 900, 7000)]))
    assert [line.text for line in lines] == ["so you came back I did", "and left"]
    assert [w for line in lines for w in line.words] == [w for u in clip.utterances for w in u.words]
    assert all(line.span == Span(line.words[0].span.start, line.words[-1].span.end) for line in lines)


def test_nothing_said_or_nobody_heard_makes_no_lines() -> None:
    assert lines_of(cast_of(clip_of(), [("s001", 0, 500)])) == ()
    assert lines_of(cast_of(clip_of(PHRASE), [])) == ()


def test_a_line_is_on_screen_when_its_speakers_face_is_seen_speaking() -> None:
    clip, turns = clip_of(PHRASE), [("s001", 900, 3000)]
    seen = lines_of(cast_of(clip, turns, {"s001": [track(0, 0, 5000, (1000, 2800), {"anger": 0.8, "neutral": 0.2})]}))[0]
    assert seen.on_screen and seen.emotion.label == "anger" and seen.emotion.confidence == 0.8
    silent = lines_of(cast_of(clip, turns, {"s001": [track(0, 0, 5000)]}))[0]
    elsewhere = lines_of(cast_of(clip, turns, {}, (track(0, 0, 5000, (1000, 2800)),)))[0]
    assert not silent.on_screen and not elsewhere.on_screen and silent.emotion.label == "uncertain"


def test_a_speaker_who_is_not_seen_is_heard_to_be_sad_where_the_voice_is_unlike_itself() -> None:
    cast = cast_of(clip_of(PHRASE), [("s001", 900, 3000)])
    sad, other = (Tone(who, Span(1000, 2500), -4.0, -2.0, -8.0) for who in ("s001", "s002"))
    assert lines_of(replace(cast, tones=(sad,)))[0].emotion.label == "sadness"
    assert lines_of(replace(cast, tones=(other,)))[0].emotion.label == "uncertain"


def kind(cast: Cast) -> str:
    return kind_of(lines_of(cast), cast)


def test_two_voices_are_a_dialogue_and_three_an_ensemble() -> None:
    clip = clip_of([("a", 0, 900)], [("b", 1000, 1900)], [("c", 2000, 2900)])
    assert kind(cast_of(clip, [("s001", 0, 950), ("s002", 950, 1950), ("s001", 1950, 3000)])) == "dialogue"
    assert kind(cast_of(clip, [("s001", 0, 950), ("s002", 950, 1950), ("s003", 1950, 3000)])) == "ensemble"


def test_a_voice_whose_face_speaks_is_a_monologue_and_one_over_silent_faces_a_narration() -> None:
    clip, turns = clip_of(PHRASE), [("s001", 900, 3000)]
    assert kind(cast_of(clip, turns, {"s001": [track(0, 0, 5000, (1000, 2800))]})) == "monologue"
    assert kind(cast_of(clip, turns, {}, (track(0, 0, 5000, (1000, 2800)),))) == "monologue"
    silent = cast_of(clip, turns, {}, (track(0, 0, 5000),))
    assert kind(replace(silent, still=(Span(0, 5000),))) == "narration"
    assert kind(silent) == "monologue"  # a face without a mouth to be seen: turned away, or too dark
    assert kind(replace(silent, still=(Span(0, 1500), Span(2500, 5000)), moving=(Span(1500, 2500),))) == "monologue"
    assert kind(replace(silent, still=(Span(0, 5000),), moving=(Span(5000, 9000),))) == "narration"


def test_a_missed_face_alone_does_not_make_narration_but_reading_on_over_a_cut_does() -> None:
    turns = [("s001", 900, 3000)]
    assert kind(cast_of(clip_of(PHRASE), turns)) == "monologue"
    assert kind(cast_of(clip_of(PHRASE, shots=[Span(0, 2000), Span(2000, 20_000)]), turns)) == "narration"
