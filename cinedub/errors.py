"""The exceptions that users see.

CinedubError                 one line: what, why, what to do; the command prints it and exits 2
├── UsageError               a setting, argument or manifest is wrong
├── WeightsError             a model's files are missing or damaged: stops a build at once
├── StorageError             no space, no permission, no such place: stops a build at once
├── BrokenError              element after element fails in the same way: stops a build
└── ElementError             this film, reel or clip can't go on: becomes a dead letter with ``code``
    ├── MediaError           the media is not what it should be
    │   └── Killed           ffmpeg was killed from outside: tried again once
    └── ModelError           a model refused its input

Everything else that escapes a stage becomes a dead letter with the code ``INTERNAL``.
"""

from __future__ import annotations


class CinedubError(Exception):
    """A fault that is explained in one line."""


class UsageError(CinedubError):
    """A setting, argument or manifest is wrong."""


class WeightsError(CinedubError):
    """A model's files are missing or damaged."""


class StorageError(CinedubError):
    """Nothing can be written or read where it must be."""


class BrokenError(CinedubError):
    """Element after element fails in the same way."""


class ElementError(CinedubError):
    """One element can't go on. ``code`` is from the taxonomy in the README, e.g. ``PROBE_NO_AUDIO``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[ElementError], tuple[str, str]]:
        return type(self), (self.code, str(self))


class MediaError(ElementError):
    """The media is not what it should be."""


class Killed(MediaError):
    """ffmpeg was killed from outside, by hand or because memory ran out."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__("DECODE_KILLED", message)


class ModelError(ElementError):
    """A model refused its input."""
