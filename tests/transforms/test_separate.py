"""Stems add up to the mix, over exactly the time that was asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub import backends, config, storage, weights
from schemas import AudioStream, Film, Reel, Shots, Span, VideoStream
from transforms.separate import resample, separate

pytestmark = pytest.mark.skipif(not weights.present("spleeter-2stems"), reason="the weights spleeter-2stems aren't here")


def shots(folder: Path, channels: int, heard: Span) -> Shots:
    """A film with a siren over noise."""
    sound = "sine=f=440:d=16:r=44100,vibrato=f=5:d=0.8[a];anoisesrc=d=16:a=0.05:seed=1:r=44100[b];[a][b]amix=2"
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=s=64x36:d=16", "-filter_complex"]
    command += [f"{sound},aformat=channel_layouts={layout}[o]", "-map", "[o]", "-map", "0:v", "-c:a", "pcm_s16le", str(folder / "film.mkv")]
    subprocess.run(command, check=True)
    stream = VideoStream(0, "h264", 64, 36, "25/1")
    film = Film("film", "0" * 64, str(folder / "film.mkv"), "", None, "en", stream, AudioStream(1, "vorbis", 44100, channels), 16_000)
    span = Span(heard.start + 100, heard.end - 100)
    return Shots(Reel(film, span, heard), (span,))


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_background_and_vocals_are_the_mix(tmp_path: Path, channels: int) -> None:
    settings = config.Separate()
    heard = Span(1003, 14_999)
    with storage.Assets("Separate", storage.address(str(channels))) as assets:
        stems = separate(shots(tmp_path, channels, heard), settings, assets, backends.load("separator", settings.separator))
        assets.publish()
    sounds = {}
    for name in ("mix", "vocals", "background"):
        path = storage.resolve(getattr(stems, name))
        info = soundfile.info(path)
        assert (info.format, info.subtype, info.samplerate) == ("FLAC", "PCM_16", 48000)
        sounds[name] = soundfile.read(path, always_2d=True)[0]
        assert len(sounds[name]) == heard.duration * 48
    wide = min(2, channels)
    assert (sounds["mix"].shape[1], sounds["vocals"].shape[1], sounds["background"].shape[1]) == (wide, 1, wide)
    rest = sounds["mix"].mean(axis=1) - sounds["background"].mean(axis=1) - sounds["vocals"][:, 0]
    assert np.abs(rest).max() <= 2 / 32768
    assert sounds["mix"].std() > 0.001


def test_a_stream_is_resampled_as_the_whole_would_be() -> None:
    import soxr

    sound = np.random.default_rng(0).standard_normal((2, 100_003)).astype(np.float32)
    parts = list(resample(iter(np.array_split(sound, 17, axis=1)), 48000, 44100))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), soxr.resample(sound.T, 48000, 44100).T, atol=1e-5)
    assert list(resample(iter([]), 48000, 44100)) == []
