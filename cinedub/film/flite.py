"""Three older English voices for variety, from Carnegie Mellon's Flite (Black and Lenzo, 2001): the library that Debian's ffmpeg brings along.

They speak forty times as fast as real time and are understood, but nobody takes them for people: a film whose settings say ``voices = "flite"``
is made without any neural voice. ``flite_slt@1.14`` is played higher by as much, at the same pace.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np
from scipy.signal import resample

from cinedub.errors import UsageError
from cinedub.film.acting import MANNERS, Manner
from cinedub.film.voices import RATE, Phone, Speech, SpokenWord
from schemas import Language

#: Without rms: it doesn't say the same line twice alike.
GENDERS = {"slt": "female", "awb": "male", "kal16": "male"}
#: CMU's phones as the International Phonetic Alphabet's, as far as mouths need.
_IPA = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "W", "ax": "ə", "ay": "I", "b": "b", "ch": "ʧ", "d": "d", "dh": "ð", "eh": "ɛ", "er": "ɜ",
    "ey": "A", "f": "f", "g": "ɡ", "hh": "h", "ih": "ɪ", "iy": "i", "jh": "ʤ", "k": "k", "l": "l", "m": "m", "n": "n", "ng": "ŋ", "ow": "O",
    "oy": "Y", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "uh": "ʊ", "uw": "u", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip
_FIRST, _LAST = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end", b"R:SylStructure.daughtern.daughtern.R:Segment.end"


class Flite:
    """A voice by name: ``flite_slt``, ``flite_awb`` or ``flite_kal16``, with ``@`` and a pitch where wanted."""

    late_ms = 0

    def __init__(self, voice: str) -> None:
        name, _, pitch = voice.removeprefix("flite_").partition("@")
        if name not in GENDERS:
            raise UsageError(f"no voice {voice!r}; of Flite's here are: {', '.join(f'flite_{known}' for known in GENDERS)}")
        self.pitch = float(pitch or 1)
        self._library, self._voice = _open(name)

    def say(self, text: str, language: Language = "en", speed: float = 1.0, seed: int = 0, manner: Manner = MANNERS["neutral"]) -> Speech:
        """Speak one line of English; the same text always sounds the same. Its melody can't be widened, of ``manner`` the rest holds.

        Raises:
            UsageError: a line that isn't English.
        """
        if language != "en" or not text.isascii():
            raise UsageError(f"Flite speaks English only, got {text!r}")
        higher = self.pitch * manner.pitch
        library, slower = self._library, higher / (speed * manner.pace)
        features = ctypes.cast(self._voice, ctypes.POINTER(_Voice)).contents.features
        _c().srand(seed + 1)  # its breath is the C library's random numbers
        library.feat_set_float(features, b"duration_stretch", slower)
        utterance = library.flite_synth_text(text.encode("ascii"), self._voice)
        try:
            wave = library.utt_wave(utterance).contents
            sound = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float32) / 32768
            spoken = round(len(sound) / wave.sample_rate / higher * RATE)
            return Speech(resample(sound, spoken), tuple(self._phones(utterance, higher)), tuple(self._words(utterance, higher)))
        finally:
            library.delete_utterance(utterance)

    def _items(self, utterance: int, relation: bytes) -> Any:
        item = self._library.relation_head(self._library.utt_relation(utterance, relation))
        while item:
            yield item
            item = self._library.item_next(item)

    def _phones(self, utterance: int, higher: float) -> Any:
        start = 0
        for item in self._items(utterance, b"Segment"):
            end = round(1000 * self._library.ffeature_float(item, b"end") / higher)
            if end > start:
                yield Phone(_IPA.get(self._library.ffeature_string(item, b"name").decode(), ""), start, end)
            start = end

    def _words(self, utterance: int, higher: float) -> Any:
        """Words as written: "It's" is one, though Flite says it as two."""
        found: list[tuple[int, SpokenWord]] = []
        for item in self._items(utterance, b"Word"):
            token = self._library.path_to_item(item, b"R:Token.parent")
            start, end = (round(1000 * self._library.ffeature_float(item, edge) / higher) for edge in (_FIRST, _LAST))
            if found and found[-1][0] == token:
                start = found.pop()[1].start
            found.append((token, SpokenWord(self._library.ffeature_string(token, b"name").decode(), start, end)))
        return [word for _, word in found]


@functools.cache
def _c() -> ctypes.CDLL:
    return ctypes.CDLL(None)


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p), ("sample_rate", ctypes.c_int), ("num_samples", ctypes.c_int), ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )  # fmt: skip


class _Voice(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


@functools.cache
def _open(name: str) -> tuple[ctypes.CDLL, int]:
    """The library with its functions' types, and a voice in it."""
    try:
        library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for part in ("usenglish", "cmulex"):
            ctypes.CDLL(f"libflite_{part}.so.1", mode=ctypes.RTLD_GLOBAL)
        register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
    except OSError as error:
        raise UsageError(f"Flite's voice {name} can't be opened: {error}; install libflite1") from error
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float
    types: dict[str, tuple[Any, ...]] = {
        "flite_init": (ctypes.c_int,), "flite_synth_text": (pointer, text, pointer), "utt_wave": (ctypes.POINTER(_Wave), pointer),
        "utt_relation": (pointer, pointer, text), "relation_head": (pointer, pointer), "item_next": (pointer, pointer),
        "path_to_item": (pointer, pointer, text), "ffeature_string": (text, pointer, text), "ffeature_float": (number, pointer, text),
        "feat_set_float": (None, pointer, text, number), "delete_utterance": (None, pointer),
    }  # fmt: skip
    for function, (result, *arguments) in types.items():
        getattr(library, function).restype, getattr(library, function).argtypes = result, arguments
    library.flite_init()
    register.restype, register.argtypes = pointer, (text,)
    return library, register(None)
