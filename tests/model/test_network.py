import dataclasses
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedub.shards import read_shard
from model import align, config
from model.batch import Batch, mask
from model.clip import Clip, collate, from_record
from model.network import CONDITIONS, Dubber, Guidance, keep_all
from model.symbols import BLANK
from tests.model import synthetic

pytest.importorskip("hibari")


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[Clip]:
    from pathlib import Path

    (shard,) = synthetic.shards(tmp_path_factory.mktemp("shards"), 1, 4)
    return [from_record(sample) for _, sample in read_shard(Path(shard))]


@pytest.fixture(scope="module")
def network() -> Dubber:
    torch.manual_seed(0)
    made = Dubber(config.load("nano").network)
    for parameter in made.parameters():  # nothing at zero: every path has a say
        torch.nn.init.normal_(parameter, std=0.12)
    return made.eval()


def batch_of(clips: list[Clip]) -> Batch:
    return collate(clips, 256)


@pytest.mark.parametrize(("name", "least", "most"), [("nano", 0.5e6, 1e6), ("small", 8e6, 14e6), ("base", 250e6, 350e6)])
def test_each_size_is_as_large_as_its_name_says(name: str, least: float, most: float) -> None:
    with torch.device("meta"):
        made = Dubber(config.load(name).network)
    assert least <= sum(parameter.numel() for parameter in made.parameters()) <= most


def test_losses_are_finite_and_every_parameter_learns(clips: list[Clip]) -> None:
    torch.manual_seed(1)
    batch = batch_of(clips)
    made = Dubber(config.load("nano").network)
    torch.nn.init.normal_(made.decoder.out.weight, std=0.02)
    torch.nn.init.normal_(made.durations.out.weight, std=0.02)
    some = dataclasses.replace(keep_all(batch), voice=torch.tensor([True, False, True, True]), text=torch.tensor([True, True, False, True]))
    losses = made(batch, some, torch.randn_like(batch.mels), torch.rand(len(clips)))
    values = [getattr(losses, field.name) for field in dataclasses.fields(losses)]
    assert all(torch.isfinite(value) for value in values)
    sum(values).backward()
    idle = [name for name, parameter in made.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum() > 0]
    assert idle == []


