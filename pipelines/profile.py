"""Settings that ship, one file each in ``pipelines/profiles``: what differs from the defaults on one kind of machine or cluster."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from cinedub.errors import UsageError


def find(name: str) -> Path:
    """The settings file of a profile: one that comes with CineDub, or a path.

    Raises:
        UsageError: neither.
    """
    shipped = Path(str(resources.files("pipelines") / "profiles"))
    path = shipped / f"{name}.toml" if "/" not in name and not name.endswith(".toml") else Path(name)
    if not path.is_file():
        raise UsageError(f"no profile {name!r}; there are: {', '.join(sorted(p.stem for p in shipped.glob('*.toml')))}, or name a .toml file")
    return path
