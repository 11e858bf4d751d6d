"""Learn to hear gender from voice vectors: logistic regression on CAM++ vectors of every synthetic voice whose gender is known.

    $ make voice-gender    # writes cinedub/voice_gender.json

Only speech that is made here is used: a few sentences of each Kokoro voice and Hibari at three speeds, in windows as ``Hear`` cuts them. Every voice
counts alike, and both genders. Regularisation is chosen, and the fit is judged, on voices left out one at a time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
import soxr
from jaxtyping import Float

from cinedub import backends, config
from cinedub.film import texts
from cinedub.film.voices import RATE, Speaker, voices
from schemas import Language

SPEEDS = (0.9, 1.0, 1.12)
WINDOW, HOP, LEAST = 24_000, 12_000, 8_000  # samples at 16 kHz
RIDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
Table = Float[np.ndarray, "windows embedding"]


def vectors() -> dict[str, Table]:
    """Voice -> vectors of its windows."""
    encoder = backends.load("voice_encoder", config.Hear().voice_encoder)
    rng = np.random.default_rng(7)
    found = {}
    for voice in voices():
        language: Language = "zh" if voice.startswith("z") else "en"
        told, speaker, pieces = texts.lines(language, "train", rng), Speaker(voice, threads=1), []
        for speed in SPEEDS:
            sound = soxr.resample(speaker.say(next(told)[0], language, speed, seed=1).sound, RATE, 16_000).astype(np.float32)
            pieces += [sound[at : at + WINDOW] for at in range(0, max(1, len(sound) - HOP), HOP)]
        found[voice] = encoder.encode([piece for piece in pieces if len(piece) >= LEAST])
    return found


def fit(tables: dict[str, Table], genders: dict[str, str], ridge: float) -> Float[np.ndarray, " weights"]:
    """Weights of the vector and a constant at last, for the log odds of a female voice (Newton's method)."""
    x = np.concatenate([np.c_[table, np.ones(len(table))] for table in tables.values()])
    y = np.concatenate([np.full(len(table), genders[voice] == "female", float) for voice, table in tables.items()])
    alike = {gender: sum(genders[voice] == gender for voice in tables) for gender in set(genders.values())}
    weight = np.concatenate([np.full(len(t), len(tables) / 2 / len(t) / alike[genders[v]]) for v, t in tables.items()])
    penalty = np.diag([*np.full(x.shape[1] - 1, ridge), 1e-6])
    theta = np.zeros(x.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ theta))
        slope = x.T @ (weight * (p - y)) + penalty @ theta
        theta -= np.linalg.solve((x.T * (weight * p * (1 - p) + 1e-9)) @ x + penalty, slope)
    return theta


def left_out(tables: dict[str, Table], genders: dict[str, str], ridge: float) -> dict[str, Float[np.ndarray, " windows"]]:
    """Log odds of each voice's windows by a fit to all other voices."""
    odds = {}
    for voice, table in tables.items():
        theta = fit({other: rows for other, rows in tables.items() if other != voice}, genders, ridge)
        odds[voice] = table @ theta[:-1] + theta[-1]
    return odds


def train(out: Path) -> dict[str, float]:
    """Learn, write the weights, and return what voices left out give: ``voices`` and ``windows`` right (shares), ``loss`` (nats), ``ridge``."""
    tables, genders = vectors(), voices()
    told = {ridge: left_out(tables, genders, ridge) for ridge in RIDGES}
    sign = {voice: 1 if genders[voice] == "female" else -1 for voice in tables}
    loss = {ridge: float(np.mean([np.log1p(np.exp(-sign[v] * o)).mean() for v, o in odds.items()])) for ridge, odds in told.items()}
    ridge = min(loss, key=lambda r: loss[r])
    theta = fit(tables, genders, ridge)
    report = {
        "voices": float(np.mean([sign[voice] * odds.mean() > 0 for voice, odds in told[ridge].items()])),
        "windows": float(np.mean(np.concatenate([sign[voice] * odds > 0 for voice, odds in told[ridge].items()]))),
        "loss": loss[ridge], "ridge": ridge,
    }  # fmt: skip
    write(out, theta, report)
    return report


def write(out: Path, theta: Float[np.ndarray, " weights"], report: dict[str, float]) -> None:
    """Weights as JSON, four decimals."""
    learned = {"encoder": config.Hear().voice_encoder.weights, "left_out": report, "weights": [round(float(value), 4) for value in theta]}
    out.write_bytes(msgspec.json.encode(learned) + b"\n")


if __name__ == "__main__":
    print(train(Path(sys.argv[1])))
