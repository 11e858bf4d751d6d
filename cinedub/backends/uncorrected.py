"""The corrector that proposes nothing, and the second opinion that nobody has."""

from __future__ import annotations

from typing import Any

from cinedub.backends.roles import Hearing, Mono, Proposal
from cinedub.config import Model
from cinedub.errors import ModelError
from cinedub.exhibits import Exhibits
from schemas import Language


class Uncorrected:
    """Leaves every clip as it was heard."""

    digest = "uncorrected-1"

    def __init__(self, model: Model) -> None:
        """Nothing is loaded."""

    def propose(self, evidence: dict[str, Any], language: Language, exhibits: Exhibits) -> Proposal:
        """An empty proposal."""
        return Proposal()


class NoOpinion:
    """A verifier that knows no language: only the other one is asked."""

    digest = "no-opinion-1"

    def __init__(self, model: Model) -> None:
        """Nothing is loaded."""

    def understands(self, language: Language) -> bool:
        """Never."""
        return False

    def listen(self, sound: Mono, language: Language) -> Hearing:
        """Nobody listens.

        Raises:
            ModelError: always.
        """
        raise ModelError("VERIFY_NOBODY", f"there is no second opinion on {language!r}")
