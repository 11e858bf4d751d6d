"""The checkpoint that ships is there, small, and can be loaded; its listener finds when each sound falls."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub import sound, weights
from cinedub.film.voices import RATE, Speaker
from model import align, checkpoint
from model.clip import collate, from_record
from model.dub import SHIPPED
from model.mel import FRAMES_PER_SECOND
from model.network import keep_all, of_lines
from tests.model import synthetic

TEXT = "Nobody told me that the train was late again, and we have to be at the harbour before nine."


def test_the_shipped_checkpoint_loads_and_is_small() -> None:
    network, saved = checkpoint.load(SHIPPED)
    assert sum(parameter.numel() for parameter in network.parameters()) > 4e6 and saved.step > 0
    assert (SHIPPED / "network.safetensors").stat().st_size < 60e6
    assert (SHIPPED / "MODEL_CARD.md").is_file() and network.mean.abs().max() > 1


@pytest.mark.skipif(not weights.present("kokoro"), reason="run: cinedub weights fetch film")
@torch.no_grad()
def test_its_listener_finds_the_sounds_of_a_line_that_it_never_heard(tmp_path: Path) -> None:
    spoken = Speaker("jf_alpha", threads=1).say(TEXT)
    length = len(spoken.sound) * 1000 // RATE
    notes = synthetic.annotations("k", length, [synthetic.line("a", 0, length, TEXT)])
    notes["lines"][0]["phones"] = [[each.symbol, each.start, each.end] for each in spoken.symbols]
    members = {member.name: Path(member.uri) for member in synthetic.record(tmp_path, "k", notes).members}
    sound.write(members["vocals.flac"], [spoken.sound[None]], RATE)
    network, _ = checkpoint.load(SHIPPED)
    batch = collate([from_record({name: path.read_bytes() for name, path in members.items()})], network.config.clue_buckets)
    mels = of_lines((batch.mels - network.mean) / network.deviation, batch, int(batch.length.max()))
    scores = network.listener(mels, network.text(batch, network.style(batch, keep_all(batch))), batch)
    found = align.search(scores.log_softmax(-1), batch.length, batch.tokens)
    off_ms = 1000 / FRAMES_PER_SECOND * (found.cumsum(1) - batch.durations.cumsum(1)).abs()[0].numpy()
    assert batch.timed.all() and len(off_ms) > 60
    assert np.median(off_ms) < 45 and np.mean(off_ms < 100) > 0.9  # Kokoro tells its times 20 to 40 ms early