def test_durations_that_are_told_are_taken_and_the_listener_rests_unless_it_learns_from_them(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    told = dataclasses.replace(batch, durations=align.fill(torch.ones(batch.symbols.shape), batch.length, batch.tokens))
    other = dataclasses.replace(batch, durations=align.fill(torch.rand(batch.symbols.shape), batch.length, batch.tokens))
    noise, time = torch.zeros_like(batch.mels), torch.full((len(clips),), 0.5)
    assert not batch.timed.any() and told.timed.all()
    losses = network(told, keep_all(told), noise, time)
    assert losses.listen == 0 and losses.binary == 0 and network(batch, keep_all(batch), noise, time).listen > 0
    network.listens = True
    taught = network(told, keep_all(told), noise, time)
    network.listens = False
    assert taught.listen > 0 and taught.binary > 0 and taught.mean == losses.mean
    assert not torch.equal(losses.mean, network(other, keep_all(other), noise, time).mean)


def test_the_flow_rests_without_noise(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    losses = network(batch, keep_all(batch), None, torch.zeros(len(clips)))
    assert losses.flow == 0 and losses.mean > 0


def test_without_a_flow_the_mean_is_spoken_whatever_the_noise(clips: list[Clip]) -> None:
    batch = batch_of(clips)
    made = Dubber(dataclasses.replace(config.load("nano").network, flow_layers=0)).eval()
    assert made(batch, keep_all(batch), torch.randn_like(batch.mels), torch.rand(len(clips))).flow == 0
    left, right = (made.generate(batch, torch.randn_like(batch.mels), steps, Guidance())[0] for steps in (1, 8))
    assert torch.equal(left, right) and left.shape == batch.mels.shape


def test_what_is_spoken_is_what_training_would_be_content_with(clips: list[Clip]) -> None:
    batch = batch_of(clips)
    made = Dubber(dataclasses.replace(config.load("nano").network, flow_layers=0)).eval()
    with torch.no_grad():
        said, durations = made.generate(batch, torch.zeros_like(batch.mels), 1, Guidance(style=0.0))
        keep = keep_all(batch)
        style = made.style(batch, keep)
        aligned = made.prior.aligned(made.text(batch, style), durations, made.picture(batch, keep), batch, keep)
        sung = dataclasses.replace(batch, mels=said, durations=durations, pitch=made.melody.sung(aligned, style, batch))
        assert made(sung, keep, None, torch.zeros(len(clips))).mean < 1e-5 < made(batch, keep, None, torch.zeros(len(clips))).mean


def test_a_longer_neighbour_changes_nothing(clips: list[Clip], network: Dubber) -> None:
    by_length = sorted(clips, key=lambda clip: clip.frames)
    short, long = by_length[0], by_length[-1]
    alone, together = batch_of([short]), batch_of([short, long])
    noise = torch.randn(2, long.frames, 80, generator=torch.Generator().manual_seed(0))
    mels, durations = network.generate(alone, noise[:1, : short.frames].contiguous(), 2, Guidance(1.0, 0.5, 0.5))
    both, both_durations = network.generate(together, noise, 2, Guidance(1.0, 0.5, 0.5))
    assert torch.equal(durations, both_durations[: len(short.lines), : durations.shape[1]])
    assert torch.allclose(mels[0], both[0, : short.frames], atol=2e-4)


@pytest.mark.parametrize("withheld", [(), ("lips",), ("lips", "face", "voice", "labels", "clue")])
def test_durations_fill_every_slot_exactly(clips: list[Clip], network: Dubber, withheld: tuple[str, ...]) -> None:
    batch = batch_of(clips)
    if "lips" in withheld:
        batch = dataclasses.replace(batch, seen=torch.zeros_like(batch.seen))
    durations = network.timing(batch)
    said = mask(batch.tokens, durations.shape[1])
    assert torch.equal(durations.sum(1), batch.length)
    assert (durations[said] >= 1).all() and (durations[~said] == 0).all()


def test_lips_move_the_phonemes_of_who_is_seen_where_they_fit_the_words(clips: list[Clip], network: Dubber, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(clips[:1])
    hidden = dataclasses.replace(batch, seen=torch.zeros_like(batch.seen))
    monkeypatch.setattr("model.network._HEEDED", -1e9)
    assert not torch.equal(network.timing(batch), network.timing(hidden))
    monkeypatch.setattr("model.network._HEEDED", 1e9)
    assert torch.equal(network.timing(batch), network.timing(hidden))


def test_each_condition_has_a_say_and_what_is_withheld_has_none(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    noise, time = torch.zeros_like(batch.mels), torch.full((len(clips),), 0.5)
    full = network(batch, keep_all(batch), noise, time).mean
    for condition in CONDITIONS:
        assert not torch.equal(network(batch, keep_all(batch, condition), noise, time).mean, full), condition
    other = dataclasses.replace(batch, voice=batch.voice.roll(1, 0))
    assert torch.equal(network(batch, keep_all(batch, "voice"), noise, time).mean, network(other, keep_all(other, "voice"), noise, time).mean)


def test_the_prior_follows_the_pitch_and_the_melody_is_spoken_within_a_voices_reach(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    keep = keep_all(batch)
    style = network.style(batch, keep)
    aligned = network.prior.aligned(network.text(batch, style), network.timing(batch), network.picture(batch, keep), batch, keep)
    sung = network.melody.sung(aligned, style, batch)
    assert sung.shape == batch.line_at.shape and ((sung == 0) | ((sung >= 60) & (sung <= 600))).all()
    low, high = (network.prior(aligned, torch.full_like(batch.pitch, hertz), style, batch)[0] for hertz in (100.0, 200.0))
    assert not torch.allclose(low[batch.speaking], high[batch.speaking])


def test_pitch_is_taught_only_where_it_is_voiced(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    noise, time = torch.zeros_like(batch.mels), torch.full((len(clips),), 0.5)
    voiceless = dataclasses.replace(batch, pitch=torch.zeros_like(batch.pitch))
    lowered = dataclasses.replace(batch, pitch=batch.pitch / 2)
    of = [network(one, keep_all(one), noise, time).melody for one in (batch, lowered, voiceless)]
    assert (batch.pitch > 0).any() and len({float(loss) for loss in of}) == 3 and all(torch.isfinite(loss) for loss in of)


def test_speech_fills_its_slot_to_both_ends(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    for withheld in (batch.seen, torch.zeros_like(batch.seen)):
        durations = network.timing(dataclasses.replace(batch, seen=withheld))
        for row, length, tokens, symbols in zip(durations, batch.length, batch.tokens, batch.symbols, strict=True):
            sounds = (symbols[:tokens] > BLANK).nonzero()[:, 0]
            first, last = row[: sounds[0]].sum(), row[sounds[-1] + 1 :].sum()
            assert row.sum() == length and first <= 3 * sounds[0] and last <= 3 * (tokens - 1 - sounds[-1])


def test_lips_say_when_a_sound_falls(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips)
    assert batch.seen.any() and not torch.equal(network.timing(batch), network.timing(dataclasses.replace(batch, seen=torch.zeros_like(batch.seen))))


def test_a_line_in_another_voice_leaves_silence_silent(clips: list[Clip], network: Dubber) -> None:
    batch = batch_of(clips[:1])
    mels, _ = network.generate(batch, torch.randn_like(batch.mels), 1, Guidance())
    assert (mels[~batch.speaking] == float(np.log(1e-5))).all() and batch.speaking.any() and not batch.speaking.all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 5))
def test_monotonic_search_finds_the_best_of_all_paths(seed: int, tokens: int, more: int) -> None:
    frames = tokens + more
    scores = torch.randn(1, frames + 2, tokens + 1, generator=torch.Generator().manual_seed(seed))
    found = align.search(scores, torch.tensor([frames]), torch.tensor([tokens]))[0].tolist()
    paths = [np.diff([0, *cuts, frames]).tolist() for cuts in itertools.combinations(range(1, frames), tokens - 1)]

    def score(durations: list[int]) -> float:
        owners = np.repeat(np.arange(tokens), durations)
        return float(sum(scores[0, frame, owner] for frame, owner in enumerate(owners)))

    assert found[tokens:] == [0] and score(found[:tokens]) == pytest.approx(max(map(score, paths)), abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 5))
def test_paced_search_finds_the_best_of_all_paths_by_frames_and_lengths(seed: int, tokens: int, more: int) -> None:
    frames, chance = tokens + more, torch.Generator().manual_seed(seed)
    scores = torch.randn(1, frames + 2, tokens + 1, generator=chance)
    logs = torch.rand(1, tokens + 1, generator=chance) + np.log(frames / tokens)
    spread = 0.2 + torch.rand(1, tokens + 1, generator=chance)
    found = align.paced(scores, logs, spread, torch.tensor([frames]), torch.tensor([tokens]))[0].tolist()
    paths = [np.diff([0, *cuts, frames]).tolist() for cuts in itertools.combinations(range(1, frames), tokens - 1)]

    def score(durations: list[int]) -> float:
        said = float(sum(scores[0, frame, owner] for frame, owner in enumerate(np.repeat(np.arange(tokens), durations))))
        return said - 0.5 * sum(((np.log(d) - float(logs[0, i])) / float(spread[0, i])) ** 2 for i, d in enumerate(durations))

    assert found[tokens:] == [0] and score(found[:tokens]) == pytest.approx(max(map(score, paths)), abs=1e-4)


def test_paced_search_keeps_lengths_where_frames_say_nothing() -> None:
    wanted = torch.tensor([[3, 9, 2, 6], [5, 5, 5, 0]])
    logs = wanted.clamp_min(1).float().log()
    found = align.paced(torch.zeros(2, 20, 4), logs, torch.full((2, 4), 0.4), torch.tensor([20, 15]), torch.tensor([4, 3]))
    assert torch.equal(found, wanted)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(1, 60))
def test_rounded_durations_always_add_up(seed: int, frames: int, tokens: int) -> None:
    shares = torch.rand(1, tokens + 3, generator=torch.Generator().manual_seed(seed)) ** 6
    durations = align.fill(shares, torch.tensor([frames]), torch.tensor([tokens]))
    assert durations.sum() == frames and (durations >= 0).all() and (durations[0, tokens:] == 0).all()
    if frames >= tokens:
        assert (durations[0, :tokens] >= 1).all()
