"""Checkpoints: safetensors and one JSON; nothing that could run. A checkpoint is a folder, written beside its place and renamed.

RUN/checkpoint-0000500/   network, ema, optimizer (.safetensors), config.json, data-{rank}.json: all that resuming needs
RUN/best/                 network.safetensors (the averaged weights, half precision), config.json: all that dubbing needs
RUN/log.jsonl             one line per report
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cinedub.errors import UsageError, WeightsError
from model.config import Settings
from model.network import Dubber

_FORMAT = 1
_KEPT = "checkpoint-"


@dataclass(frozen=True, slots=True)
class Saved:
    """What ``config.json`` says of a checkpoint. ``score`` is the validation loss, None where there was none."""

    settings: Settings
    step: int
    score: float | None = None


def write(folder: Path, saved: Saved, tensors: dict[str, dict[str, Tensor]], notes: dict[str, Any]) -> None:
    """Write ``{name}.safetensors`` for each group of tensors and ``{name}.json`` for each note, whole or not at all."""
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    beside.mkdir(parents=True)
    try:
        for name, group in tensors.items():
            save_file({key: value.detach().cpu().contiguous() for key, value in group.items()}, beside / f"{name}.safetensors")
        for name, note in {"config": {"format": _FORMAT, **msgspec.to_builtins(saved)}, **notes}.items():
            (beside / f"{name}.json").write_text(json.dumps(note, indent=1))
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read(folder: Path) -> Saved:
    """What a checkpoint's ``config.json`` says.

    Raises:
        WeightsError: no checkpoint there, or one that this code can't read.
    """
    try:
        note = json.loads((folder / "config.json").read_text())
        if note.pop("format") != _FORMAT:
            raise WeightsError(f"{folder}: a checkpoint of another format")
        return msgspec.convert(note, Saved)
    except (OSError, ValueError, KeyError, msgspec.ValidationError) as error:
        raise WeightsError(f"{folder}: no checkpoint of the dubbing model here ({error})") from error


def tensors(file: Path, device: str = "cpu") -> dict[str, Tensor]:
    """The tensors of one file.

    Raises:
        WeightsError: missing or damaged.
    """
    try:
        return load_file(file, device=device)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{file}: no weights that can be read ({error})") from error


def load(folder: Path, device: str = "cpu") -> tuple[Dubber, Saved]:
    """A network ready to dub, in single precision on a CPU and half (bf16) on an accelerator. ``folder`` is ``best`` or any checkpoint.

    Raises:
        WeightsError: missing, damaged, or weights of another network.
    """
    saved = read(folder)
    averaged = folder / "ema.safetensors"
    network = Dubber(saved.settings.network)
    fill(network, tensors(averaged if averaged.exists() else folder / "network.safetensors"), folder)
    return network.float().eval().to(device), saved


def fill(network: Dubber, weights: dict[str, Tensor], source: Path) -> None:
    """Put weights into a network.

    Raises:
        WeightsError: they are of another network.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{source}: weights of another network: {str(error).splitlines()[1].strip()[:200]}") from error


def save_best(run: Path, saved: Saved, averaged: dict[str, Tensor]) -> None:
    """What ships: the averaged weights in half precision."""
    half = {key: value.to(torch.float16) if value.is_floating_point() else value for key, value in averaged.items()}
    write(run / "best", saved, {"network": half}, {})


def latest(run: Path) -> Path:
    """The newest checkpoint of a run.

    Raises:
        UsageError: none.
    """
    found = sorted(run.glob(f"{_KEPT}*"))
    if not found:
        raise UsageError(f"{run}: no checkpoint to go on from; start with --init scratch")
    return found[-1]


def place(run: Path, step: int) -> Path:
    """Where a step's checkpoint lies."""
    return run / f"{_KEPT}{step:07d}"


def prune(run: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints."""
    for old in sorted(run.glob(f"{_KEPT}*"))[:-keep]:
        shutil.rmtree(old)
