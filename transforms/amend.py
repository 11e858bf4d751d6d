"""Apply what people said of clips: after correction, before anything is measured. Clips of which nobody said anything pass by untouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam

from cinedub import config, overlay
from cinedub.backends import roles
from cinedub.storage import Assets
from cinedub.witness import Witness
from schemas import Dropped, Review, Reviewed, Script
from transforms.stage import Losses, Stage


def amend(
    reviewed: Reviewed,
    config: config.Correct,
    assets: Assets,
    corrector: roles.Corrector,
    verifier: roles.Verifier,
    second_opinion: roles.Verifier,
    voice_encoder: roles.VoiceEncoder,
) -> Script | Dropped:
    """The script as people want it; ``Dropped`` with REJECTED when they don't want the clip."""
    witness = Witness(reviewed.script.cast, {"verifier": verifier, "second_opinion": second_opinion})
    return overlay.apply(reviewed.script, reviewed.reviews, witness)


class Amend(Stage[Reviewed, Script]):
    """Apply people's edits to the scripts they are about."""

    run = staticmethod(amend)
    version = 2


def amended(scripts: Any, reviews: Mapping[str, tuple[Review, ...]], settings: config.Correct, losses: Losses) -> Any:
    """Scripts after people's edits."""
    if not reviews:
        return scripts
    said = scripts.pipeline | "Reviews" >> beam.Create(list(reviews.items()))
    both = scripts | "Find reviews" >> beam.Map(_attach, beam.pvalue.AsDict(said)).with_output_types(Any)
    untouched = both | "Untouched" >> beam.Filter(isinstance, Script).with_output_types(Script)
    changed = both | "Reviewed" >> beam.Filter(isinstance, Reviewed).with_output_types(Reviewed) | Amend(settings, losses)
    return (untouched, changed) | "With amended" >> beam.Flatten()


def _attach(script: Script, reviews: Mapping[str, tuple[Review, ...]]) -> Script | Reviewed:
    """A script alone, or with what people said of it."""
    said = reviews.get(script.id)
    return Reviewed(script, said) if said else script
