"""Training: shards to a checkpoint, on a CPU, one accelerator, or several (torchrun).

What is random in a step (noise, the flow's time, what is withheld) is drawn from (seed, step, rank), the data from the loader's position, so a
resumed run goes on with the same losses, to the bit on a CPU.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel

from cinedub.errors import CinedubError, UsageError
from model import checkpoint
from model.batch import Batch
from model.checkpoint import Saved
from model.config import Data, Drop, Settings
from model.data import Loader, once
from model.network import CONDITIONS, Dubber, Keep, Losses

Init = Literal["scratch", "finetune", "resume"]
_WEIGHTS = {"flow": 1.0, "mean": 1.0, "contrast": 0.3, "duration": 0.3, "melody": 0.3, "listen": 0.3, "binary": 0.1, "read": 0.1}
_VALIDATION_BATCHES = 20


class TrainError(CinedubError):
    """Training can't go on."""


def train(
    shards: Sequence[str],
    run: Path,
    settings: Settings,
    init: Init = "scratch",
    source: Path | None = None,
    valid: Sequence[str] = (),
    report: Callable[[dict[str, Any]], None] | None = None,
    renewed: Callable[[int, Path], None] | None = None,
) -> Path:
    """Train until ``settings.train.steps`` and return the folder that dubs (``RUN/best``). The first rank calls ``report`` with figures, and
    ``renewed`` with the step and the folder whenever that has a better checkpoint.

    ``finetune`` begins with the weights in ``source``; ``resume`` goes on from ``source``, or from the newest checkpoint of ``run``.

    Raises:
        UsageError: nothing to resume, or other shards, ranks or settings of the network than before.
        TrainError: a loss that is not finite.
    """
    if not shards:
        raise UsageError("no train shards there; name datasets that cinedub build finished, or .tar files")
    with _ranks(settings.train.device) as (rank, world, device):
        return _Training(shards, run, settings, rank, world, device).run(init, source, valid, report if rank == 0 else None, renewed)


