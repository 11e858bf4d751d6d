"""Write down what is said, scene by scene: recognisers lose words where the sound changes at a cut."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from cinedub import config, sound, storage
from cinedub.backends import roles
from cinedub.voting import rightness, vote
from schemas import Language, Scenes, Span, Transcript, Utterance, Word, outside, union
from schemas.speech import joined
from transforms.stage import Stage

RATE = 16000
_LONGEST_MS, _JOIN_MS, _PAD_MS = 28_000, 3_000, 400
_SKIPPED_MS = 1_000
_AT_ONCE = 2  # parts that are heard at once: words come one after another, which alone keeps no two cores busy
_SURE = 0.9  # mean probability of a word from which the mix alone is believed: one in ten in doubt


class Part(NamedTuple):
    """What is heard at a time, where speech is in its scene, and the scene. Film's clock."""

    span: Span
    speech: list[Span]
    scene: Span


def transcribe(scenes: Scenes, config: config.Transcribe, assets: storage.Assets, recogniser: roles.Recogniser) -> Transcript:
    """Every utterance, in order. A word belongs to the reel and scene that its start is in, and ends there.

    Speech is found on the vocals and on the mix: a separator loses some voices, a background hides some. Every part is heard on the mix; what is in
    doubt is heard on the vocals too. Where the hearings differ, the words that are more probably right stay, and the others are kept as alternatives.
    Speech that no word came of is heard once more by itself: a recogniser may skip a sentence between two others. What stays without is told.
    """
    reel = scenes.stems.reel
    language, start = reel.film.language, reel.heard.start

    def hearing(stem: str, span: Span) -> list[Utterance]:
        return [_moved(u, span.start) for u in recogniser.transcribe(sound.read(storage.resolve(stem), span.shift(-start), RATE), language)]

    def hear(span: Span) -> list[Utterance]:
        heard = hearing(scenes.stems.mix, span)
        if confidence(heard) < _SURE:
            heard = agreed(heard, [word for utterance in hearing(scenes.stems.vocals, span) for word in utterance.words], language)
        return heard

    def said(part: Part) -> tuple[list[Utterance], list[Span]]:
        heard = hear(part.span)
        for gap in unheard(part, heard) if heard else ():
            heard += [utterance for utterance in hear(gap) if rightness(utterance.words) > 0 and gap.covers(utterance.span)]
        kept = [kept for utterance in heard if (kept := placed(utterance, part.speech, part.scene, language)) is not None]
        return kept, [wordless for pause in unheard(part, heard) if (wordless := _spoken(pause, part)) is not None]

    with ThreadPoolExecutor(_AT_ONCE, "hearing") as pool:
        found = list(pool.map(said, [part for scene in scenes.spans for part in _parts_of(scene, scenes, recogniser)]))
    utterances = sorted((utterance for kept, _ in found for utterance in kept), key=lambda utterance: utterance.span)
    return Transcript(scenes, tuple(utterances), tuple(sorted(span for _, wordless in found for span in wordless)))


def _parts_of(scene: Span, scenes: Scenes, recogniser: roles.Recogniser) -> Iterator[Part]:
    reel = scenes.stems.reel
    heard = Span(
        reel.heard.start if scene.start == reel.span.start else scene.start,
        reel.heard.end if scene.end == reel.span.end else scene.end,
    )
    stems = (scenes.stems.vocals, scenes.stems.mix)
    found = [recogniser.speech(sound.read(storage.resolve(stem), heard.shift(-reel.heard.start), RATE)) for stem in stems]
    speech = [part.shift(heard.start) for part in union(itertools.chain.from_iterable(found))]
    yield from (Part(span, speech, scene) for span in parts(speech, heard))


def unheard(part: Part, heard: list[Utterance]) -> list[Span]:
    """Where the part holds ``_SKIPPED_MS`` of speech or more between its words, from the word before to the word after."""
    pauses = outside(part.span, (trim(word.span, part.speech) for utterance in heard for word in utterance.words))
    return [pause for pause in pauses if sum(pause.overlap(speech) for speech in part.speech) >= _SKIPPED_MS]


def _spoken(pause: Span, part: Part) -> Span | None:
    """From the first speech in one of the part's ``unheard`` pauses to the last, within its scene."""
    inside = [speech for region in part.speech if (speech := region & pause)]
    return Span(inside[0].start, inside[-1].end) & part.scene


