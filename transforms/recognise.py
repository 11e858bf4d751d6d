"""Appearances -> Cast of every clip: one identity for a person through a film and, where one is named, through its series."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from cinedub import attributes, casting, config, moods, onscreen, speaking, sync
from cinedub.casting import Heard
from cinedub.mouths import Mouths, spoken
from cinedub.passages import passages
from cinedub.storage import Assets, resolve
from schemas import Appearance, Appearances, Cast, Faces, FaceTrack, Passage, Span, Speaker, Turn, codec, union
from transforms.stage import Stage, remembered

#: A voice heard for less than this in a whole film founds no person of its own when it may be one who is heard in its clip.
_THIN, _THINNEST = 3.01, 0.27  # in windows of 1.5 s that overlap by half: 3 s and 0.4 s
#: Single windows are noisy: real voices stray to a cosine of 0.2 from themselves, less the more is heard. For every window more, the voice must be
#: so much more like the other person.
_PER_WINDOW = 0.06
#: A change of person within a turn costs as much as a cosine of 0.3 in one window; between turns of one local voice a third of that.
_CHANGE_INSIDE, _CHANGE_BETWEEN = 0.3, 0.1
#: What it costs to be somebody who is heard at the same time already: more than likeness can make up for.
_TAKEN = 10.0
#: How far a change of person moves to the nearest pause between words.
_SNAP_MS = 500


def recognise(appearances: Appearances, config: config.Recognise, assets: Assets) -> list[Cast]:
    """Casts in the order of the appearances. Speakers are ``s001``, ``s002``, … by first appearance in it.

    Who speaks in a film is decided from it and from the films before it, so that a film added at the end renames nobody. What a person is
    like (age, gender, the voice's mean) is told by all films.
    """
    films = [_clips(part) for part in appearances.parts]
    clips = [clip for film in films for clip in film]
    identities = casting.identities(clips, config.face_distance)
    windows, spoken = _spoken(films, casting.people(clips, identities, config.voice_distance), config)
    voices = _unit(_sums(clips, windows))
    person_of, shares = casting.match(clips, windows, identities)
    order = {person: f"s{n:03d}" for n, person in enumerate(dict.fromkeys(person for turns in spoken for person, _, _ in turns), start=1)}
    tracks: dict[int, list[FaceTrack]] = {person: [] for person in order}
    looks: dict[int, list[FaceTrack]] = {}
    for clip, ids in zip(clips, identities, strict=True):
        for track, identity in zip(clip.faces.tracks, ids.tolist(), strict=True):
            looks.setdefault(identity, []).append(track)
            if person_of.get(identity) in tracks:
                tracks[person_of[identity]].append(track)
    usual = {identity: moods.usual(own) for identity, own in looks.items()}
    measured = [moods.measured(clip) for clip in clips]
    sounding = moods.sounding(measured, windows)
    known = {person: _speaker(order[person], person, voices[person], clips, windows, tracks[person], shares.get(person, 0.0)) for person in order}
    shown: list[_Shown] = []
    first = 0
    for film in films:
        part = slice(first, first := first + len(film))
        shown += _shown(film, spoken[part], identities[part], assets)
    casts = []
    for clip, turns, ids, seen, people, rows in zip(clips, spoken, identities, shown, windows, measured, strict=True):
        faces_of = {p: tuple(t.index for t, i in zip(clip.faces.tracks, ids, strict=True) if person_of.get(int(i)) == p) for p in order}
        present = [p for p in order if any(person == p for person, _, _ in turns)]
        speakers = tuple(replace(known[p], faces=faces_of[p]) for p in present)
        spoken_by_name = tuple(Turn(order[p], span, score) for p, span, score in turns)
        felt = [replace(t, emotions=moods.against(t.emotions, usual[i])) for t, i in zip(seen.faces.tracks, ids.tolist(), strict=True)]
        told = replace(seen.faces, tracks=tuple(felt))
        tones = tuple(moods.tones(clip.windows, rows, people, sounding, {p: order[p] for p in present}))
        casts.append(Cast(clip.voices, told, speakers, spoken_by_name, seen.speaking, seen.moving, seen.still, tones))
    return casts


def recognised(appearances: Appearances, config: config.Recognise, assets: Assets) -> list[Passage]:
    """The casts, those of a scene together, with the names that are said in all of them."""
    return passages(recognise(appearances, config, assets))


class Recognise(Stage[Appearances, Passage]):
    """Give every voice and face of a film or series its name."""

    run = staticmethod(recognised)
    version = 16


def _clips(part: Appearance) -> list[Heard]:
    nouns = remembered(resolve(part.clips), {part.film.id: codec.builtins(part.film)})
    return [
        Heard(voices, faces, **_voice_arrays(resolve(voices.arrays)), face_vectors=_face_vectors(resolve(faces.arrays)), mouths=mouths)
        for voices, (faces, mouths) in zip(nouns[::2], _in_step(nouns[1::2]), strict=True)
    ]


def _in_step(clips: list[Faces]) -> Iterator[tuple[Faces, dict[str, np.ndarray] | None]]:
    """A film's clips, each late by what all of them tell; where that changes which sound a mouth goes with, so do the mouths' scores."""
    seen = [faces for faces in clips if faces.sync is not None]
    late = dict(zip([faces.id for faces in seen], sync.through_film([_arrays(faces, "offsets")["offsets"] for faces in seen]), strict=True))
    for faces in clips:
        told = replace(faces, sync=late.get(faces.id))
        if (late_ms := sync.known_ms(told.sync)) == sync.known_ms(faces.sync):
            yield told, None
            continue
        arrays = _arrays(faces, "aperture", "points", "track")
        mouths = Mouths.of(faces.clip, arrays).going(late_ms)
        tracks = tuple(replace(track, speaking=spoken(faces.clip, mouths["speaking"][track.index])) for track in faces.tracks)
        yield replace(told, tracks=tracks), mouths


def _arrays(faces: Faces, *names: str) -> dict[str, np.ndarray]:
    with np.load(resolve(faces.arrays), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a clip shows once everybody in the film is known: the fields of ``Cast`` by their names."""

    faces: Faces
    speaking: str
    moving: tuple[Span, ...]
    still: tuple[Span, ...]


def _shown(
    clips: list[Heard], spoken: list[list[tuple[int, Span, float]]], identities: list[Int[np.ndarray, " N"]], assets: Assets
) -> Iterator[_Shown]:
    """Who of those seen in a film's clips speaks, clip by clip."""
    seen = [_seen(clip, ids) for clip, ids in zip(clips, identities, strict=True)]
    for clip, scores in zip(clips, onscreen.scores(seen, spoken), strict=True):
        faces = clip.faces
        if not faces.tracks:
            yield _Shown(faces, "", (), ())
            continue
        name = f"{faces.id}.npz"
        np.savez_compressed(assets.path(name), speaking=scores)
        tracks = tuple(replace(track, speaking=_spans(faces, scores[track.index])) for track in faces.tracks)
        yield _Shown(replace(faces, tracks=tracks), assets.uri(name), *_mouths(faces))


def _seen(clip: Heard, ids: Int[np.ndarray, " N"]) -> onscreen.Seen:
    arrays = _arrays(clip.faces, "track", "speaking", "heard") | (clip.mouths or {})
    start = clip.faces.clip.span.start + sync.known_ms(clip.faces.sync)
    return onscreen.Seen(start, ids, arrays["track"], arrays["speaking"], arrays["heard"])


def _spans(faces: Faces, score: Float[np.ndarray, " T"]) -> tuple[tuple[Span, float], ...]:
    start, step = faces.clip.span.start, speaking.FRAME_MS
    return tuple((Span(start + first * step, start + after * step), round(mean, 4)) for first, after, mean in speaking.spans(score))


def _mouths(faces: Faces) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """When mouths move, and when mouths are seen and none does."""
    with np.load(resolve(faces.arrays), allow_pickle=False) as arrays:
        seen = (arrays["points"] != 0).any(axis=(2, 3))
        moves = np.zeros(seen.shape[1], bool)
        for aperture, known in zip(arrays["aperture"], seen, strict=True):
            moves |= speaking.moving(aperture, known)
    start, step = faces.clip.span.start, speaking.FRAME_MS
    moving = [Span(start + first * step, start + after * step) for first, after, _ in speaking.spans(moves.astype(float))]
    for span in moving:
        moves[(span.start - start) // step : (span.end - start) // step] = True
    still = [Span(start + first * step, start + after * step) for first, after, _ in speaking.spans((seen.any(axis=0) & ~moves).astype(float), gap=0)]
    return tuple(moving), tuple(still)


def _face_vectors(path: Path) -> Float[np.ndarray, "N face_embedding"]:
    with np.load(path, allow_pickle=False) as arrays:
        return np.asarray(arrays["embedding"])


def _voice_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        colour = np.stack([arrays[name] for name in ("pitch", "spread", "tilt")], axis=1)
        return {"vectors": arrays["embeddings"], "colour": colour} | {name: arrays[name] for name in ("windows", "voice", "level", "female")}


def _spoken(
    films: list[list[Heard]], labels: list[Int[np.ndarray, " W"]], config: config.Recognise
) -> tuple[list[Int[np.ndarray, " W"]], list[list[tuple[int, Span, float]]]]:
    """Film by film the person of every window of every clip, and every clip's turns; each film sees itself and those before it."""
    total: dict[int, float] = {}
    sums: dict[int, np.ndarray] = {}
    fresh, settled, spoken = itertools.count(1 + max((int(part.max(initial=-1)) for part in labels), default=-1)), [], []
    for clips in films:
        part, labels = labels[: len(clips)], labels[len(clips) :]
        for clip, people in zip(clips, part, strict=True):
            for person, weight in zip(people.tolist(), clip.weight, strict=True):
                total[person] = total.get(person, 0.0) + weight
        part = _settle(clips, part, config.voice_distance, total, _unit(_sums(clips, part, sums)), fresh)
        sums = _sums(clips, part, sums)
        voices = _unit(sums)
        settled += part
        spoken += [_turns(clip, people, voices, config.join_gap_ms) for clip, people in zip(clips, part, strict=True)]
    return settled, spoken


def _settle(
    clips: list[Heard], labels: list[Int[np.ndarray, " W"]], voice_distance: float,
    total: dict[int, float], centres: dict[int, Float[np.ndarray, " embedding"]], fresh: Iterator[int],
) -> list[Int[np.ndarray, " W"]]:  # fmt: skip
    """Windows without a person, and people heard too shortly to be sure of, go to the person of their clip who sounds most like them.

    Whom a window is heard together with it can't be. What nobody in the clip may have said stays a person of its own, with a ``fresh`` number.
    A syllable founds nobody: it goes to anybody of its clip of whom there is more. ``total`` is how much is heard of everybody so far, in windows.
    """
    settled = []
    for clip, part in zip(clips, labels, strict=True):
        part = _carried(clip, part)
        present = [person for person in dict.fromkeys(part.tolist()) if person >= 0]
        sure = [person for person in present if total[person] >= _THIN]
        loose = {person for person in part.tolist() if person < 0 or total[person] < _THIN}
        for person in sorted(loose):
            for local in dict.fromkeys(clip.voice[part == person].tolist()):
                rows = np.flatnonzero((part == person) & (clip.voice == local))
                others = set(part[clip.together[rows].any(axis=0)].tolist())
                known = [p for p in present if total[p] >= _THINNEST] if 0 < total[person] < _THINNEST else sure
                likely = [(float((clip.vectors[rows] @ centres[p]).mean()), p) for p in known if p not in others]
                best, chosen = max(likely, default=(-1.0, -1))
                enough = person < 0 or total[person] < _THINNEST or best > 0.96 - voice_distance - casting.REACH + _PER_WINDOW * total[person]
                if likely and enough:
                    part[rows] = chosen
                elif person < 0:
                    part[rows] = next(fresh)
        settled.append(part)
    return settled


def _carried(clip: Heard, labels: Int[np.ndarray, " W"]) -> Int[np.ndarray, " W"]:
    """The labels; a window in which its voice is never alone says nothing of whose it is, and takes the person of the nearest one of its local voice.

    Not that of somebody who is heard together with it.
    """
    carried = labels.copy()
    middles = clip.windows.mean(axis=1)
    for row in np.flatnonzero(labels < 0):
        own = np.flatnonzero((labels >= 0) & (clip.voice == clip.voice[row]))
        own = own[~np.isin(labels[own], labels[clip.together[row]])]
        if len(own):
            carried[row] = labels[own[np.abs(middles[own] - middles[row]).argmin()]]
    return carried


def _sums(
    clips: list[Heard], labels: list[Int[np.ndarray, " W"]], before: dict[int, Float[np.ndarray, " embedding"]] | None = None
) -> dict[int, Float[np.ndarray, " embedding"]]:
    """The weighed sum of the voice vectors of each person, added to what was heard ``before``."""
    sums = dict(before or {})
    for clip, part in zip(clips, labels, strict=True):
        for person, vector, weight in zip(part.tolist(), clip.vectors, np.maximum(clip.weight, 1e-3), strict=True):
            if person >= 0:
                sums[person] = sums.get(person, 0.0) + weight * vector
    return sums


def _unit(sums: dict[int, Float[np.ndarray, " embedding"]]) -> dict[int, Float[np.ndarray, " embedding"]]:
    """The unit voice vector of each person."""
    return {person: total / max(float(np.linalg.norm(total)), 1e-9) for person, total in sums.items()}


def _turns(clip: Heard, labels: Int[np.ndarray, " W"], voices: dict[int, np.ndarray], join_gap_ms: int) -> list[tuple[int, Span, float]]:
    """(person, span, score) by start: the segmenter's turns, each split where the windows say that another person goes on."""
    pieces: list[tuple[int, Span, float]] = []
    together = clip.together
    for local in dict.fromkeys(clip.voice.tolist()):
        rows = np.flatnonzero(clip.voice == local)
        rows = rows[np.argsort(clip.windows[rows].sum(axis=1), kind="stable")]
        turns = [turn for turn in clip.voices.turns if turn.speaker == f"v{local}"]
        middles = clip.windows[rows].mean(axis=1)
        of_turn = [next(n for n, turn in enumerate(turns) if middle <= turn.span.end or n == len(turns) - 1) for middle in middles]
        people = sorted(set(labels[rows].tolist()))
        taken = np.array([[person in set(labels[together[row]].tolist()) for person in people] for row in rows])
        path = _path(clip.vectors[rows], np.maximum(clip.weight[rows], 0.1), people, voices, of_turn, taken)
        for number, turn in enumerate(turns):
            inside = [(middle, person) for middle, person, of in zip(middles, path, of_turn, strict=True) if of == number]
            if not inside:
                continue
            start = turn.span.start
            for (before, person), (after, other) in itertools.pairwise(inside):
                if person != other:
                    border = min(max(_pause(clip, int(before + after) // 2), start + 1), turn.span.end - 1)
                    pieces.append((person, Span(start, border), turn.score))
                    start = border
            pieces.append((inside[-1][1], Span(start, turn.span.end), turn.score))
    return _joined(pieces, join_gap_ms)


def _path(
    vectors: np.ndarray, weights: np.ndarray, people: list[int], voices: dict[int, np.ndarray], of_turn: list[int], taken: np.ndarray
) -> list[int]:
    """The likeliest person of each window in order, where a change has its price (Viterbi); nobody who is heard together with it."""
    likeness = weights[:, None] * (vectors @ np.stack([voices[person] for person in people]).T) - _TAKEN * taken
    score, back = likeness[0], []
    for now, before, row in zip(of_turn[1:], of_turn, likeness[1:], strict=False):
        changed = score.max() - (_CHANGE_INSIDE if now == before else _CHANGE_BETWEEN)
        back.append(np.where(score >= changed, np.arange(len(people)), score.argmax()))
        score = np.maximum(score, changed) + row
    state = int(score.argmax())
    states = [state]
    for step in reversed(back):
        states.append(state := int(step[state]))
    return [people[state] for state in reversed(states)]


def _pause(clip: Heard, ms: int) -> int:
    """The middle of the longest pause between words within reach of ``ms``; ``ms`` itself where no words are."""
    words = [word.span for utterance in clip.voices.clip.utterances for word in utterance.words]
    pauses = [(after.start - before.end, (before.end + after.start) // 2) for before, after in itertools.pairwise(words)]
    near = [(length - abs(middle - ms) // 4, middle) for length, middle in pauses if abs(middle - ms) <= _SNAP_MS]
    return max(near)[1] if near else ms


def _joined(pieces: list[tuple[int, Span, float]], gap_ms: int) -> list[tuple[int, Span, float]]:
    """A person's turns with at most ``gap_ms`` between them are one, unless somebody else speaks in between; scores are averaged over time."""
    joined: list[tuple[int, Span, float]] = []
    for person in dict.fromkeys(person for person, _, _ in pieces):
        own = sorted((span, score) for who, span, score in pieces if who == person)
        others = union(span for who, span, _ in pieces if who != person)
        for span, score in own:
            last = joined[-1] if joined and joined[-1][0] == person else None
            between = Span(last[1].end, span.start) if last is not None and last[1].end < span.start else None
            free = between is None or (between.duration <= gap_ms and not any(between.overlap(other) for other in others))
            if last is not None and free:
                share = span.duration / (span.duration + last[1].duration)
                joined[-1] = (person, Span(last[1].start, max(span.end, last[1].end)), round((1 - share) * last[2] + share * score, 4))
            else:
                joined.append((person, span, score))
    return sorted(joined, key=lambda piece: (piece[1], piece[0]))


def _speaker(
    name: str, person: int, voice: np.ndarray, clips: list[Heard], labels: list[Int[np.ndarray, " W"]], faces: list[FaceTrack], face: float
) -> Speaker:
    """A person with the attributes that everything seen and heard of them gives."""
    rows = [part == person for part in labels]
    sounds = attributes.colour(*np.concatenate([np.c_[clip.colour[own], clip.female[own]] for clip, own in zip(clips, rows, strict=True)]).T)
    alike = np.concatenate([clip.vectors[own] @ voice for clip, own in zip(clips, rows, strict=True) if own.any()] or [np.zeros(1)])
    age = attributes.age(faces)
    odds = attributes.female_odds(sounds, voice.tolist(), faces, age)
    gender = attributes.gender(sounds, voice.tolist(), faces, age)
    sure = {
        "age": attributes.looking(faces, age), "gender": attributes.certainty(odds),
        "voice": round(float(np.clip(alike.mean(), 0, 1)), 4), "face": round(face, 4),
    }  # fmt: skip
    return Speaker(name, (), age, gender, attributes.timbre(sounds, gender), tuple(round(float(x), 5) for x in voice), sure)
