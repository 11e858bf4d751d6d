"""How fast shards become batches, beside plain webdataset in the same run.

    $ python -m model.pace dataset/shards/*.tar

Three readers of the same samples, in samples per CPU second of one process: webdataset, with what training needs (sound, arrays, JSON) decoded;
our loader from the shards, which also makes mels, tokens and batches; our loader once more, out of memory.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import soundfile

from model.config import Data
from model.data import Stream


def plain(shards: Sequence[str]) -> Iterable[int]:
    """Samples as webdataset gives them, members decoded."""
    import webdataset

    for sample in webdataset.WebDataset(list(shards), shardshuffle=False):
        json.loads(sample["json"])
        soundfile.read(io.BytesIO(sample["vocals.flac"]), dtype="float32")
        for member, names in (("faces.npz", ("pts_ms", "track", "blendshapes")), ("lips.npz", ("points", "aperture"))):
            with np.load(io.BytesIO(sample[member])) as arrays:
                for name in names:
                    arrays[name]
        yield 1


def measure(samples: Iterable[int], most: int) -> float:
    """Samples per CPU second, over about ``most`` of them."""
    began, count = time.process_time(), 0
    for some in samples:
        count += some
        if count >= most:
            break
    return count / (time.process_time() - began)


def compare(shards: Sequence[str], most: int = 200) -> dict[str, float]:
    """Samples per CPU second: ``webdataset``, ``shards`` and ``memory``."""
    stream = Stream(shards, replace(Data(), workers=0, keep=True, pool=most), 4096)
    batches = iter(stream)  # goes on where the first measurement ended: the first epoch decodes, the next remembers
    found = {"webdataset": measure(plain(shards), most)}
    found["shards"] = measure((len(batch.frames) for _, _, batch in batches), most)
    found["memory"] = measure((len(batch.frames) for _, _, batch in batches), most)
    return found


if __name__ == "__main__":
    for reader, rate in compare(sys.argv[1:]).items():
        print(f"{reader:12} {rate:8.1f} samples per CPU second")