def agreed(ours: list[Utterance], theirs: list[Word], language: Language) -> list[Utterance]:
    """Our utterances with the words of another hearing where those are more probably right; what was outvoted becomes an alternative."""
    if not ours:
        span = Span(theirs[0].span.start, max(word.span.end for word in theirs)) if theirs else None
        ours = [Utterance(span, "", (), 0.0)] if span and rightness(theirs) > 0 else []
    voted: list[list[Word]] = [[] for _ in ours]
    at = 0
    for word in vote([word for utterance in ours for word in utterance.words], theirs, language) if ours else ():
        at = min(range(at, len(ours)), key=lambda place: max(ours[place].span.start - word.span.end, word.span.start - ours[place].span.end, 0))
        voted[at].append(word)
    return [_revised(utterance, words, language) for utterance, words in zip(ours, voted, strict=True) if words]


def _revised(utterance: Utterance, words: list[Word], language: Language) -> Utterance:
    if tuple(words) == utterance.words:
        return utterance
    text = joined((word.text for word in words), language)
    others = tuple(other for other in (utterance.text, *utterance.alternatives) if other and other != text)
    mean = round(sum(word.confidence for word in words) / len(words), 4)
    span = Span(min(word.span.start for word in words), max(word.span.end for word in words))
    return Utterance(span, text, tuple(words), mean, others)


def parts(speech: list[Span], within: Span) -> list[Span]:
    """What the recogniser hears at a time: speech with a margin, joined over pauses up to 3 s while it stays within 28 s."""
    joined_up: list[Span] = []
    for span in speech:
        if joined_up and span.start - joined_up[-1].end <= _JOIN_MS and span.end - joined_up[-1].start <= _LONGEST_MS:
            joined_up[-1] = Span(joined_up[-1].start, span.end)
        else:
            joined_up.append(span)
    padded = []
    for index, span in enumerate(joined_up):
        before = (joined_up[index - 1].end + span.start) // 2 if index else within.start
        after = (span.end + joined_up[index + 1].start) // 2 if index + 1 < len(joined_up) else within.end
        padded.append(Span(max(before, span.start - _PAD_MS), min(after, span.end + _PAD_MS)))
    return padded


def confidence(utterances: list[Utterance]) -> float:
    """Mean probability of a word; 0 for none."""
    words = [word.confidence for utterance in utterances for word in utterance.words]
    return sum(words) / len(words) if words else 0.0


def placed(utterance: Utterance, speech: list[Span], scene: Span, language: str) -> Utterance | None:
    """The words that start in the scene, each trimmed to the speech it lies in; None when nothing is left.

    Recognisers stretch a word over the pause before it; words that lie in no speech at all keep their times.
    """
    words: list[Word] = []
    floor = scene.start
    for word in utterance.words:
        span = trim(word.span, speech)
        if span.start in scene:
            start = max(span.start, min(floor, scene.end - 1))
            words.append(Word(word.text, Span(start, max(start + 1, min(span.end, scene.end))), word.confidence))
            floor = words[-1].span.end
    if not words:
        return None
    if len(words) == len(utterance.words):
        text, others = utterance.text, utterance.alternatives
    else:
        text, others = joined((word.text for word in words), language), ()  # type: ignore[arg-type]
    return Utterance(Span(words[0].span.start, words[-1].span.end), text, tuple(words), utterance.confidence, others)


def trim(span: Span, speech: list[Span]) -> Span:
    """The part of ``span`` in the speech region it shares most with; ``span`` itself where there is none."""
    last = bisect_right(speech, Span(span.end, span.end + 1))
    near = [part for part in speech[max(0, last - 8) : last] if part.overlap(span)]
    best = max(near, key=span.overlap, default=None)
    return (span & best) or span if best else span


def _moved(utterance: Utterance, ms: int) -> Utterance:
    words = tuple(Word(word.text, word.span.shift(ms), word.confidence) for word in utterance.words)
    return Utterance(utterance.span.shift(ms), utterance.text, words, utterance.confidence, utterance.alternatives)


class Transcribe(Stage[Scenes, Transcript]):
    """Write down what is said, scene by scene."""

    run = staticmethod(transcribe)
    version = 6
