"""The nouns of CineDub: small, frozen, self-checking records. See ``schemas.film``, ``speech``, ``people``, ``script``, ``record``."""

from schemas.dubbing import Dubbed, DubJob
from schemas.failure import Failure
from schemas.film import AudioStream, Film, Language, Reel, Shots, Source, Stems, VideoStream, check_id
from schemas.people import Age, Appearance, Appearances, Cast, Emotion, EmotionLabel, Faces, FaceTrack, Gender, Passage, Speaker, Sync, Tone
from schemas.record import Member, Record, Shard
from schemas.script import Correction, Dropped, Kind, Line, Quality, Review, Reviewed, Script, Take
from schemas.span import Span, outside, union
from schemas.speech import Clip, Scenes, Transcript, Turn, Utterance, Voices, Word

__all__ = [
    "Age", "Appearance", "Appearances", "AudioStream", "Cast", "Clip", "Correction", "Dropped", "Dubbed", "DubJob", "Emotion", "EmotionLabel",
    "Faces", "FaceTrack", "Failure", "Film", "Gender", "Kind", "Language", "Line", "Member", "Passage", "Quality", "Record", "Reel", "Review",
    "Reviewed", "Scenes", "Script", "Shard", "Shots", "Source", "Span", "Speaker", "Stems", "Sync", "Take", "Tone", "Transcript", "Turn", "Utterance",
    "VideoStream", "Voices", "Word", "check_id", "outside", "union",
]  # fmt: skip
