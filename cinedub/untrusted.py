"""Read JSON, arrays and sound that somebody else wrote: bounded, strict, without pickle; what isn't right is refused with its reason."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np

from cinedub.errors import CinedubError

#: A record's JSON of an hour of talk is a few MB; its arrays, with twenty faces, a few hundred.
MOST_JSON, MOST_ARRAYS = 64 << 20, 2 << 30
#: A clip lasts 30 s at most; 192 kHz is as fine as sound is sold.
MOST_SAMPLES, MOST_RATE, MOST_CHANNELS = 60 * 192_000, 192_000, 8


class UntrustedError(CinedubError):
    """Data from elsewhere that is not what it should be."""


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object: UTF-8, no NaN, not deeper than the interpreter can follow, at most ``MOST_JSON`` bytes.

    Raises:
        UntrustedError: with ``what`` and why.
    """
    if len(data) > MOST_JSON:
        raise UntrustedError(f"{what}: {len(data) >> 20} MiB of JSON; at most {MOST_JSON >> 20} are read")
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except RecursionError as error:
        raise UntrustedError(f"{what}: JSON nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UntrustedError(f"{what}: not a JSON object: {error}") from error


def arrays(data: bytes, what: str, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an npz, or those of them that are named, at most ``MOST_ARRAYS`` bytes unpacked; none but of numbers.

    Raises:
        UntrustedError: with ``what`` and why.
    """
    found: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            named = [(info.filename.removesuffix(".npy"), info) for info in archive.infolist()]
            wanted = [(name, info) for name, info in named if names is None or name in names]
            total = sum(info.file_size for _, info in wanted)
            if total > MOST_ARRAYS:
                raise UntrustedError(f"{what}: unpacks to {total >> 20} MiB; at most {MOST_ARRAYS >> 20} are read")
            for name, info in wanted:
                if name in found:
                    raise UntrustedError(f"{what}: two arrays are called {name[:80]!r}")
                found[name] = _array(archive, info, f"{what}: {name[:80]}")
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, RuntimeError, zlib.error) as error:
        raise UntrustedError(f"{what}: not arrays that can be read: {error}") from error
    if missing := [name for name in names or () if name not in found]:
        raise UntrustedError(f"{what}: has no {missing[0]}")
    return found


def sound(data: bytes, what: str) -> tuple[np.ndarray, int]:
    """A sound file's samples, float32 (samples, channels), and its rate in Hz; no longer than ``MOST_SAMPLES``.

    Raises:
        UntrustedError: with ``what`` and why.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames > MOST_SAMPLES or not 0 < file.samplerate <= MOST_RATE or file.channels > MOST_CHANNELS:
                claim = f"{file.frames} samples of {file.channels} channels at {file.samplerate} Hz"
                raise UntrustedError(f"{what}: claims {claim}; that much is not read")
            return file.read(dtype="float32", always_2d=True), file.samplerate
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise UntrustedError(f"{what}: not a sound that can be read: {error}") from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str) -> np.ndarray:
    """One array, when its header asks for no more than its file holds."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise UntrustedError(f"{what}: npy version {version}; 1.0 and 2.0 are read")
        shape, _, kind = read(stream)
    if kind.kind not in "biuf":
        raise UntrustedError(f"{what}: holds {'objects' if kind.hasobject else kind}; only numbers are read")
    count = 1
    for size in shape:
        count *= size
    if count * kind.itemsize > info.file_size:
        raise UntrustedError(f"{what}: claims {shape} of {kind}, more than its {info.file_size} bytes hold")
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