class _Training:
    """One rank's state: the network, its average, the optimiser, the loader and the step."""

    def __init__(self, shards: Sequence[str], run: Path, settings: Settings, rank: int, world: int, device: torch.device) -> None:
        self.shards, self.folder, self.settings, self.rank, self.world, self.device = list(shards), run, settings, rank, world, device
        torch.set_num_threads(settings.train.threads)
        torch.manual_seed(settings.train.seed)
        self.network = Dubber(settings.network).to(device)
        self.averaged = Dubber(settings.network).to(device).requires_grad_(False)
        if part := settings.train.alone:
            taught = {"flow": self.network.decoder, "listener": self.network.listener}[part]
            if taught is None:
                raise UsageError("train.alone = 'flow': there is no flow; give network.flow_layers")
            self.network.requires_grad_(False)
            taught.requires_grad_(True)
            self.network.listens = self.averaged.listens = part == "listener"
        self.taught = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        matrices = [p for p in self.taught.values() if p.ndim > 1]
        others = [p for p in self.taught.values() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": settings.train.decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.train.rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        self.loader = Loader(shards, settings.data, settings.network.clue_buckets, rank, world)
        self.step, self.best = 0, math.inf

    def run(
        self, init: Init, source: Path | None, valid: Sequence[str],
        report: Callable[[dict[str, Any]], None] | None, renewed: Callable[[int, Path], None] | None,
    ) -> Path:  # fmt: skip
        self._begin(init, source)
        train, first, began = self.settings.train, self.step, time.monotonic()
        parallel = DistributedDataParallel(self.network) if self.world > 1 else self.network
        batches = iter(self.loader)
        frames, waited, since = 0, 0.0, began
        while self.step < train.steps:
            self._pace()
            totals: dict[str, float] = dict.fromkeys(_WEIGHTS, 0.0)
            for micro in range(train.accumulate):
                asked = time.monotonic()
                batch = next(batches).to(self.device)
                waited += time.monotonic() - asked
                frames += int(batch.frames.sum()) * self.world
                together = contextlib.nullcontext() if self.world == 1 or micro == train.accumulate - 1 else parallel.no_sync()
                with together:
                    losses = self._losses(parallel, batch, (self.step, micro, self.rank), self.settings.drop)
                    (weighed(losses, self.step >= train.binary_after) / train.accumulate).backward()
                for name in totals:
                    totals[name] += float(getattr(losses, name).detach()) / train.accumulate
            norm = float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), train.clip))
            if not math.isfinite(norm):
                raise TrainError(f"the gradient is not finite at step {self.step}; lower train.rate, or resume with --set train.precision=fp32")
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.step += 1
            self._average()
            last = self.step == train.steps
            if report and (self.step % train.log_every == 0 or last):
                now = time.monotonic()
                left = (now - began) / (self.step - first) * (train.steps - self.step)
                note = {"step": self.step, "steps": train.steps, **totals, "gradient_norm": norm, "rate": self.optimizer.param_groups[0]["lr"],
                        "frames_per_second": frames / (now - since), "waiting": waited / (now - since), "skipped": self.loader.skipped,
                        "seconds_left": left}  # fmt: skip
                frames, waited, since = 0, 0.0, now
                self._log(note)
                report(note)
            if (self.step % train.validate_every == 0 or last) and self._validate(valid, report) and renewed:
                renewed(self.step, self.folder / "best")
            if self.step % train.save_every == 0 or last:
                self._save()
        return self.folder / "best"

    def _begin(self, init: Init, source: Path | None) -> None:
        if init == "scratch":
            if any(self.folder.glob("checkpoint-*")):
                raise UsageError(f"{self.folder}: a run lies here already; go on with --init resume, or choose another --out")
            _measure(self.network, self.shards, self.settings)
        else:
            folder = source or (checkpoint.latest(self.folder) if init == "resume" else None)
            if folder is None:
                raise UsageError("finetune needs the checkpoint to begin with: --from CHECKPOINT")
            saved = checkpoint.read(folder)
            if saved.settings.network != self.settings.network:
                raise UsageError(f"{folder}: its network has other settings than this run's; give the same --config")
            if init == "resume":
                self._resume(folder, saved)
                return
            averaged = folder / "ema.safetensors"
            checkpoint.fill(self.network, checkpoint.tensors(averaged if averaged.exists() else folder / "network.safetensors"), folder)
        self.averaged.load_state_dict(self.network.state_dict())

    def _resume(self, folder: Path, saved: Saved) -> None:
        checkpoint.fill(self.network, checkpoint.tensors(folder / "network.safetensors"), folder)
        checkpoint.fill(self.averaged, checkpoint.tensors(folder / "ema.safetensors"), folder)
        state = checkpoint.tensors(folder / "optimizer.safetensors")
        for name, parameter in self.taught.items():
            kept = {kind: state[f"{kind}.{name}"].to(parameter.device) for kind in ("exp_avg", "exp_avg_sq")}
            self.optimizer.state[parameter] = {"step": state[f"step.{name}"], **kept}
        position = folder / f"data-{self.rank}.json"
        if not position.exists():
            raise UsageError(f"{folder}: was saved by fewer ranks than the {self.world} that would resume it")
        self.loader.load_state_dict(json.loads(position.read_text()))
        self.step, self.best = saved.step, math.inf if saved.score is None else saved.score

    def _losses(self, network: torch.nn.Module, batch: Batch, draw: tuple[int, int, int], drop: Drop | None) -> Losses:
        """Losses with what chance decides drawn from ``draw``; nothing is withheld when ``drop`` is None."""
        seed = hashlib.blake2b(repr((self.settings.train.seed, *draw)).encode(), digest_size=7).digest()
        chance = torch.Generator(self.device).manual_seed(int.from_bytes(seed, "big"))
        resting = drop is not None and self.step < self.settings.train.flow_after
        noise = None if resting else torch.randn(batch.mels.shape, generator=chance, device=self.device)
        moment = torch.rand(len(batch.frames), generator=chance, device=self.device)
        rates = {name: getattr(drop, name) if drop else 0.0 for name in CONDITIONS}
        keep = Keep(**{name: torch.rand(len(batch.frames), generator=chance, device=self.device) >= rate for name, rate in rates.items()})
        if drop:
            spread = torch.randn(batch.voice.shape, generator=chance, device=self.device) * self.settings.train.voice_noise
            batch = dataclasses.replace(batch, voice=batch.voice + spread * (batch.voice != 0).any(1, keepdim=True))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.train.precision == "bf16"):
            return network(batch, keep, noise, moment)

    def _pace(self) -> None:
        """A linear rise, then half a cosine down to a twentieth."""
        train = self.settings.train
        risen = min(1.0, (self.step + 1) / max(1, train.warmup))
        done = min(1.0, self.step / max(1, train.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = train.rate * risen * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))

    @torch.no_grad()
    def _average(self) -> None:
        """An exponential mean of the weights whose memory grows with the run."""
        decay = min(self.settings.train.ema, (1 + self.step) / (10 + self.step))
        for mean, weight in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)

    @torch.no_grad()
    def _validate(self, valid: Sequence[str], report: Callable[[dict[str, Any]], None] | None) -> bool:
        """Score the averaged weights with everything shown; keep the best, and tell whether these are. Without validation shards the newest are."""
        if self.rank != 0:
            return False
        score = None
        if valid:
            totals = dict.fromkeys(_WEIGHTS, 0.0)
            count = 0
            chosen = itertools.islice(once(valid, self.settings.data, self.settings.network.clue_buckets), _VALIDATION_BATCHES)
            for count, batch in enumerate(chosen, start=1):
                losses = self._losses(self.averaged, batch.to(self.device), (-1, count, 0), None)
                for name in totals:
                    totals[name] += float(getattr(losses, name))
            means = {name: total / count for name, total in totals.items()}
            score = sum(_WEIGHTS[name] * value for name, value in means.items())
            note = {"step": self.step, "valid": score, **{f"valid_{name}": value for name, value in means.items()}}
            self._log(note)
            if report:
                report(note)
        if score is not None and score >= self.best:
            return False
        self.best = math.inf if score is None else score
        checkpoint.save_best(self.folder, Saved(self.settings, self.step, score), self.averaged.state_dict())
        return True

    def _save(self) -> None:
        """Every rank tells its position; rank 0 writes everything."""
        note = self.folder / f".data-{self.rank}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(self.loader.state_dict()))
        if self.world > 1:
            distributed.barrier()
        if self.rank == 0:
            state = {
                f"{kind}.{name}": self.optimizer.state[parameter][kind]
                for name, parameter in self.taught.items()
                for kind in ("step", "exp_avg", "exp_avg_sq")
            }
            positions = {f"data-{rank}": json.loads((self.folder / f".data-{rank}.json").read_text()) for rank in range(self.world)}
            saved = Saved(self.settings, self.step, None if math.isinf(self.best) else self.best)
            groups = {"network": self.network.state_dict(), "ema": self.averaged.state_dict(), "optimizer": state}
            checkpoint.write(checkpoint.place(self.folder, self.step), saved, groups, positions)
            checkpoint.prune(self.folder, self.settings.train.keep)
        if self.world > 1:
            distributed.barrier()
        note.unlink()

    def _log(self, note: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(note) + "\n")


