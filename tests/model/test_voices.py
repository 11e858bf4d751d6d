from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub import weights
from cinedub.errors import ElementError, UsageError
from model import voices
from model.order import Voice
from tests.model import synthetic

pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in ("dnsmos", "campplus", "hibari")), reason="weights are not here")


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Six seconds of Hibari, at 24 kHz."""
    pytest.importorskip("hibari")
    from cinedub.film.voices import Speaker

    return (
        Speaker("hibari", 1).say("The harbour was quiet, and nobody heard the old ship come in before dawn. Seven men slept near their boats.").sound
    )


def test_a_voice_is_a_recording_a_ready_voice_or_somebody_in_a_dataset(tmp_path: Path, spoken: np.ndarray) -> None:
    soundfile.write(tmp_path / "anna.wav", spoken, 24_000)
    given = voices.named([f"anna={tmp_path / 'anna.wav'}", "bob=kokoro:jm_kumo", "hibari"])
    assert given["bob"] == Voice(ready="kokoro:jm_kumo") and given[voices.EVERYBODY] == Voice(ready="hibari")
    assert np.linalg.norm(given["anna"].vector) == pytest.approx(1.0, abs=1e-3)


def test_a_reference_must_be_long_loud_and_clean_enough(tmp_path: Path, spoken: np.ndarray) -> None:
    chance = np.random.default_rng(0)
    wrong = {
        "SHORT": spoken[:48_000],
        "SILENT": np.zeros(96_000, np.float32),
        "NOISY": (spoken + chance.normal(0, 2 * spoken.std(), len(spoken))).astype(np.float32),
    }
    mostly_silent = np.concatenate([spoken[12_000:48_000], np.zeros(96_000, np.float32)])
    for name, sound in (*wrong.items(), ("SHORT", mostly_silent)):
        soundfile.write(tmp_path / "a.wav", sound / max(1.0, np.abs(sound).max()), 24_000)
        with pytest.raises(ElementError) as refused:
            voices.of_file(tmp_path / "a.wav")
        assert refused.value.code == f"REFERENCE_{name}" and "a.wav" in str(refused.value)


@pytest.mark.parametrize("given", [["anna="], ["=a.wav"], ["anna=nowhere.wav"], ["hibari", "hibari"]])
def test_what_is_no_voice_is_refused(given: list[str]) -> None:
    with pytest.raises(UsageError):
        voices.named(given)


def test_a_record_without_that_speaker_says_who_there_is(tmp_path: Path) -> None:
    synthetic.shards(tmp_path, 1, 1)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "dataset.json").write_text('{"shards": [{"uri": "shards/cinedub-train-00000.tar"}]}')
    assert len(voices.voice(f"record:{tmp_path}:a").vector) == 192
    with pytest.raises(UsageError, match="there are: a, b"):
        voices.voice(f"record:{tmp_path}:z")
