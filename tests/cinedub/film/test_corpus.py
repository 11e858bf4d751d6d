"""A corpus straight from the truth keeps every promise of a dataset."""

import io
import json

import numpy as np
import pytest

from cinedub import shards, weights
from cinedub.film import choose, write_shards
from cinedub.validate import validate
from schemas.record import MEMBERS

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("hibari", "kokoro", "face-landmarker", "campplus")), reason="needs: cinedub weights fetch build film"
)


def test_a_corpus_validates_and_its_mouths_move_while_its_people_speak(tmp_path):
    dataset = write_shards(choose(seconds=5, kinds=["monologue"], seed=6, split="test"), tmp_path / "corpus")
    report = validate(tmp_path / "corpus")
    assert not report.faults and report.records == dataset["records"] > 0
    for key, sample in shards.read_shard(tmp_path / "corpus" / "shards" / "cinedub-test-00000.tar"):
        assert set(sample) == set(MEMBERS)
        record = json.loads(sample["json"])
        assert record["key"] == key and len(record["speakers"][0]["voice"]) == 192
        with np.load(io.BytesIO(sample["faces.npz"])) as faces, np.load(io.BytesIO(sample["lips.npz"])) as lips:
            speaking, aperture = faces["speaking"][faces["track"]] > 0.5, lips["aperture"][faces["track"]]
            assert aperture[speaking].mean() > 3 * aperture[~speaking].mean()
