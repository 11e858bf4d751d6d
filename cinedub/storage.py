"""Where media lives: at addresses computed from what made it.

A stage's result is one folder in the cache, written beside its place and renamed into it: it is there whole or not at all.
Elements carry ``asset:{address}/{name}`` URIs, so that records don't depend on where the cache is.

    $CINEDUB_CACHE/stages/{stage}/{address[:2]}/{address}/result.json, vocals.flac, …

What is being written is called ``.{32 hex digits}.part``; the process that writes it is present in the cache (``present``), so that whoever
tidies up (``cinedub.cache``) knows what a killed process left behind from what is in use. A folder's time of change is when it was last used.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

from cinedub.errors import MediaError, StorageError

T = TypeVar("T")
ASSET = "asset:"
#: How often a store is asked, and how long it is given after the first time that it failed.
_TRIES, _FIRST_WAIT_S = 5, 0.5
#: What stands for the part of an address that nobody else may see.
HIDDEN = "?…"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some, or set CINEDUB_CACHE to a larger place"),
    errno.EIO: "the disk fails: look at the system's log, then run the same command again, with another place in CINEDUB_CACHE or --out if need be",
}


def cache_root() -> Path:
    """The stage cache: ``$CINEDUB_CACHE``, or ``cinedub/cache`` under the user's cache folder."""
    chosen = os.environ.get("CINEDUB_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cinedub" / "cache"


def check_cache() -> None:
    """Make sure of the stage cache before work begins.

    Raises:
        StorageError: it can't be made or written.
    """
    try:
        cache_root().mkdir(parents=True, exist_ok=True)
        check_space(cache_root())
    except OSError as error:
        raise storage_error(error, cache_root()) from error


def check_space(folder: Path) -> None:
    """Write a mebibyte in a folder and take it away again.

    Raises:
        OSError: no space, or no permission.
    """
    probe = temporary(folder / "probe")
    try:
        with probe.open("wb") as stream:
            stream.write(bytes(1 << 20))
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        probe.unlink(missing_ok=True)


def present() -> None:
    """Mark this process as one that uses the cache: a file that it keeps locked as long as it lives."""
    _presence(cache_root(), os.getpid())


def absent() -> None:
    """This process has done with the cache, for now."""
    _presence(cache_root(), os.getpid()).close()
    _presence.cache_clear()


@functools.cache
def _presence(root: Path, process: int) -> IO[bytes]:
    folder = root / "users"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / uuid.uuid4().hex
        stream = path.open("xb")
        fcntl.flock(stream, fcntl.LOCK_EX)
        if path.exists():  # nobody tidied it away before it was locked
            return stream
        stream.close()


def temporary(path: Path) -> Path:
    """Where to write what will be renamed to ``path``: beside it."""
    present()
    return path.with_name(f".{uuid.uuid4().hex}.part")


def used(uri: str) -> bool:
    """Note that an asset is in use; False when it isn't there."""
    try:
        os.utime(resolve(uri).parent)
    except FileNotFoundError:
        return False
    return True


def private_folder() -> Path:
    """A folder of the cache that only its owner can enter, for what processes of one build tell each other."""
    folder = cache_root() / "private"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def address(*parts: bytes | str) -> str:
    """32 hex digits that name the result of exactly these inputs (blake2b over length-prefixed parts)."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def resolve(uri: str) -> Path:
    """The local path of an ``asset:`` URI or of a plain path; anything remote is fetched first."""
    if uri.startswith(ASSET):
        stage, _, rest = uri.removeprefix(ASSET).partition("/")
        name = rest.partition("/")[0]
        path = cache_root() / "stages" / stage / name[:2] / rest
        if ".." in path.parts:
            raise StorageError(f"asset {uri!r} leaves the cache")
        return path
    if "://" in uri:
        return _fetch(uri)
    return Path(uri)


def shown(uri: str) -> str:
    """An address as it may be shown and written down: without a user, and without what follows ``?``, where signed addresses hold their key."""
    if "://" not in uri:
        return uri
    scheme, _, rest = uri.partition("://")
    place, query, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{HIDDEN if query or '@' in host else ''}"


_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>\\]+")
_SECRET = re.compile(r".*(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)")


def scrubbed(text: str) -> str:
    """A text as it may be shown: addresses as ``shown`` gives them, and no value of an environment variable whose name says that it is secret."""
    text = _ADDRESS.sub(lambda match: shown(match[0]), text)
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET.fullmatch(name.upper()):
            text = text.replace(value, "***")
    return text


def content_digest(path: Path) -> str:
    """sha256 of a file's bytes, remembered by its path and ``version`` so that an unchanged one is read once.

    Raises:
        MediaError: PROBE_UNREADABLE: it can't be read to its end.
    """
    note = _digest_note(path)
    if note.exists():
        return note.read_text()
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MediaError("PROBE_UNREADABLE", f"{path.name}: can't be read: {error.strerror}; check its permissions and its disk") from error
    write_atomic(note, digest.encode())
    return digest


def known_digest(uri: str) -> str | None:
    """What ``content_digest`` remembers of a film, from this machine or fetched to it; None where it would have to be read."""
    try:
        return _digest_note(_fetched(uri) if "://" in uri else Path(uri)).read_text()
    except OSError:
        return None


def note_digest(path: Path, sha256: str) -> None:
    """Have ``content_digest`` know a file that was digested while it was written."""
    write_atomic(_digest_note(path), sha256.encode())


def version(path: Path) -> tuple[int, int, int]:
    """A file's size, time of change, and time of its last change of any kind, which nobody can set: a file replaced by one of the same size and
    time differs by the last."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _digest_note(path: Path) -> Path:
    return cache_root() / "digests" / address(str(path.absolute()), repr(version(path)))


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside and rename: the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = temporary(path)
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _fetch(uri: str) -> Path:
    """Download once per machine into the cache (fsspec speaks the protocol).

    Raises:
        MediaError: PROBE_MISSING: it isn't there, may not be read, or its store fails again and again.
        StorageError: it can't be written here.
    """
    target = _fetched(uri)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = temporary(target)
        try:
            again(lambda: _download(uri, beside))
            beside.rename(target)
        except Exception as error:  # each store's library has errors of its own
            try:
                check_space(target.parent)
            except OSError as full:
                raise storage_error(full, target) from error
            raise MediaError("PROBE_MISSING", f"{shown(uri)}: {reason(error)}; check the address, the store and your rights there") from error
        finally:
            beside.unlink(missing_ok=True)
    os.utime(target.parent)
    return target


def _fetched(uri: str) -> Path:
    return cache_root() / "films" / address(uri) / Path(uri).name


def _download(uri: str, path: Path) -> None:
    import fsspec

    with fsspec.open(uri, "rb") as stream, path.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 22)
        size = getattr(stream, "size", None)
        if size is not None and out.tell() != size:
            raise OSError(f"{out.tell()} of {size} bytes arrived")


