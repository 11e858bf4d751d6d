"""Who is who across clips: windows of voice become people, tracks of faces become identities, and the two are matched."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedub.clustering import link, widest_gap
from schemas import Faces, Span, Turn, Voices

#: Windows of one clip join early only when they are clearly one voice; the rest is left to the whole film.
_CLIP_CUT = 0.5
#: Reach of the search for a gap about the voice distance.
REACH = 0.12
#: How much nearer the segmenter's word (one local voice, or two) and a face seen speaking bring two stretches of voice. Faces settle what voices
#: leave in doubt; they mistake people for others too often, above all small or turned away, to overrule voices that clearly differ.
_SEGMENTER, _FACE = 0.1, 0.08
#: The segmenter's word counts up to so much more in a clip whose voices are mixed half of the time: a mixture is like neither, but is heard as two.
_MIXED = 0.1
#: Two local voices that are heard at once for this long are two people.
_TOGETHER_MS = 300
_WINDOW_MS = 1_500
#: The least of a voice heard alone, where others are heard too, that tells whose it is.
_LEAST_ALONE_MS = 400


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip's voices and faces with their arrays: W windows, N face tracks; ``mouths`` are ``speaking`` and ``heard`` where those of ``faces`` don't
    hold, as the film tells that the sound is late otherwise."""

    voices: Voices
    faces: Faces
    windows: Int[np.ndarray, "W 2"]
    vectors: Float[np.ndarray, "W embedding"]
    voice: Int[np.ndarray, " W"]
    colour: Float[np.ndarray, "W 3"]
    level: Float[np.ndarray, " W"]
    female: Float[np.ndarray, " W"]
    face_vectors: Float[np.ndarray, "N face_embedding"]
    mouths: dict[str, np.ndarray] | None = None

    @property
    def weight(self) -> Float[np.ndarray, " W"]:
        """What each window is worth: how long its voice is heard alone in it over 1.5 s, nothing where that is too short to tell a voice by."""
        length = self.windows[:, 1] - self.windows[:, 0]
        alone = length * (1 - self.mixed)
        return np.where((alone < length) & (alone < _LEAST_ALONE_MS), 0.0, np.minimum(alone / _WINDOW_MS, 1.0))

    @property
    def mixed(self) -> Float[np.ndarray, " W"]:
        """The share of each window in which other voices are heard too."""
        length = self.windows[:, 1] - self.windows[:, 0]
        covered = np.array([_covered(window, self.other_turns(int(voice))) for window, voice in zip(self.windows, self.voice, strict=True)])
        return np.asarray(covered.reshape(length.shape) / np.maximum(length, 1))

    def other_turns(self, voice: int) -> list[Turn]:
        """Turns of every local voice but one."""
        return [turn for turn in self.voices.turns if turn.speaker != f"v{voice}"]

    @property
    def together(self) -> Bool[np.ndarray, "W W"]:
        """Windows that two people speak: of two local voices, in or next to where both are heard at once."""
        apart = np.zeros((len(self.windows), len(self.windows)), bool)
        for one, other in itertools.combinations(self.voices.turns, 2):
            shared = one.span & other.span
            if one.speaker != other.speaker and shared is not None and shared.duration >= _TOGETHER_MS:
                rows, columns = self._near(one, shared), self._near(other, shared)
                apart[np.ix_(rows, columns)] = apart[np.ix_(columns, rows)] = True
        return apart

    def _near(self, turn: Turn, place: Span) -> Int[np.ndarray, " rows"]:
        """Windows of a turn that lie no further than a window's length from a place."""
        start, end = self.windows.T
        of_turn = (self.voice == int(turn.speaker[1:])) & (start < turn.span.end) & (end > turn.span.start)
        return np.flatnonzero(of_turn & (start <= place.end + _WINDOW_MS) & (end >= place.start - _WINDOW_MS))


def identities(clips: list[Heard], face_distance: float) -> list[Int[np.ndarray, " N"]]:
    """For every clip, the identity of each face track. Two faces visible at once are two people.

    Films are taken in their order, as in ``people``.
    """
    vectors = [clip.face_vectors for clip in clips if len(clip.faces.tracks)]
    if not vectors:
        return [np.zeros(0, int) for _ in clips]
    counts = [len(clip.faces.tracks) for clip in clips]
    apart = [
        np.array([a is not b and a.span.overlap(b.span) > 0 for a in clip.faces.tracks for b in clip.faces.tracks], bool).reshape(count, count)
        for clip, count in zip(clips, counts, strict=True)
    ]
    everything = np.concatenate(vectors)
    labels = _in_levels(
        everything, np.ones(len(everything)), _levels(clips, counts), _blocks(apart),
        [lambda heights: face_distance] * 3, [lambda members: np.zeros((len(members), len(members)))] * 3,
    )  # fmt: skip
    return _split(labels, counts)


