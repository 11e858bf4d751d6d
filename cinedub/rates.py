"""What a second of film costs, measured: from the metrics of builds that computed everything afresh.

    python -m cinedub.rates CACHE OUT… > cinedub/rates.json     (make rates)

A film is accepted at a price of its own, however long it is. What is said costs by its language: Chinese has more likenesses to weigh.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from cinedub import config
from cinedub.errors import CinedubError, UsageError


@dataclass(frozen=True)
class Rates:
    """Per second of film where nothing else is said. ``core_s``: seconds of one core; ``load_s``: the same, once for a process; ``film_core_s``: the
    same, once for a film; ``languages``: the same, of films in one language."""

    film_s: float
    core_s: dict[str, float]
    load_s: dict[str, float]
    out: dict[str, float]
    clip_s: float
    speech_s: float
    shard_bytes: float
    cache_bytes: float
    #: Of correction: rounds that a passage takes, bytes of evidence in them; what a language model used, where one was asked.
    rounds: float = 0.0
    evidence_bytes: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    #: Which backend each role had.
    backends: dict[str, str] = field(default_factory=dict)
    film_core_s: dict[str, float] = field(default_factory=dict)
    languages: dict[str, dict[str, float]] = field(default_factory=dict)

    def spent(self, lengths: Sequence[float], languages: Sequence[str | None]) -> dict[str, float]:
        """Seconds of one core, by stage, for films of these lengths in s and languages; None for one that isn't known: what films cost on average."""
        total = {name: self.load_s.get(name, 0.0) + each * len(lengths) for name, each in self.film_core_s.items()}
        for length, language in zip(lengths, languages, strict=True):
            for name, rate in self.languages.get(language or "", self.core_s).items():
                total[name] = total.get(name, self.load_s.get(name, 0.0)) + rate * length
        return total


#: Work on a film that doesn't grow with its length.
_ONCE = ("Probe",)


def here() -> Rates:
    """The rates that ``make rates`` measured here on the demo film (720p, 25 fps) and one like it in Chinese.

    Raises:
        UsageError: it hasn't run.
    """
    try:
        return msgspec.json.decode((resources.files("cinedub") / "rates.json").read_bytes(), type=Rates)
    except OSError as error:
        raise UsageError("what a second of film costs wasn't measured here: make rates, or --rates OUT of a finished build") from error


def read(path: Path) -> Rates:
    """The rates of a dataset's build, or of a file that this module wrote.

    Raises:
        UsageError: neither, or a build that took something from the cache.
    """
    try:
        return measured(path) if path.is_dir() else msgspec.json.decode(path.read_bytes(), type=Rates)
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path}: no dataset with metrics and no file of rates ({error})") from error


def measured(out: Path) -> Rates:
    """What the build of ``out`` took; nothing is said of the size of its stage cache.

    Raises:
        UsageError: stages that were taken from the cache say nothing of their cost. OSError, KeyError: no finished dataset.
    """
    dataset, metrics = (json.loads((out / name).read_bytes()) for name in ("dataset.json", "metrics.json"))
    stages, film_s = metrics["stages"], dataset["film_s"]
    if cached := [name for name, facts in stages.items() if facts["cached"]]:
        raise UsageError(f"{out}: {', '.join(cached)} came from the cache; rates need a build with a cache of its own (CINEDUB_CACHE=…)")
    noted = stages["Correct"].get("noted", {})
    work = {name: facts["cpu_s"] - facts["load_cpu_s"] for name, facts in stages.items()}
    core_s = {name: round(seconds / film_s, 5) for name, seconds in work.items() if name not in _ONCE}
    return Rates(
        film_s=film_s,
        core_s=core_s,
        load_s={name: round(facts["load_cpu_s"], 2) for name, facts in stages.items()},
        out={name: round(facts["out"] / film_s, 6) for name, facts in stages.items()},
        clip_s=round(dataset["media_s"] / film_s, 4),
        speech_s=round(dataset["speech_s"] / film_s, 4),
        shard_bytes=round(sum(shard["bytes"] for shard in dataset["shards"]) / film_s),
        cache_bytes=0.0,
        rounds=round(noted.get("rounds", 0) / max(1, stages["Recognise"]["out"]), 3),
        evidence_bytes=round(noted.get("evidence_bytes", 0) / film_s, 2),
        tokens_in=round(noted.get("tokens_in", 0) / film_s, 3),
        tokens_out=round(noted.get("tokens_out", 0) / film_s, 3),
        backends=dict(backends(config.load(file=out / "settings.toml"))),
        film_core_s={name: round(work[name] / stages[name]["in"], 3) for name in _ONCE if name in work},
        languages=dict.fromkeys(dataset["languages"], core_s) if len(dataset["languages"]) == 1 else {},
    )


def joined(parts: Sequence[Rates]) -> Rates:
    """The rates of several builds, each counting by what it took on average: a second of Chinese film as much as one of English."""
    means: dict[str, Any] = {}
    for place in dataclasses.fields(Rates):
        values = [getattr(part, place.name) for part in parts]
        if isinstance(values[0], float | int):
            means[place.name] = round(sum(values) / len(values), 6)
        elif place.name in ("core_s", "out", "film_core_s"):
            means[place.name] = {name: round(sum(value.get(name, 0.0) for value in values) / len(values), 6) for name in values[0]}
        elif place.name == "load_s":
            means[place.name] = {name: max(value.get(name, 0.0) for value in values) for name in values[0]}
        else:
            means[place.name] = {name: value[name] for value in values for name in value}
    return Rates(**means)


def backends(settings: config.Settings) -> Iterator[tuple[str, str]]:
    """Every role, by its place in the settings, with its backend."""
    for stage in dataclasses.fields(settings):
        yield from ((f"{stage.name}.{role}", model.backend) for role, model in config.models(getattr(settings, stage.name)).items())


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    try:
        parts = [measured(Path(out)) for out in sys.argv[2:]]
        kept = _size(Path(sys.argv[1])) / sum(part.film_s for part in parts)
        found = msgspec.json.encode(dataclasses.replace(joined(parts), cache_bytes=round(kept)), order="deterministic")
        sys.stdout.buffer.write(msgspec.json.format(found, indent=1) + b"\n")
    except CinedubError as error:
        sys.exit(f"rates: {error}")
