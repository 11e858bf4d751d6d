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
from schemas import Age, Cast, Emotion, EmotionLabel, Gender, Line, Script, Speaker
from transforms.stage import Stage

_log = logging.getLogger(__name__)
_TIMBRE = re.compile(r"[a-z][a-z -]{1,19}")


def correct(cast: Cast, config: config.Correct, assets: Assets, corrector: roles.Corrector) -> Script:
    """The clip's script after every edit that the evidence bears; as heard where the corrector has nothing usable to say.

    What the corrector said is kept beside the result as ``proposal.json``. A fault of the corrector costs the clip its
    correction, never the clip: it is logged and counted, and tried again in the next build where that may help.
    """
    lines, language = tuple(lines_of(cast)), cast.clip.film.language
    proposal = roles.Proposal()
    if lines:
        proposal = corrector.propose(evidence(cast, lines), language)
        assets.path("proposal.json").write_bytes(msgspec.json.encode(proposal))
    if proposal.fault:
        _log.warning("clip %s stays as heard: %s", cast.id, proposal.fault)
        Metrics.counter("Correct", "uncorrected").inc()
        assets.lasting = not proposal.passing
    felt = tuple(_felt(line, proposal.emotions.get(number)) for number, line in enumerate(lines))
    by = ":".join(filter(None, [config.corrector.backend, str(config.corrector.option("model", ""))]))
    after, turns, corrections = edits.argue(felt, cast, proposal.edits, config.max_length_change, by)
    for correction in corrections:
        Metrics.counter("Correct", f"{correction.kind}_{correction.verdict}").inc()
    described = dataclasses.replace(cast, speakers=tuple(_known_better(speaker, proposal.speakers.get(speaker.id, {})) for speaker in cast.speakers))
    kind, emotion = kind_of(after, cast), description.vote(after)
    clue = " ".join(proposal.clue.split())
    if not (description.fits(clue, language) and edits.in_script(clue, language)):
        clue = description.describe(after, described.speakers, kind, emotion, language)
    return Script(described, after, turns, kind, emotion, clue, corrections)


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