def people(clips: list[Heard], faces: list[Int[np.ndarray, " N"]], voice_distance: float) -> list[Int[np.ndarray, " W"]]:
    """For every clip, the person of each window, -1 for windows that carry no weight.

    Windows join within their clip, then within their film; then the film's people join those of the films before it, whom that changes no more. The
    first joins are cautious; after them the tree is cut where it leaves the widest gap about ``voice_distance``. The segmenter's word counts within a
    clip, a face seen speaking counts everywhere.
    """
    weights = [clip.weight for clip in clips]
    kept = [weight > 0 for weight in weights]
    counts = [int(keep.sum()) for keep in kept]
    if not sum(counts):
        return [np.full(len(keep), -1) for keep in kept]
    weight = np.concatenate([w[k] for w, k in zip(weights, kept, strict=True)])
    vectors = np.concatenate([clip.vectors[k] for clip, k in zip(clips, kept, strict=True) if k.any()])
    voice = np.concatenate([clip.voice[k] for clip, k in zip(clips, kept, strict=True)])
    trust = [_SEGMENTER + _MIXED * min(1.0, 2 * float(clip.mixed.mean())) if keep.any() else 0.0 for clip, keep in zip(clips, kept, strict=True)]
    word = np.repeat(trust, counts)
    votes = np.concatenate([seen_speaking(clip, ids, _count(faces))[k] for clip, ids, k in zip(clips, faces, kept, strict=True)])

    def by_face(groups: list[Int[np.ndarray, " members"]]) -> Float[np.ndarray, "groups groups"]:
        return _FACE * _agreement(np.stack([votes[group].sum(axis=0) for group in groups]))

    def by_segmenter(groups: list[Int[np.ndarray, " members"]]) -> Float[np.ndarray, "groups groups"]:
        local = voice[[group[0] for group in groups]]
        said = word[groups[0][0]]  # all are of one clip
        return np.where(local[:, None] == local, said, -said) + by_face(groups)

    def gap(heights: Float[np.ndarray, " merges"]) -> float:
        return widest_gap(heights, voice_distance, REACH)

    labels = _in_levels(
        vectors * weight[:, None], weight, _levels(clips, counts),
        _blocks([clip.together[np.ix_(k, k)] for clip, k in zip(clips, kept, strict=True)]),
        [lambda heights: _CLIP_CUT, gap, gap], [by_segmenter, by_face, by_face],
    )  # fmt: skip
    result = []
    for keep, part in zip(kept, _split(labels, counts), strict=True):
        full = np.full(len(keep), -1)
        full[keep] = part
        result.append(full)
    return result


def seen_speaking(clip: Heard, ids: Int[np.ndarray, " N"], identities: int) -> Float[np.ndarray, "W identities"]:
    """Milliseconds, each weighed by its score, that a face of each identity is seen speaking within each window."""
    votes = np.zeros((len(clip.windows), identities))
    for track, identity in zip(clip.faces.tracks, ids, strict=True):
        for span, score in track.speaking:
            shared = np.minimum(clip.windows[:, 1], span.end) - np.maximum(clip.windows[:, 0], span.start)
            votes[:, identity] += score * np.maximum(shared, 0)
    return votes


def match(clips: list[Heard], people: list[Int[np.ndarray, " W"]], faces: list[Int[np.ndarray, " N"]]) -> tuple[dict[int, int], dict[int, float]]:
    """Face identity -> person, where one person speaks most of what the face is seen speaking, and for half a second at least.

    A person may have several identities (a face from the side), but never two that are visible at once: the better one stays.
    Second, by person, the share of what those faces are seen speaking that is the person's.
    """
    persons, count = _count(people), _count(faces)
    support = np.zeros((persons + 1, count))
    for clip, labels, ids in zip(clips, people, faces, strict=True):
        np.add.at(support, labels, seen_speaking(clip, ids, count))  # label -1 is the last row
    support = support[:persons] / 2  # windows overlap by half
    rivals = _rivals(clips, faces)
    chosen: dict[int, int] = {}
    for identity in np.argsort(-support.max(axis=0, initial=0.0), kind="stable") if persons else []:
        column = support[:, identity]
        person = int(column.argmax())
        clear = column[person] >= 500 and column[person] >= 0.6 * column.sum()
        if clear and not any(chosen.get(rival) == person for rival in rivals[identity]):
            chosen[int(identity)] = person
    shares = {}
    for person in set(chosen.values()):
        own = [identity for identity, other in chosen.items() if other == person]
        shares[person] = float(support[person, own].sum() / support[:, own].sum())
    return chosen, shares


