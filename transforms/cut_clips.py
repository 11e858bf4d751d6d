"""Cut a transcript into clips: whole utterances of one scene, between silences."""

from __future__ import annotations

from itertools import pairwise

from cinedub import config, storage
from schemas import Clip, Dropped, Span, Transcript, Utterance, outside
from schemas.film import Language
from schemas.speech import Word, joined
from transforms.stage import Stage

_FRAME_MS = 40  # a frame at 25 frames a second: clips start and end on one where silence allows
_WORDLESS_MS = 1_000  # the least speech without words that is told as lost

Group = list[Utterance]


def cut_clips(transcript: Transcript, config: config.CutClips, assets: storage.Assets) -> list[Clip | Dropped]:
    """Clips of ``min_ms`` to ``max_ms``, in order. Each utterance is in exactly one, or dropped: CLIP_TOO_SHORT, CLIP_TOO_LONG. Speech that no word
    was understood of is dropped where no clip holds it: NO_WORDS.

    What a scene says stays together where it fits; otherwise pauses of ``gap_ms`` end a clip, and then the longest ones.
    """
    stems = transcript.scenes.stems
    results: list[Clip | Dropped] = []
    for scene in transcript.scenes.spans:
        said = [utterance for utterance in transcript.utterances if scene.covers(utterance.span)]
        pieces = [piece for utterance in said for piece in shorten(utterance, config.max_ms, stems.reel.film.language)]
        results += [_dropped(stems.reel.film.id, [piece], config.max_ms, "CLIP_TOO_LONG") for piece in pieces if piece.span.duration > config.max_ms]
        groups = arrange([piece for piece in pieces if piece.span.duration <= config.max_ms], config)
        groups = merge(groups, scene, config)
        for group, room in zip(groups, rooms(groups, scene), strict=True):
            if room.duration < config.min_ms:
                results.append(_dropped(stems.reel.film.id, group, config.min_ms, "CLIP_TOO_SHORT"))
                continue
            span = frame(extent(group), room, config)
            results.append(Clip(stems, scene, span, tuple(group), tuple(part for shot in stems.shots.spans if (part := shot & span))))
    clips = [result.span for result in results if isinstance(result, Clip)]
    left = [part for wordless in transcript.wordless for part in outside(wordless, clips) if part.duration >= _WORDLESS_MS]
    return results + [_refused(stems.reel.film.id, part, "NO_WORDS", 0, 1) for part in left]


def shorten(utterance: Utterance, max_ms: int, language: Language) -> Group:
    """An utterance, divided at its largest gap between words as often as it is longer than ``max_ms``."""
    words = utterance.words
    if utterance.span.duration <= max_ms or len(words) < 2:
        return [utterance]
    cut = max(range(1, len(words)), key=lambda index: words[index].span.start - words[index - 1].span.end)
    return [piece for part in (words[:cut], words[cut:]) for piece in shorten(_said(part, language), max_ms, language)]


def _said(words: tuple[Word, ...], language: Language) -> Utterance:
    text = joined((word.text for word in words), language)
    mean = round(sum(word.confidence for word in words) / len(words), 4)
    return Utterance(Span(words[0].span.start, max(word.span.end for word in words)), text, words, mean)


def extent(group: Group) -> Span:
    """From the first word to the last."""
    return Span(group[0].span.start, max(utterance.span.end for utterance in group))


def arrange(utterances: Group, config: config.CutClips) -> list[Group]:
    """Utterances in groups that fit into a clip."""
    if not utterances or extent(utterances).duration <= config.max_ms:
        return [utterances] if utterances else []
    groups, end = [utterances[:1]], utterances[0].span.end
    for utterance in utterances[1:]:
        if utterance.span.start - end >= config.gap_ms:
            groups.append([])
        groups[-1].append(utterance)
        end = max(end, utterance.span.end)
    return [part for group in groups for part in halve(group, config.max_ms)]


def halve(group: Group, max_ms: int) -> list[Group]:
    """A group, divided at its longest pause as often as it doesn't fit into ``max_ms``."""
    if len(group) < 2 or extent(group).duration <= max_ms:
        return [group]
    cut = max(range(1, len(group)), key=lambda index: group[index].span.start - extent(group[:index]).end)
    return [*halve(group[:cut], max_ms), *halve(group[cut:], max_ms)]


def rooms(groups: list[Group], scene: Span) -> list[Span]:
    """Where each group's clip may lie: from the middle of the pause before it to the middle of the pause after it."""
    spans = [extent(group) for group in groups]
    middles = [(one.end + other.start) // 2 for one, other in pairwise(spans)]
    edges = zip([scene.start, *middles], [*middles, scene.end], strict=True)
    return [Span(min(start, span.start), max(end, span.end)) for span, (start, end) in zip(spans, edges, strict=True)] if groups else []


def merge(groups: list[Group], scene: Span, config: config.CutClips) -> list[Group]:
    """Groups, with those that have no room for ``min_ms`` joined to the nearer neighbour that they fit with."""
    groups = list(groups)
    index = 0
    while index < len(groups):
        if rooms(groups, scene)[index].duration < config.min_ms:
            beside = [other for other in (index - 1, index) if other >= 0 and other + 1 < len(groups)]
            fits = [other for other in beside if extent(groups[other] + groups[other + 1]).duration <= config.max_ms]
            if fits:
                first = min(fits, key=lambda other: groups[other + 1][0].span.start - extent(groups[other]).end)
                groups[first : first + 2] = [groups[first] + groups[first + 1]]
                index = max(0, first - 1)
                continue
        index += 1
    return groups


def frame(said: Span, room: Span, config: config.CutClips) -> Span:
    """A clip's span: ``said`` with silence around it, at least ``min_ms`` long and at most ``max_ms``, on frames where ``room`` allows."""
    longest = max(config.max_ms, said.duration)
    pad = min(config.pad_ms, (longest - said.duration) // 2)
    start, end = max(room.start, said.start - pad), min(room.end, said.end + pad)
    missing = config.min_ms - (end - start)
    if missing > 0:
        start = max(room.start, start - (missing + 1) // 2)
        end = min(room.end, start + config.min_ms)
        start = max(room.start, min(start, end - config.min_ms))
    for first in (start - start % _FRAME_MS, start + -start % _FRAME_MS):
        for last in (end + -end % _FRAME_MS, end - end % _FRAME_MS):
            within = room.start <= first <= said.start and said.end <= last <= room.end
            if within and config.min_ms <= last - first <= longest:
                return Span(first, last)
    return Span(start, end)


def _dropped(film: str, group: Group, threshold: int, code: str) -> Dropped:
    span = extent(group)
    return _refused(film, span, code, span.duration, threshold, " ".join(utterance.text for utterance in group))


def _refused(film: str, span: Span, code: str, value: int, threshold: int, text: str = "") -> Dropped:
    return Dropped(f"{film}-{span.start:09d}-{span.end:09d}", film, span, "CutClips", code, float(value), float(threshold), text)


class CutClips(Stage[Transcript, Clip]):
    """Cut a transcript into clips: whole utterances of one scene, between silences."""

    run = staticmethod(cut_clips)
    version = 2
