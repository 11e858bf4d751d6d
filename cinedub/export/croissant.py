"""Croissant 1.0 (MLCommons): what the dataset's files are, and the manifest's rows as a record set."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cinedub.dataset import Dataset
from cinedub.export import link
from cinedub.export.card import DESCRIPTION, LICENCE_NOTE

_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
    "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip
_FIELDS = {
    "key": ("sc:Text", "WebDataset key: {film}-{start_ms}-{end_ms}"), "split": ("sc:Text", "train, valid or test"),
    "shard": ("sc:Text", "which tar, without its ending"), "film": ("sc:Text", "the film's content id"), "title": ("sc:Text", "the film's title"),
    "language": ("sc:Text", "en or zh"), "kind": ("sc:Text", "narration, monologue, dialogue or ensemble"),
    "text": ("sc:Text", "the corrected lines"), "emotion": ("sc:Text", "the clip's emotion"), "clue": ("sc:Text", "attributes, tone and emotion"),
    "start_ms": ("sc:Integer", "start on the film's clock"), "end_ms": ("sc:Integer", "end on the film's clock"),
    "lines": ("sc:Integer", "how many lines"), "speakers": ("sc:Integer", "how many speakers"),
    "speech_ms": ("sc:Integer", "how long somebody speaks"), "snr_db": ("sc:Float", "voices over background"),
}  # fmt: skip


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``croissant.json``, ``manifest.parquet`` and ``shards/``."""
    link(dataset.out / "manifest.parquet", folder / "manifest.parquet")
    for path in dataset.paths:
        link(path, folder / "shards" / path.name)
    (folder / "croissant.json").write_text(json.dumps(metadata(dataset), indent=1, ensure_ascii=False), "utf-8")


def metadata(dataset: Dataset) -> dict[str, Any]:
    """The JSON-LD document."""
    with (dataset.out / "manifest.parquet").open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    table = {
        "@type": "cr:FileObject", "@id": "manifest", "name": "manifest", "description": "One row per clip.", "contentUrl": "manifest.parquet",
        "encodingFormat": "application/x-parquet", "sha256": sha256,
    }  # fmt: skip
    tars = [
        {
            "@type": "cr:FileObject", "@id": Path(shard["uri"]).stem, "name": Path(shard["uri"]).stem, "contentUrl": shard["uri"],
            "description": f"WebDataset shard, {shard['records']} clips, split {shard['split']}.", "contentSize": f"{shard['bytes']} B",
            "encodingFormat": "application/x-tar", "sha256": shard["sha256"],
        }
        for shard in dataset.facts["shards"]
    ]  # fmt: skip
    fields = [
        {
            "@type": "cr:Field", "@id": f"clips/{name}", "name": name, "description": description, "dataType": kind,
            "source": {"fileObject": {"@id": "manifest"}, "extract": {"column": name}},
        }
        for name, (kind, description) in _FIELDS.items()
    ]  # fmt: skip
    return {
        "@context": _CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0", "name": "cinedub",
        "description": DESCRIPTION.format(**dataset.facts), "version": "1.0.0", "license": LICENCE_NOTE, "distribution": [table, *tars],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "clips", "name": "clips", "key": {"@id": "clips/key"}, "field": fields}],
    }  # fmt: skip
