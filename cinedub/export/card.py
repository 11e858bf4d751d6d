"""What a dataset says of itself to people: the words of its card."""

from __future__ import annotations

from typing import Any

from cinedub import stats
from cinedub.dataset import Dataset

DESCRIPTION = (
    "{records} clips ({media_s:.0f} s) cut from {films} films by CineDub: who says what, when, with which face and voice. Corrected lines with "
    "millisecond times, frame-level faces and lips, attributes, emotions, clean voice tracks."
)
LICENCE_NOTE = "other: the rights are those of the films' owners; whoever publishes this dataset fills this in"
_WHAT = {
    "video": "pictures (the clips and the mouth crops)", "landmarks": "face and lip landmarks, blendshapes", "embeddings": "face and voice vectors",
    "background": "music and effects", "mix": "the original sound",
}  # fmt: skip


def body(dataset: Dataset) -> str:
    """The card below its metadata: what is in it, how it was made, what must be known before it is used."""
    facts = dataset.facts
    left_out = [_WHAT[part] for part in dataset.without]
    models = "\n".join(f"| {role} | `{digest}` |" for role, digest in sorted(facts["models"].items()))
    return f"""# Dubbing clips

{DESCRIPTION.format(**facts)}

## What is in it

{_statistics(stats.stats(dataset))}

A sample has `json` (all annotations), `mp4` (silent, 25 fps), `vocals.flac` (mono, 24 kHz), `background.flac`, `mix.flac`, `faces.npz` and
`lips.npz`; times are integer milliseconds from the clip's start. {f"Left out: {', '.join(left_out)}." if left_out else ""}

```python
from datasets import load_dataset

clips = load_dataset("path/to/this/folder", streaming=True)
```

## How it was made

CineDub {facts["code"]}, record schema {facts["schema"]}, settings `{facts["settings_digest"][:16]}`. Films were cut, voices separated, transcribed,
speakers found from voices and faces together, lines corrected, clips judged; `provenance` in every record names each stage's model and settings.

| role | model's digest |
|---|---|
{models}

{sum(facts["dropped"].values())} clips were refused by quality gates{_reasons(facts)}.

## Before you use it

* **Licence**: {LICENCE_NOTE}.
* **Personal data**: voices, faces and the vectors made from them are biometric data of real people where the films show real people. Have a basis in
  law for holding them, and remove a person or a film on request: `cinedub forget`.
* **Not for**: imitating a person's voice or face without their consent; identifying people.
* Ages, genders and emotions are guesses of small models, in broad classes; `uncertain` is a value.
"""


def _reasons(facts: dict[str, Any]) -> str:
    told = ", ".join(f"{code} {count}" for code, count in sorted(facts["dropped"].items()))
    return f" ({told})" if told else ""


def _statistics(found: dict[str, Any]) -> str:
    rows = [f"| clips | {found['clips']} |", f"| hours | {found['hours']:.3f} |", f"| speakers | {found['speakers']} |"]
    for what in ("language", "kind", "emotion", "split", "gender", "age"):
        rows += [f"| {what}: {name} | {facts['hours']:.3f} h |" for name, facts in found[what].items()]
    return "\n".join(["| | |", "|---|---|", *rows])
