"""Who is asked about a proposed edit: the sound about words, voices about speakers. Each is measured; what it means is decided in ``edits``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cinedub import heard, retiming
from cinedub.backends.roles import Hearing, Verifier, VoiceEncoder
from cinedub.storage import resolve
from schemas import Cast, Line, Span, Word
from schemas.speech import joined

#: What a verifier hears at once, and how much around the words.
_LONGEST_MS, _PAD_MS = 29_600, 200
#: The least sound that tells a voice.
_LEAST_VOICE_MS = 300


class Witness:
    """The sound and the voices of one clip. Nothing is read before somebody asks; a stretch of sound is encoded once for every verifier."""

    def __init__(self, cast: Cast, verifiers: Mapping[str, Verifier], voice_encoder: VoiceEncoder | None = None) -> None:
        """``verifiers`` by the name under which their margins are noted; ``voice_encoder`` the one whose vectors the speakers' voices are."""
        self._cast, self._verifiers, self._encoder = cast, verifiers, voice_encoder
        self._hearings: dict[tuple[str, Span], Hearing] = {}

    def margins(self, lines: Sequence[Line], number: int, text: str) -> dict[str, float]:
        """For every verifier that knows the language, how the sound bears ``text`` as line ``number`` instead of the line's own, in nats a token."""
        language = self._cast.clip.film.language
        places, span = self._window(lines, number)
        before = joined((lines[place].text for place in places), language)
        after = joined((text if place == number else lines[place].text for place in places), language)
        found = {}
        for name, verifier in self._verifiers.items():
            if verifier.understands(language):
                found[name] = round(self._hearing(name, span).margin(before, after), 3)
        return found

    def times(self, lines: Sequence[Line], number: int) -> tuple[Word, ...]:
        """The words of line ``number`` where the first verifier that knows the language finds them; none where nobody does."""
        language = self._cast.clip.film.language
        name = next((name for name, verifier in self._verifiers.items() if verifier.understands(language)), None)
        if name is None:
            return ()
        places, span = self._window(lines, number)
        found = self._hearing(name, span).times([word.text for place in places for word in lines[place].words])
        start = sum(len(lines[place].words) for place in places[: places.index(number)])
        own = found[start : start + len(lines[number].words)]
        return tuple(Word(word.text, word.span.shift(span.start), word.confidence) for word in own)

    def likeness(self, span: Span) -> dict[str, float]:
        """Cosine of the voice measured in a span with every speaker's voice; nothing where none was, or for a speaker without one."""
        windows, vectors = self._windows()
        shared = np.array([Span(int(start), int(end)).overlap(span) / (end - start) for start, end in windows])
        if not (shared > 0.5).any():
            return {}
        return self._like((shared * (shared > 0.5)) @ vectors)

    def strangers(self, line: Line) -> list[tuple[Span, str, float]]:
        """Stretches that lie mostly in a line and sound more like somebody else of the clip than like its speaker: like whom, by how much."""
        if sum(bool(speaker.voice) for speaker in self._cast.speakers) < 2:
            return []
        found = []
        for (start, end), vector in zip(*self._windows(), strict=True):
            span, like = Span(int(start), int(end)), self._like(vector)
            if 2 * span.overlap(line.span) > span.duration and line.speaker in like:
                best = max(like, key=lambda name: like[name])
                if like[best] > like[line.speaker]:
                    found.append((span, best, round(like[best] - like[line.speaker], 3)))
        return found

    def _windows(self) -> tuple[np.ndarray, np.ndarray]:
        """Every stretch of voice that was measured (start, end), and its vector."""
        with np.load(resolve(self._cast.voices.arrays), allow_pickle=False) as arrays:
            return arrays["windows"], arrays["embeddings"]

    def voice(self, span: Span) -> dict[str, float]:
        """As ``likeness``, of just this stretch of sound; nothing where it is too short to tell a voice by, or nobody can listen."""
        if self._encoder is None or span.duration < _LEAST_VOICE_MS:
            return {}
        return self._like(self._encoder.encode([heard.stem(self._cast.clip, "mix", span)])[0])

    def _like(self, vector: np.ndarray) -> dict[str, float]:
        vector = vector / max(float(np.linalg.norm(vector)), 1e-9)
        known = [speaker for speaker in self._cast.speakers if len(speaker.voice) == len(vector)]
        return {speaker.id: round(float(vector @ np.array(speaker.voice, np.float32)), 3) for speaker in known}

    def _window(self, lines: Sequence[Line], number: int) -> tuple[list[int], Span]:
        """The lines that are heard together with line ``number``, in order: as many around it as a verifier can hear at once; and that stretch of
        the film."""
        order = sorted(range(len(lines)), key=lambda place: lines[place].span)
        first = order.index(number)
        last = first + 1
        span = lines[number].span
        growing = True
        while growing:
            growing = False
            for rank in (first - 1, last):
                if 0 <= rank < len(order):
                    other = lines[order[rank]].span
                    wider = Span(min(span.start, other.start), max(span.end, other.end))
                    if wider.duration + 2 * _PAD_MS <= _LONGEST_MS:
                        first, last, span, growing = min(first, rank), max(last, rank + 1), wider, True
        wide = span.pad(_PAD_MS, self._cast.clip.span)
        return order[first:last], Span(wide.start, min(wide.end, wide.start + _LONGEST_MS))

    def _hearing(self, name: str, span: Span) -> Hearing:
        if (name, span) not in self._hearings:
            clip = self._cast.clip
            self._hearings[name, span] = self._verifiers[name].listen(heard.stem(clip, "mix", span), clip.film.language)
        return self._hearings[name, span]


def kept_times(line: Line, words: Sequence[Word], before: Sequence[Word]) -> Line:
    """The line with new words where the sound has them: a word that stayed keeps its time, a new one takes its own within the gap it stands in."""
    old = {(word.text, word.span) for word in before}
    known = [word if (word.text, word.span) in old else None for word in line.words]
    placed = list(line.words)
    at = 0
    while at < len(placed):
        if known[at] is not None:
            at += 1
            continue
        end = next((place for place in range(at, len(placed)) if known[place] is not None), len(placed))
        low = placed[at - 1].span.end if at else line.span.start
        high = placed[end].span.start if end < len(placed) else line.span.end
        spans = _within([word.span for word in words[at:end]], low, high)
        for place in range(at, end):
            span = spans[place - at] if spans else placed[place].span
            placed[place] = Word(placed[place].text, span, words[place].confidence)
        at = end
    return Line(line.speaker, line.span, line.text, line.asr_text, tuple(placed), line.on_screen, line.emotion)


def _within(spans: Sequence[Span], low: int, high: int) -> list[Span]:
    """Spans in order, cut to ``[low, high)``; nothing when one of them would get shorter than anybody speaks."""
    cut: list[Span] = []
    for span in spans:
        start, end = max(span.start, low, cut[-1].end if cut else low), min(span.end, high)
        if end - start < retiming.MIN_UNIT_MS:
            return []
        cut.append(Span(start, end))
    return cut
