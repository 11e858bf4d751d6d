import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from cinedub import cli, weights
from cinedub.errors import ElementError, WeightsError
from model import checkpoint, config, dub, mel, takes
from model.checkpoint import Saved
from model.clip import from_record
from model.dub import Dubbing, Manner
from model.network import Dubber
from model.of_record import of_sample
from model.order import Order, Said, Voice, check
from tests.model import synthetic

pytest.importorskip("hibari")
pytestmark = pytest.mark.skipif(not weights.present("hifigan-universal"), reason="the vocoder's weights are not here")

ONE = Manner(steps=1)


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


def track(dubbing: Dubbing, asked: Order, manner: Manner = ONE) -> np.ndarray:
    return np.concatenate(list(takes.track(asked, takes.record(dubbing, asked, [manner] * len(asked.lines)))))


@pytest.mark.parametrize("duration_ms", [500, 1501, 33_000])
def test_speech_is_exactly_as_long_as_the_clip_and_silent_outside_its_lines(dubbing: Dubbing, duration_ms: int) -> None:
    lines = (Said("a", 103, 301, "no"), Said("b", duration_ms - 180, duration_ms, "yes"))
    made = track(dubbing, order(*lines, duration_ms=duration_ms))
    assert len(made) == round(duration_ms * 22.05)
    inside = np.zeros(len(made), bool)
    for line in lines:
        inside[mel.samples_of(line.start_ms) : mel.samples_of(line.end_ms)] = True
        assert np.abs(made[mel.samples_of(line.start_ms) : mel.samples_of(line.end_ms)]).max() > 1e-4
    assert not made[~inside].any()


def test_the_same_seed_says_the_same_and_another_something_else(dubbing: Dubbing) -> None:
    one, two, other = (next(dubbing.speak(order(FIRST), [0], Manner(seed, 1)))[1] for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_a_line_is_the_same_whichever_others_are_spoken_with_it(dubbing: Dubbing) -> None:
    both = order(FIRST, SECOND)
    alone, together = dict(dubbing.speak(both, [1], ONE))[1], dict(dubbing.speak(both, [0, 1], ONE))[1]
    assert np.allclose(alone, together, atol=1e-3)


def test_people_may_talk_at_the_same_time(dubbing: Dubbing) -> None:
    said = list(takes.laid([(0, np.full(4, 0.5, np.float32)), (2, np.full(4, 0.25, np.float32))], 8))
    assert np.concatenate(said).tolist() == [0.5, 0.5, 0.75, 0.75, 0.25, 0.25, 0.0, 0.0]
    assert np.abs(track(dubbing, order(FIRST, replace(SECOND, start_ms=500)))).max() <= 1.0


def test_only_a_changed_line_is_spoken_again(dubbing: Dubbing, monkeypatch: pytest.MonkeyPatch) -> None:
    before = track(dubbing, order(FIRST, SECOND))
    spoken: list[list[int]] = []
    real = Dubbing.speak
    monkeypatch.setattr(Dubbing, "speak", lambda self, asked, wanted, manner: (spoken.append(wanted), real(self, asked, wanted, manner))[1])
    after = track(dubbing, order(FIRST, replace(SECOND, text="maybe")))
    assert spoken == [[1]]
    border = mel.samples_of(SECOND.start_ms)
    assert np.array_equal(before[:border], after[:border]) and not np.array_equal(before[border:], after[border:])


def test_a_slot_too_short_for_its_text_is_dubbed_all_the_same_and_told(dubbing: Dubbing) -> None:
    crowded = order(replace(FIRST, text="the harbour was quiet and nobody heard the ship come in"), SECOND)
    ((index, pace),) = takes.rushed(crowded)
    assert index == 0 and pace > 60 and np.abs(track(dubbing, crowded)).max() > 0


def test_a_ready_voice_fills_its_slot(dubbing: Dubbing) -> None:
    pytest.importorskip("onnx")
    if not weights.present("hibari"):
        pytest.skip("hibari's weights are not here")
    asked = replace(order(replace(FIRST, end_ms=1103, text="Nobody knew so.")), voices={"a": Voice(ready="hibari")})
    made = track(dubbing, asked)[mel.samples_of(203) : mel.samples_of(1103)]
    loud = np.flatnonzero(np.abs(made) > 0.02 * np.abs(made).max()) / mel.RATE
    assert loud[0] < 0.1 and loud[-1] > 0.7


def test_a_clip_without_lines_is_silence(dubbing: Dubbing) -> None:
    assert not track(dubbing, order()).any()


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (order(replace(FIRST, end_ms=1600)), "DUB_OUTSIDE", "line 1 is at 203-1600 ms"),
        (order(FIRST, replace(SECOND, speaker="a", start_ms=600)), "DUB_OVERLAP", "line 2 of 'a'"),
        (order(FIRST, replace(SECOND, speaker="c")), "DUB_UNKNOWN_SPEAKER", "line 2 is 'c''s"),
        (order(FIRST, replace(SECOND, text=" ")), "TEXT_EMPTY", "line 2"),
        (order(replace(FIRST, text="привет")), "TEXT_UNSPEAKABLE", "line 1"),
        (order(replace(FIRST, end_ms=31_000), duration_ms=60_000), "DUB_TOO_LONG", "line 1 lasts 30797 ms"),
    ],
)
def test_what_cannot_be_dubbed_is_refused_before_anything_is_spoken(wrong: Order, code: str, said: str) -> None:
    with pytest.raises(ElementError, match=said) as refused:
        check(wrong)
    assert refused.value.code == code


