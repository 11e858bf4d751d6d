"""Correct a clip's words, speakers and times from evidence; every proposal is kept with its verdict."""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import Any, get_args

import msgspec
from apache_beam.metrics import Metrics

from cinedub import config, description, edits
from cinedub.backends import roles
from cinedub.evidence import evidence
from cinedub.lines import kind_of, lines_of
from cinedub.storage import Assets
from cinedub.witness import Witness
from schemas import Age, Cast, Correction, Emotion, EmotionLabel, Gender, Line, Script, Speaker
from transforms.stage import Stage

_log = logging.getLogger(__name__)
_TIMBRE = re.compile(r"[a-z][a-z -]{1,19}")


def correct(
    cast: Cast, config: config.Correct, assets: Assets, corrector: roles.Corrector, verifier: roles.Verifier, second_opinion: roles.Verifier
) -> Script:
    """The clip's script after every edit that the evidence bears; as heard where the corrector has nothing usable to say.

    Round by round the corrector sees what holds so far, until nothing it proposes is accepted. What it said is kept beside the result as
    ``proposals.json``. A fault of the corrector costs the clip its correction, never the clip: it is logged and counted, and tried again in
    the next build where that may help.
    """
    lines, language = tuple(lines_of(cast)), cast.clip.film.language
    heard_as, by = cast, ":".join(filter(None, [config.corrector.backend, str(config.corrector.option("model", ""))]))
    witness = Witness(cast, {"verifier": verifier, "second_opinion": second_opinion})
    proposals: list[roles.Proposal] = []
    corrections: tuple[Correction, ...] = ()
    for _ in range(config.rounds if lines else 0):
        proposal = corrector.propose(evidence(cast, lines, corrections), language)
        proposals.append(proposal)
        if proposal.fault:
            break
        fresh = edits.unjudged(proposal.edits, corrections)
        lines, turns, judged = edits.argue(lines, cast, fresh, config, by, witness)
        cast, corrections = dataclasses.replace(cast, turns=turns), corrections + judged
        if not any(correction.verdict == "accepted" for correction in judged):
            break
    if proposals:
        assets.path("proposals.json").write_bytes(msgspec.json.encode(proposals))
        _report(cast.id, proposals, corrections)
        assets.lasting = not (proposals[0].fault and proposals[0].passing)
    last = next((proposal for proposal in reversed(proposals) if not proposal.fault), roles.Proposal())
    after, corrections = edits.in_order([_felt(line, last.emotions.get(number)) for number, line in enumerate(lines)], corrections)
    speakers = tuple(_known_better(speaker, last.speakers.get(speaker.id, {})) for speaker in cast.speakers)
    kind, emotion = kind_of(after, cast), description.vote(after)
    clue = " ".join(last.clue.split())
    if not (description.fits(clue, language) and edits.in_script(clue, language)):
        clue = description.describe(after, speakers, kind, emotion, language)
    return Script(dataclasses.replace(heard_as, speakers=speakers), after, cast.turns, kind, emotion, clue, corrections)


def _report(clip: str, proposals: list[roles.Proposal], corrections: tuple[Correction, ...]) -> None:
    """Log a fault, count verdicts and what was used."""
    if proposals[-1].fault:
        _log.warning("clip %s is corrected no further: %s", clip, proposals[-1].fault)
    Metrics.counter("Correct", "uncorrected").inc(int(bool(proposals[0].fault)))
    for correction in corrections:
        Metrics.counter("Correct", f"{correction.kind}_{correction.verdict}").inc()
    for proposal in proposals:
        for name, amount in proposal.used.items():
            Metrics.counter("Correct", name).inc(amount)


def _felt(line: Line, said: tuple[str, float] | None) -> Line:
    """The line with the corrector's emotion where it is surer than what was read off the face."""
    if said is None or said[0] not in get_args(EmotionLabel) or said[0] == "uncertain":
        return line
    label, confidence = said
    if line.emotion.label != "uncertain" and confidence <= line.emotion.confidence:
        return line
    return dataclasses.replace(line, emotion=Emotion(label, confidence))  # type: ignore[arg-type]


def _known_better(speaker: Speaker, said: dict[str, Any]) -> Speaker:
    """The speaker with the corrector's word on what neither voice nor face told."""
    age: Any = said.get("age")
    gender: Any = said.get("gender")
    timbre = tuple(word for word in said.get("timbre", ()) if isinstance(word, str) and _TIMBRE.fullmatch(word))[:5]
    return dataclasses.replace(
        speaker,
        age=age if speaker.age == "uncertain" and age in get_args(Age) else speaker.age,
        gender=gender if speaker.gender == "uncertain" and gender in get_args(Gender) else speaker.gender,
        timbre=speaker.timbre or timbre,
    )


class Correct(Stage[Cast, Script]):
    """Correct every clip's words, speakers and times."""

    run = staticmethod(correct)
    version = 3
