"""One clip as each system says it, with what was measured on it, as files and as JSON for the page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import dubscore, dubtable, loudness, mux
from cinedub.dubscore import Heard
from model import evaluate, mel, takes
from model.dub import Dubbing, Manner
from model.evaluate import Sound
from model.order import Order
from pipelines.examples.scenes import Clip

#: What the page measures, of what ``dubtable.summary`` knows.
FIGURES = ("error_rate", "words", "slot_ms", "similarity", "dnsmos")


@dataclass
class Studio:
    """The model and the folder that examples are written to."""

    dubbing: Dubbing
    out: Path
    manner: Manner = field(default_factory=Manner)

    def dubbed(self, order: Order) -> Sound:
        """The clip by the model, line by line as ``cinedub dub`` speaks it."""
        spoken = takes.record(self.dubbing, order, [self.manner] * len(order.lines))
        return np.concatenate(list(takes.track(order, spoken)))

    def silent(self, clip: Clip, name: str) -> dict[str, Any]:
        """The picture alone."""
        self._path(name).write_bytes(clip.video.read_bytes())
        return {"label": "Silent clip", "src": name}

    def version(self, label: str, clip: Clip, order: Order, name: str, sound: Sound, gain: float | None = None) -> tuple[dict[str, Any], Heard]:
        """Write the picture with ``sound`` over the clip's background, and measure the sound alone against what ``order`` asked for.

        ``gain`` in dB; where none is given the speech is as loud as the clip's voices were.
        """
        spoken, vectors = clip.record.spoken, {name: np.asarray(voice.vector) for name, voice in order.voices.items()}
        about = {"key": clip.record.key, "language": order.language, "kind": order.kind, "duration_ms": order.duration_ms}
        heard = dubscore.measure(about, spoken, vectors, [], sound, mel.RATE)
        with tempfile.TemporaryDirectory(prefix="cinedub-") as folder:
            speech = Path(folder) / "speech.wav"
            mux.write_wav(speech, [sound], mel.RATE)
            if gain is None:
                gain = loudness.gain_db(*(loudness.integrated(track, order.duration_ms) for track in (clip.vocals, speech)))
            mux.write_mp4(self._path(name), clip.video, speech, order.duration_ms, mux.Tongue(order.language, label), clip.background, gain)
        figures = dubtable.summary([heard], [heard])
        return {"label": label, "src": name, "heard": heard.texts, "figures": {name: figures[name] for name in FIGURES}, "gain": gain}, heard

    def recording(self, label: str, clip: Clip, name: str) -> dict[str, Any]:
        """A clip's voices alone, as a recording."""
        mux.write_wav(self._path(name), [clip.record.vocals], mel.RATE)
        return {"label": label, "src": name}

    def _path(self, name: str) -> Path:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def baseline(order: Order) -> Sound:
    """What users have today: TTS at its own pace, in a ready voice of the speaker's gender, stretched into each line's slot."""
    return evaluate.tts(order, evaluate.stretched)


def told(clip: Clip) -> dict[str, Any]:
    """A clip's language, kind and script."""
    order = clip.record.order
    lines = [{name: getattr(line, name) for name in ("speaker", "text", "emotion", "start_ms", "on_screen")} for line in order.lines]
    return {"language": order.language, "kind": order.kind, "clue": order.clue, "lines": lines, "duration_ms": order.duration_ms}
