"""Segmentation and voice vectors, by the real models on synthesised speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from cinedub import backends, config, weights
from cinedub.errors import ModelError, WeightsError
from cinedub.film import voices

pytestmark = pytest.mark.skipif(
    not all(weights.present(name) for name in ("segmentation-3.0", "campplus", "ina-gender", "kokoro")),
    reason="run: cinedub weights fetch build film",
)
RATE = 16_000


def say(voice: str, text: str) -> np.ndarray:
    spoken = voices.Speaker(voice, threads=1).say(text)
    return soxr.resample(spoken.sound, voices.RATE, RATE).astype(np.float32)


@pytest.fixture(scope="module")
def spoken() -> list[np.ndarray]:
    """Two people with two sentences each."""
    first, second = "We should have left this town a long time ago.", "Nobody told me that the train was late again."
    return [say(voice, text) for voice in ("jm_kumo", "jf_alpha") for text in (first, second)]


def test_the_same_voice_is_nearer_than_another_whatever_it_says(spoken: list[np.ndarray]) -> None:
    vectors = backends.load("voice_encoder", config.Hear().voice_encoder).encode(spoken)
    assert vectors.shape == (4, 192) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alike = vectors @ vectors.T
    assert min(alike[0, 1], alike[2, 3]) > 0.5 > 0.3 > alike[:2, 2:].max()


def test_a_voice_vector_does_not_depend_on_what_is_encoded_beside_it(spoken: list[np.ndarray]) -> None:
    encoder = backends.load("voice_encoder", config.Hear().voice_encoder)
    together = encoder.encode([spoken[0][:24_000], spoken[2][:24_000], spoken[1]])
    assert np.allclose(together[1], encoder.encode([spoken[2][:24_000]])[0], atol=1e-4)
    assert encoder.encode([]).shape == (0, 192)


def test_too_little_sound_for_a_voice_vector_is_refused() -> None:
    with pytest.raises(ModelError, match=r"0\.1 s"):
        backends.load("voice_encoder", config.Hear().voice_encoder).encode([np.zeros(1000, np.float32)])


def test_women_and_men_are_told_by_their_voices_however_loud_and_whatever_is_heard_beside(spoken: list[np.ndarray]) -> None:
    reader = backends.load("gender", config.Hear().gender)
    odds = reader.female(spoken)
    assert max(odds[:2]) < -2 and min(odds[2:]) > 2
    assert np.allclose(odds, [reader.female([sound / 50])[0] for sound in spoken], atol=0.05)
    assert reader.female([]).shape == (0,)


def test_a_tenth_of_a_second_and_silence_have_odds_too() -> None:
    odds = backends.load("gender", config.Hear().gender).female([np.zeros(1_600, np.float32), np.sin(np.arange(1_600, dtype=np.float32))])
    assert np.isfinite(odds).all()


def test_the_gender_network_is_that_of_its_keras_file(spoken: list[np.ndarray]) -> None:
    import torch
    from torch.nn import functional

    from cinedub.backends import ina
    from cinedub.backends.keras_graph import EPSILON, layers

    found = {name: {key: torch.from_numpy(value) for key, value in layer.items()} for name, layer in layers(_gender_file()).items()}

    def norm(values: torch.Tensor, n: int) -> torch.Tensor:
        layer = found[f"batch_normalization_{n}"]
        return functional.batch_norm(values, layer["moving_mean"], layer["moving_variance"], layer["gamma"], layer["beta"], eps=EPSILON).relu()

    reader = backends.load("gender", config.Hear().gender)
    values = torch.from_numpy(np.stack([reader._spectrogram(sound[: ina.PATCH]) for sound in spoken]))
    values = ((values - values.mean((1, 2), keepdim=True)) / values.std((1, 2), keepdim=True, correction=0))[:, None].float()
    for n, pool in enumerate(((1, 1), (1, 2), (1, 1), (2, 2), (28, 1)), start=1):
        layer = found[f"conv2d_{n}"]
        values = functional.max_pool2d(norm(functional.conv2d(values, layer["kernel"].permute(3, 2, 0, 1), layer["bias"]), n), pool)
    values = values.flatten(1)
    for n in range(1, 5):
        values = norm(values @ found[f"dense_{n}"]["kernel"] + found[f"dense_{n}"]["bias"], n + 5)
    scores = values @ found["dense_5"]["kernel"] + found["dense_5"]["bias"]
    assert np.allclose(reader.female([sound[: ina.PATCH] for sound in spoken]), scores[:, 0] - scores[:, 1], atol=1e-3)


@pytest.mark.parametrize("found", [{}, {"conv2d_1": {}}])
def test_a_keras_file_that_lacks_a_layer_or_a_weight_of_one_is_refused(found: dict[str, dict[str, np.ndarray]]) -> None:
    from cinedub.backends.keras_graph import Graph

    with pytest.raises(WeightsError, match="conv2d_1"):
        Graph(found).convolve("patches", "conv2d_1")


def _gender_file() -> Path:
    return weights.find("ina-gender") / "keras_male_female_cnn.hdf5"


def test_speech_is_told_from_silence_at_the_right_time(spoken: list[np.ndarray]) -> None:
    segmenter = backends.load("segmenter", config.Hear().segmenter)
    silence = np.zeros(RATE, np.float32)
    activity = segmenter.segment(np.concatenate([silence, spoken[0], silence]))
    active = np.flatnonzero(activity.max(axis=1) > 0.5) * segmenter.step_ms
    loud = 1000 + np.flatnonzero(np.abs(spoken[0]) > 0.02) / 16
    assert active[0] == pytest.approx(loud[0], abs=200) and active[-1] == pytest.approx(loud[-1], abs=200)


def test_the_segmenter_is_the_network_that_pyannote_has(spoken: list[np.ndarray]) -> None:
    import torch

    from cinedub.backends import pyannote

    file = weights.find("segmentation-3.0") / "pytorch_model.bin"
    sound = torch.from_numpy(np.concatenate([spoken[0], spoken[2]]))[None, None]
    (ours, sets), theirs = pyannote._loaded(file, "cpu"), pyannote.by_library(file, "cpu")
    with torch.inference_mode():
        assert torch.equal(ours(sound), theirs(sound))
    from pyannote.audio.utils.powerset import Powerset

    assert torch.equal(sets, Powerset(3, 2).mapping)


@pytest.mark.parametrize("samples", [1, 269, 1_000, 160_000])
def test_there_is_a_frame_for_every_step_of_sound_however_short(samples: int) -> None:
    activity = backends.load("segmenter", config.Hear().segmenter).segment(np.zeros(samples, np.float32))
    assert activity.shape == (-(-samples // 270), 3) and activity.min() >= 0 and activity.max() <= 1.001


def test_files_that_hold_no_such_model_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "weights.pt").write_bytes(b"nothing of the kind")
    for role, backend in (("segmenter", "pyannote"), ("voice_encoder", "campplus"), ("gender", "ina")):
        with pytest.raises(WeightsError, match=r"weights\.pt"):
            backends.load(role, config.Model(backend, str(tmp_path / "weights.pt")))
