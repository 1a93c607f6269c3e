"""Requests made to exhaust the server get a clear refusal, and the ones beside them their answers."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.support.api import IMAGES, Api, Json, connected, refused
from tests.support.server import Server, running

pytestmark = pytest.mark.real_server

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
        error = refused(api.http.post(path, content=(opening * 20_000).encode(), headers=headers), 400, "BadRequest")
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
    reply = api.http.post(BATCH, json={"requests": [requests[0], {**requests[1], "dependsOn": ["0"] * 20}]})
    assert [each["status"] for each in reply.json()["responses"]] == [200] * 2
    for many in (21, 100_000):
        reply = api.http.post(BATCH, json={"requests": [requests[0], {**requests[1], "dependsOn": ["0"] * many}]})
        assert refused(reply, 400, "BadRequest")["message"] == "Invalid dependency for request Id 1."


def zipped(api: Api, path: str, body: bytes, content_type: str = "application/json") -> httpx.Response:
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    return api.http.post(path, content=gzip.compress(body), headers=headers)


@pytest.mark.parametrize(
    "values", [b"[]," * 1_300_000, b"{}," * 1_300_000, b"1," * 2_000_000, b'{"a":[]},' * 400_000, b'"",' * 1_300_000]
)
@pytest.mark.parametrize("path", [IMAGES, f"{IMAGES}/checkBuilds", f"{IMAGES}/x", BATCH])
def test_bodies_of_millions_of_values(api: Api, path: str, values: bytes) -> None:
    for body in (b"[%b0]", b'{"a":[%b0]}', b'{"requests":[%b0]}', b'{"requests":[{"id":"1","body":[%b0]}]}'):
        if path.endswith("x"):
            headers = {"Content-Type": "application/json"}
            error = refused(api.http.patch(path, content=body % values, headers=headers), 400, "BadRequest")
        else:
            error = refused(zipped(api, path, body % values), 400, "BadRequest")
        assert "values." in error["message"]


def test_a_batch_of_the_largest_images_is_no_abuse(api: Api) -> None:
    edition = {
        "@odata.type": "#microsoft.graph.managedDeviceWindowsOperatingSystemEdition",
        "editionType": "enterprise",
    }
    edition["supportEndDate"] = "2027-10-12"
    image = {"supportedEditions": [edition] * 1000, "supportedArchitectures": ["x64"] * 1000}
    requests = [
        {"id": str(each), "method": "POST", "url": SET, "headers": {"Content-Type": "application/json"}, "body": image}
        for each in range(20)
    ]
    reply = api.http.post(BATCH, json={"requests": requests})
    assert {each["status"] for each in reply.json()["responses"]} == {201}, reply.text[:300]


def test_members_that_are_given_twice_are_found_in_a_batch(api: Api) -> None:
    item = '{"id":"1","method":"GET","url":"%s"%s}'
    for url, more in (("/a:b", ',"id":"1"'), ("/a\\u003ab", ',"url":"x"'), ("/", ',"headers":{"a":"1","a":"2"}')):
        body = f'{{"requests":[{item % (url, more)}]}}'
        reply = api.http.post(BATCH, content=body, headers={"Content-Type": "application/json"})
        assert "more than once" in refused(reply, 400, "BadRequest")["message"]


def test_headers_of_parts_without_end(api: Api) -> None:
    for lines in (b"a: b\r\n" * 600_000, b"a:\r\n" * 101, b"a: " + b"b" * 4_000_000, b"\t\r\n" * 1_000_000):
        body = b"--b\r\n%bContent-Type: application/http\r\n\r\nGET /\r\n\r\n--b--" % lines[:4_100_000]
        refused(zipped(api, BATCH, body, "multipart/mixed; boundary=b"), 400, "BadRequest")
    for parts in (b"\n--b" * 1_000_000, b"\n--bx" * 800_000 + b"\n--b--", b"--b\r\n" * 600_000):
        refused(zipped(api, BATCH, parts, "multipart/mixed; boundary=b"), 400, "BadRequest")


@pytest.mark.parametrize("name", ["Prefer", "Accept", "If-Match", "If-None-Match", "OData-MaxVersion", "X-Unknown"])
def test_long_headers(api: Api, name: str) -> None:
    for text in ("a" + " " * 40_000 + "x", "a," * 20_000, '"' * 40_000):
        error = refused(api.get(IMAGES, **{name: text}), 400, "BadRequest")
        assert error["message"] == "The headers' size exceeds the limit of 32768 (setting 'max_header_bytes')."
    item = {"id": "1", "method": "GET", "url": SET, "headers": {name: "a" * 40_000}}
    reply = api.http.post(BATCH, json={"requests": [item, COUNT]}).json()
    assert [each["status"] for each in reply["responses"]] == [400, 200]
    many = {f"x-{each}": "a" for each in range(101)}
    reply = api.http.post(BATCH, json={"requests": [item | {"headers": many}]})
    assert "more than 100 headers" in refused(reply, 400, "BadRequest")["message"]


def test_long_addresses_in_a_batch_concern_nobody_else(api: Api) -> None:
    for url in ("/" * 3_000_000, "$1" * 1_000_000, SET + "?$filter=" + "a" * 20_000):
        items = [{"id": "1", "method": "GET", "url": url}, COUNT]
        replies = api.http.post(BATCH, json={"requests": items}).json()["responses"]
        assert [each["status"] for each in replies] == [400, 200]
        assert "max_url_bytes" in replies[0]["body"]["error"]["message"]


def test_paths_of_many_segments(api: Api) -> None:
    for path in ("/" * 10_000 + "x", "/a" * 5_000, "/(" * 5_000, "/('" * 4_000, "/%28" * 4_000):
        reply = api.get(f"{IMAGES}{path}")
        assert reply.status_code in (400, 404), (path[:20], reply.text[:200])
        assert reply.json()["error"]["code"]
