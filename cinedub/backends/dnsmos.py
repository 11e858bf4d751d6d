"""DNSMOS P.835 (Reddy et al. 2022, ICASSP, arXiv:2110.01763): overall, signal and background quality of speech without a reference."""

from __future__ import annotations

import numpy as np

from cinedub import config, weights
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import Mono, SpeechScores
from cinedub.errors import ModelError

VERSION = "2"
_RATE, _WINDOW = 16000, 144160  # 9.01 s
#: As published they are one second apart: thrice the work. On vocals of 59 s in three clips the means differ by at most 0.04.
_APART = 3 * _RATE
#: The published calibration of the network's raw answers against listeners, highest power first.
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


class Dnsmos:
    """The scorer. Sound shorter than 9.01 s is repeated; longer is scored in as few windows as cover it at most three seconds apart."""

    def __init__(self, model: config.Model) -> None:
        path = weights.find(model.weights)
        self.digest = f"dnsmos-{VERSION}-{weights.digest(path)}"
        self._session = session(weights.file(path, "sig_bak_ovr.onnx"), model)

    def score(self, sound: Mono) -> SpeechScores:
        """Mean scores over the sound, each 1 to 5.

        Raises:
            ModelError: SCORE_NO_SOUND for an empty sound.
        """
        if not len(sound):
            raise ModelError("SCORE_NO_SOUND", "there is no sound to score")
        if len(sound) < _WINDOW:
            sound = np.tile(sound, -(-_WINDOW // len(sound)))[:_WINDOW]
        last = len(sound) - _WINDOW
        starts = np.linspace(0, last, 1 + -(-last // _APART)).astype(int)
        raw = [self._session.run(None, {"input_1": sound[None, start : start + _WINDOW].astype(np.float32, copy=False)})[0][0] for start in starts]
        signal, background, overall = np.array(raw, np.float64).T
        return SpeechScores(_mean(_OVERALL, overall), _mean(_SIGNAL, signal), _mean(_BACKGROUND, background))


def _mean(calibration: tuple[float, ...], raw: np.ndarray) -> float:
    return float(np.clip(np.polyval(calibration, raw), 1.0, 5.0).mean())
