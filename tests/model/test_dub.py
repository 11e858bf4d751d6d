import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from cinedub import cli, weights
from cinedub.config import Model
from cinedub.errors import ElementError, UsageError
from model import checkpoint, config, mel, vocoder
from model.checkpoint import Saved
from model.dub import Dubbing, Order, Said, Voice, from_sample, from_script, layers, voice_of
from model.network import Dubber
from tests.model import synthetic

pytest.importorskip("hibari")
pytestmark = pytest.mark.skipif(not weights.present("hifigan-universal"), reason="the vocoder's weights are not here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An untrained nano: it mumbles, on time."""
    torch.manual_seed(0)
    settings = config.load("nano")
    network = Dubber(settings.network)
    torch.nn.init.normal_(network.decoder.out.weight, std=0.05)
    run = tmp_path_factory.mktemp("run")
    checkpoint.save_best(run, Saved(settings, 0), network.state_dict())
    return run / "best"


@pytest.fixture(scope="module")
def dubbing(folder: Path) -> Dubbing:
    return Dubbing(folder, threads=1)


def order(*lines: Said, duration_ms: int = 1501) -> Order:
    return Order(duration_ms, "en", lines, {"a": Voice(), "b": Voice()})


FIRST, SECOND = Said("a", 203, 701, "no"), Said("b", 900, 1300, "yes")


def test_speech_is_exactly_as_long_as_the_clip_and_silent_outside_its_lines(dubbing: Dubbing) -> None:
    made = dubbing.dub(order(FIRST, SECOND), steps=2)
    assert made.rate == 22_050 and len(made.sound) == round(1.501 * 22_050)
    inside = np.zeros(len(made.sound), bool)
    for line in (FIRST, SECOND):
        inside[mel.samples_of(line.start_ms) : mel.samples_of(line.end_ms)] = True
        assert np.abs(made.sound[mel.samples_of(line.start_ms) : mel.samples_of(line.end_ms)]).max() > 1e-4
    assert not made.sound[~inside].any() and made.rushed == ()


def test_the_same_seed_says_the_same_and_another_something_else(dubbing: Dubbing) -> None:
    one, two, other = (dubbing.dub(order(FIRST), seed=seed, steps=1).sound for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_people_may_talk_at_the_same_time(dubbing: Dubbing) -> None:
    together = order(FIRST, replace(SECOND, start_ms=500))
    assert [len(layer) for layer in layers(together.lines)] == [1, 1] and [len(layer) for layer in layers((FIRST, SECOND))] == [2]
    assert np.abs(dubbing.dub(together, steps=1).sound).max() <= 1.0


def test_a_slot_too_short_for_its_text_is_dubbed_at_the_limit_and_flagged(dubbing: Dubbing) -> None:
    made = dubbing.dub(order(replace(FIRST, text="the harbour was quiet and nobody heard the ship come in")), steps=1)
    assert made.rushed == (0,) and made.rates[0] > 60


def test_a_clip_without_lines_is_silence(dubbing: Dubbing) -> None:
    assert not dubbing.dub(order(), steps=1).sound.any()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (order(replace(FIRST, end_ms=1600)), "DUB_OUTSIDE"),
        (order(FIRST, replace(SECOND, speaker="a", start_ms=600)), "DUB_OVERLAP"),
        (order(replace(FIRST, speaker="c")), "DUB_UNKNOWN_SPEAKER"),
        (order(replace(FIRST, text=" ")), "TEXT_EMPTY"),
        (order(FIRST, duration_ms=30_001), "DUB_TOO_LONG"),
    ],
)
def test_what_cannot_be_dubbed_is_refused_with_a_code(dubbing: Dubbing, wrong: Order, code: str) -> None:
    with pytest.raises(ElementError) as refused:
        dubbing.dub(wrong)
    assert refused.value.code == code


def test_a_record_is_revoiced_on_its_own_picture(dubbing: Dubbing, tmp_path: Path) -> None:
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 1200, [synthetic.line("a", 100, 900, "quiet")]))
    told = from_sample({name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "faces.npz", "lips.npz")})
    assert len(told.voices["a"].vector) == 192 and told.tracks == {"a": [0]}
    seen, hidden = dubbing.dub(told, steps=1).sound, dubbing.dub(replace(told, arrays=None), steps=1).sound
    assert len(seen) == mel.samples_of(1200) and not np.array_equal(seen, hidden)


def test_the_vocoder_renders_in_pieces_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = vocoder.load(Model("hifigan", threads=1))
    mels = mel.mel(0.3 * torch.sin(torch.arange(20_000) * 0.05)[None])[0]
    whole = renderer.sound(mels)
    monkeypatch.setattr(vocoder, "_PIECE", 32)
    assert whole.shape == (len(mels) * mel.HOP,) and torch.allclose(whole, renderer.sound(mels), atol=1e-4)


def test_the_vocoder_gives_back_the_tone_it_was_given() -> None:
    tone = 0.3 * torch.sin(torch.arange(22_050) * 2 * torch.pi * 440 / 22_050)
    made = vocoder.load(Model("hifigan", threads=1)).sound(mel.mel(tone[None])[0])
    spectrum = np.abs(np.fft.rfft(made[2000:20_000].numpy()))
    assert abs(spectrum.argmax() * 22_050 / 18_000 - 440) < 10


def test_a_script_is_read_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({"language": "zh", "lines": [{"speaker": "a", "start_ms": 0, "end_ms": 900, "text": "你好"}]}))
    told = from_script(path, 1000, {})
    assert told.kind == "monologue" and told.voices == {"a": Voice()}
    with pytest.raises(UsageError, match="who say nothing"):
        from_script(path, 1000, {"z": Voice()})
    path.write_text('{"language": "fr", "lines": []}')
    with pytest.raises(UsageError, match="not a script"):
        from_script(path, 1000, {})


def test_a_reference_voice_must_be_long_and_loud_enough(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.ones(8000, np.float32) * 0.1, 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(48_000, np.float32), 16_000)
    for name, code in (("short", "REFERENCE_SHORT"), ("silent", "REFERENCE_SILENT")):
        with pytest.raises(ElementError) as refused:
            voice_of(tmp_path / f"{name}.wav", encoder=None)
        assert refused.value.code == code


def test_the_command_trains_and_dubs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shard,) = synthetic.shards(tmp_path / "data", 1, 2)
    sets = [part for value in ("data.workers=0", "train.steps=1", "train.threads=1", "data.frames=600") for part in ("--set", value)]
    assert cli.main(["train", "--shards", shard, "--config", "nano", "--out", str(tmp_path / "run"), *sets]) == 0
    script = {"language": "en", "duration_ms": 800, "lines": [{"speaker": "a", "start_ms": 100, "end_ms": 700, "text": "no"}]}
    (tmp_path / "lines.json").write_text(json.dumps(script))
    out = tmp_path / "out.wav"
    arguments = ["dub", "--checkpoint", str(tmp_path / "run" / "best"), "--script", str(tmp_path / "lines.json"), "--out", str(out), "--steps", "1"]
    assert cli.main(arguments) == 0
    assert soundfile.info(out).frames == mel.samples_of(800) and soundfile.info(out).samplerate == 22_050
    assert cli.main([*arguments, "--voice", "b=nowhere.wav"]) == 2 and "nowhere.wav" in capsys.readouterr().err
