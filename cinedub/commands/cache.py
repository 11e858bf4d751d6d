"""Show how large the stage cache is, or tidy it up.

examples:
  cinedub cache show
  cinedub cache gc                # what killed processes left behind
  cinedub cache gc --max-gb 50    # and what was longest not used, until 50 GB are left
  cinedub cache gc --max-gb 0     # and all that no build needs
"""

from __future__ import annotations

import argparse
import json

from cinedub.commands import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("what", choices=["show", "gc"])
    parser.add_argument("--max-gb", type=float, help="gc: the longest unused goes until no more than this is left; what is in use always stays")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from cinedub import cache, storage

    if options.what == "show":
        sizes = cache.sizes()
        total = sum(sizes.values())
        facts: dict[str, object] = {"folder": str(storage.cache_root()), "bytes": total, "stages": sizes}
        lines = [f"{name:<24} {size / 1e9:8.3f} GB" for name, size in sorted(sizes.items())]
        text = "\n".join([f"{storage.cache_root()}: {total / 1e9:.3f} GB", *lines])
    else:
        tidied = cache.tidy(int((options.max_gb or 0) * 1e9), everything=options.max_gb == 0)
        facts = {"leftovers": tidied.leftovers, "entries": tidied.entries, "freed_bytes": tidied.freed, "kept_bytes": tidied.kept}
        text = (
            f"{tidied.leftovers} leftovers and {tidied.entries} entries removed, {tidied.freed / 1e9:.3f} GB freed, {tidied.kept / 1e9:.3f} GB kept"
        )
    print(json.dumps(facts) if options.json else text)
    return DONE
