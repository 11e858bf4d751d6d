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
    "json": "dtype: json", "mp4": "dtype: video", "vocals.flac": "dtype: audio", "background.flac": "dtype: audio", "mix.flac": "dtype: audio",
    "faces.npz": "dtype: binary", "lips.npz": "dtype: binary", "__key__": "dtype: string", "__url__": "dtype: string",
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
    features = "".join(f"  - name: {name}\n    {kind}\n" for name, kind in _FEATURES.items() if name not in gone)
    languages = "".join(f"- {language}\n" for language in sorted(dataset.facts["languages"]))
    size = next((name for limit, name in _SIZES if dataset.facts["records"] < limit), "n>10M")
    return (
        "license: other\nlicense_name: rights-of-the-films-owners\n"
        f"pretty_name: Dubbing clips made by CineDub\nlanguage:\n{languages}size_categories:\n- {size}\n"
        "task_categories:\n- text-to-speech\n- automatic-speech-recognition\n- video-classification\ntags:\n- webdataset\n- dubbing\n"
        f"configs:\n- config_name: default\n  data_files:\n{files}dataset_info:\n  config_name: default\n  features:\n{features}"
    )
