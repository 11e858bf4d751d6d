"""Nouns for tests about casts."""

from __future__ import annotations

from schemas import AudioStream, Cast, Clip, Faces, FaceTrack, Film, Reel, Shots, Span, Speaker, Stems, Turn, Utterance, VideoStream, Voices, Word

WHOLE = Span(0, 20_000)


def clip_of(
    *utterances: list[tuple[str, int, int]], span: Span = WHOLE, shots: list[Span] | None = None, film: str = "film", stem: str = "x"
) -> Clip:
    """A clip in which these words (text, start, end) are heard."""
    source = Film("film", "0" * 64, "film.mp4", "", None, "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), 1_000_000)
    stems = Stems(Shots(Reel(source, source.span, source.span), (source.span,)), "mix", "vocals", "background")
    said = []
    for words in utterances:
        heard = tuple(Word(text, Span(start, end), 0.9) for text, start, end in words)
        said.append(Utterance(Span(heard[0].span.start, heard[-1].span.end), " ".join(w.text for w in heard), heard, 0.9))
    return Clip(stems, WHOLE, WHOLE, tuple(said), tuple(shots or [WHOLE]))


Turns = list[tuple[str, int, int]]


def cast_of(clip: Clip, turns: Turns, tracks: dict[str, list[FaceTrack]] | None = None, others: tuple[FaceTrack, ...] = ()) -> Cast:
    """A cast with these turns (speaker, start, end), each speaker's faces, and faces of people who don't speak."""
    tracks = tracks or {}
    faces = Faces(clip, (*(t for own in tracks.values() for t in own), *others), "", "")
    spoken = tuple(Turn(who, Span(start, end), 0.9) for who, start, end in turns)
    names = sorted({who for who, _, _ in turns})
    speakers = tuple(Speaker(who, tuple(t.index for t in tracks.get(who, [])), "uncertain", "uncertain", (), (1.0,)) for who in names)
    return Cast(Voices(clip, spoken, ""), faces, speakers, spoken)


def track(index: int, start: int, end: int, speaking: tuple[int, int] | None = None, emotions: dict[str, float] | None = None) -> FaceTrack:
    """A face seen from start to end."""
    spans = ((Span(*speaking), 0.8),) if speaking else ()
    return FaceTrack(index, Span(start, end), 100, 0.9, None, None, emotions or {}, spans)
