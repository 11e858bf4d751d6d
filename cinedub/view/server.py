"""HTTP for a site: a token, this machine's names only, ranges of media, and headers that let a page do nothing but what it is for."""

from __future__ import annotations

import re
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cinedub.errors import CinedubError, UsageError
from cinedub.view.access import Access
from cinedub.view.site import Answer, NotThere, Site

_BLOCK, _MOST_BODY = 1 << 18, 1 << 16
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_ALWAYS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Content-Security-Policy": "frame-ancestors 'none'",
}  # fmt: skip


class Server(ThreadingHTTPServer):
    """A site on a port; ``address`` opens it."""

    daemon_threads = True

    def __init__(self, site: Site, access: Access, port: int) -> None:
        self.site, self.access = site, access
        self.address_family = socket.AF_INET6 if ":" in access.host else socket.AF_INET
        try:
            super().__init__((access.host, port), _Handler)
        except OSError as error:
            raise UsageError(f"{access.host}:{port}: {error.strerror}; choose another place with --host and --port (0: any free port)") from error
        self.cookie = f"cinedub-{self.server_port}"

    @property
    def address(self) -> str:
        """What to open in a browser: the token is in it."""
        host = f"[{self.access.host}]" if ":" in self.access.host else self.access.host
        return f"http://{host}:{self.server_port}/?token={self.access.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves early is no fault; anything else is told in a line."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"cinedub: view: {type(error).__name__}: {error}", file=sys.stderr)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "cinedub", ""
    timeout = 60

    def do_GET(self) -> None:
        """A page, JSON or media."""
        asked = urlsplit(self.path)
        query = dict(parse_qsl(asked.query))
        if not self.server.access.named(self.headers):
            return self._refuse(403, "this server is not called that")
        if asked.path == "/" and self.server.access.opens(query.get("token", "")):
            cookie = f"{self.server.cookie}={self.server.access.token}; HttpOnly; SameSite=Strict; Path=/"
            return self._send(303, Answer("text/plain"), {"Location": "/", "Set-Cookie": cookie})
        if not self.server.access.knows(self.headers, self.server.cookie):
            return self._refuse(403, "open the address that cinedub view printed: it bears the token")
        return self._answer(lambda: self.server.site.get(unquote(asked.path), query))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """A person's edits."""
        access, length = self.server.access, self.headers.get("Content-Length", "")
        self.close_connection = True
        if not (access.named(self.headers) and access.own(self.headers) and access.knows(self.headers, self.server.cookie)):
            return self._refuse(403, "edits come from this server's own page")
        if self.path != "/api/edits" or not self.server.site.editor:
            return self._refuse(405, "nothing can be changed here; start cinedub view with --edit")
        if self.headers.get_content_type() != "application/json" or not length.isdigit() or int(length) > _MOST_BODY:
            return self._refuse(400, f"edits are JSON of at most {_MOST_BODY} bytes")
        body = self.rfile.read(int(length))
        return self._answer(lambda: self.server.site.edit(body))

    def _answer(self, make: Any) -> None:
        try:
            answer: Answer = make()
        except NotThere as error:
            return self._refuse(404, str(error))
        except (CinedubError, OSError) as error:
            return self._refuse(409, str(error))
        except Exception as error:
            print(f"cinedub: view: {self.path[:200]!r}: {type(error).__name__}: {error}", file=sys.stderr)
            return self._refuse(500, f"{type(error).__name__}: this record can't be read; check the dataset with: cinedub validate")
        return self._send(200, answer, {})

    def _refuse(self, status: int, why: str) -> None:
        from cinedub.view.site import _json

        self._send(status, _json({"error": why}), {})

    def _send(self, status: int, answer: Answer, headers: dict[str, str]) -> None:
        size = answer.size if answer.file else len(answer.body)
        first, last = 0, size - 1
        media = answer.file is not None or answer.kind.startswith(("image/", "audio/"))
        if status == 200 and media:
            headers |= {"Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
            if asked := _RANGE.fullmatch(self.headers.get("Range", "")):
                first, last = _part(asked[1], asked[2], size)
                status = 206 if first <= last else 416
                headers["Content-Range"] = f"bytes {first}-{last}/{size}" if status == 206 else f"bytes */{size}"
        else:
            headers["Cache-Control"] = "no-store"
        length = max(0, last - first + 1)
        self.send_response(status)
        for name, value in {**_ALWAYS, **headers, "Content-Type": answer.kind, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and length:
            self._stream(answer, first, length)

    def _stream(self, answer: Answer, first: int, length: int) -> None:
        if answer.file is None:
            self.wfile.write(answer.body[first : first + length])
            return
        with answer.file.open("rb") as stream:
            stream.seek(answer.offset + first)
            while length and (block := stream.read(min(_BLOCK, length))):
                self.wfile.write(block)
                length -= len(block)

    def log_message(self, *_: Any) -> None:
        """Quiet: what is asked for is nobody's business."""


def _part(start: str, end: str, size: int) -> tuple[int, int]:
    """First and last byte of a range; the first beyond the last where there is nothing of it."""
    if not start:
        return (max(0, size - int(end)), size - 1) if end and int(end) else (size, size - 1)
    return int(start), min(int(end), size - 1) if end else size - 1
