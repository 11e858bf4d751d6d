"""Sound and pictures on the film's clock, on small clips that ffmpeg draws."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from cinedub import media
from cinedub.errors import MediaError
from schemas import Span

SIZE = (64, 48)
#: Every frame's brightness is its number, so that a frame can be told from its neighbours: 16 + 4 n.
COUNTED = "geq=lum='16+4*mod(N,50)':cb=128:cr=128"


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def film(folder: Path, rate: str = "25", seconds: float = 2.0, name: str = "film.mp4", more: tuple[str, ...] = (), filters: str = "") -> Path:
    path = folder / name
    picture = f"color=gray:size={SIZE[0]}x{SIZE[1]}:rate={rate}:duration={seconds},{COUNTED}{filters}"
    ffmpeg(
        "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}",
        "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-g", "12", "-c:a", "pcm_s16le" if name.endswith("mkv") else "aac", *more, str(path),
    )  # fmt: skip
    return path


def numbers(pictures: list[np.ndarray]) -> list[int]:
    # Limited-range grey 16 + 4 n becomes 4 n * 255 / 219 in RGB.
    return [round(float(picture.mean()) * 219 / 255 / 4) for picture in pictures]


def test_a_film_is_probed(tmp_path: Path) -> None:
    account = media.probe(film(tmp_path, rate="24000/1001"))
    video = next(stream for stream in account["streams"] if stream["codec_type"] == "video")
    assert (video["width"], video["height"], video["r_frame_rate"]) == (*SIZE, "24000/1001")


def test_a_text_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("not a film")
    with pytest.raises(MediaError) as caught:
        media.probe(tmp_path / "film.mp4")
    assert caught.value.code == "PROBE_UNREADABLE"


def test_a_playlist_opens_nothing_else(tmp_path: Path) -> None:
    target = film(tmp_path)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError):
        media.probe(tmp_path / "list.m3u8")


def test_every_picture_comes_once_with_its_time(tmp_path: Path) -> None:
    shown = list(media.pictures(film(tmp_path), Span(0, 2000), SIZE))
    assert [pts for pts, _ in shown] == list(range(0, 2000, 40))
    assert numbers([picture for _, picture in shown]) == list(range(50))


def test_a_span_begins_at_its_first_picture_and_ends_before_its_end(tmp_path: Path) -> None:
    shown = list(media.pictures(film(tmp_path), Span(500, 1000), SIZE))
    assert [pts for pts, _ in shown] == list(range(520, 1000, 40))
    assert numbers([picture for _, picture in shown]) == list(range(13, 25))


@pytest.mark.parametrize("start", [0, 1, 500])
def test_a_file_without_an_index_is_read_from_its_first_picture(tmp_path: Path, start: int) -> None:
    path = tmp_path / "film.flv"  # sound starts at 0, pictures one frame later
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=4", "-f", "lavfi", "-i", "sine=sample_rate=44100:duration=4", str(path)
    )  # fmt: skip
    span = Span(start, 1000)
    assert len(list(media.pictures(path, span, SIZE))) == pytest.approx(span.duration / 40, abs=1)
    assert sum(block.shape[1] for block in media.sound(path, span, 8000, 1, strict=True)) == pytest.approx(span.duration * 8, abs=8)


def test_ntsc_pictures_keep_their_own_times(tmp_path: Path) -> None:
    shown = list(media.pictures(film(tmp_path, rate="24000/1001"), Span(1000, 2000), SIZE))
    for pts, picture in shown:
        assert pts == pytest.approx(numbers([picture])[0] * 1001 / 24, abs=1)


def test_a_variable_rate_keeps_its_own_times(tmp_path: Path) -> None:
    # Of 25 pictures a second, only some are kept: gaps of 40 to 200 ms.
    path = film(tmp_path, filters=",select='not(mod(n,5))+not(mod(n,7))'", more=("-fps_mode", "vfr"))
    shown = list(media.pictures(path, Span(0, 2000), SIZE))
    wanted = [n for n in range(50) if n % 5 == 0 or n % 7 == 0]
    assert [pts for pts, _ in shown] == [40 * n for n in wanted]
    assert numbers([picture for _, picture in shown]) == wanted


def test_the_films_clock_starts_with_its_container(tmp_path: Path) -> None:
    late = tmp_path / "late.ts"
    ffmpeg("-i", str(film(tmp_path)), "-c", "copy", "-output_ts_offset", "5", str(late))
    whole = list(media.pictures(late, Span(0, 2000), SIZE))
    first = whole[0][0]
    assert 0 <= first < 100 and len(whole) == 50
    part = list(media.pictures(late, Span(1000, 1500), SIZE))
    for pts, picture in part:
        assert pts == first + 40 * numbers([picture])[0] and 1000 <= pts < 1500


def test_a_turned_film_is_shown_upright(tmp_path: Path) -> None:
    flat = film(tmp_path, filters=",drawbox=0:0:64:24:white:fill")
    turned = tmp_path / "turned.mp4"
    # Since its sixth version ffmpeg takes the rotation as an option, before that as a tag.
    tagged = ("-i", str(flat), "-metadata:s:v", "rotate=90") if not _can_turn() else ("-display_rotation", "90", "-i", str(flat))
    ffmpeg(*tagged, "-c", "copy", str(turned))
    _, picture = next(media.pictures(turned, Span(0, 2000), (SIZE[1], SIZE[0])))
    assert picture.shape == (SIZE[0], SIZE[1], 3)
    left, right = picture[:, :12].mean(), picture[:, -12:].mean()
    assert max(left, right) > 200 > 50 > min(left, right)


def _can_turn() -> bool:
    return "display_rotation" in subprocess.run(["ffmpeg", "-hide_banner", "-h", "full"], capture_output=True, text=True).stdout


def test_a_reader_may_leave_early_and_no_decoder_is_left_behind(tmp_path: Path) -> None:
    def decoders() -> int:
        return [child.name() for child in psutil.Process().children()].count("ffmpeg")

    frames = media.pictures(film(tmp_path, seconds=20), Span(0, 20_000), SIZE)
    next(frames)
    assert decoders() == 1
    frames.close()
    assert decoders() == 0


def test_frames_read_ahead_are_the_same_and_a_fault_among_them_is_raised_in_its_place() -> None:
    closed: list[bool] = []

    def frames(fault: bool):
        try:
            for n in range(10):
                yield n, np.zeros((1, 1, 3), np.uint8)
            if fault:
                raise MediaError("DECODE_VIDEO", "broken")
        finally:
            closed.append(True)

    assert [n for n, _ in media.ahead(frames(fault=False))] == list(range(10))
    seen: list[int] = []
    with pytest.raises(MediaError, match="broken"):
        for n, _ in media.ahead(frames(fault=True)):
            seen.append(n)
    assert seen == list(range(10))
    early = media.ahead(frames(fault=False))
    next(early)
    early.close()
    assert len(closed) == 3


def test_a_grid_shows_the_last_picture_before_the_middle_of_each_step() -> None:
    frames = [(pts, np.full((1, 1, 3), n, np.uint8)) for n, pts in enumerate((0, 42, 83, 125, 167, 208))]
    shown = [(k, pts, int(picture[0, 0, 0])) for k, pts, picture in media.on_grid(frames, Span(60, 260))]
    # Steps at 80, 120, … show what came before them: 42, 83, 125 and so on.
    assert shown == [(0, -18, 1), (1, 23, 2), (2, 65, 3), (3, 107, 4), (4, 148, 5)]


def test_a_grid_is_full_where_pictures_are_missing() -> None:
    frames = [(100, np.zeros((1, 1, 3), np.uint8))]
    assert [k for k, _, _ in media.on_grid(frames, Span(0, 1000))] == list(range(25))
    assert list(media.on_grid([], Span(0, 1000))) == []


@pytest.mark.parametrize("rate", ["3", "24000/1001", "25", "30", "50"])
def test_a_written_clip_shows_what_the_grid_shows(tmp_path: Path, rate: str) -> None:
    path, span, target = film(tmp_path, rate=rate, seconds=2), Span(530, 1250), tmp_path / "clip.mp4"
    grid = [picture for _, _, picture in media.on_grid(media.filmed(path, span, SIZE, target), span)]
    written = [picture for _, picture in media.pictures(target, Span(0, 2000), SIZE)]
    assert len(written) == len(grid) == round(span.duration / 40)
    assert numbers(written) == numbers(grid)


def test_a_written_clip_is_full_past_the_end_of_the_film(tmp_path: Path) -> None:
    list(media.filmed(film(tmp_path, seconds=1), Span(500, 1500), SIZE, tmp_path / "clip.mp4"))
    shown = list(media.pictures(tmp_path / "clip.mp4", Span(0, 2000), SIZE))
    assert [pts for pts, _ in shown] == list(range(0, 1000, 40))


def test_the_same_clip_is_written_in_the_same_bytes(tmp_path: Path) -> None:
    path = film(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        list(media.filmed(path, Span(100, 900), SIZE, tmp_path / name))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_clip_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"film\.mp4: ") as refused:
        list(media.filmed(film(tmp_path), Span(100, 900), SIZE, tmp_path / "no folder" / "clip.mp4"))
    assert refused.value.code == "DECODE_VIDEO" and "\n" not in str(refused.value)


def test_sound_is_as_long_as_its_span(tmp_path: Path) -> None:
    blocks = list(media.sound(film(tmp_path), Span(300, 1700), 16_000, 2, block_s=0.5))
    assert all(block.shape[0] == 2 and block.dtype == np.float32 for block in blocks)
    assert sum(block.shape[1] for block in blocks) == 22_400
    assert max(block.shape[1] for block in blocks) <= 8000


def test_sound_past_the_end_is_silence(tmp_path: Path) -> None:
    data = np.concatenate(list(media.sound(film(tmp_path, seconds=1, name="film.mkv"), Span(500, 2500), 16_000, 1)), axis=1)
    assert data.shape == (1, 32_000)
    assert np.abs(data[:, :7000]).max() > 0.05 and np.abs(data[:, 9000:]).max() == 0


def test_sound_that_starts_late_stays_in_its_place(tmp_path: Path) -> None:
    picture, late = film(tmp_path, name="film.mkv"), tmp_path / "late.mkv"
    ffmpeg("-i", str(picture), "-itsoffset", "0.7", "-i", str(picture), "-map", "0:v", "-map", "1:a", "-c", "copy", str(late))
    data = np.concatenate(list(media.sound(late, Span(0, 2000), 16_000, 1)), axis=1)[0]
    begins = int(np.argmax(np.abs(data) > 0.01))
    assert begins / 16 == pytest.approx(700, abs=5)
    part = np.concatenate(list(media.sound(late, Span(400, 1200), 16_000, 1)), axis=1)[0]
    assert int(np.argmax(np.abs(part) > 0.01)) / 16 == pytest.approx(300, abs=5)


def test_a_film_cut_short_still_gives_what_is_there(tmp_path: Path) -> None:
    whole = film(tmp_path, name="film.mkv")
    (tmp_path / "short.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    times = [pts for pts, _ in media.pictures(tmp_path / "short.mkv", Span(0, 2000), SIZE)]
    assert 0 < len(times) < 50 and all(a < b for a, b in pairwise(times))
