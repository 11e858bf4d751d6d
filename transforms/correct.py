"""Correct words, speakers and times from evidence, the clips of a passage together; every proposal is kept with its verdict."""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import Any, get_args

import msgspec
from apache_beam.metrics import Metrics

from cinedub import config, description, edits, parts
from cinedub.backends import roles
from cinedub.evidence import Draft, evidence, mine
from cinedub.exhibits import Exhibits
from cinedub.lines import kind_of, lines_of
from cinedub.passages import singly
from cinedub.storage import Assets
from cinedub.witness import Witness
from schemas import Age, Cast, Emotion, EmotionLabel, Gender, Line, Passage, Script, Speaker
from transforms.stage import Stage

_log = logging.getLogger(__name__)
_TIMBRE = re.compile(r"[a-z][a-z -]{1,19}")


def correct(
    passage: Passage,
    config: config.Correct,
    assets: Assets,
    corrector: roles.Corrector,
    verifier: roles.Verifier,
    second_opinion: roles.Verifier,
    voice_encoder: roles.VoiceEncoder,
) -> list[Script]:
    """Every clip's script after every edit that the evidence bears; as heard where the corrector has nothing usable to say.

    Round by round the corrector sees what holds so far, until nothing it proposes is accepted. What it said is kept beside the result as
    ``proposals.json``. A fault of the corrector costs the passage its correction, never the clips: it is logged and counted, and tried again in
    the next build where that may help.
    """
    by = ":".join(filter(None, [config.corrector.backend, str(config.corrector.option("model", ""))]))
    drafts = [Draft(cast, tuple(lines_of(cast))) for cast in passage.casts]
    witnesses = [Witness(cast, {"verifier": verifier, "second_opinion": second_opinion}, voice_encoder) for cast in passage.casts]
    exhibits = Exhibits(passage.casts)
    proposals: list[roles.Proposal] = []
    told, asked = 0, drafts
    for _ in range(config.rounds if any(draft.lines for draft in drafts) else 0):
        known = evidence(drafts, passage, witnesses=witnesses)
        told += len(msgspec.json.encode(known))
        proposal = corrector.propose(known, passage.language, exhibits)
        proposals.append(proposal)
        if proposal.fault:
            break
        asked = drafts
        judged = [_judged(draft, mine(proposal.edits, drafts, n), config, by, witnesses[n]) for n, draft in enumerate(drafts)]
        settled = not any(verdict.verdict == "accepted" for old, new in zip(drafts, judged, strict=True) for verdict in new.judged[len(old.judged) :])
        drafts = judged
        if settled:
            break
    if proposals:
        assets.path("proposals.json").write_bytes(msgspec.json.encode(proposals))
        _report(passage.id, proposals, drafts, told)
        assets.lasting = not (proposals[0].fault and proposals[0].passing)
    last = next((proposal for proposal in reversed(proposals) if not proposal.fault), roles.Proposal())
    first = [sum(len(draft.lines) for draft in asked[:number]) for number in range(len(asked))]
    felt = [{n: last.emotions[first[c] + n] for n in range(len(draft.lines)) if first[c] + n in last.emotions} for c, draft in enumerate(asked)]
    return [_script(cast, draft, last, felt[n], last.clues.get(n, "")) for n, (cast, draft) in enumerate(zip(passage.casts, drafts, strict=True))]


def _judged(draft: Draft, proposed: list[roles.Edit], config: config.Correct, by: str, witness: Witness) -> Draft:
    """The clip after the edits that hold; what was judged before is not judged again."""
    fresh = edits.unjudged(proposed, draft.judged)
    lines, turns, judged = edits.argue(draft.lines, draft.cast, fresh, config, by, witness)
    return Draft(dataclasses.replace(draft.cast, turns=turns), lines, draft.judged + judged)


def _script(heard_as: Cast, draft: Draft, last: roles.Proposal, emotions: dict[int, tuple[str, float]], clue: str) -> Script:
    """A clip's script; ``emotions`` by the number of its line."""
    cast, language = draft.cast, draft.cast.clip.film.language
    after, corrections = edits.in_order([_felt(line, emotions.get(number)) for number, line in enumerate(draft.lines)], draft.judged)
    if any(each.verdict == "accepted" and each.kind in ("speaker", "part") for each in corrections):
        after, corrections = parts.rejoined(after, corrections, cast)
    speakers = tuple(_known_better(speaker, last.speakers.get(speaker.id, {})) for speaker in cast.speakers)
    kind, emotion = kind_of(after, cast), description.vote(after)
    clue = " ".join(clue.split())
    if not (description.fits(clue, language) and edits.in_script(clue, language)):
        clue = description.describe(after, speakers, kind, emotion, language)
    return Script(dataclasses.replace(heard_as, speakers=speakers), after, cast.turns, kind, emotion, clue, corrections)


def _report(passage: str, proposals: list[roles.Proposal], drafts: list[Draft], told: int) -> None:
    """Log a fault, count verdicts and what was used."""
    if proposals[-1].fault:
        _log.warning("passage %s is corrected no further: %s", passage, proposals[-1].fault)
    Metrics.counter("Correct", "uncorrected").inc(len(drafts) if proposals[0].fault else 0)
    Metrics.counter("Correct", "rounds").inc(len(proposals))
    Metrics.counter("Correct", "evidence_bytes").inc(told)
    for correction in (judged for draft in drafts for judged in draft.judged):
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


class Correct(Stage[Passage, Script]):
    """Correct every clip's words, speakers and times."""

    run = staticmethod(correct)
    version = 8

    @staticmethod
    def parts(element: Passage) -> list[Passage]:
        """A passage's clips, each by itself."""
        return singly(element)
