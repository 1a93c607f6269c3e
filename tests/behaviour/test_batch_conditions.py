"""JSON batches: the member `if`, headers that items inherit, ids and names of groups, bodies that are text."""

from __future__ import annotations

import pytest

from tests.support import multipart
from tests.support.api import IMAGES, Api, Json, body_of, refused
from tests.support.multipart import joined, request

BATCH = "/beta/$batch"
SET = "/deviceManagement/managedDeviceWindowsOSImages"
JSON = {"Content-Type": "application/json"}


def send(api: Api, *requests: Json, **headers: str) -> dict[str, Json]:
    """The responses of a batch by their ids."""
    reply = api.http.post(BATCH, json={"requests": requests}, headers=headers)
    assert reply.status_code == 200, reply.text
    return {each["id"]: each for each in body_of(reply)["responses"]}


def get(id_: str, key: str = "none", **members: object) -> Json:
    return {"id": id_, "method": "GET", "url": f"{SET}/{key}", **members}


def create(id_: str, key: str, **members: object) -> Json:
    return {"id": id_, "method": "POST", "url": SET, "headers": JSON, "body": {"id": key}, **members}


def statuses(got: dict[str, Json]) -> dict[str, int]:
    return {key: each["status"] for key, each in got.items()}


# --- if ---------------------------------------------------------------------------------------------------------------
def test_create_only_if_a_read_failed(api: Api) -> None:
    items = (
        get("read", "a"),
        create("make", "a", dependsOn=["read"], **{"if": "not $read/$succeeded"}),
        get("again", "a", dependsOn=["make"], **{"if": "$make/$succeeded or $READ/$succeeded"}),
    )
    assert statuses(send(api, *items)) == {"read": 404, "make": 201, "again": 200}
    got = send(api, *items)
    assert statuses(got) == {"read": 200, "make": 424, "again": 200}
    assert got["make"]["body"]["error"]["message"] == (
        "The request with id 'make' was not run: its condition 'not $read/$succeeded' is not true."
    )


def test_a_condition_decides_instead_of_the_dependencies(api: Api) -> None:
    got = send(
        api,
        get("1"),
        create("2", "b", dependsOn=["1"], **{"if": "true"}),
        create("3", "c", dependsOn=["2"], **{"if": "false"}),
        create("4", "d", **{"if": "$2/$succeeded"}),
        create("5", "e", dependsOn=["3"]),
        create("6", "f", **{"if": None}),
        create("7", "g", **{"if": False}),
    )
    assert statuses(got) == {"1": 404, "2": 201, "3": 424, "4": 201, "5": 424, "6": 201, "7": 424}
    assert api.ids() == ["b", "d", "f"]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("$1/id eq 'a'", 424),
        ("$1", 424),
        ("length('a') eq 1", 424),
        ("$1/$succeeded and", 400),
        ("1", 400),
        ("", 400),
        ("'" * 1001, 400),
    ],
)
def test_a_condition_that_is_not_evaluated_runs_nothing(api: Api, condition: str, status: int) -> None:
    api.create(id="a")
    got = send(
        api,
        get("1", "a"),
        create("2", "b", dependsOn=["1"], **{"if": condition}),
        create("3", "c", atomicityGroup="g"),
        create("4", "d", atomicityGroup="g", dependsOn=["1"], **{"if": condition}),
    )
    assert statuses(got) == {"1": 200, "2": status, "3": 424, "4": status}
    assert got["2"]["body"]["error"]["target"] == "if"
    assert api.ids() == ["a"]


def test_conditions_in_atomicity_groups(api: Api) -> None:
    def group(condition: str) -> dict[str, int]:
        return statuses(
            send(
                api,
                get("1"),
                create("2", "b", atomicityGroup="g"),
                create("3", "c", atomicityGroup="g", dependsOn=["1", "2"], **{"if": condition}),
                get("4", "b", dependsOn=["g"], **{"if": "not $g/$succeeded and not $2/$succeeded"}),
            )
        )

    for condition in ("$1/$succeeded", "not $2/$succeeded", "false", "null"):
        assert group(condition) == {"1": 404, "2": 424, "3": 424, "4": 404}
        assert api.ids() == []
    assert group("$2/$succeeded and not $1/$succeeded") == {"1": 404, "2": 201, "3": 201, "4": 424}
    assert api.ids() == ["b", "c"]
    # The first of them fails now: the true condition of the second does not save it.
    assert group("$2/$succeeded") == {"1": 404, "2": 409, "3": 424, "4": 200}


def test_a_condition_refers_to_requests_before_it(api: Api) -> None:
    for condition in ("$2/$succeeded", "$1/$succeeded", "$nothing/$succeeded"):
        items = [create("1", "a", **{"if": condition}), get("2")]
        error = refused(api.http.post(BATCH, json={"requests": items}), 400, "BadRequest")
        assert error["message"] == "Invalid dependency for request Id 1."
    assert api.ids() == []


