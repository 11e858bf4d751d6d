# ruff: noqa: E501
"""Films as strangers send them, made by code: what each is called, how it is made, and which ends are right for it.

A case makes one file (and what it points at) in a folder of its own, out of one good film: a few seconds, 96 by 64, a voice-like sound. ``ends``
are the codes of the dead letters that are right; ``TAKEN`` means that the film is taken.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

TAKEN = "TAKEN"
SECONDS = 4
_BROKEN = ("PROBE_UNREADABLE", "PROBE_TRUNCATED", "PROBE_NO_VIDEO", "PROBE_NO_AUDIO", "PROBE_TOO_SHORT")
_PICTURE, _SOUND = f"testsrc2=size=96x64:rate=25:duration={SECONDS}", f"sine=frequency=220:sample_rate=48000:duration={SECONDS}"


@dataclass(frozen=True)
class Case:
    """A hostile film."""

    name: str
    make: Callable[[Path], Path]
    ends: tuple[str, ...]


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *map(str, arguments)], check=True, timeout=120)


def good(folder: Path, ending: str = "mp4", *out: str, picture: str = _PICTURE, sound: str = _SOUND, name: str = "film") -> Path:
    """A film made of a picture and a sound (lavfi graphs; empty for none), with ``out`` before the file's name."""
    path = folder / f"{name}.{ending}"
    inputs = [part for graph in (picture, sound) if graph for part in ("-f", "lavfi", "-i", graph)]
    ffmpeg(*inputs, *out, f"file:{path}")
    return path


_kept: dict[str, bytes] = {}


def plain(folder: Path, ending: str = "mp4", *out: str) -> bytes:
    """The bytes of a good film, made once for each kind."""
    key = " ".join((ending, *out))
    if key not in _kept:
        path = good(folder, ending, *out, name="plain")
        _kept[key] = path.read_bytes()
        path.unlink()
    return _kept[key]


def write(folder: Path, data: bytes, name: str = "film.mp4") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def cut(folder: Path, ending: str, share: float, *out: str) -> Path:
    """A film cut short."""
    data = plain(folder, ending, *out)
    return write(folder, data[: int(len(data) * share)], f"film.{ending}")


def patched(folder: Path, change: Callable[[bytearray], None], ending: str = "mp4", *out: str) -> Path:
    data = bytearray(plain(folder, ending, *out))
    change(data)
    return write(folder, bytes(data), f"film.{ending}")


def atom(data: bytes, *names: bytes) -> int:
    """Where an MP4 atom's contents begin, found through its parents."""
    place = 0
    for name in names:
        place = data.index(name, place) + 4
    return place


def cases() -> list[Case]:
    """All of them; names are unique."""
    found = [*_truncated(), *_not_films(), *_streams(), *_pictures(), *_sounds(), *_clocks(), *_lies(), *_playlists(), *_names(), *_containers()]
    assert len({case.name for case in found}) == len(found)
    return found


def _truncated() -> Iterator[Case]:
    fast = ("-movflags", "+faststart")
    for percent in (1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99):
        yield Case(f"mp4, moov first, cut at {percent} %", _cut("mp4", percent, *fast), (*_BROKEN, *((TAKEN,) if percent > 50 else ())))
        yield Case(f"mp4, moov last, cut at {percent} %", _cut("mp4", percent), _BROKEN)
    for ending in ("mkv", "avi", "ts", "webm", "flv"):
        for percent in (3, 25, 60, 97):
            # These say nothing of their length that can be checked, or are read as far as they go: what is left is a shorter film.
            yield Case(f"{ending} cut at {percent} %", _cut(ending, percent), (*_BROKEN, TAKEN))


def _cut(ending: str, percent: int, *out: str) -> Callable[[Path], Path]:
    return lambda folder: cut(folder, ending, percent / 100, *out)


