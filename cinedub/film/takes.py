"""Spoken lines kept on disk before they are put into records: Kokoro is slow, so its lines are made once, by as many processes as there are cores.

    $ python -m cinedub.film.takes FOLDER zh 30 0     # half an hour of Chinese, seed 0

A take is ``{number}.flac`` and ``{number}.json`` (voice, language, text, emotion, symbols with their times in ms). A folder that holds some goes on
after its last, and what a number says depends on the seed and the number alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from jaxtyping import Float32

from cinedub.film import medley
from cinedub.film.settings import Split
from cinedub.film.voices import RATE, Phone, Speaker
from schemas import Language

#: The voices of films' train split; those of valid and test are never heard here. (women, men)
ENGLISH = (
    ("af_river", "af_jessica", "af_kore", "af_sarah", "af_aoede", "bf_emma", "af_heart", "bf_lily"),
    ("bm_lewis", "am_adam", "am_liam", "am_fenrir", "am_echo", "bm_daniel", "am_santa"),
)
CHINESE = (("zf_xiaoyi", "zf_xiaobei"), ("zm_yunjian", "zm_yunxi", "zm_yunxia"))


@dataclass(frozen=True, slots=True)
class Take:
    """One spoken line with its raw symbols; mono at 24 kHz."""

    voice: str
    gender: str
    language: Language
    text: str
    emotion: str
    symbols: tuple[Phone, ...]
    sound: Float32[np.ndarray, " samples"]


def recipe(language: Language, rng: np.random.Generator) -> tuple[str, str]:
    """A voice and its gender: a style as it is; two of one gender blended, or one drawn away from the other; an English timbre with a Chinese
    melody, or with another's. Few enough that each says several lines."""
    gender = int(rng.integers(2))
    pool = (CHINESE if language == "zh" else ENGLISH)[gender]
    first, second = str(rng.choice(pool)), str(rng.choice(pool))
    chance = rng.random()
    if chance < 0.3 or (chance < 0.65 and first == second):
        voice = first
    elif chance < 0.5:
        voice = f"{first}:0.5+{second}:0.5"
    elif chance < 0.65:
        voice = f"{first}:1.35+{second}:-0.35"
    elif language == "zh":
        share = (0.5, 0.75)[int(rng.integers(2))]
        voice = f"{first}:{round(1 - share, 2)}+{rng.choice(ENGLISH[gender])}:{share}/{first}"
    else:
        voice = f"{first}/{second}"
    return voice, ("female", "male")[gender]


def make(folder: Path, language: Language, minutes: float, seed: int, split: Split = "train") -> None:
    """Speak until the folder holds so many minutes."""
    folder.mkdir(parents=True, exist_ok=True)
    spoken = sum(soundfile.info(path).duration for path in folder.glob("*.flac"))
    number = len(list(folder.glob("*.json")))
    while spoken < minutes * 60:
        rng = np.random.default_rng([seed, number, 5])
        text, emotion = next(medley.lines(language, split, rng))
        voice, gender = recipe(language, rng)
        said = Speaker(voice, threads=1).say(text, language, float(rng.uniform(0.75, 1.35)))
        target = folder / f"{number:06d}"
        soundfile.write(target.with_suffix(".flac"), np.clip(said.sound, -1, 1), RATE)
        told = {"voice": voice, "gender": gender, "language": language, "text": text, "emotion": emotion}
        symbols = [[symbol.symbol, symbol.start, symbol.end] for symbol in said.symbols]
        target.with_suffix(".json").write_bytes(msgspec.json.encode({**told, "symbols": symbols}))
        spoken, number = spoken + said.duration_ms / 1000, number + 1


def read(folder: Path) -> Iterator[Take]:
    """Every take, in order."""
    for path in sorted(folder.glob("*.json")):
        told = msgspec.json.decode(path.read_bytes())
        sound, _ = soundfile.read(path.with_suffix(".flac"), dtype="float32")
        symbols = tuple(Phone(*symbol) for symbol in told.pop("symbols"))
        yield Take(**told, symbols=symbols, sound=sound)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))  # type: ignore[arg-type]