def _rivals(clips: list[Heard], faces: list[Int[np.ndarray, " N"]]) -> list[set[int]]:
    """For every identity those that are visible together with it."""
    rivals: list[set[int]] = [set() for _ in range(_count(faces))]
    for clip, ids in zip(clips, faces, strict=True):
        for a, one in zip(clip.faces.tracks, ids, strict=True):
            rivals[one].update(int(other) for b, other in zip(clip.faces.tracks, ids, strict=True) if a is not b and a.span.overlap(b.span) > 0)
    return rivals


def _agreement(votes: Float[np.ndarray, "groups identities"]) -> Float[np.ndarray, "groups groups"]:
    """From -1 (seen spoken by other faces) to 1 (by the same face), 0 where too little is seen; a second of clear sight counts fully."""
    total = votes.sum(axis=1)
    length = np.maximum(np.linalg.norm(votes, axis=1), 1e-9)
    clear = votes.max(axis=1, initial=0.0) / np.maximum(total, 1e-9)
    sure = np.minimum(total / 1000, 1.0) * np.maximum(2 * clear - 1, 0)
    return (2 * (votes @ votes.T) / np.outer(length, length) - 1) * np.outer(sure, sure)


def _in_levels(
    sums: Float[np.ndarray, "items embedding"],
    weights: Float[np.ndarray, " items"],
    levels: list[Int[np.ndarray, " items"]],
    apart: Int[np.ndarray, "pairs 2"],
    cuts: list[Callable[[Float[np.ndarray, " merges"]], float]],
    evidence: list[Callable[[list[Int[np.ndarray, " members"]]], Float[np.ndarray, "groups groups"]]],
) -> Int[np.ndarray, " items"]:
    """Labels of items that are clustered within each place of the first level, then what came of them within each place of the next.

    At last the places of the second level are taken in order: what came of each is matched with what came of those before. A group is the label
    of its first item throughout.
    """
    labels = np.arange(len(sums))

    def join(inside: Int[np.ndarray, " members"], settled: int, cut: Callable[..., float], speaks: Callable[..., np.ndarray]) -> None:
        """Cluster the groups of the items ``inside``; of the first ``settled`` groups, and of the others, no two are joined unless it is 0."""
        numbers, position = np.unique(labels[inside], return_inverse=True)
        if len(numbers) < 2 or settled == len(numbers):
            return
        groups = [inside[position == number] for number in range(len(numbers))]
        number_of = np.full(len(sums), -1)
        number_of[inside] = position
        pairs = number_of[apart]
        pairs = pairs[(pairs >= 0).all(axis=1)]
        forbidden = np.zeros((len(groups), len(groups)), bool)
        forbidden[pairs[:, 0], pairs[:, 1]] = forbidden[pairs[:, 1], pairs[:, 0]] = True
        if settled:
            forbidden[:settled, :settled] = forbidden[settled:, settled:] = True
        np.fill_diagonal(forbidden, False)
        tree = link(np.stack([sums[g].sum(axis=0) for g in groups]), np.array([weights[g].sum() for g in groups]), forbidden, speaks(groups))
        new = tree.cut(cut(tree.heights))
        for group, label in zip(groups, new, strict=True):
            labels[group] = numbers[int(np.flatnonzero(new == label)[0])]

    for places, cut, speaks in zip(levels, cuts[:-1], evidence[:-1], strict=True):
        for place in np.unique(places):
            join(np.flatnonzero(places == place), 0, cut, speaks)
    films = levels[-1]
    for film in np.unique(films)[1:]:
        join(np.flatnonzero(films <= film), len(np.unique(labels[films < film])), cuts[-1], evidence[-1])
    return np.unique(labels, return_inverse=True)[1]


def _levels(clips: list[Heard], counts: list[int]) -> list[Int[np.ndarray, " items"]]:
    films = {film: number for number, film in enumerate(dict.fromkeys(clip.voices.clip.film.id for clip in clips))}
    by_clip = np.repeat(np.arange(len(clips)), counts)
    by_film = np.repeat([films[clip.voices.clip.film.id] for clip in clips], counts)
    return [by_clip, by_film]


def _blocks(tables: list[Bool[np.ndarray, "n n"]]) -> Int[np.ndarray, "pairs 2"]:
    """Pairs that are true in tables along a diagonal, by their place in the whole."""
    offsets = np.cumsum([0, *(len(table) for table in tables)])
    return np.concatenate([np.argwhere(np.triu(table)) + offset for table, offset in zip(tables, offsets[:-1], strict=True)])


def _split(labels: Int[np.ndarray, " items"], counts: list[int]) -> list[Int[np.ndarray, " part"]]:
    return np.split(labels, np.cumsum(counts)[:-1])


def _count(labels: list[Int[np.ndarray, " items"]]) -> int:
    return 1 + max((int(part.max(initial=-1)) for part in labels), default=-1)


def _covered(window: np.ndarray, turns: list[Turn]) -> int:
    span = Span(int(window[0]), int(window[1]))
    return sum(span.overlap(turn.span) for turn in turns)