def weighed(losses: Losses, binary: bool) -> Tensor:
    """The sum that is trained; ``binary`` joins once alignments mean something."""
    return sum(
        (_WEIGHTS[name] * getattr(losses, name) for name in _WEIGHTS if binary or name != "binary"), torch.zeros((), device=losses.flow.device)
    )


def told(note: dict[str, Any]) -> str:
    """A report in one line."""
    if "valid" in note:
        return f"step {note['step']}: validation {note['valid']:.4f}"
    minutes, seconds = divmod(round(note["seconds_left"]), 60)
    losses = " ".join(f"{name} {note[name]:.3f}" for name in _WEIGHTS)
    speed = f"{note['frames_per_second']:.0f} frames/s, {note['waiting']:.0%} waiting"
    skipped = f", {note['skipped']} samples skipped" if note["skipped"] else ""
    return f"step {note['step']}/{note['steps']}: {losses}, gradient {note['gradient_norm']:.2f}, {speed}{skipped}, {minutes}:{seconds:02d} left"


@torch.no_grad()
def _measure(network: Dubber, shards: Sequence[str], settings: Settings) -> None:
    """Mean and deviation of each mel bin where somebody speaks, out of the first samples."""
    data: Data = dataclasses.replace(settings.data, pool=min(settings.data.pool, 64))
    batches = itertools.islice(once(shards, data, settings.network.clue_buckets), 16)
    spoken = torch.cat([batch.mels[batch.speaking & batch.audible] for batch in batches])
    network.mean.copy_(spoken.mean(0))
    network.deviation.copy_(spoken.std(0).clamp_min(0.1))


@contextlib.contextmanager
def _ranks(device: str) -> Iterator[tuple[int, int, torch.device]]:
    """This process's rank, how many there are (torchrun sets both), and its device."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield 0, 1, torch.device(device)
        return
    rank = int(os.environ["RANK"])
    place = torch.device(device, int(os.environ["LOCAL_RANK"])) if device == "cuda" else torch.device(device)
    if device == "cuda":
        torch.cuda.set_device(place)
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield rank, world, place
    finally:
        distributed.destroy_process_group()
