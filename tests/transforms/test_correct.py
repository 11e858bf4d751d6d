"""The correct stage with correctors that behave and correctors that don't: nothing worse than "not corrected"."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cinedub import backends, description, storage
from cinedub.backends.roles import Edit, Proposal
from cinedub.config import Correct as Settings
from cinedub.config import Model
from cinedub.evidence import evidence
from cinedub.lines import lines_of
from schemas import (
    AudioStream,
    Cast,
    Clip,
    Emotion,
    Faces,
    FaceTrack,
    Film,
    Reel,
    Shots,
    Span,
    Speaker,
    Stems,
    Turn,
    Utterance,
    VideoStream,
    Voices,
    Word,
    codec,
)
from transforms.correct import correct

TEXTS = {"en": ["Where", "were", "you", "last", "knight?"], "zh": ["大王", "若是", "生命，", "自然", "知道。"]}


def make_cast(language: Any = "en", texts: list[str] | None = None) -> Cast:
    film = Film("f0", "f0" * 32, "film.mp4", "film", None, language, VideoStream(0, "h264", 640, 360, "25"), AudioStream(1, "aac", 48_000, 2), 60_000)
    reel = Reel(film, Span(0, 60_000), Span(0, 60_000))
    span = Span(10_000, 15_000)
    words = tuple(Word(t, Span(10_500 + 400 * n, 10_900 + 400 * n), 0.8) for n, t in enumerate(TEXTS[language] if texts is None else texts))
    said = (Utterance(Span(words[0].span.start, words[-1].span.end), "x", words, 0.8, ("Where were you last night?",)),) if words else ()
    clip = Clip(Stems(Shots(reel, (Span(0, 60_000),)), "m", "v", "b"), span, span, said, (span,))
    turns = tuple(Turn("s001", utterance.span, 0.9) for utterance in said)
    faces = Faces(clip, (FaceTrack(0, span, 90.0, 0.9, 40.0, 0.1, {"anger": 0.6}, ((Span(10_500, 12_500), 0.9),)),), "f.npz")
    speakers = (Speaker("s001", (0,), "middle-aged", "male", ("low",), (0.1,)), Speaker("s002", (), "uncertain", "uncertain", (), ()))
    return Cast(Voices(clip, turns, "v.npz"), faces, speakers, turns)


class Says:
    """A corrector that says what it was told to."""

    digest = "says-1"

    def __init__(self, proposal: Proposal) -> None:
        self.proposal, self.asked = proposal, list[dict[str, Any]]()

    def propose(self, evidence: dict[str, Any], language: str) -> Proposal:
        self.asked.append(evidence)
        return self.proposal


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CINEDUB_CACHE", str(tmp_path))
    with storage.Assets("Correct", "ab12") as folder:
        yield folder


def run(assets: Any, proposal: Proposal, cast: Cast | None = None) -> Any:
    return correct(cast or make_cast(), Settings(Model("says")), assets, Says(proposal))


def test_without_a_corrector_lines_stay_as_heard_and_the_clip_is_described(assets: Any) -> None:
    script = correct(make_cast(), Settings(), assets, backends.load("corrector", Settings().corrector))
    assert [line.text for line in script.lines] == ["Where were you last knight?"]
    assert script.corrections == () and script.turns == make_cast().turns
    assert (script.kind, script.emotion.label) == ("monologue", "anger")
    assert script.clue == "A middle-aged man speaks at a moderate pace in a low voice. The mood is angry."


def test_a_chinese_clip_is_described_in_chinese(assets: Any) -> None:
    script = run(assets, Proposal(), make_cast("zh"))
    assert script.clue == "一位中年男性独自说话，声音低沉，语速平稳。整体情绪愤怒。"


def test_edits_that_hold_are_made_and_all_are_kept_in_order(assets: Any) -> None:
    proposal = Proposal(
        (Edit("text", 0, "knight?", "night?", "a question of time", 0.9), Edit("text", 3, "a", "b", "?"), Edit("speaker", 0, "s001", "nobody", "?")),
        {0: ("fear", 0.9), 9: ("anger", 0.9)},
        {"s001": {"gender": "female"}, "s002": {"gender": "female", "age": "moo", "timbre": ["bright", "<b>"]}, "s003": {}},
        "A man asks sharply.",
        "knights are not asked about",
    )
    script = run(assets, proposal)
    assert script.lines[0].text == "Where were you last night?" and script.lines[0].asr_text == "Where were you last knight?"
    assert [(c.line, c.verdict, c.by) for c in script.corrections] == [(0, "accepted", "says"), (3, "rejected", "says"), (0, "rejected", "says")]
    assert script.emotion.label == script.lines[0].emotion.label == "fear"
    assert script.clue == "A man asks sharply."
    first, second = script.cast.speakers
    assert first.gender == "male"  # what face and voice told stands
    assert (second.gender, second.age, second.timbre) == ("female", "uncertain", ("bright",))
    assert msgspec.json.decode(assets.path("proposal.json").read_bytes())["reasoning"] == "knights are not asked about"
    assert codec.decode(codec.encode(script), type(script)) == script


@pytest.mark.parametrize("clue", ["一个男人在问话。", "word " * 151, "", "ignore\u0000"], ids=["language", "length", "nothing", "control"])
def test_a_clue_that_breaks_its_limits_is_replaced(assets: Any, clue: str) -> None:
    assert run(assets, Proposal(clue=clue)).clue.startswith("A middle-aged man speaks")


@pytest.mark.parametrize("passing", [True, False])
def test_a_fault_costs_the_correction_not_the_clip_and_is_seen(assets: Any, caplog: pytest.LogCaptureFixture, passing: bool) -> None:
    with caplog.at_level(logging.WARNING):
        script = run(assets, Proposal(fault="no answer: timed out", passing=passing))
    assert [line.text for line in script.lines] == ["Where were you last knight?"] and script.corrections == ()
    assert "no answer: timed out" in caplog.text
    assets.publish()
    assert assets.folder.exists() is not passing  # what may pass is asked again by the next build


def test_a_clip_without_words_asks_nothing(assets: Any) -> None:
    corrector = Says(Proposal())
    script = correct(make_cast(texts=[]), Settings(), assets, corrector)
    assert corrector.asked == [] and script.lines == () and script.clue == ""


def test_evidence_tells_everything_and_shrinks_to_its_limit() -> None:
    cast = make_cast()
    told = evidence(cast, lines_of(cast))
    assert told["lines"][0]["words"][4] == ["knight?", 2100, 2500, 0.8]
    assert told["utterances"][0]["alternatives"] == ["Where were you last night?"]
    assert told["faces"][0]["speaker"] == "s001" and told["faces"][0]["speaking"][0]["start_ms"] == 500
    long = make_cast(texts=["word"] * 11)
    short = evidence(long, lines_of(long), max_chars=600)
    assert len(msgspec.json.encode(short)) <= 600
    assert short["lines"][0]["text"] == " ".join(["word"] * 11)


def test_the_longest_and_surest_mood_is_the_clips() -> None:
    line = lines_of(make_cast())[0]

    def felt(label: Any, length: int, confidence: float) -> Any:
        return dataclasses.replace(line, span=Span(0, length), emotion=Emotion(label, confidence))

    assert description.vote([felt("anger", 1000, 0.9), felt("sadness", 3000, 0.5), felt("uncertain", 9000, 0.9)]).label == "sadness"
    assert description.vote([felt("uncertain", 1000, 0.0)]) == Emotion("uncertain", 0.0) == description.vote([])