def _not_films() -> Iterator[Case]:
    texts = {
        "zero bytes": b"", "one byte": b"\0", "zeros": bytes(1 << 16), "text": b"not a film\n" * 100, "html": b"<html><script>alert(1)</script></html>",
        "a shell script": b"#!/bin/sh\nrm -rf /\n", "a pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "an elf": b"\x7fELF\x02\x01\x01" + bytes(200), "a zip": b"PK\x03\x04" + bytes(300), "only an ftyp": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
        "noise": bytes((i * 7919 + (i >> 3)) & 255 for i in range(1 << 15)), "an ebml header": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01",
        "riff without chunks": b"RIFF\xff\xff\xff\xffAVI ", "an atom of endless size": b"\xff\xff\xff\xffmoov" * 100, "atoms in atoms": b"\0\0\x10\0moov\0\0\x0f\xf0trak" * 64,
    }  # fmt: skip
    for name, data in texts.items():
        yield Case(name, lambda folder, data=data: write(folder, data), ("PROBE_EMPTY",) if not data else ("PROBE_UNREADABLE",))
    yield Case("a folder called a film", _folder, ("PROBE_UNREADABLE", "PROBE_MISSING"))
    yield Case("a link to nowhere", lambda folder: _link(folder, folder / "gone.mp4"), ("PROBE_MISSING",))
    yield Case("a link to itself", lambda folder: _link(folder, folder / "film.mp4"), ("PROBE_MISSING",))
    yield Case("a picture", lambda folder: _picture(folder), ("PROBE_UNREADABLE", "PROBE_NO_AUDIO"))
    yield Case("subtitles", lambda folder: write(folder, b"1\n00:00:00,000 --> 00:00:01,000\nhello\n", "film.srt"), ("PROBE_UNREADABLE",))
    for ending in ("mkv", "avi", "ts", "mov", "wmv", "mxf"):
        yield Case(f"mp4 called {ending}", lambda folder, ending=ending: write(folder, plain(folder), f"film.{ending}"), (TAKEN,))
    yield Case("mkv called mp4", lambda folder: write(folder, plain(folder, "mkv")), (TAKEN,))


def _folder(folder: Path) -> Path:
    (folder / "film.mp4").mkdir()
    return folder / "film.mp4"


def _link(folder: Path, target: Path) -> Path:
    (folder / "film.mp4").symlink_to(target)
    return folder / "film.mp4"


def _picture(folder: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:duration=1", "-frames:v", "1", f"file:{folder}/film.png")
    return folder / "film.png"


def _streams() -> Iterator[Case]:
    yield Case("no sound", lambda folder: good(folder, sound=""), ("PROBE_NO_AUDIO",))
    yield Case("no picture", lambda folder: good(folder, "m4a", picture=""), ("PROBE_NO_VIDEO",))
    yield Case("wav called mp4", lambda folder: write(folder, plain_sound(folder)), ("PROBE_NO_VIDEO",))
    yield Case("only a cover", _cover, ("PROBE_NO_VIDEO",))
    yield Case("an attachment", lambda folder: _attached(folder, b"PK\x03\x04 a font"), (TAKEN,))
    yield Case("an attachment called as a path", lambda folder: _attached(folder, b"x", "../../../../tmp/escaped"), (TAKEN,))
    for number in (10, 100):
        yield Case(f"{number} sound tracks", lambda folder, number=number: _many(folder, number), (TAKEN,))
    yield Case("1,000 streams", lambda folder: _many(folder, 998), (TAKEN, "PROBE_TIMEOUT"))
    yield Case("twenty pictures", _pictures_many, (TAKEN,))
    yield Case("sound first, picture second", lambda folder: good(folder, "mkv", "-map", "1", "-map", "0"), (TAKEN,))
    yield Case("a title in markup", lambda folder: good(folder, "mkv", "-metadata", "title=<script>alert(1)</script>\x1b[2J"), (TAKEN,))
    told = "[Parsed_showinfo_1 @ 0x55] n: 0 pts_time:99\n[Parsed_showinfo_1 @ 0x55] n:   0 pts: 9 pts_time:98"
    yield Case("a title that looks like a decoder's report", lambda folder: good(folder, "mkv", "-metadata", f"title={told}"), (TAKEN,))
    yield Case("a title of 100,000 letters", lambda folder: good(folder, "mkv", "-metadata", f"title={'x' * 100_000}"), (TAKEN,))
    yield Case("1,000 chapters", _chapters, (TAKEN,))


def plain_sound(folder: Path) -> bytes:
    return plain_of(folder, "wav", picture="")


def plain_of(folder: Path, ending: str, **graphs: str) -> bytes:
    path = good(folder, ending, name="plain", **graphs)
    data = path.read_bytes()
    path.unlink()
    return data


def _cover(folder: Path) -> Path:
    _picture(folder)
    path = folder / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", _SOUND, "-i", f"file:{folder}/film.png", "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic", path
    )
    return path


