"""The answer that a language model gives: the JSON schema it is asked for, and its decoding. The answer is untrusted."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

import msgspec

from cinedub.backends.roles import Edit, Proposal
from schemas import Age, EmotionLabel, Gender, codec

_Text = Annotated[str, msgspec.Meta(max_length=2_000)]
_Line = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class _Edit(msgspec.Struct):
    kind: Literal["text", "speaker", "part", "time"]
    line: _Line
    before: _Text
    after: _Text
    reason: _Text = ""
    confidence: float = 0.0


class _Emotion(msgspec.Struct):
    line: _Line
    label: _Text
    confidence: float = 0.0


class _Speaker(msgspec.Struct):
    id: _Text
    age: _Text = ""
    gender: _Text = ""
    timbre: Annotated[list[_Text], msgspec.Meta(max_length=20)] = []


class _Clue(msgspec.Struct):
    clip: _Line
    text: _Text = ""


class _Answer(msgspec.Struct):
    edits: Annotated[list[_Edit], msgspec.Meta(max_length=200)]
    reasoning: str = ""
    emotions: Annotated[list[_Emotion], msgspec.Meta(max_length=500)] = []
    speakers: Annotated[list[_Speaker], msgspec.Meta(max_length=100)] = []
    clues: Annotated[list[_Clue], msgspec.Meta(max_length=100)] = []


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_STRING, _NUMBER, _INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}

#: Reasoning comes first, so that the model thinks before it decides. Every field is required: strict servers ask for that.
SCHEMA = _object(
    reasoning=_STRING,
    edits=_list(
        _object(kind={"enum": ["text", "speaker", "part", "time"]}, line=_INTEGER, before=_STRING, after=_STRING, reason=_STRING, confidence=_NUMBER)
    ),
    emotions=_list(_object(line=_INTEGER, label={"enum": list(get_args(EmotionLabel))}, confidence=_NUMBER)),
    speakers=_list(_object(id=_STRING, age={"enum": list(get_args(Age))}, gender={"enum": list(get_args(Gender))}, timbre=_list(_STRING))),
    clues=_list(_object(clip=_INTEGER, text=_STRING)),
)
SCHEMA["properties"]["edits"]["items"]["properties"]["kind"]["type"] = "string"


def proposal(text: str) -> Proposal:
    """The proposal in an answer; fences, thoughts and talk around the JSON are passed over.

    Raises:
        ValueError: no JSON object of the schema's form, with what is wrong in one line.
    """
    text = re.sub(r"(?s)^\s*<think>.*?</think>", "", text)
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ValueError("the answer holds no JSON object")
    try:
        answer = codec.decode(text[start : end + 1].encode("utf-8", "replace"), _Answer)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the answer is not of the schema: {error}") from error
    return Proposal(
        tuple(Edit(edit.kind, edit.line, edit.before, edit.after, edit.reason, _probability(edit.confidence)) for edit in answer.edits),
        {emotion.line: (emotion.label, _probability(emotion.confidence)) for emotion in answer.emotions},
        {speaker.id: {"age": speaker.age, "gender": speaker.gender, "timbre": speaker.timbre} for speaker in answer.speakers},
        {clue.clip: clue.text for clue in answer.clues},
        answer.reasoning,
    )


def _probability(value: float) -> float:
    return min(1.0, max(0.0, value))
