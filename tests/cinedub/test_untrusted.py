"""Shards from elsewhere: everything that a stranger may put into one is refused with its reason."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub import shards, untrusted
from cinedub.errors import CinedubError


def tar(path: Path, *members: tarfile.TarInfo | tuple[str, bytes], format: int = tarfile.USTAR_FORMAT) -> Path:
    with tarfile.open(path, "w", format=format) as archive:
        for member in members:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
            else:
                archive.addfile(member)
    return path


def special(kind: bytes, name: str = "a.json", target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def claims(size: int, name: str = "a.json") -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT) + bytes(512)


SHARDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "up and away": (lambda path: tar(path, ("../../etc/cron.d/a.json", b"{}")), "not a plain file"),
    "from the root": (lambda path: tar(path, ("/etc/a.json", b"{}")), "not a plain file"),
    "symbolic link": (lambda path: tar(path, special(tarfile.SYMTYPE, target="/etc/passwd")), "not a plain file"),
    "hard link": (lambda path: tar(path, special(tarfile.LNKTYPE, target="/etc/passwd")), "not a plain file"),
    "character device": (lambda path: tar(path, special(tarfile.CHRTYPE)), "not a plain file"),
    "block device": (lambda path: tar(path, special(tarfile.BLKTYPE)), "not a plain file"),
    "pipe": (lambda path: tar(path, special(tarfile.FIFOTYPE)), "not a plain file"),
    "folder": (lambda path: tar(path, special(tarfile.DIRTYPE, "a.json")), "not a plain file"),
    "no ending": (lambda path: tar(path, ("a", b"{}")), "not a plain file"),
    "no key": (lambda path: tar(path, (".json", b"{}")), "not a plain file"),
    "renamed by an extension": (lambda path: tar(path, ("x" * 300 + ".json", b"{}"), format=tarfile.PAX_FORMAT), "extension header"),
    "a long name": (lambda path: tar(path, ("x" * 300 + ".json", b"{}"), format=tarfile.GNU_FORMAT), "extension header"),
    "a member twice": (lambda path: tar(path, ("a.json", b"{}"), ("a.json", b"{}")), "comes twice"),
    "a key twice": (lambda path: tar(path, ("a.json", b"{}"), ("b.json", b"{}"), ("a.mp4", b"")), "lie apart"),
    "a gigabyte of JSON": (lambda path: path.write_bytes(claims(1 << 30)), "claims 1024 MiB"),
    "a huge film": (lambda path: path.write_bytes(claims(4 << 30, "a.mp4")), "claims 4096 MiB"),
    "more than there is": (lambda path: path.write_bytes(claims(1 << 20)), "ends inside"),
    "cut in a header": (lambda path: path.write_bytes(claims(0)[:300]), "not a tar"),
    "no tar": (lambda path: path.write_bytes(b"hello" * 300), "not a tar"),
    "a name that is no UTF-8": (lambda path: path.write_bytes(_checked(b"\xff\xfe.json")), "not a tar"),
    "nothing but JSON that is none": (lambda path: tar(path, ("a.json", b"{")), "not a JSON object"),
    "no JSON": (lambda path: tar(path, ("a.mp4", b"")), "has no json"),
}


def _checked(name: bytes) -> bytes:
    header = bytearray(tarfile.TarInfo("a.json").tobuf(tarfile.USTAR_FORMAT))
    header[:100] = name.ljust(100, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("name", SHARDS)
def test_a_hostile_shard_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    make, reason = SHARDS[name]
    make(tmp_path / "x.tar")
    with pytest.raises(CinedubError, match=reason) as caught:
        list(shards.read_shard(tmp_path / "x.tar"))
        list(shards.read_annotations(tmp_path / "x.tar"))
    assert "\n" not in str(caught.value) and "x.tar" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


JSON: dict[str, tuple[bytes, str]] = {
    "10,000 levels": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
    "10,000 lists": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
    "not a number": (b'{"a": NaN}', "not a JSON object"),
    "infinity": (b'{"a": Infinity}', "not a JSON object"),
    "bad UTF-8": (b'{"a": "\xff"}', "not a JSON object"),
    "half a surrogate": (b'{"a": "\\ud800"}', "not a JSON object"),
    "a list": (b"[]", "not a JSON object"),
    "nothing": (b"", "not a JSON object"),
    "two values": (b"{} {}", "not a JSON object"),
}


@pytest.mark.parametrize("name", JSON)
def test_hostile_json_is_refused_with_its_reason(name: str) -> None:
    data, reason = JSON[name]
    with pytest.raises(untrusted.UntrustedError, match=reason):
        untrusted.json_object(data, "json")


def test_too_much_json_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "MOST_JSON", 10)
    with pytest.raises(untrusted.UntrustedError, match="at most"):
        untrusted.json_object(b'{"a": "bcdefgh"}', "json")


def npz(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


ARRAYS: dict[str, tuple[Callable[[], bytes], str]] = {
    "objects": (lambda: npz(a=npy(np.array([{"__reduce__": 1}], object))), "holds objects"),
    "a claim of a terabyte": (lambda: npz(a=npy(np.zeros(4, np.uint8)).replace(b"(4,)", b"(1099511627776,)").ljust(200)), "not arrays|more than"),
    "a negative size": (lambda: npz(a=npy(np.zeros(10, np.uint8)).replace(b"(10,)", b"(-1,)")), "not arrays|holds|more than"),
    "no npy": (lambda: npz(a=b"import os"), "not arrays"),
    "no zip": (lambda: b"PK\x03\x04 nothing", "not arrays"),
    "nothing": (lambda: b"", "not arrays"),
    "cut short": (lambda: npz(a=npy(np.arange(1000)))[:-40], "not arrays"),
    "texts": (lambda: npz(a=npy(np.array(["rm -rf /"]))), "holds <U8"),
    "records": (lambda: npz(a=npy(np.zeros(2, [("x", np.int8), ("y", np.int8)]))), "only numbers"),
    "version 9": (lambda: npz(a=b"\x93NUMPY\x09\x00" + bytes(64)), "version"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_hostile_arrays_are_refused_with_their_reason(name: str) -> None:
    make, reason = ARRAYS[name]
    with pytest.raises(untrusted.UntrustedError, match=reason):
        untrusted.arrays(make(), "faces.npz")


def test_arrays_are_read_by_name_and_a_missing_one_is_told() -> None:
    data = npz(track=npy(np.ones(3, bool)), objects=npy(np.array([{}], object)))
    assert untrusted.arrays(data, "faces.npz", ["track"])["track"].tolist() == [True] * 3
    with pytest.raises(untrusted.UntrustedError, match=r"faces\.npz: has no pts_ms"):
        untrusted.arrays(data, "faces.npz", ["track", "pts_ms"])


def flac(frames: int, rate: int = 24_000, channels: int = 1, claim: int | None = None) -> bytes:
    """A FLAC file; ``claim`` is the number of samples that its header tells."""
    out = io.BytesIO()
    soundfile.write(out, np.zeros((frames, channels)), rate, format="FLAC")
    data = bytearray(out.getvalue())
    if claim is not None:
        data[21:26] = bytes([data[21] & 0xF0 | claim >> 32]) + (claim & 0xFFFFFFFF).to_bytes(4, "big")  # the last 36 bits of STREAMINFO's bytes 10-17
    return bytes(data)


SOUNDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "no sound": (lambda: b"fLaC" + bytes(100), "not a sound"),
    "nothing": (lambda: b"", "not a sound"),
    "a month claimed": (lambda: flac(100, claim=(1 << 36) - 1), "that much is not read"),
    "too many samples a second": (lambda: flac(100, rate=655_350), "that much is not read"),
    "a list of files": (lambda: b"#EXTM3U\n/etc/passwd\n", "not a sound"),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_hostile_sounds_are_refused_with_their_reason(name: str) -> None:
    make, reason = SOUNDS[name]
    with pytest.raises(untrusted.UntrustedError, match=reason):
        untrusted.sound(make(), "vocals.flac")


def test_a_good_sound_passes() -> None:
    samples, rate = untrusted.sound(flac(240, channels=2), "mix.flac")
    assert samples.shape == (240, 2) and samples.dtype == np.float32 and rate == 24_000


@pytest.mark.parametrize("row", [{"shard": "../../etc/passwd"}, {"shard": "cinedub-train-00000/../x"}, {"json_offset": -5}, {"json_bytes": 1 << 40}])
def test_a_manifest_that_leads_elsewhere_is_not_followed(tmp_path: Path, row: dict[str, object]) -> None:
    with pytest.raises(shards.ShardError, match="that is not read"):
        shards.fetch_member(tmp_path, {"key": "k", "shard": "cinedub-train-00000", "json_offset": 0, "json_bytes": 1} | row, "json")


def test_a_dataset_that_names_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "dataset.json").write_text(json.dumps({"shards": [{"uri": "../elsewhere.tar"}]}))
    with pytest.raises(shards.ShardError, match="no shard's name"):
        shards.shards_in(tmp_path)


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "MOST_ARRAYS", 1 << 20)
    with pytest.raises(untrusted.UntrustedError, match="unpacks to 8 MiB"):
        untrusted.arrays(npz(a=npy(np.zeros(1 << 20))), "faces.npz")


def test_good_arrays_and_good_json_pass() -> None:
    found = untrusted.arrays(npz(a=npy(np.arange(6).reshape(2, 3)), b=npy(np.zeros((0, 4), np.float32))), "faces.npz")
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["b"].shape == (0, 4)
    assert untrusted.json_object(json.dumps({"text": "你好 <script>"}).encode(), "json") == {"text": "你好 <script>"}
