"""Scores as a table to read: plain text for a terminal, Markdown for a page."""

from __future__ import annotations

from typing import Any

_RATES = {
    "wer": "WER", "cer": "CER", "cpwer": "cpWER", "cpcer": "cpCER", "der": "DER, collar ±0.25 s", "der_strict": "DER, no collar",
}  # fmt: skip
_COUNTS = {"joins": "scene joins kept", "lines": "lines covered", "kind": "kind right", "gender": "gender right"}
_PARTS = (("missed", "missed"), ("false_alarm", "false alarm"), ("confusion", "confusion"))


def rows(scores: dict[str, Any]) -> list[list[str]]:
    """A head, then a row for every measure: its name, and for every film and in total "before → after"."""
    columns = {**scores["films"], "total": scores["total"]}
    table = [["measure", *columns]]

    def add(name: str, cells: list[str]) -> None:
        if any(cells):
            table.append([name, *(cell or "–" for cell in cells)])

    add("clips", [str(film.get("clips", 0)) for film in columns.values()])
    add("kept / film, s", [f"{s['kept']:.1f} / {s['film']:.1f}" if (s := film.get("seconds")) else "" for film in columns.values()])
    for key, title in _RATES.items():
        add(title, [_rate(film, key) for film in columns.values()])
        if key in ("der", "der_strict"):
            for part, name in _PARTS:
                add(f"· {name}", [_part(film, key, part) for film in columns.values()])
    add("speakers found / true", [f"{s['found']} / {s['truth']}" if (s := film.get("speakers")) else "" for film in columns.values()])
    for key, title in _COUNTS.items():
        add(title, [f"{c['right']} / {c['of']}" if (c := film.get(key)) and c["of"] else "" for film in columns.values()])
    return table


def table(scores: dict[str, Any]) -> str:
    """Columns of text; rates in per cent, as heard → after correction."""
    cells = rows(scores)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells) + "\n"


def markdown(scores: dict[str, Any]) -> str:
    """The same as a Markdown table."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows(scores)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def _rate(film: dict[str, Any], key: str) -> str:
    if key not in film:
        return ""
    return f"{100 * film[f'{key}_before']['rate']:.2f} → {100 * film[key]['rate']:.2f} %"


def _part(film: dict[str, Any], key: str, part: str) -> str:
    if key not in film or not film[key]["total"]:
        return ""
    before, after = film[f"{key}_before"], film[key]
    return f"{100 * before[part] / before['total']:.2f} → {100 * after[part] / after['total']:.2f} %"