def test_a_failed_request_is_no_address(api: Api) -> None:
    api.create(id="a")
    got = send(
        api,
        {"id": "1", "method": "PATCH", "url": f"{SET}/a", "headers": JSON, "body": {"id": "b"}},
        {"id": "2", "method": "DELETE", "url": "$1", "dependsOn": ["1"], "if": "not $1/$succeeded"},
    )
    assert statuses(got) == {"1": 400, "2": 400}
    assert api.ids() == ["a"]


def test_not_modified_is_no_success(api: Api) -> None:
    api.create(id="a")
    tag = api.get(f"{IMAGES}/a").headers["etag"]
    got = send(
        api,
        get("1", "a", headers={"If-None-Match": tag}),
        get("2", "a", dependsOn=["1"]),
        get("3", "a", **{"if": "not $1/$succeeded"}),
    )
    assert statuses(got) == {"1": 304, "2": 424, "3": 200}


# --- ids and groups ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_id_is_no_name_of_a_group(api: Api, at: int) -> None:
    items = [create("1", "a", atomicityGroup="g"), create("2", "b", atomicityGroup="g")]
    items.insert(at, create("G", "c", **({"atomicityGroup": "g"} if at == 1 else {})))
    error = refused(api.http.post(BATCH, json={"requests": items}), 400, "BadRequest")
    assert error["message"] == "Request Id G is also the name of an atomicity group in this batch."
    assert api.ids() == []


def test_names_of_groups_are_compared_without_regard_to_case(api: Api) -> None:
    got = send(api, create("1", "a", atomicityGroup="g"), create("2", "a", atomicityGroup="G"))
    assert statuses(got) == {"1": 424, "2": 409}
    assert [each["atomicityGroup"] for each in got.values()] == ["g", "G"]


# --- headers of the batch ---------------------------------------------------------------------------------------------
def test_items_inherit_preferences(api: Api) -> None:
    own = {"id": "2", "method": "POST", "url": SET, "body": {"id": "b"}}
    got = send(
        api,
        create("1", "a"),
        own | {"headers": JSON | {"Prefer": "return=representation"}},
        get("3", dependsOn=["2"]),
        {"id": "4", "method": "GET", "url": SET, "dependsOn": ["1", "2"]},
        Prefer="return=minimal, continue-on-error=false, respond-async, odata.maxpagesize=1",
    )
    assert statuses(got) == {"1": 204, "2": 201, "3": 404, "4": 200}
    assert got["1"]["headers"]["Preference-Applied"] == "return=minimal"
    assert got["2"]["headers"]["Preference-Applied"] == "return=representation"
    assert len(got["4"]["body"]["value"]) == 1
    assert "@odata.nextLink" in got["4"]["body"]


@pytest.mark.parametrize("count", [1, 3])
def test_items_inherit_accept_and_versions(api: Api, count: int) -> None:
    """Several of them are answered together."""
    api.create(id="a")
    items = [get(str(number), "a") for number in range(count)]
    for each in send(api, *items, Accept="multipart/mixed, application/json;odata.metadata=none").values():
        assert not any("@" in name for name in each["body"])
    for each in send(api, *items, **{"OData-MaxVersion": "4.01", "Accept": "*/*"}).values():
        assert "@context" in each["body"]
    assert set(statuses(send(api, *items, Accept="multipart/mixed")).values()) == {200}
    assert set(statuses(send(api, *items, Accept="text/html")).values()) == {406}
    own = get("own", "a", headers={"Accept": "application/json"})
    assert statuses(send(api, own, Accept="text/html")) == {"own": 200}


def test_items_do_not_inherit_what_is_about_the_batch(api: Api) -> None:
    api.create(id="a")
    headers = {"If-Match": 'W/"0"', "If-None-Match": "*", "Content-Type": "application/json;charset=utf-8"}
    assert statuses(send(api, get("1", "a"), get("2", "a"), **headers)) == {"1": 200, "2": 200}
    error = refused(api.http.post(BATCH, json={"requests": [{**create("1", "b"), "headers": {}}]}), 400, "BadRequest")
    assert "does not contain a Content-Type header" in error["message"]


def test_parts_of_a_multipart_batch_inherit_them_too(api: Api) -> None:
    parts = (request("POST", SET[1:], {"id": "a"}), request("GET", f"{SET[1:]}/a"))
    headers = {
        "Content-Type": multipart.CONTENT_TYPE,
        "Accept": "multipart/mixed",
        "Prefer": "return=minimal, odata.continue-on-error",
    }
    reply = api.http.post(BATCH, content=joined(parts), headers=headers)
    assert [each.status for each in multipart.read(reply.headers["content-type"], reply.content)] == [204, 200]


# --- bodies -----------------------------------------------------------------------------------------------------------
def test_a_body_that_is_text(api: Api) -> None:
    for key in "abc":
        api.create(id=key)
    text = {"Content-Type": "text/plain;charset=utf-8"}
    query = {"id": "1", "method": "POST", "url": f"{SET}/$query", "headers": text, "body": "$filter=id eq 'b'"}
    assert [each["id"] for each in send(api, query)["1"]["body"]["value"]] == ["b"]
