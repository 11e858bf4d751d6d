"""SubRip, WebVTT and Advanced SubStation Alpha: the corrected lines on the film's clock, with who speaks. Texts are escaped, never markup."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from cinedub.dataset import Dataset
from cinedub.export.names import film_name


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """A file per film."""
    import pysubs2

    for film in dataset.films():
        subtitles = pysubs2.SSAFile()
        subtitles.info["Title"] = " ".join(film[0]["film"]["title"].split())
        for record in film:
            for line in record["lines"]:
                start, end = (record["span_ms"][0] + line[side] for side in ("start_ms", "end_ms"))
                subtitles.append(pysubs2.SSAEvent(start=start, end=end, name=line["speaker"], text=_text(line, form)))
        subtitles.sort()
        options: dict[str, Any] = {} if form == "ass" else {"keep_ssa_tags": True}
        (folder / f"{film_name(film[0])}.{form}").write_text(subtitles.to_string(form, **options), "utf-8")


def _text(line: dict[str, Any], form: str) -> str:
    text = " ".join(line["text"].split())
    if form == "vtt":
        return f"<v {html.escape(line['speaker'])}>{html.escape(text, quote=False)}"
    if form == "ass":
        return text.replace("\\", "＼").replace("{", "｛").replace("}", "｝")  # the format has no way to write these
    return f"[{line['speaker']}] {text.replace('-->', '->')}"
