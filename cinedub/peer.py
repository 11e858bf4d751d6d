"""What a user would pick today, on the same films: the recipe of whisperX (Bain et al., "WhisperX: Time-Accurate Speech Transcription of
Long-Form Audio", Interspeech 2023) with the models that CineDub has too.

Plain faster-whisper hears the whole film's mix, with its own voice activity filter and word times. Beside it pyannote's segmentation goes over the
film in passes of 10 s, CAM++ gives every pass's voices a vector, plain average linkage joins those that are nearer than the threshold that
3D-Speaker documents for these vectors (cosine similarity 0.4). Each word goes to whoever's turn shares most with it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import fcluster, linkage

from cinedub import backends, media, storage, weights
from cinedub.backends import roles
from cinedub.config import Model
from cinedub.errors import UsageError
from cinedub.truth import Truth
from schemas import Language, Span, codec
from schemas.speech import joined

VERSION = "2"
RATE = 16_000
RECOGNISER = "whisper-base"
#: Threads of these small networks wait for each other longer than they work.
SEGMENTER, ENCODER = Model("pyannote", "segmentation-3.0", threads=1), Model("campplus", "campplus", threads=1)
FILMS = (".mp4", ".mkv", ".mov", ".webm", ".flac", ".wav")

#: 3D-Speaker's default for average linkage of CAM++ vectors, as a distance; nothing here is tuned.
SAME_VOICE = 0.6
#: Passes begin this far apart: pyannote's own default.
STEP_S = 1.0
#: A pass's voice is clustered when it is heard alone for this long; a shorter one goes to the nearest person.
LEAST_ALONE_S = 1.0
ACTIVE = 0.5


def record(truth: Truth) -> dict[str, Any]:
    """The film beside the truth as one record over all of it: lines with words, and turns. Remembered in the stage cache.

    The whole sound track is held in memory (4 MB for a minute).

    Raises:
        UsageError: no film beside the truth. MediaError: one that can't be heard. WeightsError: missing models.
    """
    path = truth.beside(*FILMS)
    if path is None:
        raise UsageError(f"the peer hears the film itself: there is none beside {truth.stem}.json ({', '.join(FILMS)})")
    chosen = f"{STEP_S} {LEAST_ALONE_S} {SAME_VOICE} {ACTIVE}"
    digests = [backends.digest("segmenter", SEGMENTER), backends.digest("voice_encoder", ENCODER), weights.digest(weights.find(RECOGNISER))]
    place = storage.address(VERSION, chosen, storage.content_digest(path), truth.tongue, str(truth.duration_ms), *digests)
    with storage.Assets("Peer", place) as assets:
        known = assets.folder / "result.json"
        if known.is_file():
            return codec.decode(known.read_bytes(), dict)
        span = Span(0, truth.duration_ms)
        sound = np.concatenate([block[0] for block in media.sound(path, span, RATE, 1)])
        turns = diarised(sound)
        found = _record(span, list(words(sound, truth.tongue)), turns, truth.tongue)
        assets.path("result.json").write_bytes(codec.encode(found))
        assets.publish()
    return found


def words(sound: roles.Mono, language: Language) -> Iterator[list[dict[str, Any]]]:
    """Every segment's words, as faster-whisper gives them."""
    ctranslate2.set_random_seed(0)  # the fallback at higher temperatures samples: the same film shall give the same figures
    segments, _ = _whisper().transcribe(
        sound, language=language, beam_size=5, word_timestamps=True, vad_filter=True, condition_on_previous_text=False
    )  # fmt: skip
    for segment in segments:
        yield [
            {"text": word.word.strip(), "start_ms": round(word.start * 1000), "end_ms": max(round(word.end * 1000), round(word.start * 1000) + 1)}
            for word in segment.words or ()
        ]


@functools.cache
def _whisper() -> WhisperModel:
    return WhisperModel(str(weights.find(RECOGNISER)), "cpu", compute_type="int8", cpu_threads=2, local_files_only=True)


