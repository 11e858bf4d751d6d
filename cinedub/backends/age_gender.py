"""Age and gender from an upright face: Cydral's two networks for dlib (CC0), as ONNX, run by ONNX Runtime."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from cinedub import weights
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import Picture
from cinedub.config import Model
from cinedub.errors import ModelError

VERSION = "1"
#: Mean of each channel (red, green, blue) that dlib takes away from its inputs, before it divides by 256.
MEANS = np.array([122.781998, 117.000999, 104.297997], np.float32)
AGE_SIZE, GENDER_SIZE = 64, 32
#: The age class k stands for k years; class 0 for a baby of three months.
YEARS = np.array([0.25, *range(1, 81)], np.float32)


class AgeGender:
    """Guesses age and gender. Wants upright faces with a fifth of their width around them, as ``cinedub.alignment.chip`` cuts them."""

    def __init__(self, model: Model) -> None:
        folder = weights.find(model.weights)
        self.digest = f"age-gender-{VERSION}-{weights.digest(folder)}"
        self._age = session(folder / "age-v1.onnx", model)
        self._gender = session(folder / "gender-v1.onnx", model)

    def read(self, crop: Picture) -> tuple[float, float]:
        """Expected age in years, probability of female.

        Raises:
            ModelError: EMPTY_CROP.
        """
        if crop.size == 0:
            raise ModelError("EMPTY_CROP", "a face crop without pixels has no age")
        (ages,) = self._age.run(None, {"images": _tensor(crop, AGE_SIZE)})
        (genders,) = self._gender.run(None, {"images": _tensor(crop, GENDER_SIZE)})
        return float(ages[0] @ YEARS), float(genders[0, 0])


def _tensor(crop: Picture, size: int) -> Float32[np.ndarray, "1 3 size size"]:
    pixels = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.ascontiguousarray(((pixels - MEANS) / 256).transpose(2, 0, 1)[None])
