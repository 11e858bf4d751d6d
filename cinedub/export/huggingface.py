"""A folder for the Hugging Face Hub: WebDataset shards by split, the manifest, and a dataset card whose metadata says how to load them."""

from __future__ import annotations

from pathlib import Path

from cinedub.dataset import Dataset
from cinedub.export import link
from cinedub.export.card import body

#: ``datasets``' name of our splits.
_SPLITS = {"train": "train", "valid": "validation", "test": "test"}
#: Member -> its feature in ``datasets``. JSON is one feature: a schema guessed from the first samples would refuse later ones.
_FEATURES = {
    "json": "json", "mp4": "video", "vocals.flac": "audio", "background.flac": "audio", "mix.flac": "audio", "__key__": "string", "__url__": "string",
}  # fmt: skip
#: The same for the arrays, which ``datasets`` unpacks into nested lists: each one's axes and type.
_ARRAYS = {
    "faces.npz": {
        "pts_ms": (1, "int64"), "track": (2, "bool"), "box": (3, "float32"), "landmarks": (4, "float32"), "blendshapes": (3, "float32"),
        "embedding": (2, "float32"), "speaking": (2, "float32"),
    },
    "lips.npz": {"crops": (4, "uint8"), "points": (4, "float32"), "aperture": (2, "float32")},
}  # fmt: skip
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``README.md``, ``data/*.tar``, ``manifest.parquet``, and beside them what says how it was made."""
    for path in dataset.paths:
        link(path, folder / "data" / path.name)
    for name in ("dataset.json", "settings.toml", "manifest.parquet"):
        if (dataset.out / name).exists():
            link(dataset.out / name, folder / "meta" / name)
    (folder / "README.md").write_text(f"---\n{_metadata(dataset)}---\n\n{body(dataset)}", "utf-8")


def _metadata(dataset: Dataset) -> str:
    from cinedub.share import PARTS

    splits = [split for split in _SPLITS if dataset.facts["splits"].get(split)]
    files = "".join(f"  - split: {_SPLITS[split]}\n    path: data/cinedub-{split}-*.tar\n" for split in splits)
    gone = {name for part in dataset.without for name in PARTS[part][0]}
    features = "".join(f"  - name: {name}\n    dtype: {kind}\n" for name, kind in _FEATURES.items() if name not in gone)
    features += "".join(f"  - name: {name}\n    struct:\n{''.join(map(_array, arrays.items()))}" for name, arrays in _ARRAYS.items())
    languages = "".join(f"- {language}\n" for language in sorted(dataset.facts["languages"]))
    size = next((name for limit, name in _SIZES if dataset.facts["records"] < limit), "n>10M")
    return (
        "license: other\nlicense_name: rights-of-the-films-owners\n"
        f"pretty_name: Dubbing clips made by CineDub\nlanguage:\n{languages}size_categories:\n- {size}\n"
        "task_categories:\n- text-to-speech\n- automatic-speech-recognition\n- video-classification\ntags:\n- webdataset\n- dubbing\n"
        f"configs:\n- config_name: default\n  data_files:\n{files}dataset_info:\n  config_name: default\n  features:\n{features}"
    )


def _array(item: tuple[str, tuple[int, str]]) -> str:
    """An array as lists within lists, one for each axis."""
    name, (axes, kind) = item
    nested = kind
    for _ in range(axes):
        nested = f"{{list: {nested}}}"
    return f"    - {{name: {name}, {nested[1:-1]}}}\n"
