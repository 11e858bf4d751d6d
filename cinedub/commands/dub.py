"""Speak lines in voices, on time: a clip, a record, a whole film, or many.

A script is SRT, WebVTT (speakers as [anna] or <v anna>), CSV or JSON. A voice is SPEAKER=WAV (3 to 15 s), SPEAKER=kokoro:af_heart or hibari (ready
TTS voices), SPEAKER=record:OUT:ID (somebody in a dataset); without SPEAKER= it is for everybody. What was spoken is remembered line by line: the
same command goes on where it stopped, and a changed line is the only one that is spoken again.

examples:
  cinedub dub --video clip.mp4 --script lines.srt --voices anna=anna.wav bob=kokoro:am_adam --out dubbed.mp4
  cinedub dub --script lines.json --voices anna=anna.wav --out speech.wav
  cinedub dub --from dataset --key 20c603dbc9408acb-000006320-000011200 --text "Other words." --out line.mp4
  cinedub dub --film --video film.mkv --script translated.srt --out film-en.mp4
  cinedub dub --video clip.mp4 --script lines.srt --voices anna.wav --line 3 --take 1 --out dubbed.mp4
  cinedub dub --from dataset --out 'revoiced/*.wav'
  cinedub dub --jobs jobs.csv --out revoiced -- --direct_num_workers=2 --direct_running_mode=multi_processing
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, get_args

from cinedub.commands import DONE, FAILED, LOSSES
from cinedub.commands import manner as manners

TAKES_BEAM_FLAGS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    from schemas import Age, EmotionLabel, Gender

    what = parser.add_argument_group("what")
    what.add_argument("--script", metavar="FILE", help="lines: .srt, .vtt, .csv or .json")
    what.add_argument("--video", metavar="FILE", help="the clip or film: the speech lasts as long, and follows its lips")
    what.add_argument("--film", action="store_true", help="new speech over the film's own background, the old sound as a second track")
    what.add_argument("--from", dest="dataset", metavar="OUT", help="a dataset: revoice its record --key, or all; with --film: what it knows of it")
    what.add_argument("--key", help="the record's key")
    what.add_argument("--jobs", type=Path, metavar="FILE", help="many dubs: .csv or .jsonl with script, video, voices, out …")
    what.add_argument("--out", required=True, help="a .wav or .mp4 file; for all records a pattern ('revoiced/*.mp4'); for --jobs a folder")
    how = parser.add_argument_group("how")
    how.add_argument("--voices", nargs="+", action="extend", default=[], metavar="VOICE", help="SPEAKER=WAV, SPEAKER=kokoro:NAME, …")
    how.add_argument("--language", choices=["en", "zh"], help="of the script (default: what its text is)")
    how.add_argument("--line", type=int, metavar="N", help="the line (from 1) that --text, --emotion and --take are for")
    how.add_argument("--text", help="new words for that line, else for the first")
    how.add_argument("--take", type=int, default=0, metavar="K", help="another try of that line, else of all")
    how.add_argument(
        "--emotion", choices=get_args(EmotionLabel), metavar="LABEL", help=f"of that line, else of all: {', '.join(get_args(EmotionLabel))}"
    )
    how.add_argument("--clue", help="a free description of manner and tone")
    how.add_argument("--age", choices=get_args(Age), metavar="AGE", help=f"of the speakers: {', '.join(get_args(Age))}")
    how.add_argument("--gender", choices=get_args(Gender), metavar="GENDER", help="female, male or uncertain")
    manners.arguments(parser.add_argument_group("model"))


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub.errors import UsageError
    from model.dub import SHIPPED
    from pipelines import dub

    manner = manners.manner(options)
    speaking = dub.Speaking(options.checkpoint or str(SHIPPED), manner, options.device)
    if options.jobs:
        return _many(dub.jobs_of(options.jobs, Path(options.out)), Path(options.out), speaking, options)
    changes = {name: getattr(options, name) for name in ("text", "emotion", "clue", "age", "gender", "take", "line")}
    if options.dataset and not options.key and not options.film:
        jobs = dub.jobs_of_dataset(Path(options.dataset), options.out, voices=tuple(options.voices), **changes)
        if "*" not in options.out:
            raise UsageError(f"--out {options.out}: {len(jobs)} records need a name each, like 'revoiced/*.wav'; or name one with --key")
        return _many(jobs, Path(options.out).parent, speaking, options)
    if options.beam_flags:
        raise UsageError("only --jobs and whole datasets take flags after --")
    return _one(options, changes, speaking)


def _one(options: argparse.Namespace, changes: dict[str, Any], speaking: Any) -> int:
    from pipelines import dub, dubbing
    from schemas import DubJob

    names = ("out", "script", "video", "film", "dataset", "key", "language")
    job = DubJob(**{name: getattr(options, name) for name in names}, voices=tuple(options.voices), **changes)
    made = dubbing.dub(job, dub.dubbing(speaking.checkpoint, speaking.device, speaking.threads), speaking.manner, _told)
    for note in made.notes:
        print(f"cinedub: {note}", file=sys.stderr)
    print(made.out)
    return DONE


def _told(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} lines", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _many(jobs: list[Any], out: Path, speaking: Any, options: argparse.Namespace) -> int:
    from pipelines import dub

    batch = dub.run(jobs, out, speaking, options.beam_flags)
    for made in batch.dubbed:
        for note in made.notes:
            print(f"cinedub: {made.out}: {note}", file=sys.stderr)
    for letter in batch.letters:
        print(f"cinedub: {letter['key']}: {letter['code']}: {letter['message']}", file=sys.stderr)
    print(f"{len(batch.dubbed)} of {len(jobs)} dubbed; {out / 'dubbed.jsonl'}")
    return (LOSSES if batch.dubbed else FAILED) if batch.letters else DONE
