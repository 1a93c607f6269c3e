"""Batches as MIME multipart documents against a real server, as classic OData clients send them."""

from __future__ import annotations

import pytest

from tests.support import multipart
from tests.support.api import IMAGES, Api, body_of, refused
from tests.support.multipart import Answer, change_set, joined, request

pytestmark = pytest.mark.databases("sqlite", "postgresql")

BATCH = "/beta/$batch"
SET = "deviceManagement/managedDeviceWindowsOSImages"
EDITION = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}


def send(api: Api, *parts: str, **headers: str) -> list[Answer]:
    """The responses of a batch."""
    reply = api.http.post(BATCH, content=joined(parts), headers={"Content-Type": multipart.CONTENT_TYPE} | headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["odata-version"] == "4.0"
    return multipart.read(reply.headers["content-type"], reply.content)


def test_reads_and_writes_in_order(api: Api) -> None:
    got = send(
        api,
        request("POST", SET, {"id": "a b"}, content_id="first"),
        request("GET", f"{SET}/a%20b?$select=id", Accept="application/json;odata.metadata=none"),
        request("GET", f"{SET}/$count"),
        request("DELETE", f"{SET}/a%20b"),
        request("GET", f"{SET}/$count"),
    )
    assert [each.status for each in got] == [201, 200, 200, 204, 200]
    assert got[0].content_id == "first"
    assert got[0].headers is not None
    assert got[0].headers["Location"].endswith("/a%20b")
    assert got[0].headers["OData-Version"] == "4.0"
    assert got[1].body == {"id": "a b"}
    assert [got[2].text, got[3].text, got[4].text] == ["1", "", "0"]


def test_addresses_in_every_form(api: Api) -> None:
    api.create(id="a")
    root = str(api.http.base_url).rstrip("/")
    forms = [f"{SET}/a", f"/{SET}/a", f"/beta/{SET}/a", f"{root}/beta/{SET}/a", f"/BETA/{SET}/a"]
    got = send(api, *(request("GET", url, Host="elsewhere") for url in forms))
    assert [each.status for each in got] == [200] * len(forms)
    other = send(api, request("GET", "https://graph.microsoft.com/beta/deviceManagement"))
    assert other[0].status == 400


def test_the_first_error_ends_it_unless_the_client_wants_to_go_on(api: Api) -> None:
    parts = [request("GET", f"{SET}/none"), request("POST", SET, {"id": "a"})]
    assert [each.status for each in send(api, *parts)] == [404]
    assert api.ids() == []
    for preference in ("continue-on-error", "odata.continue-on-error=true"):
        got = send(api, *parts, Prefer=preference)
        assert (len(got), got[0].status) == (2, 404)
    assert api.ids() == ["a"]


def test_a_change_set_is_done_whole(api: Api) -> None:
    api.create(id="old")
    [got] = send(
        api,
        change_set(
            request("POST", SET, {"supportedArchitectures": ["x64"]}, content_id="1"),
            request("PATCH", "$1", {"supportedEditions": [EDITION]}, content_id="2"),
            request("PUT", "$1/availableUpdates", {"value": []}, content_id="3"),
            request("PUT", f"/beta/{SET}/new", {}, content_id="4"),
            request("DELETE", f"{SET}/old", content_id="5"),
        ),
    )
    assert [each.status for each in got.inside] == [201, 200, 204, 201, 204]
    assert [each.content_id for each in got.inside] == ["1", "2", "3", "4", "5"]
    made = got.inside[0].body["id"]
    assert sorted(api.ids()) == sorted([made, "new"])
    stored = body_of(api.get(f"{IMAGES}/{made}"))
    assert (stored["supportedArchitectures"], len(stored["supportedEditions"])) == (["x64"], 1)


@pytest.mark.parametrize(
    ("failing", "status"),
    [
        (request("PATCH", f"{SET}/none", {}), 404),
        (request("DELETE", f"{SET}/none"), 404),
        (request("POST", SET, {"id": "taken"}), 409),
        (request("POST", SET, {"id": "first"}), 409),
        (request("POST", SET, {"nothing": 1}), 400),
        (request("PATCH", f"{SET}/taken", {}, If_Match='W/"0"'), 412),
        (request("PUT", f"{SET}/taken/supportedArchitectures", {"value": ["z80"]}), 400),
        (request("POST", f"{SET}/taken", {}), 400),
        (request("POST", "nothing", {}), 400),
        (request("PATCH", "$none", {}), 400),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_change_set_that_fails_leaves_nothing_behind(api: Api, failing: str, status: int, place: int) -> None:
    before = api.create(id="taken", supportedArchitectures=["x64"])
    parts = [request("POST", SET, {"id": "first"}), request("PATCH", f"{SET}/taken", {"supportedArchitectures": []})]
    if status == 409 and "first" in failing and place == 0:
        return  # then it is the other one that comes too late
    parts.insert(place, failing)
    [got] = send(api, change_set(*parts))
    assert got.inside == ()
    assert got.status == status
    assert got.body["error"]["message"]
    assert api.ids() == ["taken"]
    assert body_of(api.get(f"{IMAGES}/taken")) == before


def test_what_a_change_set_made_is_seen_after_it(api: Api) -> None:
    got = send(
        api,
        request("GET", f"{SET}/$count"),
        change_set(request("POST", SET, {"id": "a/b"}, content_id="made")),
        request("GET", "$made?$select=id"),
        change_set(request("DELETE", "$MADE"), boundary="changes-2"),
        request("GET", f"{SET}/$count"),
    )
    assert (got[0].text, got[2].body["id"], got[4].text) == ("0", "a/b", "0")
    assert got[1].inside[0].status == 201
    assert got[3].inside[0].status == 204


def test_change_sets_beside_single_writers(api: Api) -> None:
    parts = [request("POST", SET, {"id": f"{number:02}"}) for number in range(20)]
    [got] = send(api, change_set(*parts))
    assert [each.status for each in got.inside] == [201] * 20
    assert len(api.ids()) == 20


def test_lines_may_end_as_they_do_on_unix(api: Api) -> None:
    content = joined((request("POST", SET, {"id": "a"}),)).replace("\r\n", "\n")
    reply = api.http.post(BATCH, content=content, headers={"Content-Type": multipart.CONTENT_TYPE})
    assert multipart.read(reply.headers["content-type"], reply.content)[0].status == 201


def test_a_body_ends_where_its_length_says(api: Api) -> None:
    part = request("POST", SET, {"id": "a"}, Content_Length="11") + "\r\n\r\n trailing lines \r\n"
    assert send(api, part)[0].status == 201


def test_a_preamble_and_quoted_boundary(api: Api) -> None:
    content = "ignored\r\n--a b\r\n" + request("GET", f"{SET}/$count") + "\r\n--a b--\r\nignored, too"
    reply = api.http.post(BATCH, content=content, headers={"Content-Type": 'multipart/mixed;boundary="a b"'})
    assert multipart.read(reply.headers["content-type"], reply.content)[0].text == "0"


def test_versions_and_heads(api: Api) -> None:
    api.create(id="a")
    got = send(
        api,
        request("GET", f"{SET}/a", OData_MaxVersion="4.01"),
        request("HEAD", f"{SET}/a"),
        request("GET", f"{SET}/a", Accept="image/png"),
    )
    assert got[0].headers is not None
    assert got[0].headers["OData-Version"] == "4.01"
    assert "@context" in got[0].body
    assert (got[1].status, got[1].text, got[2].status) == (200, "", 406)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the line that ends it"),
        ("--batch-1\r\n", "the line that ends it"),
        ("--batch-1--", ""),
        (joined((request("GET", "x"),)).replace("batch-1--", "batch-1"), "the line that ends it"),
        (joined(("Content-Type: text/plain\r\n\r\nx",)), "a part is neither application/http nor"),
        (joined(("\r\nGET x HTTP/1.1\r\n\r\n",)), "a part is neither application/http nor"),
        (joined(("Content-Type: application/http\r\n\r\n",)), "a part does not start with a method and a URL"),
        (joined(("Content-Type: application/http\r\n\r\nGET\r\n\r\n",)), "a part does not start with"),
        (joined(("no header\r\n\r\n",)), "'no header' is no header field"),
        (
            joined(("Content-Type: application/http\r\nContent-Transfer-Encoding: base64\r\n\r\nR0VU",)),
            "the Content-Transfer-Encoding 'base64' is not binary",
        ),
        (joined(("Content-Type: multipart/mixed\r\n\r\nx",)), "needs a boundary"),
        (joined((change_set(change_set(request("DELETE", "x"), boundary="inner")),)), "a part is neither"),
        (joined((change_set(request("GET", SET)),)), "holds writes only"),
        (joined((request("GET", "x", content_id="1"), request("GET", "y", content_id="1"))), "has to be unique"),
        (joined((request("GET", "x"),) * 21), "exceeds the maximum value of 20"),
        (joined((change_set(*[request("DELETE", "x")] * 21),)), "exceeds the maximum value of 20"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(api: Api, content: str, reason: str) -> None:
    first = joined((request("POST", SET, {"id": "never"}),)).replace("--batch-1--\r\n", "")
    given = first + content if content.startswith("--batch-1\r\n") else content
    reply = api.http.post(BATCH, content=given, headers={"Content-Type": multipart.CONTENT_TYPE})
    assert reason in refused(reply, 400, "BadRequest")["message"]
    assert api.ids() == []


def test_no_text_is_slow_to_refuse(api: Api) -> None:
    lines = ("--batch-1\r\n" * 300_000, "A: " + " " * 3_000_000 + "x", "A:\r\n " * 500_000, "\r\n" * 1_500_000)
    for text in lines:
        part = joined((f"Content-Type: application/http\r\n{text}\r\n\r\nGET {SET}\r\n",))
        reply = api.http.post(BATCH, content=part, headers={"Content-Type": multipart.CONTENT_TYPE})
        assert reply.status_code in (200, 400)


def test_a_length_beyond_all_numbers_is_that_of_a_whole_body(api: Api) -> None:
    part = request("POST", SET, {"id": "a"}, Content_Length="9" * 5000)
    assert send(api, part)[0].status == 201


def test_a_fault_whose_status_has_no_name(api: Api) -> None:
    api.http.post("/-/faults", json={"status": 599, "methods": ["DELETE"]})
    got = send(api, request("POST", SET, {"id": "a"}), request("DELETE", f"{SET}/a"))
    assert [each.status for each in got] == [201, 599]


@pytest.mark.parametrize("key", ["delta", "$count", "a/b", "it's", "checkBuild(x)"])
def test_a_change_set_refers_to_what_it_made_whatever_its_key(api: Api, key: str) -> None:
    [got] = send(
        api,
        change_set(
            request("POST", f"{SET}?$select=id", {"id": key}, content_id="1"),
            request("PATCH", "$1", {"supportedEditions": [EDITION]}, content_id="2"),
            request("PUT", "$1/supportedArchitectures?$format=json", {"value": ["x64"]}, content_id="3"),
        ),
    )
    assert [each.status for each in got.inside] == [201, 200, 204]
    [stored] = api.get(IMAGES).json()["value"]
    assert (stored["id"], stored["supportedArchitectures"]) == (key, ["x64"])
