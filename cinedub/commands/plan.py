"""Tell what a build will take before it is begun: hours, tokens, money, disk.

No model runs. What a second of film costs is measured on the demo film and one in Chinese (make rates), or, with --rates, by a build of footage like
yours. Chinese costs more: say the language in a manifest where you know it.

examples:
  cinedub plan films/
  cinedub plan manifest.csv --rates dataset --json
  cinedub plan films/ --beside dataset
  cinedub plan films/ --set correct.corrector=openai --set 'correct.corrector.options={model="m", price_in=2.5, price_out=10.0}'
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cinedub.commands import DONE, FAILED


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("films", nargs="+", metavar="FILM", help="file, folder, glob, or manifest, as for build")
    parser.add_argument("--profile", default="local", help="shipped settings by name, or a path (default: local)")
    parser.add_argument("--settings", type=Path, help="a TOML file laid over the profile")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    parser.add_argument("--rates", type=Path, metavar="OUT", help="a dataset whose build was measured, on this kind of machine")
    parser.add_argument("--cores", type=int, help="to be kept busy (default: this machine's)")
    parser.add_argument("--beside", type=Path, metavar="OUT", help="a finished build of these films: what it took beside the forecast")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    import dataclasses

    from cinedub import config, plan, rates, sources
    from pipelines import profile

    settings = config.load(profile.find(options.profile), options.settings, options.set)
    known = rates.read(options.rates) if options.rates else rates.here()
    forecast = plan.plan(sources.expand(options.films), settings, known, options.cores)
    print(json.dumps(dataclasses.asdict(forecast)) if options.json else plan.table(forecast, settings))
    for name, (said, took) in (plan.beside(forecast, options.beside) if options.beside else {}).items():
        row = {"stage": name, "forecast_core_s": round(said, 1), "core_s": round(took, 1)}
        print(json.dumps(row) if options.json else f"  {name:<12}{said:9.1f} core s forecast{took:9.1f} used")
    for uri, reason in forecast.refused.items():
        print(f"cinedub: {uri}: not counted: {reason}", file=sys.stderr)
    return DONE if forecast.films else FAILED
