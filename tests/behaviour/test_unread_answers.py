"""Answers that a client does not read, and batches whose answer would be large: memory stays bounded."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.api import IMAGES, Api, connected, token
from tests.support.multipart import CONTENT_TYPE
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import until
from tests.support.server import Server, running

SET = "/deviceManagement/managedDeviceWindowsOSImages"
JSON = {"Content-Type": "application/json"}
# More than the buffers of the system and of the server library hold together.
LARGE = 24 * 1024 * 1024
PAGES = json.dumps({"requests": [{"id": str(n), "method": "GET", "url": f"{SET}?n={n}"} for n in range(20)]}).encode()
WITHOUT_LIMIT = {"max_batch_answer_bytes": str(10 * LARGE)}
EDITIONS = [{"editionType": "enterprise", "supportEndDate": f"20{year:02}-01-01"} for year in range(100)]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose batches have a small limit."""
    with running(tmp_path_factory.mktemp("limited"), "--http", "--empty", max_batch_answer_bytes="100000") as server:
        yield server


@pytest.fixture
def small(limited: Server) -> Iterator[Api]:
    with connected(limited.url, str(uuid.uuid4()), limited.data_dir) as client:
        client.create(id="a", supportedEditions=EDITIONS)
        client.create(id="b")
        yield client


def answers(api: Api, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    reply = api.http.post("/beta/$batch", json={"requests": list(requests)})
    assert reply.status_code == 200, reply.text
    return {each["id"]: each for each in reply.json()["responses"]}


def test_the_rest_of_a_large_batch_is_413(small: Api) -> None:
    of_a = len(small.get(f"{IMAGES}/a").content)
    fits = 100_000 // of_a
    assert 1 < fits < 10
    found = answers(small, *({"id": f"r{n}", "method": "GET", "url": f"{SET}?$skip=0&n={n}"} for n in range(10)))
    statuses = [found[f"r{n}"]["status"] for n in range(10)]
    assert statuses == [200] * statuses.count(200) + [413] * (10 - statuses.count(200))
    assert 1 <= statuses.count(200) <= fits
    error = found["r9"]["body"]["error"]
    assert error["message"] == (
        "The responses of the batch exceed the limit of 100000 bytes (setting 'max_batch_answer_bytes'): "
        "send the request 'r9' in another batch."
    )


def test_reads_by_key_count_too(small: Api) -> None:
    found = answers(small, *({"id": str(n), "method": "GET", "url": f"{SET}/a"} for n in range(10)))
    assert found["0"]["status"] == 200
    assert found["9"]["status"] == 413


def test_a_change_beyond_the_limit_is_not_made(small: Api) -> None:
    reads = [{"id": str(n), "method": "GET", "url": f"{SET}?n={n}"} for n in range(10)]
    create = {"method": "POST", "url": SET, "headers": JSON}
    found = answers(
        small,
        *reads,
        {**create, "id": "new", "body": {"id": "new"}, "dependsOn": ["0"]},
        {"id": "gone", "method": "DELETE", "url": f"{SET}/b", "dependsOn": ["0"]},
    )
    assert (found["new"]["status"], found["gone"]["status"]) == (413, 413)
    assert small.ids("$select=id") == ["a", "b"]


def test_a_change_that_was_made_is_reported_as_made(small: Api) -> None:
    body = {"supportedEditions": EDITIONS * 10}
    patch = {"id": "1", "method": "PATCH", "url": f"{SET}/b", "headers": JSON, "body": body}
    found = answers(small, patch, {"id": "2", "method": "GET", "url": f"{SET}/b", "dependsOn": ["1"]})
    assert (found["1"]["status"], found["2"]["status"]) == (200, 413)


def test_multipart_batches_have_the_same_limit(small: Api) -> None:
    part = (
        b"--batch-1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: %d\r\n\r\n"
        b"GET %b HTTP/1.1\r\n\r\n\r\n"
    )
    content = b"".join(part % (n, f"{IMAGES}?n={n}".encode()) for n in range(10)) + b"--batch-1--\r\n"
    headers = {"Content-Type": CONTENT_TYPE, "Prefer": "continue-on-error"}
    reply = small.http.post("/beta/$batch", content=content, headers=headers)
    assert reply.status_code == 200
    assert reply.text.count("HTTP/1.1 413") >= 1
    assert "'9' in another batch" in reply.text


def test_an_answer_that_is_not_read_closes_its_connection(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", write_timeout_seconds="0.5", **WITHOUT_LIMIT) as server:
        bearer = filled(server)
        with closing(unread(server, bearer)) as connection:
            # Nothing is read until the server has given up, which its log reports.
            wait_for_log(server, "answer not read")
            received = 0
            with pytest.raises(ConnectionResetError):
                while part := connection.recv(1 << 20):
                    received += len(part)
            assert received < LARGE
        assert httpx.get(f"{server.url}/-/health").status_code == 200


def test_beyond_the_limit_of_all_a_page_waits_until_who_reads_nothing_is_disconnected(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", max_unsent_bytes="1000000", **WITHOUT_LIMIT) as server:
        bearer = filled(server)
        with closing(unread(server, bearer)):
            headers = {"Authorization": f"Bearer {bearer}", "Accept-Encoding": "identity"}
            assert httpx.get(f"{server.url}{IMAGES}/nothing", headers=headers).status_code == 404
            assert "answer not read" not in server.errors.read_text(encoding="utf-8"), "reads by key do not wait"
            whole = httpx.post(
                f"{server.url}/beta/$batch", content=PAGES, headers=JSON | headers, timeout=PATIENCE_SECONDS
            )
            assert len(whole.content) > LARGE
            wait_for_log(server, "answer not read")


def filled(server: Server) -> str:
    """A token of a tenant whose page has a twentieth of `LARGE`, in a few images."""
    tenant = str(uuid.uuid4())
    with connected(server.url, tenant, server.data_dir) as api:
        size = len(api.http.post(IMAGES, json={"supportedEditions": EDITIONS * 10}).content)
        for _ in range(LARGE // 20 // size + 1):
            assert api.http.post(IMAGES, json={"supportedEditions": EDITIONS * 10}).status_code == 201
    return token(server.data_dir, tenant)


def unread(server: Server, bearer: str) -> socket.socket:
    """A connection on which a large answer has been requested, and only its start read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", httpx.URL(server.url).port or 80))
    head = (
        f"POST /beta/$batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(PAGES)}\r\n\r\n"
    )
    connection.sendall(head.encode() + PAGES)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def wait_for_log(server: Server, text: str) -> None:
    until(lambda: text in server.errors.read_text(encoding="utf-8"), text)
