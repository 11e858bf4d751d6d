"""The corrector that proposes nothing."""

from __future__ import annotations

from typing import Any

from cinedub.backends.roles import Proposal
from cinedub.config import Model
from schemas import Language


class Uncorrected:
    """Leaves every clip as it was heard."""

    digest = "uncorrected-1"

    def __init__(self, model: Model) -> None:
        """Nothing is loaded."""

    def propose(self, evidence: dict[str, Any], language: Language) -> Proposal:
        """An empty proposal."""
        return Proposal()
