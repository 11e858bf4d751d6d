"""Scores as a table to read: plain text for a terminal, Markdown for a page."""

from __future__ import annotations

from typing import Any

_RATES = {
    "wer": "WER", "cer": "CER", "cpwer": "cpWER", "cpcer": "cpCER", "der": "DER, collar ±0.25 s", "der_strict": "DER, no collar",
}  # fmt: skip
_COUNTS = {
    "joins": "scene joins kept", "lines": "lines covered", "kind": "kind right", "gender": "gender right", "emotion": "emotion right",
}  # fmt: skip
_SHARES = {
    "speech": "speech kept", "purity": "one name, one person (purity)", "coverage": "one person, one name (coverage)",
    "speaking": "who speaks, of those seen", "voice_faces": "voice has its face", "on_screen": "on / off screen right",
    "in_step": "sound in step within 40 ms, of clips that are sure", "faces": "faces found",
    "faces_small": "· under 48 pixels high", "faces_middle": "· 48 to 95 pixels", "faces_large": "· 96 pixels and more",
    "faces_dark": "· in dark scenes",
    "faces_turned": "· turned by 20° or more", "faces_blurred": "· blurred", "faces_hidden": "· partly hidden",
    "borders_near": "word borders within 0.1 s",
}  # fmt: skip
_MEANS = {
    "speaking_ap": ("who speaks, mAP", 100, "{:.1f} %"), "mouths": ("mouth opening, correlation", 1, "{:.2f}"),
    "border_ms": ("word border error", 1, "{:.0f} ms"),
}  # fmt: skip
_STEMS = {"vocals": "voices, SI-SDR (mix → separated)", "background": "background, SI-SDR (mix → separated)"}
_PARTS = (("missed", "missed"), ("false_alarm", "false alarm"), ("confusion", "confusion"))


def rows(scores: dict[str, Any]) -> list[list[str]]:
    """A head, then a row for every measure: its name, and for every film and in total "before → after"; last the peer, on all films."""
    columns = {**scores["films"], "total": scores["total"], **({"peer": scores["peer"]["total"]} if "peer" in scores else {})}
    table = [["measure", *columns]]

    def add(name: str, cells: list[str]) -> None:
        if any(cells):
            table.append([name, *(cell or "–" for cell in cells)])

    films = list(columns.values())
    add("clips", [str(film.get("clips", "")) for film in films])
    add("kept / film, s", [f"{s['kept']:.1f} / {s['film']:.1f}" if (s := film.get("seconds")) else "" for film in films])
    for key, title in _RATES.items():
        add(title, [_rate(film, key) for film in films])
        if key in ("der", "der_strict"):
            for part, name in _PARTS:
                add(f"· {name}", [_part(film, key, part) for film in films])
    add("speakers found / true", [f"{s['found']} / {s['truth']}" if (s := film.get("speakers")) else "" for film in films])
    for key, title in _COUNTS.items():
        add(title, [f"{c['right']} / {c['of']}" if (c := film.get(key)) and c["of"] else "" for film in films])
    for key, title in _SHARES.items():
        add(title, [f"{100 * c['right'] / c['of']:.1f} %" if (c := film.get(key)) and c["of"] else "" for film in films])
    for key, (title, times, form) in _MEANS.items():
        add(title, [form.format(times * m["mean"]) if (m := film.get(key)) and m["of"] else "" for film in films])
    add("shot cuts, F1", [f"{100 * c['f1']:.1f} %" if (c := film.get("shots")) and c["f1"] is not None else "" for film in films])
    for key, title in _STEMS.items():
        add(title, [_stem(film, key) for film in films])
    for name in sorted({name for film in films for name in film.get("lost", {})}):
        add(f"speech lost, {name}", [f"{lost:.1f} s" if (lost := film.get("lost", {}).get(name)) else "" for film in films])
    return table


def kinds(scores: dict[str, Any]) -> list[list[str]]:
    """True kind by found kind, in scenes; nothing where no scene's kind is known."""
    found = scores["total"].get("kinds", {})
    names = list(next(iter(found.values()), {}))
    return [["true \\ found", *names], *([true, *(str(row[name]) for name in names)] for true, row in found.items())] if found else []


def table(scores: dict[str, Any]) -> str:
    """Columns of text; rates in per cent, as heard → after correction. Below, the kinds of scenes."""
    return "\n".join(_text(cells) for cells in (rows(scores), kinds(scores)) if cells)


def markdown(scores: dict[str, Any]) -> str:
    """The same as Markdown tables."""
    return "\n".join(_markdown(cells) for cells in (rows(scores), kinds(scores)) if cells)


def _text(cells: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells) + "\n"


def _markdown(cells: list[list[str]]) -> str:
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in cells]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def _rate(film: dict[str, Any], key: str) -> str:
    if key not in film:
        return ""
    before = f"{100 * film[f'{key}_before']['rate']:.2f} → " if f"{key}_before" in film else ""
    return f"{before}{100 * film[key]['rate']:.2f} %"


def _part(film: dict[str, Any], key: str, part: str) -> str:
    if key not in film or not film[key]["total"]:
        return ""
    sides = [film[name] for name in (f"{key}_before", key) if name in film]
    return " → ".join(f"{100 * side[part] / side['total']:.2f}" for side in sides) + " %"


def _stem(film: dict[str, Any], key: str) -> str:
    mix, found = film.get(f"si_sdr_{key}_mix"), film.get(f"si_sdr_{key}")
    return f"{mix['mean']:.1f} → {found['mean']:.1f} dB" if mix and found else ""
