"""A corpus straight from the truth keeps every promise of a dataset."""

import dataclasses
import io
import json

import numpy as np
import pytest

from cinedub import shards, weights
from cinedub.film import choose, write, write_shards
from cinedub.film.corpus import HEIGHT
from cinedub.score import score
from cinedub.validate import validate
from schemas.record import MEMBERS

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("hibari", "kokoro", "face-landmarker", "campplus")), reason="needs: cinedub weights fetch build film"
)


SETTINGS = choose(seconds=5, kinds=["monologue"], seed=6, split="test")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "corpus"
    write_shards(SETTINGS, out)
    return out


def test_a_corpus_validates_and_its_mouths_move_while_its_people_speak(corpus):
    report = validate(corpus)
    assert not report.faults and report.records > 0
    for key, sample in shards.read_shard(corpus / "shards" / "cinedub-test-00000.tar"):
        assert set(sample) == set(MEMBERS)
        record = json.loads(sample["json"])
        assert record["key"] == key and len(record["speakers"][0]["voice"]) == 192
        with np.load(io.BytesIO(sample["faces.npz"])) as faces, np.load(io.BytesIO(sample["lips.npz"])) as lips:
            speaking, aperture = faces["speaking"][faces["track"]] > 0.5, lips["aperture"][faces["track"]]
            assert aperture[speaking].mean() > 3 * aperture[~speaking].mean()


def test_the_same_settings_give_the_same_bytes_of_shards(corpus, tmp_path):
    write_shards(SETTINGS, tmp_path / "again")
    one, other = (sorted((folder / "shards").iterdir()) for folder in (corpus, tmp_path / "again"))
    assert [shard.read_bytes() for shard in one] == [shard.read_bytes() for shard in other]


def test_films_made_side_by_side_give_the_bytes_of_films_made_one_after_another(tmp_path, monkeypatch):
    monkeypatch.setattr("cinedub.film.corpus.FILM_S", 5.0)
    two = dataclasses.replace(SETTINGS, seconds=10.0)
    for name, cores in (("beside", {0, 1}), ("after", {0})):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: cores)
        assert write_shards(two, tmp_path / name)["films"] == 2
    beside, after = (sorted((tmp_path / name / "shards").iterdir()) for name in ("beside", "after"))
    assert [shard.read_bytes() for shard in beside] == [shard.read_bytes() for shard in after]


def test_the_truth_of_the_same_film_gives_a_corpus_straight_from_it_a_perfect_score(corpus, tmp_path):
    film = dataclasses.replace(SETTINGS, seed=SETTINGS.seed * 10_000, fps="25", height=HEIGHT)
    truth = write(film, tmp_path / "film.mp4").with_suffix(".json")
    measures = score(corpus, [truth])["total"]
    assert {name: m["rate"] for name, m in measures.items() if isinstance(m, dict) and "rate" in m and m["rate"]} == {}
    counts = {name: m for name, m in measures.items() if isinstance(m, dict) and {"of", "right"} <= m.keys() and m["of"]}
    assert {"lines", "kind", "gender", "emotion", "on_screen", "purity", "coverage", "faces", "speaking", "borders_near"} <= set(counts)
    assert {name: m for name, m in counts.items() if m["right"] < m["of"] - 0.002} == {}
    assert measures["speakers"]["error"] == 0 and measures["border_ms"]["mean"] == 0 and measures["shots"]["f1"] in (None, 1.0)
    # A corpus asks who speaks in the middle of a frame, the scoreboard at its beginning: they differ in the frames that speech begins and ends in.
    assert measures["mouths"]["mean"] > 0.98 and measures["speaking_ap"]["mean"] > 0.98
    assert min(measures["si_sdr_vocals"]["mean"], measures["si_sdr_background"]["mean"]) > 45  # 16 bits, twice
