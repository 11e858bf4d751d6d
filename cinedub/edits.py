"""Proposed edits against what is known: checked one by one, applied or refused, all kept. What is proposed is untrusted."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from cinedub import config, parts, retiming
from cinedub.backends.roles import Edit
from cinedub.lines import line_of
from cinedub.soundalike import likeness
from cinedub.witness import Witness, kept_times
from schemas import Cast, Correction, Language, Line, Span, Turn, union

#: A border of a turn this near to its line's is the line's, and moves with it.
TOUCH_MS = 250
#: How much of a voice is heard on either side of a border, and the share of the time for which somebody is seen speaking who surely speaks.
_SIDE_MS, _SEEN = 1_000, 0.5
_TIMES = re.compile(r"(\d{1,9})-(\d{1,9})")


def argue(
    lines: tuple[Line, ...], cast: Cast, edits: Sequence[Edit], limits: config.Correct, by: str, witness: Witness | None = None
) -> tuple[tuple[Line, ...], tuple[Turn, ...], tuple[Correction, ...]]:
    """Lines (in their places, parts taken from them behind all others) and turns after the edits that hold, and the verdict on every one."""
    now, turns = list(lines), cast.turns
    pieces = {number: [number] for number in range(len(now))}
    verdicts: list[Correction] = []
    for proposed in sorted(edits, key=lambda edit: edit.kind != "part"):  # while the lines are as they were shown
        edit = _in_its_piece(proposed, [(place, now[place]) for place in pieces.get(proposed.line, ())], cast.clip.film.language)
        refusal, evidence = verify(edit, now, cast, limits, witness)
        if not refusal and edit.kind == "part":
            turns = _part(edit, now, turns, cast)
            pieces[proposed.line] += range(len(pieces), len(now))
            pieces |= {place: [place] for place in range(len(pieces), len(now))}
        elif not refusal:
            before = now[edit.line]
            now[edit.line] = applied(edit, before, cast)
            if edit.kind == "text" and witness and (heard := witness.times(now, edit.line)):
                now[edit.line] = kept_times(now[edit.line], heard, before.words)
            turns = turns_after(turns, before, now[edit.line])
        evidence["confidence"] = edit.confidence
        if edit.reason and refusal:
            evidence["argument"] = edit.reason
        verdict: Literal["accepted", "rejected"] = "rejected" if refusal else "accepted"
        verdicts.append(Correction(edit.kind, edit.line, edit.before, edit.after, refusal or edit.reason, evidence, verdict, by))
    return tuple(now), turns, tuple(verdicts)


def _in_its_piece(edit: Edit, pieces: Sequence[tuple[int, Line]], language: Language) -> Edit:
    """The edit of whichever piece of its line has the words, where others were given parts of it."""
    has = [place for place, line in pieces if _replaced(line.text, edit.before, edit.after, language) is not None]
    return dataclasses.replace(edit, line=has[0]) if edit.kind in ("text", "part") and len(pieces) > 1 and len(has) == 1 else edit


def unjudged(edits: Sequence[Edit], judged: Sequence[Correction]) -> list[Edit]:
    """Edits that were not proposed before: the same evidence gives the same verdict."""
    known = {(past.kind, past.line, past.before, past.after) for past in judged}
    return [edit for edit in edits if (edit.kind, edit.line, edit.before, edit.after) not in known]


def in_order(lines: Sequence[Line], corrections: Sequence[Correction]) -> tuple[tuple[Line, ...], tuple[Correction, ...]]:
    """Lines by start, and the corrections with their lines' new numbers."""
    order = sorted(range(len(lines)), key=lambda number: (lines[number].span, lines[number].speaker))
    moved = {old: new for new, old in enumerate(order)}
    kept = tuple(dataclasses.replace(correction, line=moved.get(correction.line, correction.line)) for correction in corrections)
    return tuple(lines[number] for number in order), kept