def diarised(sound: roles.Mono) -> list[dict[str, Any]]:
    """Turns of ``SPEAKER_00``, ``SPEAKER_01``, … in order of time."""
    segmenter, encoder = backends.load("segmenter", SEGMENTER), backends.load("voice_encoder", ENCODER)
    step = segmenter.step_ms / 1000
    width, frames = round(segmenter.window_ms / 1000 / step), -(-len(sound) // round(step * RATE))
    firsts = sorted({*range(0, max(1, frames - width), round(STEP_S / step)), max(0, frames - width)})
    passes = [(first, segmenter.segment(_samples(sound, first, first + width, step))[: frames - first] > ACTIVE) for first in firsts]
    voices: list[tuple[int, int]] = []
    heard: list[roles.Mono] = []
    for number, (first, active) in enumerate(passes):
        for voice in np.flatnonzero(active.any(axis=0)):
            alone = active[:, voice] & (active.sum(axis=1) == 1)
            own = alone if alone.sum() * step >= 0.1 else active[:, voice]
            parts = [_samples(sound, first + a, first + b, step) for a, b in _runs(own)]
            if sum(map(len, parts)) >= RATE // 5:
                voices.append((number, int(voice)))
                heard.append(np.concatenate(parts))
    if not voices:
        return []
    people = _clustered(encoder.encode(heard), np.array([len(part) / RATE for part in heard]))
    return _turns(passes, voices, people, frames, step)


def _clustered(vectors: Float[np.ndarray, "voices embedding"], seconds: Float[np.ndarray, " voices"]) -> Int[np.ndarray, " voices"]:
    """Average linkage of the voices that were heard long enough; the others go to the nearest person."""
    sure = seconds >= LEAST_ALONE_S if (seconds >= LEAST_ALONE_S).any() else np.ones(len(seconds), bool)
    labels = np.zeros(len(vectors), int)
    if sure.sum() > 1:
        labels[sure] = fcluster(linkage(vectors[sure], "average", "cosine"), SAME_VOICE, "distance") - 1
    centres = np.stack([vectors[sure & (labels == person)].mean(axis=0) for person in range(labels[sure].max() + 1)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels[~sure] = (vectors[~sure] @ centres.T).argmax(axis=1)
    return labels


def _turns(
    passes: list[tuple[int, np.ndarray]], voices: list[tuple[int, int]], people: Int[np.ndarray, " voices"], frames: int, step: float
) -> list[dict[str, Any]]:
    """At every frame as many people as the passes hear on average, those whom most passes hear."""
    votes, count, seen = np.zeros((frames, int(people.max()) + 1)), np.zeros(frames), np.zeros(frames)
    for number, (first, active) in enumerate(passes):
        rows = slice(first, first + len(active))
        seen[rows] += 1
        count[rows] += active.sum(axis=1)
        mine = {int(person): np.zeros(len(active), bool) for (which, _), person in zip(voices, people, strict=True) if which == number}
        for (which, voice), person in zip(voices, people, strict=True):
            if which == number:
                mine[int(person)] |= active[:, voice]
        for person, on in mine.items():
            votes[rows, person] += on
    wanted = np.rint(count / np.maximum(seen, 1))
    place = (-votes).argsort(axis=1, kind="stable").argsort(axis=1)
    on = (place < wanted[:, None]) & (votes > 0)
    turns = [
        {"speaker": f"SPEAKER_{person:02d}", "start_ms": round(a * step * 1000), "end_ms": round(b * step * 1000)}
        for person in range(on.shape[1])
        for a, b in _runs(on[:, person])
    ]
    return sorted(turns, key=lambda turn: (turn["start_ms"], turn["speaker"]))


def _record(span: Span, segments: list[list[dict[str, Any]]], turns: list[dict[str, Any]], language: Language) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    for segment in segments:
        for number, word in enumerate(segment):
            speaker = _speaker(word, turns)
            if number == 0 or lines[-1]["speaker"] != speaker:
                lines.append({"speaker": speaker, "words": []})
            lines[-1]["words"].append(word)
    for line in lines:
        text = joined((word["text"] for word in line["words"]), language)
        line |= {"text": text, "asr_text": text, "start_ms": line["words"][0]["start_ms"], "end_ms": line["words"][-1]["end_ms"]}
    return {"span_ms": [span.start, span.end], "lines": lines, "turns": turns, "asr_turns": turns}


def _speaker(word: dict[str, Any], turns: list[dict[str, Any]]) -> str:
    """Who shares most time with the word; else whose turn is nearest."""

    def shared(turn: dict[str, Any]) -> int:
        """Below 0: how far apart they are."""
        return min(turn["end_ms"], word["end_ms"]) - max(turn["start_ms"], word["start_ms"])

    return max(turns, key=shared)["speaker"] if turns else "SPEAKER_00"


def _samples(sound: roles.Mono, first: int, last: int, step: float) -> roles.Mono:
    return sound[round(first * step * RATE) : round(last * step * RATE)]


def _runs(on: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
