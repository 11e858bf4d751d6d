"""Films that are accepted, and every way of not being one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cinedub import config, storage
from cinedub.errors import MediaError
from schemas import Source
from transforms.probe import likeliest, probe


class Deaf:
    """Keeps the recogniser's promise for a film whose language the manifest gives: it is never asked."""

    digest = "deaf"

    def language(self, sound: object) -> dict[str, float]:
        return {"en": 0.2, "zh": 0.8}

    def transcribe(self, sound: object, language: str) -> list[object]:
        raise AssertionError("probing transcribes nothing")


def make(path: Path, *arguments: str, seconds: float = 4) -> Path:
    sources = {"v": f"testsrc2=size=160x120:rate=24000/1001:duration={seconds}", "a": f"sine=frequency=300:sample_rate=44100:duration={seconds}"}
    inputs = [part for kind in ("v", "a") if f"-{kind}n" not in arguments for part in ("-f", "lavfi", "-i", sources[kind])]
    keep = [argument for argument in arguments if argument not in ("-vn", "-an")]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *keep, str(path)], check=True)
    return path


def look(path: Path, language: str | None = "en") -> object:
    with storage.Assets("Probe", storage.address(str(path))) as assets:
        return probe(Source(str(path), "T", None, language), config.Probe(), assets, Deaf())  # type: ignore[arg-type]


def test_an_accepted_film_has_exact_frame_rate_streams_and_content_id(tmp_path: Path) -> None:
    film = look(make(tmp_path / "ok.mp4"))
    assert (film.video.fps, film.video.width, film.video.height) == ("24000/1001", 160, 120)  # type: ignore[attr-defined]
    assert (film.audio.rate, film.language, film.title) == (44100, "en", "T")  # type: ignore[attr-defined]
    assert 3900 <= film.duration <= 4100  # type: ignore[attr-defined]
    shutil.copy(tmp_path / "ok.mp4", tmp_path / "copy.mp4")
    assert look(tmp_path / "copy.mp4").id == film.id  # type: ignore[attr-defined]


def test_the_language_is_detected_when_the_manifest_gives_none(tmp_path: Path) -> None:
    assert look(make(tmp_path / "ok.mp4"), None).language == "zh"  # type: ignore[attr-defined]


def test_no_more_windows_are_listened_to_than_can_change_the_language() -> None:
    windows = [(0.1, "a"), (0.4, "b"), (0.2, "c"), (0.2, "d")]

    def asked(**chinese: float) -> tuple[str, str]:
        order: list[str] = []

        def listen(name: str) -> dict[str, float]:
            order.append(name)
            return {"en": 1 - chinese[name], "zh": chinese[name]}

        return likeliest(windows, listen), "".join(order)

    assert asked(a=0.0, b=1.0, c=0.9, d=0.0) == ("zh", "bc")
    assert asked(a=0.0, b=0.0, c=0.0, d=1.0) == ("en", "bc")
    assert asked(a=1.0, b=1.0, c=0.0, d=0.0) == ("zh", "bcda")
    assert asked(a=0.0, b=0.5, c=0.9, d=0.9) == ("zh", "bcd")


def refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        look(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)
    return caught.value


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert refused(tmp_path / "empty.mp4").code == "PROBE_EMPTY"


def test_a_text_file_with_a_films_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a film " * 100)
    assert refused(tmp_path / "text.mp4").code == "PROBE_UNREADABLE"


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "ok.ts")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:4,\nok.ts\n#EXT-X-ENDLIST\n")
    assert refused(tmp_path / "list.mp4").code == "PROBE_UNREADABLE"


def test_sound_without_pictures_and_pictures_without_sound_are_refused(tmp_path: Path) -> None:
    assert refused(make(tmp_path / "sound.mp4", "-vn")).code == "PROBE_NO_VIDEO"
    assert refused(make(tmp_path / "mute.mp4", "-an")).code == "PROBE_NO_AUDIO"


def test_a_film_cut_short_is_refused(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", "-movflags", "+faststart", seconds=20).read_bytes()
    (tmp_path / "short.mp4").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path / "short.mp4").code == "PROBE_TRUNCATED"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.mp4").code == "PROBE_MISSING"


def test_a_blink_of_a_film_is_refused(tmp_path: Path) -> None:
    assert refused(make(tmp_path / "blink.mp4", seconds=0.5)).code == "PROBE_TOO_SHORT"
