"""One request must not hold up the others, whatever it asks for or brings, against real servers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.api import IMAGES, Api, connected, refused, token
from tests.support.server import READY, Server, command, environment, running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

JSON = {"Content-Type": "application/json"}
UPDATE = {"buildVersion": "10.0.1.1", "releaseMonth": 1, "releaseYear": 2026}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server of one test, whose queries may take a tenth of a second and bodies three."""
    with running(tmp_path, "--http", "--empty", max_query_seconds="0.1", max_body_seconds="3") as server:
        yield server


def test_a_query_that_takes_too_long_is_ended(own: Server) -> None:
    with connected(own.url, str(uuid.uuid4()), own.data_dir) as api:
        api.create(id="a", availableUpdates=[UPDATE | {"releaseYear": year} for year in range(1, 1001)])
        ordered = "a/releaseYear gt b/releaseYear and b/releaseYear gt d/releaseYear and d/releaseYear gt 9998"
        inner = f"availableUpdates/any(d:{ordered})"
        text = f"$filter=availableUpdates/any(a:availableUpdates/any(b:{inner}))"
        for path in (f"{IMAGES}?{text}", f"{IMAGES}/$count?{text}", f"{IMAGES}?$count=true&{text}"):
            error = refused(api.get(path), 400, "BadRequest")
            assert error["message"] == "The query exceeds the limit of 0.1 seconds (setting 'max_query_seconds')."
        assert api.ids() == ["a"], "the next query has its own time"


@pytest.mark.parametrize("name", ["supportedEditions", "supportedArchitectures", "availableUpdates"])
def test_collections_are_bounded(api: Api, name: str) -> None:
    item = {"supportedArchitectures": "x64", "availableUpdates": UPDATE}.get(
        name, {"editionType": "education", "supportEndDate": "2027-01-01"}
    )
    api.create(id="most", **{name: [item] * 1000})
    error = refused(api.http.post(IMAGES, json={name: [item] * 1001}), 400, "ModelValidationFailure")
    assert error["message"].startswith("A collection has at most 1000 items, this one has 1001.")


def test_texts_are_bounded(api: Api) -> None:
    api.create(availableUpdates=[UPDATE | {"buildVersion": "x" * 512}])
    for body in ({"id": "x" * 513}, {"availableUpdates": [UPDATE | {"buildVersion": "x" * 513}]}):
        error = refused(api.http.post(IMAGES, json=body), 400, "ModelValidationFailure")
        assert error["message"].startswith("A text has at most 512 characters, this one has 513.")


def test_a_page_of_very_large_images_ends_early(api: Api) -> None:
    large = [UPDATE | {"buildVersion": "😀" * 512}] * 900  # two megabytes
    for number in range(10):
        api.http.post(
            IMAGES,
            content=json.dumps({"id": f"{number:02}", "availableUpdates": large}, ensure_ascii=False).encode(),
            headers=JSON,
        )
    found: list[str] = []
    link: str | None = IMAGES
    pages = 0
    while link is not None:
        body = api.get(link).json()
        found += [each["id"] for each in body["value"]]
        link = body.get("@odata.nextLink")
        pages += 1
    assert found == [f"{number:02}" for number in range(10)]
    assert pages > 1


def test_a_link_is_never_too_long_to_follow(api: Api) -> None:
    for number in range(3):
        api.create(id=f"{number}" + "😀" * 511)
    text = "id%20ne%20%27" + "x" * (16_384 - len(f"{IMAGES}$filter=id%20ne%20%27%27")) + "%27"
    first = api.get(f"{IMAGES}?$filter={text}", Prefer="odata.maxpagesize=1").json()
    assert len(api.get(first["@odata.nextLink"]).json()["value"]) == 2


def test_a_body_is_not_waited_for_where_nobody_may_send_it(own: Server) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(own.url).port or 0)) as sender:
        sender.sendall(f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n".encode())
        assert sender.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_does_not_come_is_given_up(own: Server) -> None:
    bearer = token(own.data_dir, str(uuid.uuid4()))
    with socket.create_connection(("127.0.0.1", httpx.URL(own.url).port or 0)) as sender:
        sender.sendall(
            f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n"
            "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{".encode()
        )
        reply = b""
        while b"seconds" not in reply and (part := sender.recv(4000)):
            reply += part
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b"did not arrive within 3 seconds" in reply


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be deleted there")
def test_nothing_is_acknowledged_that_goes_to_a_deleted_file(own: Server) -> None:
    with connected(own.url, str(uuid.uuid4()), own.data_dir) as api:
        api.create(id="a")
        (own.data_dir / "osimages.db").unlink()
        refused(api.http.post(IMAGES, json={"id": "b"}), 503, "serviceNotAvailable")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a place where nothing can be written")
def test_a_log_that_cannot_be_written_fails_no_request(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            command("serve", "--http", "--port", "0", "--data-dir", str(tmp_path), "--access-log"),
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            env=environment(),
        )
        assert process.stdout is not None
        with process.stdout:
            url = process.stdout.readline().removeprefix(READY).strip()
            try:
                with connected(url, str(uuid.uuid4()), tmp_path) as api:
                    assert api.get(IMAGES).status_code == 200
                    assert api.get(f"{IMAGES}/none").status_code == 404
            finally:
                process.terminate()
                assert process.wait(30) == 0
