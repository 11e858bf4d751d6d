"""Clips of a scene are corrected together, and a name is spelled one way through the film."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from cinedub.backends.rescorer import Rescorer
from cinedub.config import Model
from cinedub.evidence import Draft, evidence
from cinedub.exhibits import Exhibits
from cinedub.glossary import glossary, sounds
from cinedub.lines import lines_of
from cinedub.passages import passages
from schemas import Passage, Span, Utterance, Word

_spec = importlib.util.spec_from_file_location("cast_of", Path(__file__).with_name("cast_of.py"))
assert _spec and _spec.loader
nouns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nouns)
cast_of, clip_of = nouns.cast_of, nouns.clip_of


def said(text: str, confidence: float = 0.9) -> Utterance:
    words = tuple(Word(word, Span(300 * n, 300 * (n + 1)), confidence) for n, word in enumerate(text.split()))
    return Utterance(Span(0, 300 * len(words)), text, words, confidence)


def test_a_name_is_spelled_as_it_was_heard_most_surely() -> None:
    heard = [said("Where is Katherine?", 0.6), said("I saw Catherine, and Catherine left."), said("Ask Montreal")]
    assert sounds("Katherine", "en") == sounds("Catherine", "en")
    assert glossary(heard, "en") == ("Catherine",)
    assert glossary([said("The Dog saw the Dog")], "en") == ()


def test_a_chinese_name_is_found() -> None:
    heard = [Utterance(Span(0, 900), "", (Word(text, Span(0, 900), 0.9),), 0.9) for text in ("我去北京找他", "北京很远")]
    assert glossary(heard, "zh") == ("北京",)


def test_a_name_is_spelled_one_way_through_the_films_of_a_series() -> None:
    casts = []
    for number, (name, confidence) in enumerate((("Catherine", 0.9), ("Katherine", 0.6))):
        clip = clip_of()
        film = dataclasses.replace(clip.film, id=f"film{number}", series="harbour")
        reel = dataclasses.replace(clip.stems.reel, film=film)
        stems = dataclasses.replace(clip.stems, shots=dataclasses.replace(clip.stems.shots, reel=reel))
        clip = dataclasses.replace(clip, stems=stems, utterances=(said(f"Ask {name}", confidence),))
        casts.append(cast_of(clip, [("s001", 0, 600)]))
    assert [passage.glossary for passage in passages(casts)] == [("Catherine",), ("Catherine",)]


@pytest.fixture
def scene() -> list[Passage]:
    clips = []
    for number in range(4):
        at = number * 5_000
        clip = clip_of([("Hello", at, at + 400), (f"clip{number}", at + 400, at + 900)])
        clip = dataclasses.replace(clip, span=Span(at, at + 5_000), scene=Span(0, 10_000) if number < 2 else Span(10_000, 20_000))
        clips.append(cast_of(clip, [("s001", at, at + 900)]))
    return passages(clips)


def test_a_passage_is_of_one_scene_and_holds_its_clips_in_order(scene: list[Passage]) -> None:
    assert [[cast.clip.span.start for cast in passage.casts] for passage in scene] == [[0, 5_000], [10_000, 15_000]]
    assert scene[0].before == scene[0].after == ()
    with pytest.raises(ValueError, match="one scene"):
        Passage(scene[0].casts + scene[1].casts)


def test_a_long_scene_is_told_in_parts_that_know_their_neighbours() -> None:
    casts = []
    for number in range(5):
        span = Span(number * 30_000, (number + 1) * 30_000)
        word = Word(f"w{number}", Span(span.start, span.start + 500), 0.9)
        clip = dataclasses.replace(clip_of(), scene=Span(0, 150_000), span=span, utterances=(Utterance(word.span, word.text, (word,), 0.9),))
        casts.append(cast_of(clip, [("s001", number * 30_000, number * 30_000 + 500)]))
    first, second = passages(casts)
    assert (len(first.casts), len(second.casts)) == (3, 2)
    assert first.after == (("s001", "w3"), ("s001", "w4")) and second.before == (("s001", "w0"), ("s001", "w1"), ("s001", "w2"))


def test_the_rescorer_proposes_the_films_spelling_of_a_name() -> None:
    cast = cast_of(clip_of([("Ask", 0, 400), ("Katherine's", 400, 900), ("mother.", 900, 1400)]), [("s001", 0, 1400)])
    told = evidence([Draft(cast, lines_of(cast))], Passage((cast,), glossary=("Catherine",)))
    (edit,) = Rescorer(Model("rescorer")).propose(told, "en", Exhibits((cast,))).edits
    assert (edit.before, edit.after, edit.least_margin) == ("Katherine's", "Catherine's", None)
