"""Print a script that completes verbs, options and files in your shell.

examples:
  eval "$(cinedub completion bash)"
  cinedub completion zsh > ~/.zfunc/_cinedub
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"])


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    import shtab

    from cinedub import cli

    whole = cli.parser()
    _complete_files(whole, shtab.FILE)
    print(shtab.complete(whole, options.shell))
    return DONE


def _complete_files(parser: argparse.ArgumentParser, files: Any) -> None:
    for action in parser._actions:
        if action.type is Path:
            action.complete = files  # type: ignore[attr-defined]
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                _complete_files(verb, files)
