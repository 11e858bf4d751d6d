"""What Dataflow's client asks of the cloud while it describes a job, answered on loopback: a token, a bucket, and a place for what it stages."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Cloud(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = {"access_token": "loopback", "expires_in": 3600, "token_type": "Bearer"}
        thing = {"kind": "storage", "id": "bucket/1", "name": "bucket", "bucket": "bucket", "location": "US-CENTRAL1", "size": "1"}
        body = json.dumps(token if self.path.startswith("/token") else thing).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/upload")  # type: ignore[attr-defined]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def cloud(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which Google's clients speak to loopback and to nobody else."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Cloud) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        user = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c", "token_uri": f"{here}/token"}
        credentials = folder / "credentials.json"
        credentials.write_text(json.dumps(user))
        names = {"STORAGE_EMULATOR_HOST": here, "GOOGLE_APPLICATION_CREDENTIALS": str(credentials)}
        yield names | {"NO_GCE_CHECK": "true", "GOOGLE_CLOUD_PROJECT": "my-project"}
        server.shutdown()
