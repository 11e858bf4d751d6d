"""A package of Debian's archive: where apt would fetch it from, what lies in it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cinedub import debian, weights
from cinedub.errors import WeightsError

HOST = "http://127.0.0.1:1/debian/pool/main/t/tiny/"


def member(name: str, data: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def package(path: Path) -> Path:
    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w:xz") as tar:
        entry = tarfile.TarInfo("./usr/lib/tiny.lm")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"model"))
    path.write_bytes(b"!<arch>\n" + member("debian-binary", b"2.0") + member("control.tar.xz", b"odd") + member("data.tar.xz", files.getvalue()))
    return path


def apt(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "apt-get").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_file_is_read_out_of_a_package_without_debians_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    out = io.BytesIO()
    weights._extract(package(tmp_path / "tiny.deb"), "./usr/lib/tiny.lm", out)
    assert out.getvalue() == b"model"


@pytest.mark.parametrize("data", [b"PK\3\4", b"!<arch>\n" + member("debian-binary", b"2.0\n")])
def test_what_is_no_package_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "tiny.deb").write_bytes(data)
    with pytest.raises(WeightsError, match=r"no Debian package|holds no data"):
        debian.contents(tmp_path / "tiny.deb")


def test_the_pinned_version_lies_beside_the_one_that_apt_would_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt(tmp_path, f"echo \"'{HOST}tiny_2.0-1_arm64.deb' tiny_2.0-1_arm64.deb 5 SHA256:0\"", monkeypatch)
    assert debian.locate("tiny", "1.0-1") == f"{HOST}tiny_1.0-1_amd64.deb"


def test_an_apt_without_lists_gets_some_in_a_folder_that_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f"""
    for word in "$@"; do case $word in -oDir::State::lists=*) lists=${{word#*=}};; esac; done
    case "$*" in *update) echo "$lists" > {tmp_path}/lists; echo ours > "$lists/list"; exit;; esac
    [ -f "$lists/list" ] || {{ echo "E: Unable to locate package tiny" >&2; exit 100; }}
    echo "'{HOST}tiny_1.0-1_amd64.deb' tiny_1.0-1_amd64.deb 5 SHA256:0"
    """
    apt(tmp_path, script, monkeypatch)
    assert debian.locate("tiny", "1.0-1") == f"{HOST}tiny_1.0-1_amd64.deb"
    assert not Path((tmp_path / "lists").read_text().strip()).exists()


def test_no_apt_and_an_apt_that_knows_no_such_package_are_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsError, match="there is no apt-get here"):
        debian.locate("tiny", "1.0-1")
    apt(tmp_path, "echo 'E: Unable to locate package tiny' >&2; exit 100", monkeypatch)
    with pytest.raises(WeightsError, match=r"^apt knows no tiny: E: Unable to locate package tiny$"):
        debian.locate("tiny", "1.0-1")
