"""The server gives out what it is for, to whom it is for, and nothing else."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cinedub import overlay, shards
from cinedub.dataset import load
from cinedub.view.access import Access
from cinedub.view.server import Server
from cinedub.view.site import Site
from tests.cinedub import dataset_of

KEY = f"{dataset_of.ENGLISH}-000000000-000003200"
OWN = {"Content-Type": "application/json", "Origin": "self"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return dataset_of.write(tmp_path_factory.mktemp("view") / "out")


@pytest.fixture(params=["anna"])
def server(dataset: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    shutil.rmtree(dataset / "edits", ignore_errors=True)
    with Server(Site(dataset, request.param), Access("127.0.0.1"), 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def ask(server: Server, path: str, method: str = "GET", body: Any = None, token: bool = True, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if headers.get("Origin") == "self":
        headers["Origin"] = f"http://127.0.0.1:{server.server_port}"
    if token:
        headers["Authorization"] = f"Bearer {server.access.token}"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def edit(server: Server, *changes: dict[str, Any], key: str = KEY, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return ask(server, "/api/edits", "POST", {"key": key, "changes": list(changes)}, **{**OWN, **headers})


def test_the_printed_address_lets_in_and_leaves_the_token_behind(server: Server) -> None:
    status, headers, _ = ask(server, f"/?token={server.access.token}", token=False)
    assert status == 303 and headers["location"] == "/" and {"HttpOnly", "SameSite=Strict"} <= set(headers["set-cookie"].split("; "))
    status, _, page = ask(server, "/", token=False, Cookie=headers["set-cookie"].split(";")[0])
    assert status == 200 and b'"mode":"server"' in page and server.access.token.encode() not in page


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/api/clips", f"/media/{KEY}/mp4", f"/still/{KEY}"])
def test_without_the_token_nothing_is_given_out(server: Server, path: str) -> None:
    assert ask(server, path, token=False)[0] == 403
    assert ask(server, path, token=False, Cookie=f"{server.cookie}=wrong")[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", ""])
def test_a_name_that_is_not_this_machine_is_refused_even_with_the_token(server: Server, host: str) -> None:
    assert ask(server, "/api/clips", Host=host)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/settings.toml", "/../settings.toml", "/%2e%2e/settings.toml", "/media/../mp4", f"/media/{KEY}/../../settings.toml", f"/media/{KEY}/json",
        f"/media/{KEY}/..%2f..%2fsettings.toml", "/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd/mp4", "/shards/cinedub-train-00000.tar", "/api/clip/nobody",
        "/api/film/nobody", f"/face/{dataset_of.ENGLISH}/nobody", "/still/..%2f..", "//etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(server: Server, path: str) -> None:
    assert ask(server, path)[0] == 404


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("", 200, slice(None)), ("bytes=0-9", 206, slice(0, 10)), ("bytes=100-", 206, slice(100, None)), ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999999", 206, slice(0, None)), ("bytes=0-1,5-6", 200, slice(None)), ("lines=1-2", 200, slice(None)),
        ("bytes=99999999-", 416, slice(0, 0)), ("bytes=-0", 416, slice(0, 0)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("member", ["mp4", "vocals.flac"])
def test_media_comes_out_of_the_shard_in_ranges(server: Server, dataset: Path, asked: str, status: int, part: slice, member: str) -> None:
    row = load(dataset).row(KEY)
    assert row is not None
    whole = shards.fetch_member(dataset, row, member)
    got, headers, body = ask(server, f"/media/{KEY}/{member}", **({"Range": asked} if asked else {}))
    assert (got, body) == (status, whole[part]) and headers["accept-ranges"] == "bytes"
    if status == 206:
        start = part.start % len(whole)
        assert headers["content-range"] == f"bytes {start}-{start + len(body) - 1}/{len(whole)}"


def test_clips_films_faces_and_voices_are_given_out(server: Server) -> None:
    found = json.loads(ask(server, "/api/clips?text=houses&limit=5&descending=true")[2])
    assert [row["key"] for row in found["rows"]] == [KEY] and found["total"] == 1
    clip = json.loads(ask(server, f"/api/clip/{KEY}")[2])
    assert clip["lines"][0]["text"] == "There are two houses on the hill" and clip["media"]["mix"] == f"/media/{KEY}/mix.flac"
    film = json.loads(ask(server, f"/api/film/{dataset_of.ENGLISH}")[2])
    assert ask(server, film["cast"][0]["face"])[2][:3] == b"\xff\xd8\xff"
    assert ask(server, film["cast"][0]["voice"])[1]["content-type"] == "audio/webm"


@pytest.mark.parametrize("path", ["/api/clips?limit=100000", "/api/clips?limit=x", "/api/clips?colour=red", "/api/clips?offset=-1"])
def test_a_query_that_can_not_be_is_told(server: Server, path: str) -> None:
    status, _, body = ask(server, path)
    assert status in (200, 409) and (status == 409 or "colour" in path) and json.loads(body)


@pytest.mark.parametrize("server", [""], indirect=True)
def test_without_edit_nothing_can_be_changed(server: Server, dataset: Path) -> None:
    assert edit(server, {"kind": "reject"})[0] == 405 and not overlay.place(dataset).exists()


def test_an_edit_is_kept_with_who_and_when_and_shows_until_it_is_built(server: Server, dataset: Path) -> None:
    before = "There are two houses on the hill"
    change = {"kind": "text", "before": before, "after": "Two houses.", "line": 0, "start_ms": 200, "end_ms": 2800}
    assert edit(server, change)[0] == 200
    (review,) = overlay.read(dataset)[KEY]
    assert (review.by, review.before, review.after) == ("anna", before, "Two houses.") and review.at.endswith("+00:00")
    clip = json.loads(ask(server, f"/api/clip/{KEY}")[2])
    assert clip["lines"][0]["text"] == "Two houses." and clip["edits"][0]["state"] == "waits for the next build"
    assert edit(server, change)[0] == 409, "the line no longer says what the change was made of"
    assert edit(server, {"kind": "reject"})[0] == 200
    assert json.loads(ask(server, f"/api/clip/{KEY}")[2])["rejected"] is True


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"kind": "speaker", "before": "s001", "after": "s009", "start_ms": 200, "end_ms": 2800}, KEY),
        ({"kind": "time", "before": "200-2800", "after": "200-99999", "start_ms": 200, "end_ms": 2800}, KEY),
        ({"kind": "text", "before": "There are two houses on the hill", "after": " ", "start_ms": 200, "end_ms": 2800}, KEY),
        ({"kind": "drop table"}, KEY),
        ({"kind": "reject", "by": "somebody else"}, "nobody"),
    ],
)
def test_a_change_that_can_not_be_is_refused(server: Server, dataset: Path, change: dict[str, Any], key: str) -> None:
    status, _, body = edit(server, change, key=key)
    assert status in (404, 409) and json.loads(body)["error"] and not overlay.place(dataset).exists()


def test_nobody_edits_in_anothers_name(server: Server, dataset: Path) -> None:
    assert edit(server, {"kind": "reject", "by": "bob"})[0] == 200
    assert overlay.read(dataset)[KEY][0].by == "anna"


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}])
def test_another_page_can_not_edit(server: Server, dataset: Path, headers: dict[str, str]) -> None:
    assert edit(server, {"kind": "reject"}, **headers)[0] == 403 and not overlay.place(dataset).exists()


def test_an_edit_is_json_and_small(server: Server, dataset: Path) -> None:
    assert edit(server, {"kind": "reject"}, **{"Content-Type": "text/plain"})[0] == 400
    assert edit(server, {"kind": "reject", "reason": "x" * 100_000})[0] == 400
    assert not overlay.place(dataset).exists()


def test_while_a_build_is_at_work_the_page_says_so(server: Server, dataset: Path) -> None:
    (dataset / "_SUCCESS").unlink()
    try:
        status, _, body = ask(server, "/api/clips")
        assert status == 409 and "no finished dataset" in json.loads(body)["error"]
    finally:
        (dataset / "_SUCCESS").touch()
    assert ask(server, "/api/clips")[0] == 200
