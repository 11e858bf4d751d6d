"""Everything that is known about a film, written beside it: JSON (scenes, turns, lines, shots, faces), RTTM (who speaks when), CTM (words) and STM
(lines), the last three in NIST's forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cinedub import __version__
from cinedub.film.picture import FaceNote
from cinedub.film.script import Plan, PlannedScene, Spoken


def write(plan: Plan, faces: list[FaceNote], target: Path) -> None:
    """``target``.json, .rttm, .ctm and .stm; times in ms on the film's clock, boxes in pixels."""
    film = target.name
    spoken = sorted((item for planned in plan.scenes for item in planned.spoken), key=lambda item: item.start)
    people = plan.characters
    truth: dict[str, Any] = {
        "film": film,
        "title": plan.title,
        "duration_ms": plan.duration,
        "language": plan.language,
        "fps": str(plan.fps),
        "size": list(plan.size),
        "seed": plan.seed,
        "made_by": f"cinedub {__version__}",
        "lines": [_scene(planned, number) for number, planned in enumerate(plan.scenes)],
        "turns": [
            {
                "start_ms": item.voiced.start, "end_ms": item.voiced.end, "speaker": item.line.speaker, "gender": people[item.line.speaker].gender,
                "age": people[item.line.speaker].age, "text": item.line.text, "emotion": item.line.emotion, "on_screen": item.line.on_screen,
                "seen_ms": _seen(plan, item),
                "words": [{"text": w.text, "start_ms": item.start + w.start, "end_ms": item.start + w.end} for w in item.speech.words],
                "phonemes": [[p.symbol, item.start + p.start, item.start + p.end] for p in item.speech.phones],
            }
            for item in spoken
        ],
        "shots": [
            {"start_ms": plan.ms(s.first), "end_ms": plan.ms(s.last), "scene": s.scene, "seen": [seat.name for seat in s.seats]} for s in plan.shots
        ],
        "speakers": [{"id": c.name, "gender": c.gender, "age": c.age, "voice": c.voice, "face": c.look is not None} for c in people.values()],
        "faces": [
            {
                "track": number, "person": note.person, "shot": note.shot,
                "start_ms": plan.ms(note.first), "end_ms": plan.ms(note.first + len(note.boxes)),
                "first_frame": note.first, "boxes": note.boxes, "mouth": note.mouth, **_seen_how(plan, note),
            }
            for number, note in enumerate(faces)
        ],
    }  # fmt: skip
    target.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=0 if not faces else 1))
    rttm = [
        f"SPEAKER {_bare(film)} 1 {item.voiced.start / 1000:.3f} {item.voiced.duration / 1000:.3f} <NA> <NA> {item.line.speaker} <NA> <NA>\n"
        for item in spoken
    ]
    target.with_suffix(".rttm").write_text("".join(rttm))
    words = sorted((item.start + word.start, word.end - word.start, word.text) for item in spoken for word in item.speech.words)
    ctm = [f"{_bare(film)} 1 {start / 1000:.3f} {length / 1000:.3f} {text}\n" for start, length, text in words]
    target.with_suffix(".ctm").write_text("".join(ctm), "utf-8")
    stm = [
        f"{_bare(film)} 1 {name} {item.voiced.start / 1000:.3f} {item.voiced.end / 1000:.3f} <o,{people[name].gender}> {item.line.text}\n"
        for item in spoken
        for name in [item.line.speaker]
    ]
    target.with_suffix(".stm").write_text("".join(stm), "utf-8")


def _seen_how(plan: Plan, note: FaceNote) -> dict[str, Any]:
    """What makes a face hard to find: degrees that it is turned by, blur in pixels at 720 lines, something before it."""
    shot = plan.shots[note.shot]
    yaw = next(seat.yaw for seat in shot.seats if seat.name == note.person)
    return {"yaw": round(yaw, 1), "blur": round(shot.blur, 2), "hidden": shot.hidden}


def _bare(name: str) -> str:
    """A name without blanks, which these forms can't hold."""
    return "_".join(name.split())


def _scene(planned: PlannedScene, number: int) -> dict[str, Any]:
    scene = planned.scene
    return {
        "source": f"scene-{number:03d}", "start_ms": planned.span.start, "end_ms": planned.span.end, "kind": scene.kind,
        "text": " ".join(item.line.text for item in planned.spoken), "place": scene.place, "music": scene.music, "light": scene.light,
        "speakers": sorted({item.line.speaker for item in planned.spoken}),
    }  # fmt: skip


def _seen(plan: Plan, item: Spoken) -> list[list[int]]:
    """When, during the line, its speaker is in the picture."""
    spans = []
    for shot in plan.shots:
        start, end = max(plan.ms(shot.first), item.voiced.start), min(plan.ms(shot.last), item.voiced.end)
        if start < end and any(seat.name == item.line.speaker for seat in shot.seats):
            spans.append([start, end])
    return spans
