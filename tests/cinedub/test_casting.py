"""What a window of voice is worth, and whose word counts, where several are heard at once."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import casting
from schemas import AudioStream, Clip, Faces, Film, Reel, Shots, Span, Stems, Turn, VideoStream, Voices

SPAN = Span(0, 10_000)
FILM = Film("f", "0" * 64, "f.mp4", "f", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48_000, 2), 10_000)
CLIP = Clip(Stems(Shots(Reel(FILM, SPAN, SPAN), (SPAN,)), "m", "v", "b"), SPAN, SPAN, (), (SPAN,))


def heard(cosine: float, *others: Span) -> casting.Heard:
    """Two windows of one local voice, so alike, and turns of another voice."""
    turns = [Turn("v0", Span(0, 3000), 0.9), *(Turn("v1", span, 0.9) for span in others)]
    vectors = np.array([[1.0, 0.0], [cosine, np.sqrt(1 - cosine**2)]])
    windows = np.array([(0, 1500), (1500, 3000)])
    nothing = np.zeros((0, 128))
    return casting.Heard(
        Voices(CLIP, tuple(turns), ""), Faces(CLIP, (), "", ""), windows, vectors, np.zeros(2, int), vectors, vectors[0], vectors[0], nothing
    )


def test_a_window_is_worth_what_its_voice_is_heard_alone_in_it() -> None:
    clip = heard(0.9, Span(750, 1500), Span(1800, 4000))
    assert clip.mixed == pytest.approx([0.5, 0.8]) and clip.weight == pytest.approx([0.5, 0.0])


@pytest.mark.parametrize(("others", "people"), [((), 2), ((Span(500, 1500), Span(2000, 3000)), 1)])
def test_in_a_clip_whose_voices_are_mixed_the_segmenters_word_counts_more(others: tuple[Span, ...], people: int) -> None:
    (labels,) = casting.people([heard(0.32, *others)], [np.zeros(0, int)], 0.64)
    assert len(set(labels.tolist())) == people
