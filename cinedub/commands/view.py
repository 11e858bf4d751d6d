"""Look through a dataset in the browser, and correct it.

examples:
  cinedub view dataset
  cinedub view dataset --edit
  cinedub view dataset --host 0.0.0.0 --port 8800
"""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", type=Path, metavar="OUT", help="a finished dataset")
    parser.add_argument(
        "--edit", action="store_true", help="let the page correct texts, speakers and times and reject clips (the next build applies it)"
    )
    parser.add_argument("--as", dest="editor", default=None, metavar="NAME", help="who edits (default: your user name)")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine alone can ask)")
    parser.add_argument("--port", type=int, default=8756, help="0: any free one (default: 8756)")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub.view.access import Access
    from cinedub.view.server import Server
    from cinedub.view.site import Site

    editor = (options.editor or getpass.getuser()) if options.edit else ""
    with Server(Site(options.out, editor), Access(options.host), options.port) as server:
        print(server.address, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
    return DONE
