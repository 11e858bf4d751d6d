"""Make a film with known truth.

examples:
  cinedub film demo.mp4
  cinedub film film.mp4 --seconds 60 --language zh --kinds dialogue monologue
  cinedub film corpus --truth-shards --seconds 3600 --split train
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, help="the film to write; its truth is written beside it")
    parser.add_argument("--settings", type=Path, help="what the film shows (TOML); when nothing but a seed is given: the demo film")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, help="about how long")
    parser.add_argument("--language", choices=["en", "zh"])
    parser.add_argument(
        "--kinds", nargs="+", choices=["narration", "monologue", "dialogue", "ensemble"], metavar="KIND", help="kinds of scenes, in turn"
    )
    parser.add_argument("--split", choices=["train", "valid", "test"], help="lines, voices and faces of different splits are disjoint")
    parser.add_argument("--voices", choices=["film", "more", "flite"], help="of which pack; more needs 'weights fetch kokoro-voices'")
    parser.add_argument("--audio-only", action="store_true", default=None, help="no pictures: the mix as .flac")
    parser.add_argument("--truth-shards", action="store_true", help="OUT is a folder: a dataset straight from the truth, without the pipeline")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import film

    names = ("seed", "seconds", "language", "kinds", "split", "voices", "audio_only")
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
