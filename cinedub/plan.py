"""What a build will take, before it is begun: no model runs, films are only asked for their length."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from cinedub import config, media, rates, storage
from cinedub.errors import CinedubError, UsageError
from schemas import Source

#: English text and JSON in a language model's tokens, about; an earlier build with a model says it better (``--rates OUT``).
_BYTES_A_TOKEN = 3.5
#: Tokens of an answer for one of evidence, and for what it begins with: reasoning, emotions, speakers, clues.
_ANSWER, _ANSWER_LEAST = 0.15, 350
_GB = 1e9


@dataclass(frozen=True)
class Plan:
    """Counts, hours, tokens, money (in the unit of the price settings) and disk. ``unmeasured`` are roles whose backend the rates don't know."""

    films: int
    film_hours: float
    reels: int
    clips: int
    clip_hours: float
    speech_hours: float
    core_hours: float
    hours_here: float
    stages: dict[str, float]
    requests: int
    tokens_in: int
    tokens_out: int
    money: float
    shards_gb: float
    cache_gb: float
    unmeasured: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)


def plan(films: Sequence[Source], settings: config.Settings, known: rates.Rates, cores: int | None = None) -> Plan:
    """The forecast for these films. A film that can't be looked at is refused with the reason, and not counted.

    ``hours_here``: on ``cores`` (this machine's, unless told) that are all kept busy.
    """
    lengths, languages, refused = list[float](), list[str | None](), dict[str, str]()
    for film in films:
        try:
            lengths.append(_seconds(film, settings.probe.timeout_s))
            languages.append(film.language)
        except (CinedubError, OSError) as error:
            refused[film.uri] = str(error)
    film_s = sum(lengths)
    reels = sum(max(1, -(-round(length * 1000) // settings.reels.max_ms)) for length in lengths)
    stages = {name: seconds / 3600 for name, seconds in known.spent(lengths, languages).items()} if lengths else {}
    core_hours = sum(stages.values())
    requests, tokens_in, tokens_out = _asked(film_s, settings.correct, known)
    price = [float(settings.correct.corrector.option(name, 0.0)) for name in ("price_in", "price_out")]
    return Plan(
        films=len(lengths),
        film_hours=film_s / 3600,
        reels=reels,
        clips=round(known.out.get("Pack", 0.0) * film_s),
        clip_hours=known.clip_s * film_s / 3600,
        speech_hours=known.speech_s * film_s / 3600,
        core_hours=core_hours,
        hours_here=core_hours / (cores or os.cpu_count() or 1),
        stages=stages,
        requests=requests,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        money=(tokens_in * price[0] + tokens_out * price[1]) / 1e6,
        shards_gb=known.shard_bytes * film_s / _GB,
        cache_gb=known.cache_bytes * film_s / _GB,
        unmeasured=tuple(role for role, backend in rates.backends(settings) if known.backends.get(role, backend) != backend),
        refused=refused,
    )


def _asked(film_s: float, settings: config.Correct, known: rates.Rates) -> tuple[int, int, int]:
    """Requests to a language model, tokens in and out; none where no language model corrects."""
    if settings.corrector.backend != "openai":
        return 0, 0, 0
    requests = known.out.get("Recognise", 0.0) * film_s * min(known.rounds or 1.0, settings.rounds)
    if known.tokens_in:
        return round(requests), round(known.tokens_in * film_s), round(known.tokens_out * film_s)
    prompt = len((resources.files("cinedub.backends") / "prompts" / "correct.en.md").read_bytes())
    evidence = known.evidence_bytes * film_s
    return (
        round(requests),
        round((requests * prompt + evidence) / _BYTES_A_TOKEN),
        round(requests * _ANSWER_LEAST + _ANSWER * evidence / _BYTES_A_TOKEN),
    )


def _seconds(film: Source, timeout_s: float) -> float:
    path = storage.resolve(film.uri)
    found = media.probe(path, timeout_s)
    lengths = [found.get("format", {}).get("duration"), *(stream.get("duration") for stream in found.get("streams", []))]
    return next(float(length) for length in [*lengths, 0.0] if length)


def beside(forecast: Plan, out: Path) -> dict[str, tuple[float, float]]:
    """Core seconds forecast and used, by stage and in ``all``, of the build of ``out``; stages of which it took anything from the cache are left out.

    Raises:
        UsageError: no finished dataset.
    """
    try:
        stages = json.loads((out / "metrics.json").read_bytes())["stages"]
    except OSError as error:
        raise UsageError(f"{out}: no finished build to compare with") from error
    rows = {name: (forecast.stages.get(name, 0.0) * 3600, facts["cpu_s"]) for name, facts in stages.items() if not facts["cached"]}
    return rows | {"all": (sum(row[0] for row in rows.values()), sum(row[1] for row in rows.values()))}


def table(forecast: Plan, settings: config.Settings) -> str:
    """The forecast to read."""
    rows = [
        ("films", f"{forecast.films} ({forecast.film_hours:.2f} h), in {forecast.reels} reels"),
        ("clips", f"about {forecast.clips} ({forecast.clip_hours:.2f} h, {forecast.speech_hours:.2f} h of speech)"),
        ("work", f"{forecast.core_hours:.2f} core hours; {forecast.hours_here:.2f} h on this machine's cores"),
        *((f"  {name}", f"{hours:.3f}") for name, hours in forecast.stages.items() if hours >= 0.0005),
    ]
    if settings.correct.corrector.backend == "openai":
        rows.append(("model", f"about {forecast.requests} requests, {forecast.tokens_in} tokens in, {forecast.tokens_out} out"))
        rows.append(("money", f"{forecast.money:.2f} (by price_in and price_out, for a million tokens)"))
    rows.append(("disk", f"{forecast.shards_gb:.2f} GB of shards, {forecast.cache_gb:.2f} GB of cache"))
    rows += [("not measured", f"{role}: its cost is that of the backend that was measured") for role in forecast.unmeasured]
    return "\n".join(f"{name:<14}{value}" for name, value in rows)
