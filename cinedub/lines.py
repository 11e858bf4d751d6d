"""Cast -> lines: which speaker said which words, seen or unseen, in what mood; and what kind of scene that makes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from cinedub import moods
from schemas import Cast, Emotion, FaceTrack, Kind, Line, Span, Tone, Word, union
from schemas.speech import joined

#: What a change of speaker costs before a word, in words that lie wholly in another's turn: most inside a phrase, little where a breath ends.
_INSIDE, _AFTER_PAUSE, _AFTER_SENTENCE, _NEW_BREATH = 0.8, 0.5, 0.35, 0.2
_PAUSE_MS = 200
_SENTENCE = tuple(".?!,;:…—。？！，；：、")
#: A word this long counts fully: shorter ones touch a turn's border too easily.
_FULL_WORD_MS = 300
#: A word outside everybody's turns leans to the nearest one, less the further it is.
_REACH_MS = 2_000
#: One speaker's words stay one line across pauses up to this long.
LINE_GAP_MS = 1_000
#: Shares of the speech: a speaker is on screen when seen speaking for half of it, shows a mood from a quarter on, moves a mouth from a tenth on.
_HALF, _QUARTER, _TENTH = 0.5, 0.25, 0.1
#: The likeliest emotion under this probability isn't one.
_LEAST_EMOTION = 0.4


def lines_of(cast: Cast) -> tuple[Line, ...]:
    """The clip's words as lines of its speakers, by start; nothing where nobody is heard or nothing was understood.

    Words go to the speaker in whose turns they lie. A change of speaker costs something, least where a breath or a sentence ends or a pause is, so
    that a stray word doesn't change hands, and a change falls on the word border that suits it best (Viterbi over the words).
    """
    words = [(word, number) for number, utterance in enumerate(cast.clip.utterances) for word in utterance.words]
    speakers = [speaker.id for speaker in cast.speakers]
    if not words or not speakers:
        return ()
    owners = _owners(words, speakers, cast)
    lines: list[list[Word]] = []
    who: list[str] = []
    last: Word | None = None
    for (word, _), owner in zip(words, owners, strict=True):
        if last is None or who[-1] != owner or word.span.start - last.span.end > LINE_GAP_MS:
            lines.append([])
            who.append(owner)
        lines[-1].append(word)
        last = word
    return tuple(sorted((line_of(owner, tuple(part), cast) for owner, part in zip(who, lines, strict=True)), key=lambda line: line.span))


def kind_of(lines: Sequence[Line], cast: Cast) -> Kind:
    """What kind of scene the lines make: three speakers and more are an ensemble, two a dialogue, one a monologue or a narration.

    Narration is a single voice whose speaker isn't there. That nobody is seen speaking isn't enough: faces are dark, turned away or missed, and
    lips may move without agreeing with the voice. It takes no mouth that moves, and a second sign. Either mouths are seen to be still for a
    quarter of the speech; or the speaker is seen in no scene of the film (no face was ever matched: then age isn't known) while the speech runs
    on over a cut, or fills nearly all of a longer clip as read text does.
    """
    speakers = {line.speaker for line in lines} or {turn.speaker for turn in cast.turns}
    if len(speakers) >= 3:
        return "ensemble"
    if len(speakers) == 2:
        return "dialogue"
    speech = union([line.span for line in lines] or [turn.span for turn in cast.turns])
    length = sum(span.duration for span in speech)
    if not length or any(line.on_screen for line in lines):
        return "monologue"
    tracks = cast.faces.tracks
    if _within(_speaking(tracks), speech) >= _QUARTER * length or _within(cast.moving, speech) >= _TENTH * length:
        return "monologue"
    if _within(cast.still, speech) >= _QUARTER * length:
        return "narration"
    unseen = not any(speaker.faces or speaker.age != "uncertain" for speaker in cast.speakers if speaker.id in speakers)
    over_cuts = any(sum(span.overlap(shot) > _PAUSE_MS for shot in cast.clip.shots) > 1 for span in speech)
    like_text = length >= 5_000 and length >= 0.8 * cast.clip.span.duration
    return "narration" if unseen and (over_cuts or like_text) else "monologue"


def _owners(words: list[tuple[Word, int]], speakers: list[str], cast: Cast) -> list[str]:
    cost = np.array([_costs(word, speakers, cast) for word, _ in words])
    changes = [_change(before, after) for before, after in itertools.pairwise(words)]
    total, back = cost[0], []
    for change, row in zip(changes, cost[1:], strict=True):
        other = total.min() + change
        back.append(np.where(total <= other, np.arange(len(speakers)), total.argmin()))
        total = np.minimum(total, other) + row
    state = int(total.argmin())
    states = [state]
    for step in reversed(back):
        states.append(state := int(step[state]))
    return [speakers[state] for state in reversed(states)]


def _costs(word: Word, speakers: list[str], cast: Cast) -> list[float]:
    """For each speaker, how much of the word lies outside their turns."""
    length = word.span.duration
    inside = {speaker: _within([turn.span for turn in cast.turns if turn.speaker == speaker], [word.span]) for speaker in speakers}
    if not any(inside.values()):
        away = {s: min((_distance(turn.span, word.span) for turn in cast.turns if turn.speaker == s), default=_REACH_MS) for s in speakers}
        return [0.5 * min(away[speaker] / _REACH_MS, 1.0) for speaker in speakers]
    return [(1 - inside[speaker] / length) * min(length / _FULL_WORD_MS, 1.0) for speaker in speakers]


def ends_a_phrase(word: str) -> bool:
    """Whether punctuation follows the word."""
    return word.strip().endswith(_SENTENCE)


def _change(before: tuple[Word, int], after: tuple[Word, int]) -> float:
    if before[1] != after[1]:
        return _NEW_BREATH
    if ends_a_phrase(before[0].text):
        return _AFTER_SENTENCE
    return _AFTER_PAUSE if after[0].span.start - before[0].span.end >= _PAUSE_MS else _INSIDE


def line_of(speaker: str, words: tuple[Word, ...], cast: Cast) -> Line:
    """The line that these words are when this speaker of the cast says them."""
    span = Span(words[0].span.start, max(word.span.end for word in words))
    text = joined((word.text for word in words), cast.clip.film.language)
    faces = next(known.faces for known in cast.speakers if known.id == speaker)
    tracks = [track for track in cast.faces.tracks if track.index in faces and track.span.overlap(span)]
    speaking = _within(_speaking(tracks), [span])
    visible = _within([track.span for track in tracks], [span])
    on_screen = speaking >= _HALF * span.duration or (visible >= _HALF * span.duration and speaking >= _QUARTER * span.duration)
    tones = [tone for tone in cast.tones if tone.speaker == speaker]
    return Line(speaker, span, text, text, words, on_screen, _emotion(tracks, tones, span))


def _emotion(tracks: list[FaceTrack], tones: list[Tone], span: Span) -> Emotion:
    """The likeliest emotion by the speaker's face and voice during the line; ``uncertain`` where neither tells, or nothing clear."""
    odds = moods.felt(_face(tracks, span), _tone(tones, span))
    label, probability = max(odds.items(), key=lambda item: (item[1], item[0]), default=("", 0.0))
    return Emotion(label, round(probability, 4)) if probability >= _LEAST_EMOTION else Emotion("uncertain", 0.0)  # type: ignore[arg-type]


def _face(tracks: list[FaceTrack], span: Span) -> dict[str, float]:
    """Mean probabilities over the time that the face is seen; nothing where that is too short."""
    total: dict[str, float] = {}
    seen = 0
    for track in tracks:
        if track.emotions:
            shared = track.span.overlap(span)
            seen += shared
            for label, probability in track.emotions.items():
                total[label] = total.get(label, 0.0) + shared * probability
    return {label: weight / seen for label, weight in total.items()} if seen >= _QUARTER * span.duration else {}


def _tone(tones: list[Tone], span: Span) -> tuple[float, float, float] | None:
    """Pitch, spread and level over the line, each stretch by how much of it lies there."""
    weights = [tone.span.overlap(span) for tone in tones]
    if not any(weights):
        return None
    pitch, spread, level = np.average([(tone.pitch, tone.spread, tone.level) for tone in tones], axis=0, weights=weights)
    return float(pitch), float(spread), float(level)


def _speaking(tracks: Sequence[FaceTrack]) -> list[Span]:
    return [span for track in tracks for span, score in track.speaking if score >= 0.5]


def _within(spans: Sequence[Span], places: Sequence[Span]) -> int:
    """Milliseconds of ``places`` (apart from each other) that lie in any of ``spans``."""
    return sum(span.overlap(place) for span in union(spans) for place in places)


def _distance(a: Span, b: Span) -> int:
    return max(a.start - b.end, b.start - a.end, 0)
