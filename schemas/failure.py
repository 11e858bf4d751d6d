"""An element that a stage gave up on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A dead letter: which stage, which element, a code of the taxonomy, one line, and the element itself as JSON."""

    stage: str
    key: str
    code: str
    message: str
    trace: str
    attempt: int
    element: str

    @property
    def id(self) -> str:
        """``{stage}:{key}``."""
        return f"{self.stage}:{self.key}"