def verify(edit: Edit, lines: Sequence[Line], cast: Cast, limits: config.Correct, witness: Witness | None) -> tuple[str, dict[str, Any]]:
    """Why an edit is refused ("" when it holds), and what was measured: words are the sound's to judge, speakers the voice's and the face's."""
    if not 0 <= edit.line < len(lines):
        return f"there is no line {edit.line}", {"lines": len(lines)}
    if edit.before == edit.after:
        return "nothing changes", {}
    if edit.kind == "text":
        return _verify_text(edit, lines, cast, limits, witness)
    if edit.kind == "speaker":
        return _verify_speaker(edit, lines[edit.line], cast, limits, witness)
    if edit.kind == "part":
        return _verify_part(edit, lines[edit.line], cast, limits, witness)
    return _verify_time(edit, lines[edit.line], cast)


def _verify_text(edit: Edit, lines: Sequence[Line], cast: Cast, limits: config.Correct, witness: Witness | None) -> tuple[str, dict[str, Any]]:
    line, language = lines[edit.line], cast.clip.film.language
    text = _replaced(line.text, edit.before, edit.after, language)
    if text is None:
        return "what should change does not occur once in the line", {}
    if not in_script(text, language, line.asr_text):
        return f"the text leaves the script of {language!r}", {}
    heard, said = len(retiming.units(line.asr_text, language)), len(retiming.units(text, language))
    change = abs(said - heard) / max(heard, 1)
    measured: dict[str, Any] = {"length_change": round(change, 3), "limit": limits.max_length_change}
    if not said or change > limits.max_length_change:
        return "the length changes too much", measured
    if line.span.duration < said * retiming.MIN_UNIT_MS:
        return "nobody says so much in that time", measured
    old, new = ([retiming.bare(unit) for unit in retiming.units(side, language)] for side in (line.text, text))
    if witness is None or old == new:  # of capitals and commas the sound knows nothing
        return "", measured
    measured["margins"] = margins = witness.margins(lines, edit.line, text)
    limit = limits.min_margin_deletion
    if not _only_takes_away(old, new):
        measured["alike"] = alike = round(likeness(*_differing(old, new), language), 3)
        limit = limits.min_margin + (limits.min_margin_alike - limits.min_margin) * alike
    measured["min_margin"] = round(limit if edit.least_margin is None else max(limit, edit.least_margin), 3)
    if edit.least_margin is not None and not margins:
        return "it rests on the sound alone, and nobody listened", measured
    if any(margin < measured["min_margin"] for margin in margins.values()):
        return "the sound contradicts it", measured
    return "", measured


