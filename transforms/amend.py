"""Apply what people said of clips: after correction, before anything is measured. Clips of which nobody said anything pass by untouched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam

from cinedub import config, overlay
from cinedub.backends import roles
from cinedub.storage import Assets
from cinedub.witness import Witness
from schemas import Dropped, Review, Reviewed, Script
from transforms.stage import Losses, Stage


def amend(
    reviewed: Reviewed, config: config.Correct, assets: Assets, corrector: roles.Corrector, verifier: roles.Verifier, second_opinion: roles.Verifier
) -> Script | Dropped:
    """The script as people want it; ``Dropped`` with REJECTED when they don't want the clip."""
    witness = Witness(reviewed.script.cast, {"verifier": verifier, "second_opinion": second_opinion})
    return overlay.apply(reviewed.script, reviewed.reviews, witness)


class Amend(Stage[Reviewed, Script]):
    """Apply people's edits to the scripts they are about."""

    run = staticmethod(amend)


def amended(scripts: Any, reviews: Mapping[str, tuple[Review, ...]], settings: config.Correct, losses: Losses) -> Any:
    """Scripts after people's edits."""
    if not reviews:
        return scripts
    said = scripts.pipeline | "Reviews" >> beam.Create(list(reviews.items()))
    parts = scripts | "Find reviews" >> beam.ParDo(_Attach(), beam.pvalue.AsDict(said)).with_outputs("reviewed", main="untouched")
    changed = parts.reviewed | "Reviewed" >> beam.Map(_same).with_output_types(Reviewed) | Amend(settings, losses)
    return (parts.untouched, changed) | "With amended" >> beam.Flatten() | "Scripts" >> beam.Map(_same).with_output_types(Script)


class _Attach(beam.DoFn):
    """A script alone, or with what people said of it."""

    def process(self, script: Script, reviews: Mapping[str, tuple[Review, ...]]) -> Iterator[Any]:
        """The script, or ``Reviewed`` to the output of that name."""
        said = reviews.get(script.id)
        yield beam.pvalue.TaggedOutput("reviewed", Reviewed(script, said)) if said else script


def _same(element: Any) -> Any:
    return element
