"""What a running build has spent on answers, in one file for all its processes: the price of every answer is appended to it.

    OUT/.build/progress-{build}/ledger    8 bytes an answer: integer millionths of money, little-endian

So short an append is atomic, and nobody waits for a lock. Machines that don't see the dataset's folder keep an account of their own.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from cinedub import progress, storage


class Ledger:
    """Money that was spent by the build that this process works for; by this object alone where there is none."""

    def __init__(self) -> None:
        """Nothing is opened."""
        self._own = 0.0

    def spent(self) -> float:
        """All of it, whichever process spent it.

        Raises:
            StorageError: it can't be read.
        """
        if (path := _path()) is None:
            return self._own
        try:
            return float(np.fromfile(path, "<i8").sum() / 1e6) if path.exists() else 0.0
        except OSError as error:
            raise storage.storage_error(error, path) from error

    def spend(self, amount: float) -> None:
        """Note the price of an answer.

        Raises:
            StorageError: it can't be noted, and the budget would not hold.
        """
        if (path := _path()) is None:
            self._own += amount
            return
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, round(amount * 1e6).to_bytes(8, "little", signed=True))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage.storage_error(error, path) from error


def _path() -> Path | None:
    folder = Path(progress.where() or os.devnull)
    return folder / "ledger" if folder.is_dir() else None
