"""What must be in place before pyannote.audio is imported; importing this module sees to it.

Its telemetry is off, and it asks no model hub. And torchaudio, which it imports, may lack its native part: torchaudio's registry wheel is a CUDA
build, whose library can't be loaded beside CPU torch, so that ``import torchaudio`` raises OSError, although nothing here needs that library.
With the finder below torchaudio's Python part is imported without it; where the library loads, nothing changes.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_MODULE = "torchaudio._extension.utils"
_log = logging.getLogger(__name__)


class _TolerantLoader(Loader):
    """Loads torchaudio's library loader, and makes it answer "not there" for a library that can't be loaded."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        strict = module._load_lib

        def load_library(library: str) -> bool:
            try:
                return bool(strict(library))
            except OSError as error:
                _log.info("torchaudio goes without its native part: %s", error)
                return False

        module.__dict__["_load_lib"] = load_library


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _TolerantLoader(spec.loader)
        return spec


os.environ["PYANNOTE_METRICS_ENABLED"] = "false"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.meta_path.insert(0, _Finder())