def test_a_record_is_revoiced_on_its_own_picture(dubbing: Dubbing, tmp_path: Path) -> None:
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 1200, [synthetic.line("a", 100, 900, "quiet")]))
    told = of_sample({name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "faces.npz", "lips.npz")})
    assert len(told.voices["a"].vector) == 192 and told.faces is not None and told.faces.of(told.lines[0]).rows == [0]
    seen, hidden = track(dubbing, told), track(dubbing, replace(told, faces=None))
    assert len(seen) == mel.samples_of(1200) and not np.array_equal(seen, hidden)


def test_a_line_is_given_to_the_network_as_it_was_taught(tmp_path: Path) -> None:
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 1200, [synthetic.line("a", 100, 900, "quiet")]))
    sample = {name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "vocals.flac", "faces.npz", "lips.npz")}
    taught, asked = from_record(sample), dub.canvas(of_sample(sample), 0)
    (left,), (right,) = taught.lines, asked.lines
    assert (left.start, left.length, left.slot, left.emotion, left.age, left.gender) == (
        right.start, right.length, right.slot, right.emotion, right.age, right.gender,
    )  # fmt: skip
    assert left.tokens == right.tokens and np.array_equal(left.voice, right.voice) and (taught.kind, taught.clue) == (asked.kind, asked.clue)
    for name in ("lips", "face", "seen"):
        shown, given = getattr(taught, name), getattr(asked, name)
        assert shown.any() and np.array_equal(shown[: asked.frames], given)


def test_without_a_shipped_model_one_line_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dub, "SHIPPED", tmp_path / "none")
    with pytest.raises(WeightsError, match="name yours with --checkpoint"):
        Dubbing(tmp_path / "none")


def test_the_command_trains_and_dubs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shard,) = synthetic.shards(tmp_path / "data", 1, 2)
    sets = [part for value in ("data.workers=0", "train.steps=1", "train.threads=1", "data.frames=600") for part in ("--set", value)]
    assert cli.main(["train", "--shards", shard, "--config", "nano", "--out", str(tmp_path / "run"), *sets]) == 0
    script = {"language": "en", "duration_ms": 800, "lines": [{"speaker": "a", "start_ms": 100, "end_ms": 700, "text": "no"}]}
    (tmp_path / "lines.json").write_text(json.dumps(script))
    out = tmp_path / "out.wav"
    arguments = ["dub", "--checkpoint", str(tmp_path / "run" / "best"), "--script", str(tmp_path / "lines.json"), "--out", str(out), "--steps", "1"]
    assert cli.main(arguments) == 0 and "network's own" in capsys.readouterr().err
    assert soundfile.info(out).frames == mel.samples_of(800) and soundfile.info(out).samplerate == 22_050
    assert cli.main([*arguments, "--voices", "b=nowhere.wav"]) == 2 and "nowhere.wav" in capsys.readouterr().err
    assert cli.main([*arguments, "--voices", "hibari", "--line", "2"]) == 2 and "there are lines 1 to 1" in capsys.readouterr().err
