"""Speech for training: what was spoken is in the records, symbol by symbol, and hundreds of timbres are different voices."""

import io
import itertools
import json

import numpy as np
import pytest
import soundfile

from cinedub import shards, weights
from cinedub.film import medley, recitals, timbre
from cinedub.film.acting import MANNERS
from cinedub.film.recital import Performance, cut, grouped
from cinedub.film.voices import RATE, Phone, Speaker
from cinedub.phonemes import PAUSES
from cinedub.validate import validate

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("hibari", "kokoro", "face-landmarker", "campplus", "whisper-base")),
    reason="needs: cinedub weights fetch build film",
)
TEXT = "We have to be at the old harbour before nine."


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker("hibari", threads=1)


def spoken(speaker: Speaker, name: str = "neutral", pitch: float = 1.0, seed: int = 0) -> tuple[np.ndarray, tuple[Phone, ...]]:
    of = timbre.Timbre("t", pitch, 1.0, 1.0, 1.0, 0.0, (0.0,) * 6)
    rng = np.random.default_rng(seed)
    return cut(*timbre.say(speaker, TEXT, of, MANNERS[name], 1.0, rng), 30, MANNERS[name].level_db, rng)


def loudness(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def test_a_line_begins_with_its_first_sound_and_its_symbols_tile_it(speaker):
    sound, symbols = spoken(speaker)
    assert symbols[0].start == 0 and symbols[-1].end == len(sound) // 24
    assert all(one.end == after.start for one, after in itertools.pairwise(symbols))
    assert symbols[0].end <= 150 and len(sound) / RATE < 5
    first = next(symbol for symbol in symbols if symbol.symbol and symbol.symbol not in PAUSES)
    assert np.abs(sound[: first.start * 24]).max(initial=0) < 0.02 < np.abs(sound[first.start * 24 : first.end * 24 + 1200]).max()


def test_an_angry_line_is_louder_and_faster_than_a_sad_one(speaker):
    anger, sadness = spoken(speaker, "anger")[0], spoken(speaker, "sadness")[0]
    assert loudness(anger) > 1.5 * loudness(sadness) and len(anger) < 0.9 * len(sadness)


def test_pitch_follows_the_timbre(speaker):
    def pitch(sound: np.ndarray) -> float:
        middle = sound[RATE // 2 : RATE // 2 + 4 * RATE // 5]
        found = np.correlate(middle, middle, "full")[len(middle) - 1 :]
        return RATE / (int(found[RATE // 400 : RATE // 70].argmax()) + RATE // 400)

    assert pitch(spoken(speaker, pitch=0.6)[0]) < 0.8 * pitch(spoken(speaker, pitch=1.0)[0])


def test_timbres_vary_and_a_name_gives_one_voice():
    made = [timbre.timbre("a", np.random.default_rng(seed)) for seed in range(200)]
    assert {one.gender for one in made} == {"male", "female", "uncertain"} and {"child", "adult", "elderly"} == {one.age for one in made}
    assert timbre.timbre("a", np.random.default_rng(5)) == made[5]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_have_one_word_or_many_and_all_belong_to_the_split(language):
    lines = [text for text, _ in itertools.islice(medley.lines(language, "train", np.random.default_rng(0)), 300)]
    lengths = [len(text.split()) if language == "en" else len(text) for text in lines]
    assert min(lengths) <= 2 and max(lengths) >= 20
    assert len(set(lines)) > 290 and all(medley.texts.split_of(text) == "train" for text in lines)


def test_clips_hold_one_to_four_lines_of_one_language():
    def one(number: int) -> Performance:
        return Performance(f"v{number % 3}", "male", "adult", "zh" if number > 20 else "en", "a", "neutral", (), np.zeros(RATE), np.ones(192))

    groups = list(grouped((one(number) for number in range(40)), np.random.default_rng(0)))
    assert sum(map(len, groups)) == 40 and {len(group) for group in groups} == {1, 2, 3, 4}
    assert all(len({performance.language for performance in group}) == 1 for group in groups)


def test_a_corpus_of_recitals_keeps_every_promise_of_a_dataset(tmp_path):
    films = (itertools.islice(film, 3) for film in itertools.islice(recitals.hibari(2, 1.0, 4, "test"), 2))
    dataset = recitals.write(tmp_path / "corpus", films, "recital", 'a = "b"\n', "test", 4)
    report = validate(tmp_path / "corpus")
    assert not report.faults and report.records == dataset["records"] >= 2
    shown = 0
    for key, sample in shards.read_shard(tmp_path / "corpus" / "shards" / "cinedub-test-00000.tar"):
        record = json.loads(sample["json"])
        sound, _ = soundfile.read(io.BytesIO(sample["vocals.flac"]))
        assert record["key"] == key
        for line in record["lines"]:
            phones = line["phones"]
            assert phones[0][1] == line["start_ms"] and phones[-1][2] == line["end_ms"]
            assert loudness(sound[line["start_ms"] * 24 : line["end_ms"] * 24]) > 0.02
            assert line["words"][0]["start_ms"] >= line["start_ms"] and line["words"][-1]["end_ms"] <= line["end_ms"]
        with np.load(io.BytesIO(sample["faces.npz"])) as faces, np.load(io.BytesIO(sample["lips.npz"])) as lips:
            if len(faces["track"]):
                shown += 1
                speaking, aperture = faces["speaking"] > 0.5, lips["aperture"]
                assert aperture[speaking].mean() > 3 * aperture[~speaking].mean()
    assert shown
