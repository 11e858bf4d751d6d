"""Learn to hear gender from voice vectors, pitch and the gender reader together: logistic regression on every synthetic voice whose gender is known.

    $ make voice-gender    # writes cinedub/voice_gender.json

A few sentences of each Kokoro voice and Hibari at two speeds, in windows as ``Hear`` cuts them. Every voice counts alike, and both genders. A vector
alone hears how these voices were made rather than who speaks, and took most real men for women; beside the others, and held small, it corrects
them. How small is chosen on voices left out one at a time and on real people who are never trained on (the recordings of meetings that
pyannote.audio has for training and development), both counted alike.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
import soundfile
import soxr
from jaxtyping import Float, Float32

from cinedub import attributes, backends, config, prosody, weights
from cinedub.film import texts
from cinedub.film.voices import RATE, Speaker, voices
from schemas import Language

SPEEDS = (0.9, 1.05)
HEARD = 16_000
WINDOW, HOP, LEAST = 24_000, 12_000, 8_000  # samples at 16 kHz
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
#: What is held small says too little: the odds are raised by what suits voices left out best.
SCALES = (1.0, 1.5, 2.0, 3.0)
#: Of a person in the recordings at least so many windows.
FEW = 2
#: A window's vector, its pitch as ``attributes.octaves``, and the gender reader's log odds as ``attributes.believed``.
Table = Float[np.ndarray, "windows embedding+2"]


def table(sound: Float32[np.ndarray, " samples"], starts: list[int]) -> Table:
    """Windows that begin at these samples, those without pitch left out."""
    encoder, reader = (backends.load(role, getattr(config.Hear(), role)) for role in ("voice_encoder", "gender"))
    measured = prosody.measure(sound, HEARD)
    pieces = [(start, min(start + WINDOW, len(sound))) for start in starts if min(start + WINDOW, len(sound)) - start >= LEAST]
    pitch = np.array([measured.over(start * 1000 // HEARD, end * 1000 // HEARD)[0] for start, end in pieces])
    parts = [sound[start:end] for start, end in pieces]
    rows = np.c_[encoder.encode(parts), [attributes.octaves(hertz) for hertz in pitch], attributes.believed(reader.female(parts))]
    return np.asarray(rows[~np.isnan(pitch)])


def made() -> dict[str, Table]:
    """The synthetic voices."""
    rng = np.random.default_rng(7)
    found = {}
    for voice in voices():
        language: Language = "zh" if voice.startswith("z") else "en"
        lines, speaker = texts.lines(language, "train", rng), Speaker(voice, threads=1)
        said = [soxr.resample(speaker.say(next(lines)[0], language, speed, seed=1).sound, RATE, HEARD).astype(np.float32) for speed in SPEEDS]
        found[voice] = np.concatenate([table(sound, [*range(0, max(1, len(sound) - HOP), HOP)]) for sound in said])
    return found


def met() -> tuple[dict[str, Table], dict[str, str]]:
    """People in the recordings where nobody else speaks, and their genders, which the corpus tells by the first letter of a name.

    Raises:
        WeightsError: the recordings aren't there.
    """
    folder = weights.find("recordings-voices")
    rows = [line.split() for path in sorted(folder.glob("*.rttm")) for line in path.read_text("utf-8").splitlines() if line.startswith("SPEAKER")]
    turns = [(row[1], row[7], round(float(row[3]) * HEARD), round((float(row[3]) + float(row[4])) * HEARD)) for row in rows]
    found: dict[str, list[Table]] = {}
    for file in sorted(folder.glob("*.wav")):
        sound = soundfile.read(file, dtype="float32")[0]
        here = [turn[1:] for turn in turns if turn[0] == file.stem]
        starts: dict[str, list[int]] = {}
        for who, start, end in here:
            others = [(a, b) for other, a, b in here if other != who]
            alone = [at for at in range(start, end - HOP, HOP) if not any(a < at + WINDOW and at < b for a, b in others)]
            starts.setdefault(who, []).extend(alone)
        for who, places in starts.items():
            found.setdefault(who, []).append(table(sound, places)) if places else None
    tables = {who: np.concatenate(parts) for who, parts in found.items()}
    tables = {who: rows for who, rows in tables.items() if len(rows) >= FEW}
    return tables, {who: "female" if who.startswith("F") else "male" for who in tables}


def fit(tables: dict[str, Table], genders: dict[str, str], ridge: float) -> Float[np.ndarray, " weights"]:
    """Weights of the vector, of pitch, of the reader and a constant, for the log odds of a female voice (Newton's method); ``ridge`` holds those of
    the vector."""
    x = np.concatenate([np.c_[rows, np.ones(len(rows))] for rows in tables.values()])
    y = np.concatenate([np.full(len(rows), genders[voice] == "female", float) for voice, rows in tables.items()])
    alike = {gender: sum(genders[voice] == gender for voice in tables) for gender in set(genders.values())}
    weight = np.concatenate([np.full(len(t), len(tables) / 2 / len(t) / alike[genders[v]]) for v, t in tables.items()])
    penalty = np.diag([*np.full(x.shape[1] - 3, ridge), 1e-6, 1e-6, 1e-6])
    theta = np.zeros(x.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ theta))
        slope = x.T @ (weight * (p - y)) + penalty @ theta
        theta -= np.linalg.solve((x.T * (weight * p * (1 - p) + 1e-9)) @ x + penalty, slope)
    return theta


def told(theta: Float[np.ndarray, " weights"], rows: Table) -> float:
    """Log odds of one person, as ``attributes.voice_odds``: by the mean vector, of unit length, the median pitch and the mean of what is heard."""
    vector = rows[:, :-2].mean(axis=0)
    return float(theta @ [*(vector / np.linalg.norm(vector)), np.median(rows[:, -2]), rows[:, -1].mean(), 1.0])


def right(odds: dict[str, float], genders: dict[str, str]) -> tuple[int, float]:
    """How many are right, and the mean loss in nats, of odds as far as they are believed."""
    signed = np.array([odd if genders[who] == "female" else -odd for who, odd in odds.items()])
    return int((signed > 0).sum()), float(np.log1p(np.exp(-np.clip(signed, -attributes.MOST_ODDS, attributes.MOST_ODDS))).mean())


def train(out: Path) -> dict[str, float]:
    """Learn, write the weights, and return what was found: how many voices left out and real people are told right, the losses, the choices."""
    tables, genders = made(), dict(voices())
    people, known = met()
    reports = []
    for ridge in RIDGES:
        others = {voice: {other: rows for other, rows in tables.items() if other != voice} for voice in tables}
        odds = {voice: told(fit(others[voice], genders, ridge), rows) for voice, rows in tables.items()}
        tried = {scale: right({voice: scale * odd for voice, odd in odds.items()}, genders) for scale in SCALES}
        scale = min(SCALES, key=lambda scale: tried[scale][1])
        theta = scale * fit(tables, genders, ridge)
        real = right({who: told(theta, rows) for who, rows in people.items()}, known)
        report: dict[str, float] = {"ridge": ridge, "scale": scale, "voices": len(tables), "voices_right": tried[scale][0]}
        report |= {"voices_loss": round(tried[scale][1], 4), "people": len(people), "people_right": real[0], "people_loss": round(real[1], 4)}
        reports.append((report, theta))
    report, theta = min(reports, key=lambda found: found[0]["voices_loss"] + found[0]["people_loss"])
    write(out, theta, report)
    return report


def write(out: Path, theta: Float[np.ndarray, " weights"], report: dict[str, float]) -> None:
    """Weights as JSON, four decimals: of the vector, of pitch, of the gender reader, the constant."""
    learned = {"encoder": config.Hear().voice_encoder.weights, "held_out": report, "weights": [round(float(value), 4) for value in theta]}
    out.write_bytes(msgspec.json.encode(learned) + b"\n")


if __name__ == "__main__":
    print(train(Path(sys.argv[1])))
