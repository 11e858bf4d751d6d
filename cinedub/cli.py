"""The command ``cinedub``: finds the verb, gives it its arguments, tells faults in one line."""

from __future__ import annotations

import argparse
import atexit
import gc
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cinedub import __version__
from cinedub.commands import DONE, FAILED, USAGE, VERBS
from cinedub.errors import CinedubError, UsageError

_EXAMPLES = """examples:
  cinedub build film.mp4 --out dataset
  cinedub build films/ --out dataset --set transcribe.recogniser.weights=/models/large-v3 --limit 10
  cinedub build manifest.csv --out dataset -- --direct_num_workers=2 --direct_running_mode=multi_processing
  cinedub validate dataset
  cinedub doctor
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    _collect_seldom()
    given = list(sys.argv[1:] if arguments is None else arguments)
    given, beam_flags = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    options = parser(given).parse_args(given)
    logging.basicConfig(level=logging.WARNING if options.debug else logging.CRITICAL)
    try:
        if beam_flags and not options.takes_beam_flags:
            raise UsageError(f"{options.verb} takes no flags after --; they are for: {', '.join(_take_beam_flags())}")
        options.beam_flags = beam_flags
        return int(options.run(options))
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("cinedub: stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    except Exception as error:
        if options.debug:
            raise
        from cinedub.storage import scrubbed

        foreseen = isinstance(error, CinedubError)
        print(f"cinedub: {scrubbed(str(error) if foreseen else _unforeseen(error))}", file=sys.stderr)
        return USAGE if foreseen else FAILED


def _collect_seldom() -> None:
    """Libraries make a million objects that stay: to look for rubbish among them again and again, and once more at the end, takes a second or two."""
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)


def _unforeseen(error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first[:300]}; nobody foresaw this: run with --debug for the trace"


def _take_beam_flags() -> list[str]:
    return [name for name in VERBS if getattr(import_module(f"cinedub.commands.{name}"), "TAKES_BEAM_FLAGS", False)]


def parser(given: Sequence[str] = VERBS) -> argparse.ArgumentParser:
    """The command's grammar: every verb, and what those take that are among ``given``: the help page waits for no other's."""
    shape = argparse.RawDescriptionHelpFormatter
    whole = argparse.ArgumentParser("cinedub", description="Film footage to dubbing datasets.", epilog=_EXAMPLES, formatter_class=shape)
    whole.add_argument("--version", action="version", version=f"cinedub {__version__}")
    whole.set_defaults(debug=False, quiet=False)
    _everywhere(whole)
    verbs = whole.add_subparsers(title="verbs", required=True, metavar="VERB", dest="verb")
    for name in VERBS:
        module = import_module(f"cinedub.commands.{name}")
        summary, _, examples = (module.__doc__ or "").partition("\n\n")
        verb = verbs.add_parser(name, help=summary.strip().rstrip("."), description=summary, epilog=examples, formatter_class=shape)
        if name in given:
            module.arguments(verb)
        _everywhere(verb)
        verb.set_defaults(run=module.run, takes_beam_flags=getattr(module, "TAKES_BEAM_FLAGS", False))
    return whole


def _everywhere(parser: argparse.ArgumentParser) -> None:
    """What may stand before the verb and after it. No defaults here: the verb's would hide what stood before it."""
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the whole trace of a fault")
    parser.add_argument("--quiet", action="store_true", default=argparse.SUPPRESS, help="show no progress, only results and faults")


if __name__ == "__main__":
    sys.exit(main())
