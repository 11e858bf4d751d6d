"""Datasets in an object store, one that fails included; fsspec's store in memory stands for those that cost money."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from cinedub import remote, storage
from cinedub.errors import StorageError, UsageError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(storage, "_FIRST_WAIT_S", 0.0)
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def dataset(out: Path, **shards: bytes) -> Path:
    import hashlib

    (out / "shards").mkdir(parents=True, exist_ok=True)
    (out / "failures").mkdir(exist_ok=True)
    rows = []
    for name, data in shards.items():
        (out / "shards" / f"{name}.tar").write_bytes(data)
        rows.append({"uri": f"shards/{name}.tar", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
    (out / "dataset.json").write_text(json.dumps({"shards": rows}))
    (out / "failures" / "Probe.jsonl").write_text("{}\n")
    (out / "_SUCCESS").touch()
    return out


def held(root: str = "bucket/set") -> dict[str, bytes]:
    store = fsspec.filesystem("memory")
    return {name.removeprefix(f"/{root}/"): store.cat_file(name) for name in store.find(root)}


def test_everything_arrives_and_success_last(tmp_path: Path) -> None:
    remote.publish(dataset(tmp_path, a=b"1" * 100, b=b"2" * 50), "memory://bucket/set/")
    assert held().keys() == {"shards/a.tar", "shards/b.tar", "dataset.json", "failures/Probe.jsonl", "_SUCCESS"}
    assert held()["shards/a.tar"] == b"1" * 100


def test_what_is_there_is_not_sent_again_and_what_is_stale_goes(tmp_path: Path) -> None:
    first = remote.publish(dataset(tmp_path / "1", a=b"1" * 1000, b=b"2" * 500), "memory://bucket/set")
    again = remote.publish(dataset(tmp_path / "2", a=b"1" * 1000, c=b"3" * 10), "memory://bucket/set")
    assert first > 1500 and again < 1000
    assert {name for name in held() if name.startswith("shards")} == {"shards/a.tar", "shards/c.tar"}


class Shaky(MemoryFileSystem):
    """A store whose every so-many-th call fails, halfway."""

    protocol = "shaky"
    cachable = False
    every, calls = 3, 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.replace("shaky://", "memory://"))

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        type(self).calls += 1
        if self.calls % self.every == 0:
            self.pipe_file(rpath, Path(lpath).read_bytes()[:1])
            raise OSError("503 Slow Down")
        super().put_file(lpath, rpath, **kwargs)


fsspec.register_implementation("shaky", Shaky, clobber=True)


def test_a_store_that_fails_now_and_then_gets_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shaky, "every", 2)
    remote.publish(dataset(tmp_path, a=b"1" * 1000, b=b"2" * 500), "shaky://bucket/set")
    assert held()["shards/a.tar"] == b"1" * 1000 and "_SUCCESS" in held()


def test_a_store_that_goes_on_failing_is_told_and_holds_no_finished_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote.publish(dataset(tmp_path / "1", a=b"1" * 1000), "memory://bucket/set")
    monkeypatch.setattr(Shaky, "every", 1)
    with pytest.raises(StorageError, match=r"shaky://bucket/set: 503 Slow Down; check the store") as caught:
        remote.publish(dataset(tmp_path / "2", a=b"2" * 1000), "shaky://bucket/set")
    assert "\n" not in str(caught.value)
    assert "_SUCCESS" not in held()
    monkeypatch.setattr(Shaky, "every", 1000)
    remote.publish(tmp_path / "2", "shaky://bucket/set")
    assert held()["shards/a.tar"] == b"2" * 1000 and "_SUCCESS" in held()


def test_an_unknown_store_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere://bucket"):
        remote.publish(dataset(tmp_path), "nowhere://bucket/set")
