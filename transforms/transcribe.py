"""Write down what is said, scene by scene: recognisers lose words where the sound changes at a cut."""

from __future__ import annotations

from bisect import bisect_right

from cinedub import config, sound, storage
from cinedub.backends import roles
from schemas import Scenes, Span, Transcript, Utterance, Word
from schemas.speech import joined
from transforms.stage import Stage

RATE = 16000
_LONGEST_MS, _JOIN_MS, _PAD_MS = 28_000, 3_000, 400
_SURE = 0.9  # mean probability of a word from which the mix alone is believed: one in ten in doubt


def transcribe(scenes: Scenes, config: config.Transcribe, assets: storage.Assets, recogniser: roles.Recogniser) -> Transcript:
    """Every utterance, in order. A word belongs to the reel and scene that its start is in, and ends there.

    Speech is found on the vocals; the mix is heard, and where that leaves doubt the vocals too.
    """
    reel = scenes.stems.reel
    mix, vocals = storage.resolve(scenes.stems.mix), storage.resolve(scenes.stems.vocals)
    utterances: list[Utterance] = []
    for scene in scenes.spans:
        heard = Span(
            reel.heard.start if scene.start == reel.span.start else scene.start,
            reel.heard.end if scene.end == reel.span.end else scene.end,
        )
        start = reel.heard.start
        speech = [part.shift(heard.start) for part in recogniser.speech(sound.read(vocals, heard.shift(-start), RATE))]
        for part in parts(speech, heard):
            here = Span(part.start - start, part.end - start)
            found = recogniser.transcribe(sound.read(mix, here, RATE), reel.film.language)
            if confidence(found) < _SURE:
                found = max(found, recogniser.transcribe(sound.read(vocals, here, RATE), reel.film.language), key=right_words)
            moved = [_moved(utterance, part.start) for utterance in found]
            utterances += [kept for utterance in moved if (kept := placed(utterance, speech, scene, reel.film.language)) is not None]
    return Transcript(scenes, tuple(sorted(utterances, key=lambda utterance: utterance.span)))


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


def right_words(utterances: list[Utterance]) -> float:
    """Words that are probably right, less those that are probably wrong: neither a lost nor an invented word pays."""
    return sum(2 * word.confidence - 1 for utterance in utterances for word in utterance.words)


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