def again(work: Callable[[], T]) -> T:
    """Try, and try again ever later: stores fail for a moment. What isn't there, isn't allowed or isn't known is not tried again."""
    for attempt in range(1, _TRIES):
        try:
            return work()
        except (FileNotFoundError, PermissionError, ImportError, ValueError):
            raise
        except Exception:  # each store's library has errors of its own
            time.sleep(_FIRST_WAIT_S * 2 ** (attempt - 1))
    return work()


def reason(error: Exception) -> str:
    """What an exception says, in one line that may be shown."""
    return scrubbed(str(error).splitlines()[0] if str(error) else type(error).__name__)


class Assets:
    """A folder in the making. Files written under ``path(name)`` are published together, or not at all.

    >>> with Assets("Separate", address("reel-1")) as assets:  # doctest: +SKIP
    ...     write(assets.path("vocals.flac"))
    ...     stems = Stems(..., vocals=assets.uri("vocals.flac"))
    ...     assets.publish()
    """

    def __init__(self, stage: str, place: str) -> None:
        self.stage, self.place = stage, place
        #: False for a result that another try may better: it is used now and not remembered.
        self.lasting = True
        self.folder = cache_root() / "stages" / stage / place[:2] / place
        self._beside = self.folder.parent

    def __enter__(self) -> Assets:
        try:
            self._beside = temporary(self.folder)
            self._beside.mkdir(parents=True)
        except OSError as error:
            raise storage_error(error, self._beside) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if isinstance(error, Exception) and not isinstance(error, OSError):
                check_space(self._beside)  # what fails because the disk is full doesn't always say so: ffmpeg, libsndfile
        except OSError as full:
            raise storage_error(full, self.folder) from error
        finally:
            shutil.rmtree(self._beside, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where to write ``name`` before it is published."""
        return self._beside / name

    def uri(self, name: str) -> str:
        """What elements call ``name`` once it is published."""
        return f"{ASSET}{self.stage}/{self.place}/{name}"

    def publish(self) -> None:
        """Rename the folder into its place; a folder already there, made by somebody else from the same inputs, stays."""
        if not self.lasting:
            return
        try:
            for file in self._beside.iterdir():
                to_disk(file)
            self._beside.rename(self.folder)
        except OSError as error:
            if not self.folder.is_dir():
                raise storage_error(error, self.folder) from error

    def there(self) -> bool:
        """Whether the folder is in its place already; then it counts as used."""
        try:
            os.utime(self.folder)
        except FileNotFoundError:
            return False
        return True


def to_disk(file: Path) -> None:
    """Have a file's bytes on the disk: a rename may outlive a power failure that they don't, and a failing disk tells it only now."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(error: OSError, path: Path) -> StorageError:
    """A one-line account of a failed write."""
    remedy = _REMEDIES.get(error.errno or 0, "set CINEDUB_CACHE or --out to a place you may write to")
    return StorageError(f"{path}: {error.strerror or error}; {remedy}")


def stops_a_build(error: OSError) -> bool:
    """Whether a storage fault will hit every other element too: disk full, read-only, not permitted to write, or a cache that fails on trial."""
    if error.errno in _FULL:
        return True
    try:
        check_space(cache_root())
    except OSError:
        return True
    return False