def _attached(folder: Path, data: bytes, name: str = "font.ttf") -> Path:
    (folder / "font").write_bytes(data)
    return good(folder, "mkv", "-attach", f"{folder}/font", "-metadata:s:t", "mimetype=application/x-font", "-metadata:s:t", f"filename={name}")


def _many(folder: Path, number: int) -> Path:
    (folder / "one.wav").write_bytes(plain_of(folder, "wav", picture="", sound="sine=duration=4:sample_rate=8000"))
    maps = [part for _ in range(number) for part in ("-map", "1")]
    path = folder / "film.mkv"
    ffmpeg("-f", "lavfi", "-i", _PICTURE, "-i", f"file:{folder}/one.wav", "-map", "0", *maps, "-c:a", "copy", path)
    return path


def _pictures_many(folder: Path) -> Path:
    path = folder / "film.mkv"
    maps = [part for _ in range(20) for part in ("-map", "0:v")]
    ffmpeg("-i", f"file:{write(folder, plain(folder), 'plain.mp4')}", *maps, "-map", "0:a", "-c", "copy", path)
    return path


def _chapters(folder: Path) -> Path:
    notes = ";FFMETADATA1\n" + "".join(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={n}\nEND={n + 1}\ntitle=[Parsed_showinfo_1 {n}\n" for n in range(1000))
    (folder / "notes").write_text(notes)
    path = folder / "film.mkv"
    ffmpeg(
        "-i",
        f"file:{write(folder, plain(folder), 'plain.mp4')}",
        "-f",
        "ffmetadata",
        "-i",
        folder / "notes",
        "-map_metadata",
        "1",
        "-c",
        "copy",
        path,
    )
    return path


def _pictures() -> Iterator[Case]:
    for width, height in ((8, 8), (16, 16), (2, 64), (64, 2), (97, 65), (1, 1), (1920, 2), (33, 127), (720, 576), (1000, 10)):
        graph = f"color=gray:size=64x64:rate=25:duration={SECONDS},scale={width}:{height}"
        yield Case(f"{width} by {height}", lambda folder, graph=graph: good(folder, "mkv", "-c:v", "ffv1", picture=graph), (TAKEN,))
    wide = f"color=gray:size=16384x16:rate=2:duration={SECONDS}"
    yield Case("16,384 wide", lambda folder: good(folder, "mkv", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", picture=wide), (TAKEN, "PROBE_TOO_LARGE"))
    for size in (16_384, 32_000, 65_535):
        yield Case(
            f"{size} by {size} claimed",
            lambda folder, size=size: patched(folder, partial(_claim_size, size=size)),
            ("PROBE_TOO_LARGE", *_BROKEN, TAKEN),
        )
    for name, pixels, codec in (
        ("10 bit", "yuv420p10le", "ffv1"), ("12 bit", "yuv422p12le", "ffv1"), ("4:4:4", "yuv444p", "libx264"), ("4:2:2", "yuv422p", "libx264"),
        ("16 bit grey", "gray16le", "ffv1"), ("grey", "gray", "ffv1"), ("with alpha", "yuva420p", "ffv1"), ("rgb", "gbrp", "ffv1"),
        ("palette", "pal8", "png"), ("black and white", "monob", "png"),
    ):  # fmt: skip
        yield Case(f"pixels {name}", lambda folder, pixels=pixels, codec=codec: good(folder, "mkv", "-c:v", codec, "-pix_fmt", pixels), (TAKEN,))
    hdr = ("-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-c:v", "ffv1")
    yield Case("HDR, PQ", lambda folder: good(folder, "mkv", *hdr), (TAKEN,))
    yield Case("HDR, HLG", lambda folder: good(folder, "mkv", *hdr[:5], "arib-std-b67", *hdr[6:]), (TAKEN,))
    for turn in (90, 180, 270, 45):
        yield Case(f"turned by {turn} degrees", lambda folder, turn=turn: _turned(folder, turn), (TAKEN,))
    yield Case("interlaced", lambda folder: good(folder, "mkv", "-vf", "interlace", "-flags", "+ilme+ildct", "-c:v", "mpeg2video"), (TAKEN,))
    yield Case("pixels that are not square", lambda folder: good(folder, "mp4", "-vf", "setsar=64/45"), (TAKEN,))
    yield Case("pixels a thousand times as wide", lambda folder: good(folder, "mkv", "-vf", "setsar=1000/1", "-c:v", "ffv1"), (TAKEN,))
    yield Case("black", lambda folder: good(folder, picture=f"color=black:size=96x64:duration={SECONDS}"), (TAKEN,))
    yield Case("the size changes on the way", _resized, (TAKEN, *_BROKEN))


def _claim_size(data: bytearray, size: int) -> None:
    place = atom(data, b"avc1") + 24
    data[place : place + 4] = struct.pack(">HH", size, size)


def _turned(folder: Path, turn: int) -> Path:
    path = folder / "film.mp4"
    source = f"file:{write(folder, plain(folder), 'plain.mp4')}"
    ffmpeg("-i", source, "-c", "copy", "-metadata:s:v", f"rotate={turn}", path)
    return path


def _resized(folder: Path) -> Path:
    parts = b"".join(
        plain_of(folder, "ts", picture=f"testsrc2=size={size}:rate=25:duration=2", sound=_SOUND.replace("=4", "=2")) for size in ("96x64", "160x48")
    )
    return write(folder, parts, "film.ts")


def _sounds() -> Iterator[Case]:
    layouts = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8, "quad": 4, "3.0": 3}
    for name, count in layouts.items():
        expression = "|".join(["0.1*sin(300*t)"] * count)
        graph = f"aevalsrc={expression}:c={name}:d={SECONDS}:s=48000"
        yield Case(f"sound {name}", lambda folder, graph=graph: good(folder, "mkv", "-c:a", "flac", sound=graph), (TAKEN,))
    yield Case(
        "16 channels",
        lambda folder: good(folder, "mkv", "-c:a", "pcm_s16le", sound=f"aevalsrc={'|'.join(['0.1*sin(300*t)'] * 16)}:d={SECONDS}"),
        (TAKEN,),
    )
    for rate in (8_000, 11_025, 16_000, 22_050, 96_000, 192_000):
        yield Case(f"{rate} Hz", lambda folder, rate=rate: good(folder, "mkv", "-c:a", "pcm_s16le", "-ar", str(rate)), (TAKEN,))
    graphs = {
        "silence": "anullsrc=r=48000", "DC offset": "aevalsrc=0.8:s=48000", "clipping": "aevalsrc=5*sin(600*t):s=48000", "noise": "anoisesrc=r=48000",
        "a click": "aevalsrc=if(eq(n\\,96000)\\,1\\,0):s=48000", "very quiet": "aevalsrc=1e-5*sin(600*t):s=48000", "infrasound": "aevalsrc=0.9*sin(6*t):s=48000",
    }  # fmt: skip
    for name, graph in graphs.items():
        join = ":" if "=" in graph else "="
        yield Case(
            f"sound: {name}",
            lambda folder, graph=graph, join=join: good(folder, "mkv", "-c:a", "pcm_s16le", sound=f"{graph}{join}d={SECONDS}"),
            (TAKEN,),
        )
    floats = f"aevalsrc=1e30*sin(600*t):s=48000:d={SECONDS}"
    yield Case("floats beyond all measure", lambda folder: good(folder, "mkv", "-c:a", "pcm_f32le", sound=floats), (TAKEN,))
    nan = f"aevalsrc=0/0:s=48000:d={SECONDS}"
    yield Case("floats that are no numbers", lambda folder: good(folder, "mkv", "-c:a", "pcm_f32le", sound=nan), (TAKEN, "PROBE_TRUNCATED"))
    for codec, ending in (("mp3", "avi"), ("ac3", "mkv"), ("libopus", "mkv"), ("libvorbis", "mkv"), ("aac", "ts"), ("pcm_u8", "avi"), ("eac3", "mkv"), ("alac", "mov"), ("wmav2", "mkv"), ("mp2", "mpg")):  # fmt: skip
        yield Case(f"sound in {codec}", lambda folder, codec=codec, ending=ending: good(folder, ending, "-c:a", codec, "-ac", "2"), (TAKEN,))


def _clocks() -> Iterator[Case]:
    for rate in ("1", "2", "12", "23.976", "29.97", "50", "60", "120", "240", "1000", "1/2"):
        graph = f"testsrc2=size=96x64:rate={rate}:duration={SECONDS}"
        ends = (TAKEN, "PROBE_TRUNCATED") if rate == "1/2" else (TAKEN,)
        yield Case(f"{rate} pictures a second", lambda folder, graph=graph: good(folder, "mkv", picture=graph), ends)
    filters = {
        "variable rate": "select='not(mod(n\\,7))+lt(n\\,30)'", "pictures at random": "select='gt(random(1)\\,0.6)+eq(n\\,99)'", "one picture": "select='eq(n\\,0)'",
        "a gap of two seconds": "select='lt(n\\,25)+gt(n\\,75)'", "time in jumps": "setpts='PTS+gt(N\\,50)*2/TB'",
        "picture begins late": "setpts=PTS+1/TB", "picture ends early": "trim=end=2",
    }  # fmt: skip
    for name, graph in filters.items():
        ends = (TAKEN, "PROBE_TRUNCATED")
        yield Case(f"clock: {name}", lambda folder, graph=graph: good(folder, "mkv", "-vf", graph, "-vsync", "vfr"), ends)
    for name, flags in {
        "negative times": ("-output_ts_offset", "-2", "-avoid_negative_ts", "disabled"), "starts after an hour": ("-output_ts_offset", "3600"),
        "starts after 26 hours": ("-output_ts_offset", "95400"),
    }.items():  # fmt: skip
        for ending in ("mkv", "ts", "mp4"):
            yield Case(
                f"clock: {name}, {ending}",
                lambda folder, flags=flags, ending=ending: good(folder, ending, *flags),
                (TAKEN, *_BROKEN, "PROBE_TOO_LONG"),
            )
    yield Case("clock: the same film twice over", lambda folder: write(folder, plain(folder, "ts") * 2, "film.ts"), (TAKEN, *_BROKEN))
    yield Case("clock: sound half as long", lambda folder: good(folder, "mkv", sound=_SOUND.replace("=4", "=2")), (TAKEN, "PROBE_TRUNCATED"))
    yield Case("clock: sound twice as long", lambda folder: good(folder, "mkv", sound=_SOUND.replace("=4", "=8")), (TAKEN, "PROBE_TRUNCATED"))
    yield Case("half a second", lambda folder: good(folder, "mkv", "-t", "0.5"), ("PROBE_TOO_SHORT",))
    yield Case("one picture long", lambda folder: good(folder, "mkv", "-t", "0.04"), ("PROBE_TOO_SHORT", *_BROKEN))


def _lies() -> Iterator[Case]:
    for name, seconds, ends in (("10 h", 36_000, ("PROBE_TRUNCATED",)), ("a year", 31_536_000, ("PROBE_TOO_LONG",)), ("nothing", 0, (TAKEN, *_BROKEN)), ("one hour", 3_600, ("PROBE_TRUNCATED",))):  # fmt: skip
        yield Case(
            f"claims {name}",
            lambda folder, seconds=seconds: patched(folder, partial(_claim_length, seconds=seconds)),
            (*ends, "PROBE_TRUNCATED", TAKEN) if seconds else ends,
        )
    for name in (b"stco", b"stsz", b"stsc", b"stts", b"ctts", b"stss"):
        for value in (0, 0x7FFFFFFF, 0xFFFFFFFF):
            yield Case(f"{name.decode()} counts {value}", lambda folder, name=name, value=value: patched(folder, partial(_claim_count, name=name, value=value)), (TAKEN, *_BROKEN))  # fmt: skip
    for name in (b"moov", b"trak", b"mdia", b"stbl", b"mdat", b"avcC", b"esds"):
        yield Case(f"{name.decode()} renamed", lambda folder, name=name: patched(folder, partial(_rename, name=name)), (TAKEN, *_BROKEN))
        yield Case(f"{name.decode()} of no size", lambda folder, name=name: patched(folder, partial(_resize, name=name, size=0)), (TAKEN, *_BROKEN))
        yield Case(
            f"{name.decode()} of four gigabytes",
            lambda folder, name=name: patched(folder, partial(_resize, name=name, size=0xFFFFFFFF)),
            (TAKEN, *_BROKEN),
        )
    yield Case("no moov", lambda folder: write(folder, _without(plain(folder), b"moov")), ("PROBE_UNREADABLE",))
    yield Case("no mdat", lambda folder: write(folder, _without(plain(folder), b"mdat")), _BROKEN)
    for place in (0.2, 0.5, 0.8):
        yield Case(f"a hole at {place:.0%}", lambda folder, place=place: patched(folder, partial(_hole, place=place), "ts"), (TAKEN, *_BROKEN))


def _claim_length(data: bytearray, seconds: int) -> None:
    """In the film's, the tracks' and the media's headers (version 0)."""
    for name, scale, length in ((b"mvhd", 12, 16), (b"mdhd", 12, 16)):
        start = 0
        while (place := data.find(name, start)) >= 0:
            rate = struct.unpack(">I", data[place + 4 + scale : place + 8 + scale])[0]
            data[place + 4 + length : place + 8 + length] = struct.pack(">I", min(seconds * rate, 0xFFFFFFFE))
            start = place + 4


def _claim_count(data: bytearray, name: bytes, value: int) -> None:
    place = data.find(name)
    if place >= 0:
        data[place + 8 + 4 * (name == b"stsz") : place + 12 + 4 * (name == b"stsz")] = struct.pack(">I", value)


def _rename(data: bytearray, name: bytes) -> None:
    place = data.index(name)
    data[place : place + 4] = b"zzzz"


def _resize(data: bytearray, name: bytes, size: int) -> None:
    place = data.index(name)
    data[place - 4 : place] = struct.pack(">I", size)


def _without(data: bytes, name: bytes) -> bytes:
    place = data.index(name) - 4
    size = struct.unpack(">I", data[place : place + 4])[0]
    return data[:place] + data[place + size :]


def _hole(data: bytearray, place: float) -> None:
    start = int(len(data) * place)
    data[start : start + len(data) // 10] = bytes(len(data) // 10)


def _playlists() -> Iterator[Case]:
    m3u8 = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
    targets = {"a file": "{folder}/secret.ts", "a file url": "file:{folder}/secret.ts", "a server": "http://127.0.0.1:9/secret.ts", "/etc/passwd": "/etc/passwd", "a concat": "concat:{folder}/secret.ts|/etc/passwd", "data": "data:video/mp2t;base64,AAAA", "crypto": "crypto:{folder}/secret.ts", "a subfile": "subfile,,start,0,end,0,,:{folder}/secret.ts"}  # fmt: skip
    for name, target in targets.items():
        for ending in ("m3u8", "mp4"):
            yield Case(
                f"hls in {ending} of {name}",
                lambda folder, t=target, e=ending: _points(folder, m3u8.format(t.format(folder=folder)), e),
                ("PROBE_UNREADABLE",),
            )
        text = f"ffconcat version 1.0\nfile '{target}'\n"
        yield Case(f"concat list of {name}", lambda folder, text=text: _points(folder, text.format(folder=folder), "mp4"), ("PROBE_UNREADABLE",))
    texts = {
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>{folder}/secret.ts</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "xspf": '<?xml version="1.0"?><playlist xmlns="http://xspf.org/ns/0/"><trackList><track><location>file://{folder}/secret.ts</location></track></trackList></playlist>',
        "pls": "[playlist]\nFile1={folder}/secret.ts\n", "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "asx": '<asx version="3.0"><entry><ref href="{folder}/secret.ts"/></entry></asx>', "an entity": '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
        "smil": '<smil><body><video src="{folder}/secret.ts"/></body></smil>', "a list of files": "{folder}/secret.ts\n",
    }  # fmt: skip
    for name, text in texts.items():
        yield Case(
            f"playlist: {name}", lambda folder, text=text: _points(folder, text.replace("{folder}", str(folder)), "mp4"), ("PROBE_UNREADABLE",)
        )
    yield Case("a quicktime reference film", _reference, _BROKEN)


def _points(folder: Path, text: str, ending: str) -> Path:
    write(folder, plain(folder, "ts"), "secret.ts")
    return write(folder, text.encode(), f"film.{ending}")


def _reference(folder: Path) -> Path:
    """The samples are said to lie in another file (a ``dref`` entry that isn't self-contained)."""
    secret = write(folder, plain(folder), "secret.mp4")
    data = bytearray(plain(folder))
    place = data.index(b"dref") + 4 + 8
    entry = struct.pack(">I", len(str(secret)) + 13) + b"url \0\0\0\0" + str(secret).encode() + b"\0"
    data[place : place + 12] = entry[:12]
    return write(folder, _without(bytes(data), b"mdat"))


def _names() -> Iterator[Case]:
    for name in (
        "a film.mp4", "it's.mp4", 'say "hi".mp4', "-i.mp4", "--help.mp4", "-.mp4", "new\nline.mp4", "tab\t.mp4", "🎬.mp4", "电影.mp4", "фильм.mp4", "%d.mp4",
        "film%03d.mp4", "a:b.mp4", "http:x.mp4", "file:x.mp4", "concat:a|b.mp4", "$(touch hacked).mp4", "`id`.mp4", "a;b.mp4", "a&b.mp4", "a|b.mp4",
        "<script>.mp4", "back\\slash.mp4", "*.mp4", "[ab].mp4", "{a,b}.mp4", "~.mp4", "..mp4", ".hidden.mp4", "a.b.c.mp4", "dot.mp4.", "x" * 240 + ".mp4", " .mp4",
        "bell\x07.mp4", "right\u202eto left.mp4", "zero\u200bwidth.mp4", "é.mp4", "e\u0301.mp4",
    ):  # fmt: skip
        yield Case(f"called {name!r}"[:60], lambda folder, name=name: write(folder, plain(folder), name), (TAKEN,))


def _containers() -> Iterator[Case]:
    for ending, out in (
        ("mkv", ()), ("webm", ()), ("avi", ()), ("ts", ()), ("mpg", ("-c:v", "mpeg1video")), ("flv", ("-ar", "44100")), ("mov", ()), ("wmv", ()), ("ogv", ("-c:v", "libtheora", "-c:a", "libvorbis")),
        ("3gp", ("-c:v", "mpeg4", "-c:a", "aac", "-ar", "16000", "-ac", "1")), ("vob", ("-c:v", "mpeg2video", "-c:a", "ac3")), ("nut", ("-c:v", "ffv1", "-c:a", "flac")), ("mxf", ("-c:v", "mpeg2video", "-c:a", "pcm_s16le")),
    ):  # fmt: skip
        yield Case(f"a good {ending}", lambda folder, ending=ending, out=out: good(folder, ending, *out), (TAKEN,))
    yield Case("fragmented mp4", lambda folder: good(folder, "mp4", "-movflags", "frag_keyframe+empty_moov"), (TAKEN,))
    yield Case("a film with junk before it", lambda folder: write(folder, bytes(5000) + plain(folder, "ts"), "film.ts"), (TAKEN, *_BROKEN))
    yield Case("a film with junk after it", lambda folder: write(folder, plain(folder) + bytes(5000)), (TAKEN,))
    yield Case("a film in an mp3 tag", lambda folder: write(folder, b"ID3\x03\0\0\0\0\x0f\x76" + plain(folder)), _BROKEN)
    yield Case("a raw h264 stream", lambda folder: good(folder, "h264", sound=""), ("PROBE_NO_AUDIO", "PROBE_UNREADABLE"))
