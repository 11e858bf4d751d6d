"""The command ``cinedub``: finds the verb, gives it its arguments, tells faults in one line."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cinedub import __version__
from cinedub.commands import DONE, USAGE, VERBS
from cinedub.errors import CinedubError, UsageError
from cinedub.storage import scrubbed

_EXAMPLES = """examples:
  cinedub build film.mp4 --out dataset
  cinedub build films/ --out dataset --set transcribe.recogniser.weights=/models/large-v3 --limit 10
  cinedub build manifest.csv --out dataset -- --direct_num_workers=2 --direct_running_mode=multi_processing
  cinedub validate dataset
  cinedub doctor
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    given, beam_flags = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    options = _parser().parse_args(given)
    logging.basicConfig(level=logging.WARNING if options.debug else logging.CRITICAL)
    try:
        if beam_flags and not options.takes_beam_flags:
            raise UsageError("this verb takes no flags after --")
        options.beam_flags = beam_flags
        return int(options.run(options))
    except CinedubError as error:
        if options.debug:
            raise
        print(f"cinedub: {scrubbed(str(error))}", file=sys.stderr)
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
    for name in VERBS:
        module = import_module(f"cinedub.commands.{name}")
        summary, _, examples = (module.__doc__ or "").partition("\n\n")
        verb = verbs.add_parser(name, help=summary.strip().rstrip("."), description=summary, epilog=examples, formatter_class=shape)
        module.arguments(verb)
        verb.set_defaults(run=module.run, takes_beam_flags=getattr(module, "TAKES_BEAM_FLAGS", False))
    return parser


if __name__ == "__main__":
    sys.exit(main())
