"""Music that somebody recorded: a loop from a folder of them, again and again, and a drone that comes and goes.

The folder is one like Debian's ``sonic-pi-samples`` (CC0, ``/usr/share/sonic-pi/samples``): loops are called ``loop_*.flac``, drones ``ambi_*.flac``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr

from cinedub.errors import UsageError
from cinedub.film.sounds import RATE, Stereo, levelled

#: How loud the drone is beside the loop, and its longest silence.
_UNDER, _SILENCE_S = 0.5, 6.0


def music(folder: Path, samples: int, rng: np.random.Generator) -> Stereo:
    """A loop, repeated, with a drone; unit loudness.

    Raises:
        UsageError: a folder without loops or drones.
    """
    loop, drone = (_read(chosen[int(rng.integers(len(chosen)))]) for chosen in (_called(folder, name) for name in ("loop_", "ambi_")))
    out = np.tile(levelled(loop), -(-samples // loop.shape[1]))[:, :samples]
    drone, at = _UNDER * levelled(drone), 0
    while at < samples:
        part = drone[:, : samples - at]
        out[:, at : at + part.shape[1]] += part
        at += drone.shape[1] + int(rng.uniform(0, _SILENCE_S) * RATE)
    return levelled(out)


def _called(folder: Path, name: str) -> list[Path]:
    found = sorted(folder.glob(f"{name}*.flac"))
    if not found:
        raise UsageError(f"no {name}*.flac in {folder}; Debian's are in /usr/share/sonic-pi/samples: apt-get install sonic-pi-samples")
    return found


def _read(path: Path) -> Stereo:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    stereo = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
    return np.ascontiguousarray(soxr.resample(stereo, rate, RATE).T)
