"""A dataset in the forms that other tools read: each form is a module's ``write(dataset, form, folder)``."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from cinedub import dataset, share
from cinedub.errors import UsageError
from cinedub.storage import storage_error

#: Name -> (module, what it is).
FORMS: dict[str, tuple[str, str]] = {
    "huggingface": ("huggingface", "a folder for the Hub: shards, manifest, dataset card; loads with datasets"),
    "croissant": ("croissant", "Croissant 1.0 metadata beside manifest and shards"),
    "lhotse": ("lhotse", "cuts with supervisions and word alignments, beside the sound"),
    "energon": ("energon", ".nv-meta and tar indices for Megatron Energon"),
    "jsonl": ("reference", "the reference system's jsonl (messages by role), beside the media"),
    "srt": ("subtitles", "SubRip, a file per film"),
    "vtt": ("subtitles", "WebVTT with voices, a file per film"),
    "ass": ("subtitles", "Advanced SubStation Alpha with speakers as names, a file per film"),
    "rttm": ("nist", "who speaks when, a file per film"),
    "ctm": ("nist", "words with times and confidences, a file per film"),
    "csv": ("table", "one row per line"),
    "shards": ("", "a dataset like this one, without what --without names"),
}


def export(out: Path, form: str, target: Path, without: Iterable[str] = (), quiet: bool = False) -> Path:
    """Write the dataset at ``out`` to the folder ``target`` in a form of ``FORMS``, whole or not at all; returns ``target``.

    ``without`` names parts that are left out (``cinedub.share.PARTS``).

    Raises:
        UsageError: an unknown form, a target that is taken, an unknown part.
        ShardError: no finished dataset at ``out``.
    """
    if form not in FORMS:
        raise UsageError(f"unknown form {form!r}; known: {', '.join(FORMS)}")
    without = tuple(without)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target}: is there already; name a new folder with --to {form} --out FOLDER")
    source = dataset.load(out)
    beside = target.absolute().parent / f".{target.name}.{uuid.uuid4().hex}"
    made = beside / "made"
    try:
        made.mkdir(parents=True)
        if without or form == "shards":
            share.share(source, beside / "shared", without, quiet)
            source = dataset.load(beside / "shared")
        if form == "shards":
            made = source.out
        else:
            import_module(f"cinedub.export.{FORMS[form][0]}").write(source, form, made)
        if target.exists():
            target.rmdir()
        made.rename(target)
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def link(path: Path, target: Path) -> None:
    """The same file in another place: a hard link where that is possible, else a copy. Datasets never change a file in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
