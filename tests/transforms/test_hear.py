"""Voices of a clip: stitched over any length, told apart by the real models, with vectors where the schema says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr

from cinedub import backends, config, sound, storage, weights
from cinedub.film import voices
from schemas import AudioStream, Clip, Film, Reel, Shots, Span, Stems, Turn, Utterance, VideoStream, Word
from transforms.hear import alone, follow, hear, speaking, unclaimed, windows

RATE = 16_000


class Script:
    """A segmenter that reads who speaks off the sound: sample values are bit masks of voices. Each pass numbers them anew, as the real one does."""

    window_ms, step_ms, digest = 10_000, 270 / 16, "script"

    def __init__(self) -> None:
        self.passes = 0

    def segment(self, sound: np.ndarray) -> np.ndarray:
        self.passes += 1
        codes = sound[::270].astype(int)
        columns = np.stack([(codes >> bit) & 1 for bit in range(4)], axis=1)
        present = sorted(np.flatnonzero(columns.any(axis=0)), key=lambda bit: (bit * 7 + self.passes * 3) % 5)[:3]
        return np.pad(columns[:, present], ((0, 0), (0, 3 - len(present)))).astype(float)


def scripted(seconds: int, *turns: tuple[int, float, float]) -> np.ndarray:
    codes = np.zeros(seconds * RATE, int)
    for voice, start, end in turns:
        codes[int(start * RATE) : int(end * RATE)] |= 1 << voice
    return codes.astype(np.float32)


@pytest.mark.parametrize("seconds", [1, 9, 10, 11, 30])
def test_passes_are_stitched_so_that_a_number_never_stands_for_two_voices_and_changes_only_after_silence(seconds: int) -> None:
    turns = [(0, 0.2, 4.0), (1, 3.5, 8.0), (0, 8.5, 14.0), (1, 13.0, 21.0), (0, 20.0, 29.5)]
    said = scripted(seconds, *turns)
    activity = follow(said, Script())
    wanted = np.stack([(said[::270].astype(int) >> bit) & 1 for bit in range(2)], axis=1).astype(bool)
    found = activity > 0.5
    assert len(found) == -(-seconds * RATE // 270)
    found = found[:, found.any(axis=0)]
    owner = [int((wanted & column[:, None]).sum(axis=0).argmax()) for column in found.T]
    for voice in range(2):
        assert np.array_equal(found[:, [who == voice for who in owner]].any(axis=1), wanted[:, voice])
    assert len(owner) == wanted.any(axis=0).sum() + (seconds == 30)  # the first voice comes back after all of a pass without it


def test_silence_has_no_voices() -> None:
    assert not (follow(scripted(25), Script()) > 0.5).any()


def test_active_voices_speak_and_the_two_likeliest_where_two_are_expected() -> None:
    activity = np.array([[0.3, 0.1, 0.0], [0.2, 0.4, 0.0], [0.9, 0.0, 0.2], [0.9, 0.1, 0.3], [0.2, 0.8, 0.9], [1.3, 0.0, 0.0]])
    heard = [np.flatnonzero(row).tolist() for row in speaking(activity)]
    assert heard == [[], [], [0], [0, 2], [1, 2], [0]]


def test_windows_cover_a_turn_and_stay_inside_the_clip() -> None:
    clip = Span(10_000, 20_000)
    assert windows(Span(10_000, 13_000), clip) == [Span(10_000, 11_500), Span(10_750, 12_250), Span(11_500, 13_000)]
    assert windows(Span(10_000, 11_000), clip) == [Span(10_000, 11_000)]
    assert windows(Span(19_900, 20_000), clip) == [Span(19_750, 20_000)]
    for length in range(1_501, 9_000, 77):
        pieces = windows(Span(10_000, 10_000 + length), clip)
        assert pieces[0].start == 10_000 and pieces[-1].end == 10_000 + length and all(piece.duration == 1_500 for piece in pieces)
        assert all(after.start - before.start <= 1_000 for before, after in pairwise(pieces))


def test_a_window_in_which_others_are_heard_is_told_by_what_is_nearest_of_its_voice_alone() -> None:
    clip, window = Span(0, 20_000), Span(10_000, 11_500)
    own = Turn("v0", Span(9_000, 16_000), 0.9)
    assert alone(window, "v0", [own], clip) == [window]
    after = alone(window, "v0", [own, Turn("v1", Span(5_000, 10_800), 0.9)], clip)
    assert after == [Span(10_800, 12_300)]
    around = alone(window, "v0", [own, Turn("v1", Span(10_300, 10_800), 0.9)], clip)
    assert around == [Span(9_750, 10_300), Span(10_800, 11_750)]
    assert alone(window, "v0", [own, Turn("v1", Span(5_000, 12_000), 0.9)], clip) == [window]  # half a second within reach is too little


def clip_of(stems: Path, span: Span, utterances: tuple[Utterance, ...] = ()) -> Clip:
    """A clip of a reel that is heard from 5 s of the film on; ``mix.flac`` and ``vocals.flac`` lie in ``stems``."""
    film = Film("film", "0" * 64, "f.mp4", "", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), 60_000)
    reel = Reel(film, Span(6_000, 60_000), Span(5_000, 60_000))
    stems_of = Stems(Shots(reel, (reel.span,)), str(stems / "mix.flac"), str(stems / "vocals.flac"), "")
    return Clip(stems_of, span, span, utterances, (span,))


def test_trusted_words_that_no_turn_touches_are_voices_of_their_own(tmp_path: Path) -> None:
    words = [Word(t, Span(s, s + 300), p) for t, s, p in (("in", 7_000, 0.9), ("the", 9_000, 0.9), ("dark", 9_400, 0.7), ("hm", 12_000, 0.2))]
    utterance = Utterance(Span(7_000, 12_300), "in the dark hm", tuple(words), 0.9)
    clip = clip_of(tmp_path, Span(6_000, 20_000), (utterance,))
    assert unclaimed(clip, [Turn("v0", Span(6_500, 8_000), 0.9)]) == [Turn("v1", Span(9_000, 9_700), 0.8)]
    assert [turn.span.start for turn in unclaimed(clip, [])] == [7_000, 9_000, 12_000]


@pytest.mark.skipif(
    not all(weights.present(name) for name in ("segmentation-3.0", "campplus", "kokoro")), reason="run: cinedub weights fetch build film"
)
def test_two_people_one_lost_by_the_separator_are_heard_at_their_times_with_vectors_that_tell_them_apart(tmp_path: Path) -> None:
    said = [voices.Speaker(who, threads=1).say("We should have left this town a long time ago, my friend.") for who in ("jm_kumo", "jf_alpha")]
    parts = [soxr.resample(part.sound, voices.RATE, 48_000).astype(np.float32) for part in said]
    quiet = np.zeros(48_000, np.float32)
    track = np.concatenate([quiet, quiet, parts[0], quiet, parts[1], quiet])  # from 5 s of the film on
    lost = np.arange(len(track)) >= 96_000 + len(parts[0])  # the separator took the second voice for background, but for a tenth
    sound.write(tmp_path / "vocals.flac", [np.where(lost, 0.1, 1.0).astype(np.float32)[None] * track], 48_000)
    sound.write(tmp_path / "mix.flac", [track[None]], 48_000)
    clip = clip_of(tmp_path, Span(6_000, 5_000 + len(track) // 48))
    models = {role: backends.load(role, model) for role, model in config.models(config.Hear()).items()}
    with storage.Assets("Hear", "0" * 32) as assets:
        heard = hear(clip, config.Hear(), assets, **models)
        assets.publish()
    first, second = (len(part) // 48 for part in parts)
    starts = {"v0": 7_000, "v1": 8_000 + first}
    assert {turn.speaker for turn in heard.turns} == {"v0", "v1"}
    for turn in heard.turns:
        assert starts[turn.speaker] - 300 <= turn.span.start and turn.span.end <= starts[turn.speaker] + max(first, second) + 300
    with np.load(storage.resolve(heard.arrays)) as arrays:
        spans, voice, vectors = arrays["windows"], arrays["voice"], arrays["embeddings"]
        assert len(spans) == len(voice) == len(vectors) == len(arrays["pitch"]) and spans.min() >= clip.span.start
        alike = vectors @ vectors.T
        other = voice[:, None] != voice
        assert alike[~other].min() > alike[other].max()
        assert np.nanmedian(arrays["pitch"][voice == 0]) < np.nanmedian(arrays["pitch"][voice == 1])
