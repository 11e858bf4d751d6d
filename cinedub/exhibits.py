"""What a passage sounds and looks like, for a corrector that can hear and see. Nothing is read before it is asked for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import soundfile

from cinedub import media, sound
from cinedub.storage import resolve
from schemas import Cast, Span

RATE = 16_000
#: Longest side of a picture in pixels: enough for faces and mouths, few tokens.
_SIDE = 512


@dataclass(frozen=True, slots=True)
class Exhibits:
    """The clips of a passage, in the order of its evidence."""

    casts: tuple[Cast, ...]

    def voices(self) -> Iterator[bytes]:
        """Each clip's vocals: a WAV file, 16 kHz mono, 16 bits."""
        for cast in self.casts:
            stems, span = cast.clip.stems, cast.clip.span
            heard = sound.read(resolve(stems.vocals), span.shift(-stems.reel.heard.start), RATE)
            file = io.BytesIO()
            soundfile.write(file, heard, RATE, "PCM_16", format="WAV")
            yield file.getvalue()

    def pictures(self, count: int) -> Iterator[list[tuple[int, bytes]]]:
        """Each clip's ``count`` pictures, evenly spread: ms from the clip's start, and a JPEG of at most 512 pixels on a side."""
        import cv2

        for cast in self.casts:
            source, length = cast.clip.film.video, cast.clip.span.duration
            scale = min(1.0, _SIDE / max(source.width, source.height))
            size = (max(2, round(source.width * scale)), max(2, round(source.height * scale)))
            taken = []
            for number in range(count):
                at = (2 * number + 1) * length // (2 * count)
                with closing(media.pictures(resolve(cast.faces.video), Span(at, at + 200), size)) as frames:
                    for _, picture in frames:
                        taken.append((at, cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()))
                        break
            yield taken
