"""Whisper (Radford et al. 2022, arXiv:2212.04356) through faster-whisper, with its Silero voice activity detector."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Sequence
from typing import Any

from faster_whisper.vad import VadOptions, get_speech_timestamps

from cinedub import config, weights
from cinedub.backends import whisper_files
from cinedub.backends.roles import Mono
from cinedub.errors import WeightsError
from cinedub.simplified import simplified, simplified_parts
from schemas import Language, Span, Utterance, Word
from schemas.speech import joined

VERSION = "5"
_RATE, _LONGEST_MS = 16000, 28_000
_BREATH_MS = 500  # a pause inside what Whisper calls a segment that makes two utterances of it
_LATIN = re.compile(r"[A-Za-z0-9]{2}")
#: Latin words, or single characters.
_TOKENS = re.compile(r"\w+(?:['’]\w+)*[^\w\s]*|\S", re.ASCII)


class FasterWhisper:
    """The recogniser. Options: ``beam`` (5), ``compute`` ("int8" on a CPU, else "default"), ``threshold`` (0.5) of voice activity."""

    def __init__(self, model: config.Model) -> None:
        path = weights.find(model.weights)
        if not (path / "model.bin").is_file():
            raise WeightsError(f"{path}: a CTranslate2 Whisper folder with model.bin is wanted")
        self.beam = int(model.option("beam", 5))
        self.threshold = float(model.option("threshold", 0.5))
        self.digest = f"faster-whisper-{VERSION}-{self.beam}-{self.threshold}-{whisper_files.compute(model)}-{weights.digest(path)}"
        self._whisper = whisper_files.opened(path, model)
        self._kept = _KeepsAll(self._whisper.model)
        self._whisper.model = self._kept

    def language(self, sound: Mono) -> dict[Language, float]:
        """Probability of each language in at most 30 s of sound."""
        if not self._whisper.model.is_multilingual:
            return {"en": 1.0, "zh": 0.0}
        probabilities = dict(self._whisper.detect_language(sound[: 30 * _RATE])[2])
        return {"en": probabilities.get("en", 0.0), "zh": probabilities.get("zh", 0.0) + probabilities.get("yue", 0.0)}

    def speech(self, sound: Mono) -> list[Span]:
        """Where somebody speaks; pauses under 200 ms are speech."""
        options = VadOptions(threshold=self.threshold, min_speech_duration_ms=100, min_silence_duration_ms=200, speech_pad_ms=0)
        found = get_speech_timestamps(sound, options)
        return [Span(part["start"] * 1000 // _RATE, max(part["end"], part["start"] + 16) * 1000 // _RATE) for part in found]

    def transcribe(self, sound: Mono, language: Language) -> list[Utterance]:
        """Everything said, in order; nothing where there is no speech. Longer sound is cut in pauses into parts that Whisper sees whole."""
        utterances: list[Utterance] = []
        for part in _parts(self.speech(sound), len(sound) * 1000 // _RATE):
            piece = sound[part.start * _RATE // 1000 : part.end * _RATE // 1000]
            utterances += [_shift(utterance, part.start) for utterance in self._part(piece, language)]
        return utterances

    def _part(self, sound: Mono, language: Language) -> list[Utterance]:
        self._kept.results = []
        segments, _ = self._whisper.transcribe(
            sound,
            language=language,
            beam_size=self.beam,
            temperature=0.0,  # a second try would sample, from one row of random numbers: the same sound would give other words
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=False,
        )
        words = [word for segment in segments for word in whole(segment.words or (), language)]
        texts = [self._whisper.hf_tokenizer.decode(tokens) for tokens in self._kept.alternatives()]
        words = without_loops(words, length_ms=len(sound) * 1000 // _RATE)
        if language == "zh":
            plain = simplified_parts([word.text for word in words])
            words = [Word(text, word.span, word.confidence) for word, text in zip(words, plain, strict=True)]
            texts = [simplified(text) for text in texts]
        breaths = split(words, _BREATH_MS)
        others = [aligned(breaths, text, language) for text in dict.fromkeys(texts)]
        return [_utterance(breath, language, [other[index] for other in others]) for index, breath in enumerate(breaths)]


class _KeepsAll(threading.local):
    """A CTranslate2 Whisper that is asked for every hypothesis of its beam, and keeps them for the thread that asks: faster-whisper hands out only
    the best."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.results: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def generate(self, *inputs: Any, **options: Any) -> Any:
        done = self.model.generate(*inputs, **options, num_hypotheses=options["beam_size"])
        self.results.append(done[0])
        return done

    def alternatives(self) -> list[list[int]]:
        """Tokens of the second, third … hypotheses, each through all windows of the sound."""
        ranks = zip(*(result.sequences_ids[1:] for result in self.results), strict=False)
        return [[token for tokens in rank for token in tokens] for rank in ranks]


