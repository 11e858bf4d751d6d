"""Say what is there, what is missing, and the command that gets it.

examples:
  cinedub doctor
  cinedub doctor --json
"""

from __future__ import annotations

import argparse
import json

from cinedub.commands import DONE, FAILED


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
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
