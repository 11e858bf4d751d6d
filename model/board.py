"""What a run looks like while it goes on.

RUN/board/                       TensorBoard's events: every figure of the log, and of validation records spectrograms and sound
RUN/samples/KEY-0000500.mp4      a validation record's picture with what the checkpoint of that step says to it; .png: what it says below what
                                 was recorded, the borders of its symbols between them
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from cinedub import mux, sound, storage, untrusted
from cinedub.config import Model
from cinedub.errors import CinedubError, WeightsError
from cinedub.shards import read_shard
from model import checkpoint, mel, vocoder
from model.clip import MEMBERS, Clip, collate, from_record
from model.dub import Manner

#: So many validation records are shown.
_SAMPLES = 2
#: Pixels between two spectrograms, and the range of a spectrogram's values.
_BETWEEN, _QUIET, _LOUD = 8, mel.SILENCE, 1.0


class Board:
    """One run's. ``valid`` are the shards whose first records are shown."""

    def __init__(self, run: Path, valid: Sequence[str], renderer: Model = Model("hifigan")) -> None:  # noqa: B008 (frozen)
        from torch.utils.tensorboard import SummaryWriter

        self._run = run
        self._records = list(itertools.islice(_usable(valid), _SAMPLES))
        self._writer = SummaryWriter(str(run / "board"))
        self._vocoder: vocoder.Vocoder | None = None
        try:
            self._vocoder = vocoder.load(renderer) if self._records else None
        except WeightsError as error:
            print(f"train: samples are drawn, but not heard: {error}", file=sys.stderr)

    def curves(self, note: dict[str, Any]) -> None:
        """The figures of a report."""
        for name, value in note.items():
            if name not in ("step", "steps"):
                self._writer.add_scalar(name, value, note["step"])
        self._writer.flush()

    def samples(self, step: int, folder: Path) -> None:
        """What a checkpoint makes of the records, by the way that dubs.

        Raises:
            MediaError: a record's picture can't be read.
        """
        if not self._records:
            return
        from PIL import Image

        (network, saved), manner = checkpoint.load(folder), Manner()
        for record, clip in self._records:
            batch = collate([clip], saved.settings.network.clue_buckets)
            noise = torch.randn(batch.mels.shape, generator=torch.Generator().manual_seed(0))
            (said,), durations = network.generate(batch, noise, manner.steps, manner.guidance)
            edges = [int(batch.start[line]) + edge for line, row in enumerate(durations) for edge in row[: batch.tokens[line]].cumsum(0).tolist()]
            drawn = picture(batch.mels[0], said, edges)
            self._writer.add_image(f"{clip.key}/recorded above, said below", drawn, step, dataformats="HW")
            target = self._run / "samples" / f"{clip.key}-{step:07d}.mp4"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn).save(target.with_suffix(".png"))
            if self._vocoder:
                heard = self._vocoder.sound(said).numpy()
                self._writer.add_audio(f"{clip.key}/said", heard[None], step, self._vocoder.rate)
                _shown(target, record, clip.key, heard, f"step {step}")
        self._writer.flush()


def _shown(target: Path, record: dict[str, bytes], key: str, heard: np.ndarray, title: str) -> None:
    """The record's picture with what is heard."""
    told = untrusted.json_object(record["json"], key)
    with tempfile.TemporaryDirectory() as place:
        pictures, said = Path(place) / "pictures.mp4", Path(place) / "said.flac"
        pictures.write_bytes(record["mp4"])
        sound.write(said, [heard[None]], mel.RATE)
        mux.write_mp4(target, pictures, said, told["span_ms"][1] - told["span_ms"][0], mux.Tongue(told["language"], title))


def _usable(shards: Sequence[str]) -> Iterator[tuple[dict[str, bytes], Clip]]:
    for shard in shards:
        for _, sample in read_shard(storage.resolve(shard), (*MEMBERS, "mp4")):
            try:
                yield sample, from_record(sample)
            except CinedubError:
                continue


def picture(recorded: Float[Tensor, "frames 80"], said: Float[Tensor, "frames 80"], edges: Sequence[int]) -> UInt8[np.ndarray, "height frames"]:
    """Two spectrograms, low sounds at the bottom, the louder the lighter; between them a mark at the border of every symbol."""
    rows = [((part.numpy() - _QUIET) / (_LOUD - _QUIET)).clip(0, 1).T[::-1] for part in (recorded, said)]
    between = np.zeros((_BETWEEN, len(recorded)))
    between[:, [edge for edge in edges if edge < len(recorded)]] = 1.0
    return (255 * np.concatenate([rows[0], between, rows[1]])).astype(np.uint8)