def _parts(speech: list[Span], length: int) -> list[Span]:
    """The sound cut into parts of at most 28 s, in the middle of pauses; speech longer than that is cut hard."""
    if not speech:
        return []
    if length <= _LONGEST_MS:
        return [Span(0, length)]
    parts, start, last = [], 0, 0
    for span in speech:
        if span.end - start > _LONGEST_MS and last > start:
            middle = (last + span.start) // 2
            parts.append(Span(start, min(middle, last + 1000)))
            start = max(middle, span.start - 1000)
        while span.end - start > _LONGEST_MS:
            parts.append(Span(start, start + _LONGEST_MS))
            start += _LONGEST_MS
        last = span.end
    return [*parts, Span(start, min(length, max(last + 1000, start + 1)))]


def whole(pieces: Sequence[Any], language: Language) -> list[Word]:
    """A segment's words. Faster-whisper cuts some ("$14" and ".02", in Chinese "19" and "81"): what has no space before it goes on an English
    word, in Chinese a Latin one or a number.
    """
    words: list[Word] = []
    for piece in pieces:
        word = Word(piece.word.strip(), _span(piece), round(float(piece.probability), 4))
        if words and not piece.word.startswith(" ") and (language == "en" or _LATIN.fullmatch(words[-1].text[-1:] + word.text[:1])):
            before = words.pop()
            both = len(before.text) + len(word.text)
            sure = (len(before.text) * before.confidence + len(word.text) * word.confidence) / max(both, 1)
            word = Word(before.text + word.text, Span(before.span.start, max(before.span.end, word.span.end)), round(sure, 4))
        words.append(word)
    return [word for word in words if word.text]


def _span(word: Any) -> Span:
    start, end = round(float(word.start) * 1000), round(float(word.end) * 1000)
    return Span(max(0, start), max(0, start, end - 1) + 1)


def _shift(utterance: Utterance, ms: int) -> Utterance:
    words = tuple(Word(word.text, word.span.shift(ms), word.confidence) for word in utterance.words)
    return Utterance(utterance.span.shift(ms), utterance.text, words, utterance.confidence, utterance.alternatives)


def _utterance(words: list[Word], language: Language, others: list[str]) -> Utterance:
    text = joined((word.text for word in words), language)
    confidence = round(sum(word.confidence for word in words) / len(words), 4)
    different = tuple(other for other in dict.fromkeys(others) if other and other != text)
    return Utterance(Span(words[0].span.start, max(word.span.end for word in words)), text, tuple(words), confidence, different)


def split(words: list[Word], pause_ms: int) -> list[list[Word]]:
    """Words in groups that lie ``pause_ms`` or more apart."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.span.start - groups[-1][-1].span.end < pause_ms:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def without_loops(words: list[Word], length_ms: int) -> list[Word]:
    """Words without what a looping decoder repeats: of 1 to 8 words said more than five times (one word) or three times in a row, one stays.

    Words placed after the sound's end go too.
    """
    kept: list[Word] = []
    place = 0
    while place < len(words):
        run = 0
        for size in range(1, 9):
            phrase = [_plain(word) for word in words[place : place + size]]
            count = 1
            while len(phrase) == size and [_plain(word) for word in words[place + count * size : place + (count + 1) * size]] == phrase:
                count += 1
            if count > (5 if size == 1 else 3):
                run, kept = count * size, kept + words[place : place + size]
                break
        if not run:
            kept.append(words[place])
        place += run or 1
    return [Word(word.text, Span(word.span.start, min(word.span.end, length_ms)), word.confidence) for word in kept if word.span.start < length_ms]


def _plain(word: Word) -> str:
    return word.text.strip(".,!?;: 。，！？、").lower()


def aligned(breaths: list[list[Word]], other: str, language: Language) -> list[str]:
    """Another text of the same sound, divided as the breaths are: each breath gets what lies between the words that both texts share."""
    tokens = _tokens(other, language)
    ours = [token for breath in breaths for word in breath for token in _tokens(word.text, language)]
    place = {0: 0, len(ours): len(tokens)}
    matcher = difflib.SequenceMatcher(None, [token.lower() for token in ours], [token.lower() for token in tokens], autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        place.update({start + step: min(first + step, last) for step in range(end - start + 1)})
    divided, count = [], 0
    for breath in breaths:
        start, count = count, count + sum(len(_tokens(word.text, language)) for word in breath)
        divided.append(joined(tokens[place[start] : place[count]], language))
    return divided


def _tokens(text: str, language: Language) -> list[str]:
    return text.split() if language == "en" else _TOKENS.findall(text)
