"""Real recordings as films: what is known of them, and that their sound arrives; skipped where they aren't fetched."""

import numpy as np
import pytest

from cinedub import media, truth, weights
from cinedub.recordings import recordings, write
from schemas import Span

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in weights.members_of("recordings")), reason="needs: cinedub weights fetch recordings"
)


def test_what_is_known_lies_inside_each_recording_and_in_order():
    for recording in recordings():
        length = len(recording.sound) * 1000 // recording.rate
        for known in (recording.sentences, recording.turns):
            assert all(0 <= start < end <= length + 1 for start, end, _ in known)
            assert [row[0] for row in known] == sorted(row[0] for row in known)
        assert bool(recording.sentences) != bool(recording.turns)


def test_meetings_are_of_the_test_split_and_people_interrupt_each_other():
    meetings = [recording for recording in recordings() if recording.name.startswith("meeting")]
    assert [len(meeting.turns) for meeting in meetings] == [22, 5]
    assert any(a[1] > b[0] for meeting in meetings for a, b in zip(meeting.turns, meeting.turns[1:], strict=False))


def test_a_recording_becomes_a_film_with_its_sound_and_a_truth_that_can_be_read(tmp_path):
    films = {film.stem: film for film in write(tmp_path)}
    assert set(films) == {"meeting-0", "meeting-1", "aishell", "librivox"}
    known = truth.read(films["aishell"].with_suffix(".json"))
    assert known.tongue == "zh" and [line.text[:4] for line in known.spoken] == ["甚至出现", "一二线城"] and not known.turns
    source = next(recording for recording in recordings() if recording.name == "aishell")
    heard = np.concatenate(list(media.sound(films["aishell"], Span(0, 3000), source.rate, 1)), axis=1)[0]
    assert np.corrcoef(heard[: 2 * source.rate], source.sound[: 2 * source.rate])[0, 1] > 0.95
