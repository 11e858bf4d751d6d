"""Voices learned from what they said: references, the learning, and where what was learned is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub import weights
from model import adapt, mel
from model.dub import SHIPPED, Dubbing, Manner
from model.order import Order, Reference, Said, Voice

pytest.importorskip("hibari")
pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in ("hibari", "hifigan-universal")), reason="weights are not here")

TEXTS = (
    "The harbour was quiet, and nobody heard the old ship come in before dawn.",
    "Seven men slept near their boats while the wind went round to the north.",
    "She will never tell you what the letter said, and you must not ask.",
)


def spoken(text: str) -> np.ndarray:
    """A line at ``mel.RATE`` by a voice that no training has: Hibari through a shut door."""
    import soxr

    from cinedub.film.voices import RATE, Speaker

    sound = soxr.resample(Speaker("hibari", 1).say(text).sound, RATE, mel.RATE)
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / mel.RATE)
    return np.fft.irfft(spectrum * np.where(hertz > 1200, 0.1, 1.0), len(sound)).astype(np.float32)


def colour(mels: torch.Tensor) -> torch.Tensor:
    """The mean spectrum of what is loud, without its level."""
    level = mels.mean(1)
    mean = mels[level > level.max() - 4].mean(0)
    return mean - mean.mean()


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice(references=adapt.enough(adapt.of_sound(spoken(text), text, "en") for text in TEXTS[:2]))


@pytest.fixture(scope="module")
def dubbing() -> Dubbing:
    return Dubbing(SHIPPED, threads=2)


def order(voice: Voice) -> Order:
    return Order(4500, "en", (Said("a", 200, 4300, TEXTS[2]),), {"a": voice})


def test_a_reference_is_trimmed_and_its_words_must_fit_into_it() -> None:
    sound = np.concatenate([np.zeros(mel.RATE, np.float32), spoken(TEXTS[0]), np.zeros(mel.RATE, np.float32)])
    reference = adapt.of_sound(sound, TEXTS[0], "en")
    assert reference is not None and mel.RATE < len(reference.pcm) / 2 < len(sound) - 1.9 * mel.RATE
    assert adapt.of_sound(sound, "привет", "en") is None
    assert adapt.of_sound(sound[mel.RATE : mel.RATE + 9 * mel.HOP], TEXTS[0], "en") is None
    assert adapt.of_sound(np.zeros(0, np.float32), TEXTS[0], "en") is None


def test_references_are_enough_and_no_more() -> None:
    second = Reference("no", "en", bytes(2 * mel.RATE))
    assert adapt.enough([second, None]) == ()
    assert len(adapt.enough([second, None, second])) == 2
    assert len(adapt.enough([second] * 40)) == int(adapt.MOST_S)


def test_a_voice_that_was_learned_colours_other_words(dubbing: Dubbing, voice: Voice) -> None:
    wanted = colour(mel.mel(torch.from_numpy(spoken(TEXTS[2]))[None])[0])
    ((known,), (learned,)) = (dubbing.mels(order(voice), [0], Manner(learning=steps)) for steps in (0, 40))
    before, after = (float((colour(mels) - wanted).abs().mean()) for mels in (known, learned))
    assert after < 0.6 * before


def test_what_was_learned_is_kept_and_named_by_all_that_decides_it(dubbing: Dubbing, voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    manner = Manner(learning=3)
    assert dubbing.learn(order(voice), Manner(learning=2)) == 1 and dubbing.learn(order(Voice()), manner) == 0
    (first,) = dubbing.mels(order(voice), [0], manner)
    monkeypatch.setattr(adapt, "learn", None)
    later = Dubbing(SHIPPED, threads=2)
    assert later.learn(order(voice), manner) == 0
    (again,) = later.mels(order(voice), [0], manner)
    assert torch.allclose(first, again, atol=1e-4)
    less = replace(voice, references=voice.references[:1])
    places = [dubbing.address(order(one), 0, how) for one, how in ((voice, manner), (less, manner), (voice, Manner(learning=4)))]
    assert len(set(places)) == 3
    alone = Manner(learning=0)
    assert dubbing.address(order(voice), 0, alone) == dubbing.address(order(replace(voice, references=())), 0, alone)


def test_voices_of_one_clip_are_learned_apart(dubbing: Dubbing, voice: Voice) -> None:
    lines = (Said("a", 200, 4300, TEXTS[2]), Said("b", 200, 4300, TEXTS[2]))
    both = Order(4500, "en", lines, {"a": voice, "b": Voice()})
    mine, theirs = dubbing.mels(both, [0, 1], Manner(learning=3))
    (alone,) = dubbing.mels(order(voice), [0], Manner(learning=3))
    assert torch.allclose(mine, alone, atol=1e-3) and not torch.allclose(mine, theirs, atol=0.1)


def test_learned_weights_survive_their_file(tmp_path: Path) -> None:
    adapt.write(tmp_path / "voice.safetensors", adapt.Learned({"out.bias": torch.tensor([0.5, -2.0])}, 0.25))
    again = adapt.read(tmp_path / "voice.safetensors")
    assert again.higher == 0.25 and again.prior["out.bias"].tolist() == [0.5, -2.0]
