"""Settings of the network and of its training: one TOML file for each size, in ``model/configs``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cinedub import config
from cinedub.errors import UsageError

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True, slots=True)
class Network:
    """Widths and depths. ``stack`` mel frames are one place of the prior and the decoder; a block's hidden width is ``expansion`` times its own.
    Without ``flow_layers`` there is no flow: the prior's mean is what is spoken."""

    width: int = 384
    prior_layers: int = 5
    melody_width: int = 160
    melody_layers: int = 3
    flow_width: int = 256
    flow_layers: int = 4
    heads: int = 4
    stack: int = 2
    expansion: int = 3
    text_width: int = 256
    text_layers: int = 4
    video_width: int = 96
    video_layers: int = 2
    style_width: int = 256
    align_width: int = 64
    clue_buckets: int = 4096
    clue_width: int = 64


@dataclass(frozen=True, slots=True)
class Data:
    """How shards become batches: ``frames`` padded mel frames each, out of pools of ``pool`` samples sorted by length. ``keep`` holds what was
    decoded in memory, in half precision (about 130 MB an hour, over all workers of a rank)."""

    frames: int = 6_000
    pool: int = 256
    workers: int = 1
    max_ms: int = 30_000
    keep: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """How often each condition is withheld from a clip."""

    text: float = 0.1
    lips: float = 0.3
    face: float = 0.3
    voice: float = 0.1
    labels: float = 0.2
    clue: float = 0.3


@dataclass(frozen=True, slots=True)
class Train:
    """The course of training. Rates are per step; a step takes ``accumulate`` batches on every rank. Before step ``flow_after`` the mean alone is
    taught: the flow refines it, so it needs less. ``alone`` names a part that is taught while all else stays what it was: the flow, for half of a
    step's price, or the listener, from durations that are told, too."""

    steps: int = 20_000
    rate: float = 5e-4
    warmup: int = 500
    decay: float = 0.01
    clip: float = 1.0
    accumulate: int = 1
    ema: float = 0.999
    precision: Literal["bf16", "fp32"] = "bf16"
    device: str = "cpu"
    threads: int = 2
    seed: int = 0
    binary_after: int = 500
    flow_after: int = 0
    alone: Literal["", "flow", "listener"] = ""
    voice_noise: float = 0.02
    log_every: int = 20
    save_every: int = 500
    validate_every: int = 500
    keep: int = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree."""

    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    drop: Drop = field(default_factory=Drop)
    train: Train = field(default_factory=Train)


def load(name: str | Path, sets: Iterable[str] = ()) -> Settings:
    """Settings by a shipped name (``nano``, ``small``, ``base``) or from a file, overlaid by ``a.b=c`` assignments.

    Raises:
        UsageError: no such file, an unknown key, a value of the wrong type, widths that don't divide.
    """
    shipped = CONFIGS / f"{name}.toml"
    path = shipped if shipped.is_file() else Path(name)
    if not path.is_file():
        raise UsageError(f"no settings {str(name)!r}: name a file, or one of {', '.join(sorted(p.stem for p in CONFIGS.glob('*.toml')))}")
    settings = config.overlay(Settings, [path], sets)
    network = settings.network
    for what, width in (("width", network.width), ("text_width", network.text_width)):
        if width % (2 * network.heads):
            raise UsageError(f"network.{what} = {width} must be a multiple of {2 * network.heads}: twice the number of heads")
    return settings
