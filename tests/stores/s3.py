"""A dataset to and a film from a real S3 server (moto) in this process, which fails every third request in one of four ways; run by test_stores.py.

.venv-stores/bin/python -m tests.stores.s3 FOLDER
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from cinedub import remote, storage


class Faulty:
    """A server that fails every third request, each time in another way: 503, as S3 does when it is asked too often; 500; or it hangs up, before it
    answers or, where it has something to give, in the midst of it."""

    def __init__(self, app: Any) -> None:
        self.app, self.count, self.failed = app, itertools.count(1), Counter[str]()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        number = next(self.count)
        if number % 3:
            return self.app(environ, start)
        way = ("503", "500", "hang up", "hang up midway")[number // 3 % 4]
        self.failed[way] += 1
        if way == "hang up midway":
            body = b"".join(self.app(environ, start))
            return self._half(body)
        if way == "hang up":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
        start(f"{way} {'Slow Down' if way == '503' else 'Internal Error'}", [("Content-Type", "text/plain"), ("Connection", "close")])
        return [b"not now"]

    def _half(self, body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionResetError


def main() -> int:
    folder = Path(sys.argv[1])
    faulty = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.port}"
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ |= {"CINEDUB_CACHE": str(folder / "cache"), "AWS_MAX_ATTEMPTS": "1"}
    boto3.client("s3", endpoint_url=url, config=boto3.session.Config(retries={"max_attempts": 9})).create_bucket(Bucket="films")
    storage._FIRST_WAIT_S = 0.01
    remote.publish(dataset(folder / "1", a=b"1" * 6_000_000, b=b"2" * 100), "s3://films/set")
    second = remote.publish(dataset(folder / "2", a=b"1" * 6_000_000, c=b"3" * 100), "s3://films/set/")
    reader = boto3.client("s3", endpoint_url=url, config=boto3.session.Config(retries={"max_attempts": 9}))
    held = {item["Key"]: item["Size"] for item in reader.list_objects_v2(Bucket="films")["Contents"]}
    shard = hashlib.sha256(reader.get_object(Bucket="films", Key="set/shards/a.tar")["Body"].read()).hexdigest()
    fetched = storage.resolve("s3://films/set/shards/a.tar")
    print(json.dumps({"held": held, "second": second, "failed": faulty.failed, "a": shard, "fetched": fetched.stat().st_size}))
    return 0


def dataset(out: Path, **shards: bytes) -> Path:
    (out / "shards").mkdir(parents=True)
    (out / "failures").mkdir()
    rows = []
    for name, data in shards.items():
        (out / "shards" / f"{name}.tar").write_bytes(data)
        rows.append({"uri": f"shards/{name}.tar", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
    (out / "dataset.json").write_text(json.dumps({"shards": rows}))
    (out / "_SUCCESS").touch()
    return out


if __name__ == "__main__":
    sys.exit(main())
