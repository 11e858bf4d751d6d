"""Cuts found by PySceneDetect's detectors on small pictures, at the frames' own presentation times."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, HashDetector

from cinedub import config
from cinedub.backends.roles import Picture

VERSION = "1"


class SceneDetect:
    """The shot detector. Options: ``ratio`` (3.0), ``strong`` (15.0), ``weak`` (6.0), ``layout`` (0.395), ``width`` (256), ``height`` (144).

    A cut stands out ``ratio`` times from the four frames around it. A change of at least ``strong`` (mean difference of hue, saturation and
    brightness, 0 to 255) counts by itself; between dark pictures little can change, so that a ``weak`` one counts where the layout
    changed too (perceptual hash, share of differing bits).
    """

    def __init__(self, model: config.Model) -> None:
        self.size = int(model.option("width", 256)), int(model.option("height", 144))
        self.ratio, self.strong = float(model.option("ratio", 3.0)), float(model.option("strong", 15.0))
        self.weak, self.layout = float(model.option("weak", 6.0)), float(model.option("layout", 0.395))
        self.digest = f"scenedetect-{VERSION}-{self.size}-{self.ratio}-{self.strong}-{self.weak}-{self.layout}"
        cv2.setNumThreads(model.threads)

    def cuts(self, frames: Iterable[tuple[int, Picture]]) -> list[int]:
        """Times of the first frame after each cut."""
        plain = AdaptiveDetector(self.ratio, min_scene_len=0, min_content_val=self.strong)
        dark = AdaptiveDetector(self.ratio, min_scene_len=0, min_content_val=self.weak)
        layout = HashDetector(self.layout, min_scene_len=0)
        times: list[int] = []
        certain: set[int] = set()
        likely: set[int] = set()
        changed: set[int] = set()
        for index, (time, picture) in enumerate(frames):
            frame = FrameTimecode(index, 25.0)  # a mere counter: the true times are kept beside it
            blue_first = np.ascontiguousarray(picture[:, :, ::-1])
            times.append(time)
            for detector, found in ((plain, certain), (dark, likely), (layout, changed)):
                found.update(cut.frame_num for cut in detector.process_frame(frame, blue_first))
        return [times[index] for index in sorted(certain | likely & changed) if index]
