"""Casts -> passages: the clips of a scene that are corrected together, with what is said around them and the names that the film knows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cinedub.glossary import glossary
from cinedub.lines import lines_of
from schemas import Cast, Passage

#: Clips of a passage are this long in total at most: their evidence fits a small context window.
_LONGEST_MS = 90_000
#: Lines that are told of the clips before and after.
_AROUND = 4


def passages(casts: Sequence[Cast]) -> list[Passage]:
    """The casts of a film or a series, in order, in passages; everything said in them decides how a name is spelled."""
    languages = dict.fromkeys(cast.clip.film.language for cast in casts)
    names = {
        language: glossary((said for cast in casts if cast.clip.film.language == language for said in cast.clip.utterances), language)
        for language in languages
    }
    found = []
    for _, scene in groupby(casts, key=lambda cast: (cast.clip.film.id, cast.clip.scene)):
        parts = _parts(list(scene))
        said = [[(line.speaker, line.text) for cast in part for line in lines_of(cast)] for part in parts]
        for place, part in enumerate(parts):
            before = [line for other in said[:place] for line in other][-_AROUND:]
            after = [line for other in said[place + 1 :] for line in other][:_AROUND]
            found.append(Passage(tuple(part), tuple(before), tuple(after), names[part[0].clip.film.language]))
    return found


def singly(passage: Passage) -> list[Passage]:
    """Every clip of a passage as a passage of its own, with what is said around it."""
    said = [[(line.speaker, line.text) for line in lines_of(cast)] for cast in passage.casts]
    found = []
    for place, cast in enumerate(passage.casts):
        before = [*passage.before, *(line for other in said[:place] for line in other)][-_AROUND:]
        after = [*(line for other in said[place + 1 :] for line in other), *passage.after][:_AROUND]
        found.append(Passage((cast,), tuple(before), tuple(after), passage.glossary))
    return found


def _parts(casts: list[Cast]) -> list[list[Cast]]:
    parts: list[list[Cast]] = []
    for cast in casts:
        if parts and sum(other.clip.span.duration for other in parts[-1]) + cast.clip.span.duration <= _LONGEST_MS:
            parts[-1].append(cast)
        else:
            parts.append([cast])
    return parts
