"""Packages of Debian's archive: where the machine's own apt would fetch one from, and what lies in one."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from cinedub.errors import WeightsError

#: Data are the same for every processor; these are what a pinned sha256 is of.
_ARCHITECTURE = "amd64"
_URI = re.compile(r"'([^']+/)[^/']+\.deb' ")


def locate(name: str, version: str) -> str:
    """The address of a package in the pool that apt's own settings name, whichever version of it is that machine's; nothing is installed.

    Where apt has no lists, new ones are fetched into a temporary folder (20 MB), which needs no rights.

    Raises:
        WeightsError: there is no apt, or it knows no such package.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        raise WeightsError(f"{name} comes from Debian's archive, and there is no apt-get here; copy its folder from the weights of another machine")
    with tempfile.TemporaryDirectory() as folder:
        own = [f"-oDir::State::lists={folder}/lists", f"-oDir::Cache={folder}/cache", "-oAPT::Sandbox::User=root"]
        for options in ([], own):
            if options:
                Path(folder, "lists", "partial").mkdir(parents=True)
                Path(folder, "cache", "archives", "partial").mkdir(parents=True)
                _run([apt, *options, "-qq", "update"])
            shown = _run([apt, *options, "-qq", "download", "--print-uris", name])
            if found := _URI.match(shown.stdout):
                return f"{found[1]}{name}_{version}_{_ARCHITECTURE}.deb"
    raise WeightsError(f"apt knows no {name}: {' '.join(shown.stderr.split())[-200:]}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise WeightsError("apt does not answer within five minutes; run the same command again") from error


def contents(archive: Path) -> tarfile.TarFile:
    """The files of a ``.deb`` (deb(5): an ar archive with a ``data.tar``), which is read whole.

    Raises:
        WeightsError: it is no such archive.
    """
    with archive.open("rb") as stream:
        if stream.read(8) != b"!<arch>\n":
            raise WeightsError(f"{archive.name} is no Debian package")
        while head := stream.read(60):
            size = int(head[48:58])
            if head.startswith(b"data.tar"):
                return tarfile.open(fileobj=io.BytesIO(stream.read(size)))
            stream.seek(size + size % 2, io.SEEK_CUR)
    raise WeightsError(f"{archive.name} holds no data")