def _differing(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """What is left of both without what they begin and end with alike."""
    shared = min(len(old), len(new))
    head = next((place for place in range(shared) if old[place] != new[place]), shared)
    tail = next((place for place in range(shared - head) if old[-1 - place] != new[-1 - place]), shared - head)
    return old[head : len(old) - tail], new[head : len(new) - tail]


def _only_takes_away(old: list[str], new: list[str]) -> bool:
    """Whether ``new`` is ``old`` with something left out."""
    rest = iter(old)
    return len(new) < len(old) and all(unit in rest for unit in new)


def _verify_speaker(edit: Edit, line: Line, cast: Cast, limits: config.Correct, witness: Witness | None) -> tuple[str, dict[str, Any]]:
    if edit.before != line.speaker:
        return "the line is not this speaker's", {"speaker": line.speaker}
    return _verify_voice(edit.before, edit.after, line.span, cast, limits, witness)


def _verify_part(edit: Edit, line: Line, cast: Cast, limits: config.Correct, witness: Witness | None) -> tuple[str, dict[str, Any]]:
    """Both sides of every border that a part makes are heard by themselves: each has to be more in the voice of whom it goes to, or stays with."""
    part = parts.find(line, edit.before, cast.clip.film.language)
    if part is None:
        return "what should go to another does not occur once in the line", {}
    if edit.after == line.speaker:
        return "the line is this speaker's", {"speaker": line.speaker}
    refusal, measured = _verify_voice(line.speaker, edit.after, part.span, cast, limits, witness)
    if refusal or witness is None or not (borders := part.borders(_SIDE_MS)):
        return refusal, measured
    inside, outside = ([witness.voice(side) for side in sides] for sides in zip(*borders, strict=True))
    margins = [
        round(like[own] - like[other], 3)
        for sides, own, other in ((inside, edit.after, line.speaker), (outside, line.speaker, edit.after))
        for like in sides
        if {own, other} <= like.keys()
    ]
    limit = limits.min_border_margin if edit.least_margin is None else max(limits.min_border_margin, edit.least_margin)
    measured |= {"border_margins": margins, "min_border_margin": limit}
    if any(margin < limit for margin in margins):
        return "a side of the border is in the other's voice", measured
    if edit.least_margin is not None and len(margins) < 2 * len(borders):
        return "it rests on the voice alone, and a side is too short for one", measured
    if not any(inside) and measured["seen_speaking"][edit.after] < _SEEN:
        return "it is too short to tell whose voice it is", measured
    return "", measured


def _verify_voice(before: str, after: str, span: Span, cast: Cast, limits: config.Correct, witness: Witness | None) -> tuple[str, dict[str, Any]]:
    """Whether voice and face bear that ``after`` speaks there, not ``before``."""
    known = {speaker.id: speaker for speaker in cast.speakers}
    if after not in known:
        return "the cast has no such speaker", {"speakers": sorted(known)}
    seen = {
        name: round(max((sum(s.overlap(span) * score for s, score in track.speaking) for track in cast.faces.tracks
                         if track.index in known[name].faces), default=0.0) / span.duration, 3)
        for name in (before, after) if name in known
    }  # fmt: skip
    measured: dict[str, Any] = {"seen_speaking": seen}
    if seen.get(before, 0.0) >= _SEEN > 2 * seen[after]:
        return "the one who speaks is seen speaking", measured
    measured["likeness"] = like = witness.likeness(span) if witness else {}
    if {before, after} <= like.keys() and like[after] - like[before] < limits.min_voice_margin:
        return "the voice is another's", {**measured, "min_voice_margin": limits.min_voice_margin}
    return "", measured


def _verify_time(edit: Edit, line: Line, cast: Cast) -> tuple[str, dict[str, Any]]:
    clip = cast.clip.span
    times = _TIMES.fullmatch(edit.after.strip())
    if times is None or int(times[1]) >= int(times[2]):
        return "times are start-end in ms", {}
    span = Span(int(times[1]), int(times[2])).shift(clip.start)
    measured = {"overlap_ms": span.overlap(line.span)}
    if not clip.covers(span):
        return "the times leave the clip", {"clip_ms": clip.duration}
    if 2 * span.overlap(line.span) < max(span.duration, line.span.duration):
        return "the times leave the words", measured
    if span.duration < len(line.words) * retiming.MIN_UNIT_MS:
        return "nobody says so much in that time", measured
    return "", measured


def applied(edit: Edit, line: Line, cast: Cast) -> Line:
    """The line after an edit that holds."""
    if edit.kind == "speaker":
        return dataclasses.replace(line, speaker=edit.after, on_screen=line_of(edit.after, line.words, cast).on_screen)
    if edit.kind == "time":
        start, _, end = edit.after.strip().partition("-")
        span = Span(int(start), int(end)).shift(cast.clip.span.start)
        return dataclasses.replace(line, span=span, words=tuple(dataclasses.replace(w, span=_moved(w.span, line.span, span)) for w in line.words))
    language = cast.clip.film.language
    text = _replaced(line.text, edit.before, edit.after, language) or line.text
    return dataclasses.replace(line, text=text, words=retiming.retime(line.words, text, line.span, language))


def _part(edit: Edit, lines: list[Line], turns: tuple[Turn, ...], cast: Cast) -> tuple[Turn, ...]:
    """Part a line in its place, what is new behind all others; the turns after that."""
    line = lines[edit.line]
    part = parts.find(line, edit.before, cast.clip.film.language)
    assert part is not None, "an edit that holds has its place"
    lines[edit.line], *others = parts.parted(line, part, edit.after, cast)
    lines += others
    return handed_over(turns, line.speaker, edit.after, part.span, part.rest)


def in_script(text: str, language: Language, heard: str = "") -> bool:
    """Whether text is printable, has letters, and all are of the language's script.

    English: Latin letters. Chinese: Han characters, and Latin words (names) where they are at most a quarter, or no more than were heard.
    """
    letters = [c for c in text if c.isalpha()]
    if not letters or any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn", "Cs") for c in text):
        return False
    latin = [_is_latin(c) for c in letters]
    if language == "en":
        return all(latin)
    if not all(is_latin or unicodedata.name(c, "").startswith("CJK") for c, is_latin in zip(letters, latin, strict=True)):
        return False
    words = _latin_words(text)
    return words <= _latin_words(heard) or 4 * words <= len(retiming.units(text, language))


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN"))


def _latin_words(text: str) -> int:
    return sum(any(_is_latin(c) for c in unit) for unit in retiming.units(text, "zh"))


def _replaced(text: str, before: str, after: str, language: Language) -> str | None:
    """The text with its one occurrence of ``before`` replaced, at the borders of words; None where it doesn't occur once."""
    before, after = before.strip(), " ".join(after.split())
    if not before:
        return None
    pattern = re.escape(before) if language == "zh" else rf"(?<!\w){re.escape(before)}(?!\w)"
    found = list(re.finditer(pattern, text))
    if len(found) != 1:
        return None
    changed = text[: found[0].start()] + after + text[found[0].end() :]
    return " ".join(changed.split()) if language == "en" else changed.strip()


def _moved(word: Span, old: Span, new: Span) -> Span:
    start = new.start + (word.start - old.start) * new.duration // old.duration
    end = new.start + (word.end - old.start) * new.duration // old.duration
    start = max(new.start, min(start, new.end - 1))
    return Span(start, max(start + 1, min(end, new.end)))


def turns_after(turns: tuple[Turn, ...], before: Line, after: Line) -> tuple[Turn, ...]:
    """Turns after a line has another speaker or other times; words alone change no turn."""
    if before.speaker != after.speaker:
        turns = handed_over(turns, before.speaker, after.speaker, before.span)
    elif before.span != after.span:
        turns = tuple(_stretched(turn, before, after) for turn in turns)
    return tuple(sorted(turns, key=lambda turn: (turn.span, turn.speaker)))


def handed_over(turns: tuple[Turn, ...], speaker: str, other: str, span: Span, rest: Sequence[Span] = ()) -> tuple[Turn, ...]:
    """What of ``speaker``'s turns lies in ``span`` goes to the other; crumbs beside it go along, unless ``rest``, which stays, lies there. Where the
    other is heard already two speak: the words are the other's, and both go on speaking."""
    heard = [turn for turn in turns if turn.speaker == other]
    given, kept = list(heard), [turn for turn in turns if turn.speaker not in (speaker, other)]
    for turn in (turn for turn in turns if turn.speaker == speaker):
        if not (inside := turn.span & span):
            kept.append(turn)
            continue
        head, tail = inside.start - turn.span.start, turn.span.end - inside.end
        start = turn.span.start if head < TOUCH_MS and not any(r.start < inside.start for r in rest) else inside.start
        end = turn.span.end if tail < TOUCH_MS and not any(r.end > inside.end for r in rest) else inside.end
        given.append(Turn(other, Span(start, end), turn.score))
        left = [Span(low, high) for low, high in ((turn.span.start, start), (end, turn.span.end)) if low < high]
        both = [shared for each in heard if (shared := each.span & Span(start, end)) and shared.duration >= TOUCH_MS]
        kept += [Turn(speaker, part, turn.score) for part in union([*left, *both])]
    return tuple(sorted([*kept, *_united(given)], key=lambda turn: (turn.span, turn.speaker)))


def _united(turns: Sequence[Turn]) -> list[Turn]:
    """One speaker's turns, those that touch or overlap as one, with the mean of their scores over time."""
    whole = union(turn.span for turn in turns)
    parts = [[turn for turn in turns if span.covers(turn.span)] for span in whole]
    length = [sum(turn.span.duration for turn in part) for part in parts]
    scores = [sum(turn.score * turn.span.duration for turn in part) / total for part, total in zip(parts, length, strict=True)]
    return [Turn(turns[0].speaker, span, round(score, 4)) for span, score in zip(whole, scores, strict=True)]


def _stretched(turn: Turn, before: Line, after: Line) -> Turn:
    if turn.speaker != before.speaker or not turn.span.overlap(before.span):
        return turn
    start = after.span.start if abs(turn.span.start - before.span.start) < TOUCH_MS else turn.span.start
    end = after.span.end if abs(turn.span.end - before.span.end) < TOUCH_MS else turn.span.end
    return dataclasses.replace(turn, span=Span(start, end)) if start < end else turn
