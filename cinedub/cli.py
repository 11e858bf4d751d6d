"""The command: verbs with examples. Everything heavy is imported inside the verb that needs it.

Exit codes: 0 done, 1 failed, 2 bad usage or a fault explained in one line, 3 finished but losses above the limit.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cinedub import __version__
from cinedub.errors import CinedubError

DONE, FAILED, USAGE, LOSSES = 0, 1, 2, 3

_EXAMPLES = """examples:
  cinedub build film.mp4 --out dataset
  cinedub build films/ --out dataset --set transcribe.recogniser.weights=/models/large-v3 --limit 10
  cinedub build manifest.csv --out dataset -- --direct_num_workers=2 --direct_running_mode=multi_processing
  cinedub validate dataset
  cinedub doctor
"""

_BUILD_EXAMPLES = """examples:
  cinedub build film.mp4 --out dataset
  cinedub build 'films/*.mkv' --out dataset --settings mine.toml -- --runner=DataflowRunner
"""
_FILM_EXAMPLES = """examples:
  cinedub film demo.mp4
  cinedub film film.mp4 --seconds 60 --language zh --kinds dialogue monologue
  cinedub film corpus --truth-shards --seconds 3600 --split train
"""
_SCORE_EXAMPLES = """examples:
  cinedub score dataset --truth demo.json
  cinedub score dataset --truth films/*.json --peer --write scores.json --against bench/scores.json
"""

_TRAIN_EXAMPLES = """examples:
  cinedub train --shards dataset --out run
  cinedub train --shards dataset --out run --init resume --set train.steps=40000
  torchrun --nproc-per-node 8 -m cinedub.cli train --shards dataset --config base --out run
"""
_DUB_EXAMPLES = """examples:
  cinedub dub --checkpoint run/best --from dataset --key 20c603dbc9408acb-000006320-000011200 --out line.wav
  cinedub dub --checkpoint run/best --script lines.json --video clip.mp4 --voice anna=anna.wav --out speech.wav
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    given, beam_flags = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    options = _parser().parse_args(given)
    logging.basicConfig(level=logging.WARNING if options.debug else logging.CRITICAL)
    try:
        if beam_flags and options.verb is not _build:
            raise CinedubError("only build takes flags after --")
        options.beam_flags = beam_flags
        return int(options.verb(options))
    except CinedubError as error:
        if options.debug:
            raise
        print(f"cinedub: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("cinedub: stopped; the same command goes on where it was", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("cinedub", description="Film footage to dubbing datasets.", epilog=_EXAMPLES, formatter_class=shape)
    parser.add_argument("--version", action="version", version=f"cinedub {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the whole trace of a fault")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    build = verbs.add_parser(
        "build", help="build a dataset from films", formatter_class=shape,
        epilog=_BUILD_EXAMPLES,
    )  # fmt: skip
    build.add_argument("films", nargs="+", metavar="FILM", help="file, folder, glob, or manifest (.csv, .jsonl: uri, title, series, language)")
    build.add_argument("--out", type=Path, required=True, help="the dataset's folder")
    build.add_argument("--profile", default="local", help="shipped settings by name, or a path (default: local)")
    build.add_argument("--settings", type=Path, help="a TOML file laid over the profile")
    build.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    build.add_argument("--limit", type=int, help="take only the first N films")
    build.add_argument("--max-failures", type=float, default=0.5, metavar="RATIO", help="exit 3 when a stage fails on more than this share")
    shown = build.add_mutually_exclusive_group()
    shown.add_argument("--quiet", action="store_true", help="show nothing but faults")
    shown.add_argument("--json", action="store_true", help="progress and result as JSON lines")
    build.set_defaults(verb=_build)

    film = verbs.add_parser("film", help="make a film with known truth", epilog=_FILM_EXAMPLES, formatter_class=shape)
    film.add_argument("out", type=Path, help="the film to write; its truth is written beside it")
    film.add_argument("--settings", type=Path, help="what the film shows (TOML); when nothing but a seed is given: the demo film")
    film.add_argument("--seed", type=int)
    film.add_argument("--seconds", type=float, help="about how long")
    film.add_argument("--language", choices=["en", "zh"])
    film.add_argument(
        "--kinds", nargs="+", choices=["narration", "monologue", "dialogue", "ensemble"], metavar="KIND", help="kinds of scenes, in turn"
    )
    film.add_argument("--split", choices=["train", "valid", "test"], help="lines, voices and faces of different splits are disjoint")
    film.add_argument("--audio-only", action="store_true", default=None, help="no pictures: the mix as .flac")
    film.add_argument("--truth-shards", action="store_true", help="OUT is a folder: a dataset straight from the truth, without the pipeline")
    film.set_defaults(verb=_film)

    validate = verbs.add_parser("validate", help="re-read a dataset and check every promise of its records")
    validate.add_argument("out", type=Path, metavar="OUT")
    validate.add_argument("--json", action="store_true")
    validate.set_defaults(verb=_validate)

    score = verbs.add_parser("score", help="measure a dataset against truth", epilog=_SCORE_EXAMPLES, formatter_class=shape)
    score.add_argument("out", type=Path, metavar="OUT")
    score.add_argument("--truth", type=Path, nargs="+", required=True, metavar="FILE", help="truth files (.json with an .rttm beside)")
    score.add_argument("--peer", action="store_true", help="beside it, the whisperX recipe on the same films (they lie beside their truth)")
    score.add_argument("--against", type=Path, metavar="FILE", help="scores written before: exit 1 when a figure fell by more than its tolerance")
    score.add_argument("--write", type=Path, metavar="FILE", help="write the scores as JSON, and as a Markdown table beside")
    score.add_argument("--json", action="store_true")
    score.set_defaults(verb=_score)

    train = verbs.add_parser("train", help="train the dubbing model on shards", epilog=_TRAIN_EXAMPLES, formatter_class=shape)
    train.add_argument("--shards", nargs="+", required=True, metavar="PLACE", help="datasets (folders), or .tar files and URIs")
    train.add_argument("--out", type=Path, required=True, metavar="RUN", help="where checkpoints and the log go")
    train.add_argument("--config", default="small", help="nano, small, base, or a TOML file (default: small)")
    train.add_argument("--set", action="append", default=[], metavar="A.B=C", help="one setting; may be repeated")
    train.add_argument("--init", choices=["scratch", "finetune", "resume"], default="scratch")
    train.add_argument("--from", dest="source", type=Path, metavar="CHECKPOINT", help="what to finetune, or to resume instead of RUN's newest")
    train.set_defaults(verb=_train)

    dub = verbs.add_parser("dub", help="speak lines in voices, on time", epilog=_DUB_EXAMPLES, formatter_class=shape)
    dub.add_argument("--checkpoint", type=Path, required=True, metavar="FOLDER", help="what cinedub train made: RUN/best")
    lines = dub.add_mutually_exclusive_group(required=True)
    lines.add_argument("--script", type=Path, metavar="FILE", help="lines as JSON")
    lines.add_argument("--from", dest="dataset", type=Path, metavar="OUT", help="a dataset: revoice its record --key")
    dub.add_argument("--key", help="the record's key")
    dub.add_argument("--text", help="new words for the record's first line, or for --line")
    dub.add_argument("--line", type=int, default=0, metavar="N", help="which line --text is for, from 0")
    dub.add_argument("--video", type=Path, help="the clip: the speech lasts as long (with --script; else the script says duration_ms)")
    dub.add_argument("--voice", action="append", default=[], metavar="SPEAKER=WAV", help="a speaker's reference voice, 3 to 15 s; may be repeated")
    dub.add_argument("--out", type=Path, required=True, metavar="WAV")
    dub.add_argument("--seed", type=int, default=0)
    dub.add_argument("--steps", type=int, default=8, help="steps of the flow (default: 8)")
    for what in ("text", "video", "style"):
        dub.add_argument(f"--guide-{what}", type=float, default=0.0, metavar="W", help=f"lean towards what the {what} adds (default: 0)")
    dub.add_argument("--device", default="cpu")
    dub.set_defaults(verb=_dub)

    weights = verbs.add_parser("weights", help="list or fetch pretrained weights")
    weights.add_argument("action", choices=["list", "fetch"])
    weights.add_argument("names", nargs="*", metavar="NAME", help="models, or packs: build, film, more, all (default: build film)")
    weights.set_defaults(verb=_weights)

    settings = verbs.add_parser("settings", help="print every setting with its value, as TOML")
    settings.add_argument("--settings", type=Path, help="a TOML file laid over the defaults")
    settings.add_argument("--set", action="append", default=[], metavar="A.B=C")
    settings.set_defaults(verb=_settings)

    doctor = verbs.add_parser("doctor", help="say what is there, what is missing, and the command that gets it")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(verb=_doctor)
    return parser


def _build(options: argparse.Namespace) -> int:
    from cinedub import config, display
    from pipelines import build

    settings = config.load(build.profile(options.profile), options.settings, options.set)
    mode = "quiet" if options.quiet else "json" if options.json else "text"
    outcome = build.build(options.films, options.out, settings, options.limit, options.beam_flags, mode)
    if options.json:
        print(json.dumps({"dataset": outcome.dataset, "metrics": outcome.metrics}))
    elif not options.quiet:
        print(display.summary(outcome.dataset, outcome.metrics, options.out))
    for letter in outcome.letters[:20] if not options.json else []:
        print(f"cinedub: {letter['stage']}: {letter['code']}: {letter['message']}", file=sys.stderr)
    if outcome.letters and not outcome.dataset["records"]:
        return FAILED
    worst = max((facts["failed"] / facts["in"] for facts in outcome.metrics["stages"].values() if facts["in"]), default=0.0)
    return LOSSES if worst > options.max_failures else DONE


def _film(options: argparse.Namespace) -> int:
    from cinedub import film

    names = ("seed", "seconds", "language", "kinds", "split", "audio_only")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if not options.settings and not options.truth_shards and given.keys() <= {"seed"}:
        print(film.demo(options.out, **given))
        return DONE
    settings = film.choose(options.settings, **given)
    if options.truth_shards:
        dataset = film.write_shards(settings, options.out)
        print(f"{options.out}: {dataset['records']} clips, {dataset['media_s']:.0f} s, from {dataset['film_s']:.0f} s of film")
    else:
        print(film.write(settings, options.out))
    return DONE


def _validate(options: argparse.Namespace) -> int:
    from cinedub import validate

    report = validate.validate(options.out)
    if options.json:
        print(json.dumps({"records": report.records, "shards": report.shards, "faults": report.faults}))
    else:
        for fault in report.faults:
            print(fault, file=sys.stderr)
        print(f"{report.records} records in {report.shards} shards: {'all promises kept' if not report.faults else f'{len(report.faults)} faults'}")
    return FAILED if report.faults else DONE


def _score(options: argparse.Namespace) -> int:
    from cinedub import figures, score, storage

    before = figures.read(options.against) if options.against else None
    scores = score.score(options.out, options.truth, options.peer)
    if options.write:
        storage.write_atomic(options.write, (json.dumps(scores, indent=1, ensure_ascii=False) + "\n").encode())
        storage.write_atomic(options.write.with_suffix(".md"), score.markdown(scores).encode())
    print(json.dumps(scores, indent=1, ensure_ascii=False) if options.json else score.table(scores))
    worse = list(figures.fallen(scores, before)) if before else []
    for sentence in worse:
        print(f"cinedub: {sentence}", file=sys.stderr)
    return FAILED if worse else DONE


def _train(options: argparse.Namespace) -> int:
    from model import config
    from model.data import find_shards
    from model.train import told, train

    shards, valid = (find_shards(options.shards, split) for split in ("train", "valid"))
    best = train(shards, options.out, config.load(options.config, options.set), options.init, options.source, valid, lambda note: print(told(note)))
    print(best)
    return DONE


def _dub(options: argparse.Namespace) -> int:
    from model import dub

    made = dub.run(options)
    for line in made.rushed:
        print(f"cinedub: line {line} has {made.rates[line]:.0f} sounds a second; above {dub.FASTEST:.0f} nobody understands", file=sys.stderr)
    print(options.out)
    return DONE


def _settings(options: argparse.Namespace) -> int:
    from cinedub import config

    print(config.dump(config.load(None, options.settings, options.set)), end="")
    return DONE


def _weights(options: argparse.Namespace) -> int:
    from cinedub import weights

    if options.action == "list":
        for name, row in weights.PACK.items():
            state = "present" if weights.present(name) else "missing"
            source = ", ".join(f"{package.name}=={package.version}" for package in row.packages)
            print(f"{name:<18} {state:<8} {row.pack:<6} {row.role:<14} {row.licence:<13} {source}")
        return DONE
    wanted = options.names or ["build", "film"]
    packs = {"build", "film", "more", "all"}
    names = [model for name in wanted for model in (weights.members_of(name) if name in packs else [name])]
    from cinedub.display import download_bars

    with download_bars() as progress:
        for name, what in weights.fetch(dict.fromkeys(names), progress):
            print(f"{name}: {what}", flush=True)
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    from cinedub import doctor

    findings = doctor.examine()
    if options.json:
        print(json.dumps([finding.__dict__ for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.what:<34} {finding.detail}")
            if not finding.ok:
                print(f"         -> {finding.remedy}")
    return DONE if all(finding.ok or finding.optional for finding in findings) else FAILED


if __name__ == "__main__":
    sys.exit(main())
