"""A build's bill before the build: length times what a second costs, models loaded once."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from cinedub import config, plan, rates
from cinedub.cli import main
from cinedub.errors import UsageError
from schemas import Source

RATES = rates.Rates(
    film_s=100.0, core_s={"See": 1.5, "Pack": 0.5}, load_s={"See": 36.0}, out={"Pack": 0.1, "Recognise": 0.05}, clip_s=0.9, speech_s=0.8,
    shard_bytes=500_000, cache_bytes=1_000_000, rounds=2.0, evidence_bytes=700.0, backends={"correct.verifier": "whisper-likelihood"},
)  # fmt: skip


@pytest.fixture
def film(tmp_path: Path) -> Source:
    path = tmp_path / "film.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=64x36:rate=5:duration=20", "-pix_fmt", "yuv420p", str(path)], check=True
    )
    return Source(str(path), "film")


def test_the_forecast_is_length_times_rate_and_models_load_once(film: Source) -> None:
    found = plan.plan([film, film], config.Settings(), RATES, cores=4)
    assert (found.films, found.reels, found.clips) == (2, 2, 4)
    assert found.core_hours == pytest.approx((40 * 2.0 + 36) / 3600) and found.hours_here == pytest.approx(found.core_hours / 4)
    assert (found.shards_gb, found.cache_gb) == (pytest.approx(0.02), pytest.approx(0.04))
    assert (found.requests, found.tokens_in, found.money) == (0, 0, 0.0)


def test_a_film_costs_by_its_language_and_is_accepted_once_however_long_it_is(film: Source) -> None:
    spoken = dataclasses.replace(RATES, film_core_s={"Probe": 3.0}, languages={"zh": {"See": 2.5, "Pack": 0.5}})
    chinese = dataclasses.replace(film, language="zh")
    found = plan.plan([film, chinese, dataclasses.replace(film, language="en")], config.Settings(), spoken)
    assert {name: hours * 3600 for name, hours in found.stages.items()} == pytest.approx({"Probe": 9, "See": 36 + 20 * (1.5 + 2.5 + 1.5), "Pack": 30})


def test_rates_of_several_builds_are_their_mean_and_each_languages_own(tmp_path: Path) -> None:
    for language, seconds in (("en", 10.0), ("zh", 40.0)):
        stages = {name: {"cached": 0, "cpu_s": seconds + 2, "load_cpu_s": 2.0, "in": 2, "out": 4} for name in ("Probe", "Recognise", "Correct")}
        facts = {"film_s": 20.0, "media_s": 18.0, "speech_s": 16.0, "languages": {language: 4}, "shards": [{"bytes": 1000}]}
        (tmp_path / language).mkdir()
        (tmp_path / language / "metrics.json").write_text(json.dumps({"stages": stages}))
        (tmp_path / language / "dataset.json").write_text(json.dumps(facts))
        (tmp_path / language / "settings.toml").write_text(config.dump(config.Settings()))
    found = rates.joined([rates.measured(tmp_path / language) for language in ("en", "zh")])
    assert found.core_s["Correct"] == 1.25 and {key: value["Correct"] for key, value in found.languages.items()} == {"en": 0.5, "zh": 2.0}
    assert found.film_core_s == {"Probe": 12.5} and "Probe" not in found.core_s and found.load_s["Correct"] == 2.0 and found.clip_s == 0.9


def test_a_language_model_is_billed_by_its_prices(film: Source) -> None:
    asked = config.load(sets=["correct.corrector=openai", 'correct.corrector.options={model="m", price_in=2.0, price_out=10.0}'])
    found = plan.plan([film], asked, RATES)
    assert found.requests == 2 and found.tokens_in > 4_000
    assert found.money == pytest.approx((2.0 * found.tokens_in + 10.0 * found.tokens_out) / 1e6)
    told = plan.plan([film], asked, dataclasses.replace(RATES, tokens_in=100.0, tokens_out=10.0))
    assert (told.tokens_in, told.tokens_out) == (2_000, 200)


def test_a_film_that_cannot_be_read_is_told_and_not_counted(film: Source, tmp_path: Path) -> None:
    found = plan.plan([film, Source(str(tmp_path / "none.mp4"), "none")], config.Settings(), RATES)
    assert found.films == 1 and list(found.refused) == [str(tmp_path / "none.mp4")]


def test_a_backend_that_was_not_measured_is_named(film: Source) -> None:
    found = plan.plan([film], config.load(sets=["correct.verifier=none"]), RATES)
    assert found.unmeasured == ("correct.verifier",)


def test_a_build_is_told_beside_its_forecast_without_what_came_from_the_cache(film: Source, tmp_path: Path) -> None:
    forecast = plan.plan([film], config.Settings(), RATES)
    stages = {"See": {"cpu_s": 60.0, "cached": 0}, "Pack": {"cpu_s": 0.1, "cached": 1}, "Probe": {"cpu_s": 1.0, "cached": 0}}
    (tmp_path / "metrics.json").write_text(json.dumps({"stages": stages}))
    found = plan.beside(forecast, tmp_path)
    assert found == {"See": (pytest.approx(66.0), 60.0), "Probe": (0.0, 1.0), "all": (pytest.approx(66.0), 61.0)}
    with pytest.raises(UsageError, match="no finished build"):
        plan.beside(forecast, tmp_path / "none")


def test_the_verb_tells_it_as_text_and_as_json(film: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = tmp_path / "rates.json"
    known.write_bytes(msgspec.json.encode(RATES))
    assert main(["plan", film.uri, "--rates", str(known)]) == 0
    assert "core hours" in capsys.readouterr().out
    assert main(["plan", film.uri, "--rates", str(known), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["films"] == 1


def test_a_build_from_the_cache_gives_no_rates(tmp_path: Path) -> None:
    stage = {"cached": 1, "cpu_s": 1.0, "load_cpu_s": 0.0, "out": 1}
    (tmp_path / "metrics.json").write_text(json.dumps({"stages": {"See": stage, "Correct": stage}}))
    (tmp_path / "dataset.json").write_text(json.dumps({"film_s": 10.0}))
    with pytest.raises(UsageError, match="came from the cache"):
        rates.read(tmp_path)
    with pytest.raises(UsageError, match="no dataset"):
        rates.read(tmp_path / "nothing")
