"""Requests made to exhaust the server get a clear refusal, and the ones beside them their answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.support.api import IMAGES, Api, Json, connected, refused
from tests.support.server import Server, running

BATCH = "/beta/$batch"
SET = "/deviceManagement/managedDeviceWindowsOSImages"
COUNT = {"id": "after", "method": "GET", "url": f"{SET}/$count"}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes URLs of four megabytes, so that only the other limits stand between a text and the parser."""
    with running(tmp_path_factory.mktemp("wide"), "--http", "--empty", max_url_bytes="4000000") as server:
        yield server


@pytest.fixture
def open_api(wide: Server) -> Iterator[Api]:
    with connected(wide.url, str(uuid.uuid4()), wide.data_dir) as client:
        yield client


def in_batch(api: Api, url: str) -> Json:
    """The error of a request inside a batch whose next request is answered all the same."""
    reply = api.http.post(BATCH, json={"requests": [{"id": "1", "method": "GET", "url": url}, COUNT]})
    assert reply.status_code == 200, reply.text
    first, after = reply.json()["responses"]
    assert after == after | {"id": "after", "status": 200, "body": "0"}
    assert first["status"] == 400, first
    error: Json = first["body"]["error"]
    return error


def terms(number: int, joined: str = " or ") -> str:
    return joined.join(["id eq 'a'"] * number)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (terms(10_000), "max_filter_nodes"),
        (terms(10_000, " and "), "max_filter_nodes"),
        (f"id in ({','.join(['%27a%27'] * 10_000)})", "max_filter_in_items"),
        ("(" * 10_000 + "true" + ")" * 10_000, "max_filter_depth"),
        ("(" * 500_000, "max_filter_depth"),
        ("not " * 10_000 + "true", "max_filter_depth"),
        ("-" * 10_000 + "1 eq 1", "max_filter_depth"),
        ("[" * 10_000, "max_filter_depth"),
        ('{"a":' * 10_000, "max_filter_depth"),
        ("id eq concat(" * 10_000, "max_filter_depth"),
        ("supportedEditions/any(e:" * 10_000, "max_filter_depth"),
        ("".join(f"supportedEditions/any({e}:" for e in "abcde") + "true" + ")" * 5, "max_filter_lambda_depth"),
        ("id" + " eq id" * 10_000, "max_filter_depth"),
    ],
    ids=lambda text: text[:24],
)
def test_a_large_filter_in_a_batch_is_refused_by_the_limit_that_it_exceeds(
    open_api: Api, text: str, setting: str
) -> None:
    error = in_batch(open_api, f"{SET}?$filter={text}")
    assert error["message"].endswith(f"(setting '{setting}').")


def test_a_filter_of_a_megabyte_in_a_batch(api: Api) -> None:
    error = in_batch(api, f"{SET}?$filter=id eq '{'x' * 1_000_000}'")
    assert error["message"] == "The URL's length exceeds the limit of 16384 (setting 'max_url_bytes')."


def test_a_text_of_a_megabyte_is_one_literal(open_api: Api) -> None:
    url = f"{SET}/$count?$filter=id eq '{'x' * 1_000_000}'"
    reply = open_api.http.post(BATCH, json={"requests": [{"id": "1", "method": "GET", "url": url}]})
    assert reply.json()["responses"][0]["body"] == "0"


@pytest.mark.parametrize(
    ("query", "setting"),
    [
        (f"$filter={'(' * 7_000}true{')' * 7_000}", "max_filter_depth"),
        (f"$filter={'+or+'.join(['id+eq+1'] * 700)}", "max_filter_nodes"),
        (f"$filter={'x' * 20_000}", "max_url_bytes"),
        (f"$orderby={','.join(['id'] * 17)}", "max_orderby_items"),
        (f"$top={2**31}", "max_top"),
        (f"$filter=@a&@a={'(' * 100}true{')' * 100}", "max_filter_depth"),
    ],
    ids=lambda text: text[:24],
)
def test_a_query_beyond_a_limit_is_refused_by_its_name(api: Api, query: str, setting: str) -> None:
    error = refused(api.get(f"{IMAGES}?{query}"), 400, "BadRequest")
    assert error["message"].endswith(f"(setting '{setting}').")
    assert api.ids() == []


def test_the_limits_are_told(api: Api) -> None:
    told = api.get("/-/limits").json()
    assert told == told | {
        "max_url_bytes": 16_384,
        "max_body_bytes": 4 * 1024 * 1024,
        "max_filter_nodes": 2000,
        "max_filter_depth": 50,
        "max_filter_in_items": 1000,
        "max_filter_lambda_depth": 4,
        "max_orderby_items": 16,
        "max_top": 2**31 - 1,
        "max_batch_items": 20,
        "max_query_seconds": 2.0,
        "page_size": 1000,
        "max_page_bytes": 2 * 1024 * 1024,
    }


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"requests":['])
def test_bodies_nested_without_end(api: Api, opening: str) -> None:
    headers = {"Content-Type": "application/json"}
    for path in (IMAGES, BATCH):
        error = refused(api.http.post(path, content=(opening * 200_000).encode(), headers=headers), 400, "BadRequest")
        # That a batch is an object, not a list, can be seen before how deep it is.
        no_batch = path == BATCH and opening == "["
        assert ("Invalid batch payload format" if no_batch else "nested too deeply") in error["message"]


def test_a_batch_of_batches_of_dependencies(api: Api) -> None:
    requests = [
        {"id": str(number), "method": "GET", "url": f"{SET}/$count", "dependsOn": [str(each) for each in range(number)]}
        for number in range(20)
    ]
    reply = api.http.post(BATCH, json={"requests": requests})
    assert [each["status"] for each in reply.json()["responses"]] == [200] * 20
    many = [{**requests[1], "dependsOn": ["0"] * 100_000}]
    reply = api.http.post(
        BATCH, content=json.dumps({"requests": [requests[0], *many]}), headers={"Content-Type": "application/json"}
    )
    assert [each["status"] for each in reply.json()["responses"]] == [200] * 2


def test_paths_of_many_segments(api: Api) -> None:
    for path in ("/" * 10_000 + "x", "/a" * 5_000, "/(" * 5_000, "/('" * 4_000, "/%28" * 4_000):
        reply = api.get(f"{IMAGES}{path}")
        assert reply.status_code in (400, 404), (path[:20], reply.text[:200])
        assert reply.json()["error"]["code"]
