"""Voices as people name them: ``anna=anna.wav``, ``bob=kokoro:am_adam``, ``carol=record:OUT:s001``; without ``anna=`` for everybody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from cinedub import backends
from cinedub.backends.roles import Mono
from cinedub.config import Model
from cinedub.errors import UsageError
from cinedub.shards import read_annotations, shards_in
from model import adapt, mel, of_record
from model.batch import VOICE
from model.order import DubError, Reference, Voice
from schemas import Language

EVERYBODY = "*"
_RATE = 16_000
#: A reference has so many seconds of speech; more is not listened to.
SHORTEST_S, LONGEST_S = 3.0, 15.0
#: Below this nobody can be heard; a block this far below the loudest is a pause.
SILENT_DB, PAUSE_DB = -50.0, 35.0
#: DNSMOS of the background below which a voice vector describes the noise as much as the voice.
NOISY = 2.2
#: Words in a reference below this confidence are not taken for what was said.
_SURE = 0.5
#: Words may begin a little before, and end after they are said to.
_AROUND_MS = 100


def named(given: Sequence[str]) -> dict[str, Voice]:
    """Speaker -> voice, out of ``SPEAKER=VOICE`` as typed; ``EVERYBODY`` for one without a speaker.

    Raises:
        UsageError: not such an argument, no such file, record or TTS voice.
        DubError: a reference that can't be used.
    """
    found: dict[str, Voice] = {}
    for text in given:
        name, equals, what = text.partition("=")
        name, what = (name.strip(), what.strip()) if equals else (EVERYBODY, text.strip())
        if not name or not what:
            raise UsageError(f"a voice is SPEAKER=WAV, SPEAKER=kokoro:NAME, SPEAKER=hibari or SPEAKER=record:OUT:ID, got {text!r}")
        if name in found:
            raise UsageError(f"two voices for {name!r}" if equals else "two voices for everybody")
        found[name] = voice(what)
    return found


def voice(what: str) -> Voice:
    """One voice: a ready one, a record's speaker, or a recording's."""
    if what == "hibari" or what.startswith("kokoro:"):
        return Voice(ready=what)
    if what.startswith("record:"):
        folder, _, name = what.removeprefix("record:").rpartition(":")
        return of_dataset(Path(folder), name)
    return of_file(Path(what))


def of_dataset(out: Path, name: str) -> Voice:
    """A speaker's voice in a finished dataset.

    Raises:
        UsageError: nobody of that id.
        ShardError: no dataset.
    """
    names: set[str] = set()
    for shard in shards_in(out):
        for record in read_annotations(shard):
            for speaker in record["speakers"]:
                if speaker["id"] == name and any(speaker["voice"]):
                    return of_record.voice(speaker, out, record["film"]["id"])
                names.add(speaker["id"])
    raise UsageError(f"{out}: no speaker {name!r} with a voice; there are: {', '.join(sorted(names)[:20])}")


def of_file(path: Path) -> Voice:
    """The voice in a recording: its first ``LONGEST_S`` seconds of speech.

    Raises:
        UsageError: no sound file.
        DubError: REFERENCE_SHORT, REFERENCE_SILENT, REFERENCE_NOISY.
    """
    try:
        with soundfile.SoundFile(path) as file:
            sound, rate = file.read(60 * file.samplerate, dtype="float32", always_2d=True), file.samplerate
    except (OSError, soundfile.SoundFileError) as error:
        raise UsageError(f"{path}: no sound that can be read ({error})") from error
    return of_sound(sound.mean(1), rate, str(path))


def of_sound(recorded: Mono, rate: int, name: str, shortest_s: float = SHORTEST_S, language: Language | None = None) -> Voice:
    """The voice in mono sound at ``rate`` Hz; ``name`` is what errors call it, ``language`` what is spoken, where that is known.

    Raises:
        DubError: REFERENCE_SHORT, REFERENCE_SILENT, REFERENCE_NOISY.
    """
    sound = soxr.resample(recorded, rate, _RATE).astype(np.float32)
    if len(sound) < shortest_s * _RATE:
        raise DubError("REFERENCE_SHORT", f"{name}: {len(sound) / _RATE:.1f} s; a reference voice needs {shortest_s:.0f} to {LONGEST_S:.0f} s")
    if loudness(sound) < SILENT_DB:
        raise DubError("REFERENCE_SILENT", f"{name}: nobody can be heard ({loudness(sound):.0f} dB)")
    said = without_pauses(sound)[: int(LONGEST_S * _RATE)]
    if len(said) < shortest_s * _RATE:
        raise DubError("REFERENCE_SHORT", f"{name}: {len(said) / _RATE:.1f} s of speech without its pauses; it needs at least {shortest_s:.0f} s")
    quiet = backends.load("scorer", Model("dnsmos", "dnsmos")).score(sound[: int(LONGEST_S * _RATE)]).background
    if quiet < NOISY:
        raise DubError(
            "REFERENCE_NOISY", f"{name}: too noisy for a voice (background {quiet:.1f} of 5, at least {NOISY}); take a cleaner stretch, or its vocals"
        )
    vector = backends.load("voice_encoder", Model("campplus", "campplus")).encode([said])[0]
    assert len(vector) == VOICE, f"the network reads voice vectors of {VOICE} numbers, the encoder gives {len(vector)}"
    return Voice(tuple(float(value) for value in vector), references=references(recorded, rate, sound, language))


def references(recorded: Mono, rate: int, heard: Mono, language: Language | None) -> tuple[Reference, ...]:
    """What is said in a recording, as the recogniser hears it (``heard`` is the same at 16 kHz): what the network learns the voice from."""
    recogniser = backends.load("recogniser", Model("faster-whisper", "whisper-base"))
    part = heard[: int(2 * LONGEST_S * _RATE)]
    chances: dict[Language, float] = recogniser.language(part) if language is None else {language: 1.0}
    spoken = max(chances, key=lambda name: chances[name])
    found = []
    for said in recogniser.transcribe(part, spoken):
        start, end = (round(ms * rate / 1000) for ms in (said.words[0].span.start - _AROUND_MS, said.words[-1].span.end + _AROUND_MS))
        if said.confidence >= _SURE:
            sound = soxr.resample(recorded[max(0, start) : end], rate, mel.RATE).astype(np.float32)
            found.append(adapt.of_sound(sound, said.text, spoken))
    return adapt.enough(found)


def without_pauses(sound: Mono) -> Mono:
    """The sound without blocks of 0.1 s that are ``PAUSE_DB`` below its loud ones."""
    block = _RATE // 10
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    level = 10 * np.log10(np.square(blocks).mean(1) + 1e-10)
    return blocks[level > np.percentile(level, 95) - PAUSE_DB].ravel()


def loudness(sound: Float[np.ndarray, " samples"]) -> float:
    """Root mean square in dB below full scale."""
    return 20 * math.log10(float(np.sqrt(np.mean(np.square(sound)))) + 1e-9)
