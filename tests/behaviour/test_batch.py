"""JSON batches against a real server."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

import pytest

from tests.support.api import IMAGES, Api, Json, body_of, refused, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

BATCH = "/beta/$batch"
SET = "/deviceManagement/managedDeviceWindowsOSImages"
JSON = {"Content-Type": "application/json"}


def send(api: Api, *requests: Json) -> dict[str, Json]:
    """The responses of a batch by their ids."""
    reply = api.http.post(BATCH, json={"requests": requests})
    assert reply.status_code == 200, reply.text
    return {each["id"]: each for each in body_of(reply)["responses"]}


def test_reads_and_writes_together(api: Api) -> None:
    api.create(id="a b")
    got = send(
        api,
        {"id": "1", "method": "GET", "url": f"{SET}/a%20b?$select=id"},
        {"id": "2", "method": "POST", "url": SET.lstrip("/"), "headers": JSON, "body": {"id": "new"}},
        {"id": "3", "method": "delete", "url": f"{SET}/none"},
        {"id": "4", "method": "GET", "url": f"{SET}/$count"},
        {"id": "5", "method": "DELETE", "url": f"{SET}/a%20b", "dependsOn": ["1"]},  # else they run side by side
    )
    assert {key: each["status"] for key, each in got.items()} == {"1": 200, "2": 201, "3": 404, "4": 200, "5": 204}
    assert got["1"]["body"]["id"] == "a b"
    assert got["1"]["headers"]["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert got["1"]["headers"]["OData-Version"] == "4.0"
    assert got["2"]["headers"]["Location"].endswith(f"{SET}/new")
    assert got["3"]["headers"]["Content-Type"] == "application/json"
    assert got["4"]["body"] in ("1", "2"), "the items run side by side"
    assert "body" not in got["5"]
    assert api.ids() == ["new"]


def test_an_item_runs_after_those_it_depends_on(api: Api) -> None:
    steps: list[Json] = [{"id": "0", "method": "POST", "url": SET, "headers": JSON, "body": {"id": "a"}}]
    for number in range(1, 10):
        body = {"supportedArchitectures": ["x64"] if number % 2 else []}
        steps.append(
            {
                "id": str(number),
                "method": "PATCH",
                "url": f"{SET}/a",
                "headers": JSON,
                "body": body,
                "dependsOn" if number % 2 else "depends_on": [str(number - 1)],
            }
        )
    got = send(api, *steps)
    assert [each["status"] for each in got.values()] == [201] + [200] * 9
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == ["x64"]


def test_an_item_whose_dependency_failed_is_not_run(api: Api) -> None:
    got = send(
        api,
        {"id": "A", "method": "GET", "url": f"{SET}/none"},
        {"id": "b", "method": "POST", "url": SET, "headers": JSON, "body": {"id": "x"}, "dependsOn": ["a"]},
        {"id": "c", "method": "GET", "url": SET, "dependsOn": ["B"]},
        {"id": "d", "method": "GET", "url": SET},
    )
    assert [got[key]["status"] for key in "Abcd"] == [404, 424, 424, 200]
    assert got["b"]["body"]["error"]["code"] == "FailedDependency"
    assert api.ids() == []


def test_errors_repeat_the_ids_of_the_batch(api: Api) -> None:
    reply = api.http.post(
        BATCH,
        json={"requests": [{"id": "1", "method": "GET", "url": "/nothing"}]},
        headers={"client-request-id": "mine"},
    )
    [item] = body_of(reply)["responses"]
    inner = item["body"]["error"]["innerError"]
    assert inner["request-id"] == reply.headers["request-id"]
    assert inner["client-request-id"] == "mine"
    assert "request-id" not in item["headers"]


def test_absolute_addresses_of_this_service(api: Api) -> None:
    api.create(id="a")
    address = f"{str(api.http.base_url).rstrip('/')}{IMAGES}/a"
    got = send(
        api,
        {"id": "1", "method": "GET", "url": address},
        {"id": "2", "method": "GET", "url": "https://graph.microsoft.com/beta/deviceManagement"},
        {"id": "3", "method": "GET", "url": "/v1.0/deviceManagement"},
    )
    assert [each["status"] for each in got.values()] == [200, 400, 400]
    assert got["3"]["body"]["error"]["message"] == "Resource not found for the segment 'v1.0'."


def test_absolute_paths_of_this_service(api: Api) -> None:
    """The JavaScript SDK leaves the version in (https://github.com/microsoftgraph/msgraph-sdk-javascript/issues/1178)."""
    api.create(id="a")
    urls = [f"/beta{SET}/a", f"beta{SET}/a", f"/Beta{SET}/a", f"//{SET}/a"]
    got = send(api, *({"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)))
    assert [each["status"] for each in got.values()] == [200] * 4


def test_what_is_done_together_or_not_at_all(api: Api) -> None:
    together = {"atomicityGroup": "g", "headers": JSON}
    items: list[Json] = [
        {"id": "1", "method": "POST", "url": SET, "body": {"id": "a"}} | together,
        {"id": "2", "method": "PATCH", "url": "/$1", "body": {"supportedArchitectures": ["x64"]}} | together,
        {"id": "3", "method": "GET", "url": f"{SET}/a", "dependsOn": ["g"]},
        {"id": "4", "method": "GET", "url": "$1/supportedArchitectures", "dependsOn": ["1"]},
    ]
    got = send(api, *items)
    assert [each["status"] for each in got.values()] == [201, 200, 200, 200]
    assert got["1"]["atomicityGroup"] == "g"
    assert got["4"]["body"]["value"] == ["x64"]
    again = send(api, *items)
    assert [each["status"] for each in again.values()] == [409, 424, 424, 424]


def test_groups_run_beside_other_items(api: Api) -> None:
    items: list[Json] = [
        {"id": f"{group}{number}", "method": "POST", "url": SET, "headers": JSON, "atomicityGroup": str(group)}
        | {"body": {"id": f"{group}-{number}"}}
        for group in range(4)
        for number in range(4)
    ]
    items[5]["body"] = {"id": 5}
    got = send(api, *items, {"id": "count", "method": "GET", "url": f"{SET}/$count"})
    assert [got[str(item["id"])]["status"] for item in items] == [201] * 4 + [424, 400, 424, 424] + [201] * 8
    assert len(api.ids()) == 12


def test_a_reference_needs_a_dependency(api: Api) -> None:
    got = send(
        api,
        {"id": "1", "method": "POST", "url": SET, "headers": JSON, "body": {}},
        {"id": "2", "method": "GET", "url": "$1"},
        {"id": "3", "method": "GET", "url": "$1?$select=id", "dependsOn": ["1"]},
    )
    assert got["2"]["status"] == 400
    assert got["3"]["body"]["id"] == got["1"]["body"]["id"]


def test_versions_of_items(api: Api) -> None:
    item = {"id": "1", "method": "GET", "url": SET}
    newest = {"OData-MaxVersion": "4.01"}
    got = send(api, item, {**item, "id": "2", "headers": newest})
    assert [each["headers"]["OData-Version"] for each in got.values()] == ["4.0", "4.01"]
    assert "@context" in got["2"]["body"]
    reply = api.http.post(BATCH, json={"requests": [item]}, headers=newest)
    assert body_of(reply)["responses"][0]["headers"]["OData-Version"] == "4.01"


def test_head_and_members_that_are_null(api: Api) -> None:
    got = send(
        api,
        {"id": "1", "method": "HEAD", "url": SET},
        {"id": "2", "method": "GET", "url": SET, "headers": None, "dependsOn": None, "body": None},
    )
    assert (got["1"]["status"], got["2"]["status"]) == (200, 200)
    assert "body" not in got["1"]


@pytest.mark.parametrize("url", ["/$batch", "/%24batch", "$BATCH", "//%24%62atch/"])
def test_a_batch_holds_no_batch(api: Api, url: str) -> None:
    inner = {"requests": [{"id": "1", "method": "GET", "url": SET}]}
    item = send(api, {"id": "1", "method": "POST", "url": url, "headers": JSON, "body": inner})["1"]
    assert item["status"] == 400
    assert item["body"]["error"]["message"] == "Resource not found for the segment '$batch'."


def test_a_body_in_base64url(api: Api) -> None:
    raw = base64.urlsafe_b64encode(json.dumps({"id": "ünï>?"}).encode()).decode().rstrip("=")
    got = send(api, {"id": "1", "method": "POST", "url": SET, "headers": JSON, "body": raw})
    assert got["1"]["body"]["id"] == "ünï>?"
    got = send(api, {"id": "1", "method": "POST", "url": SET, "headers": JSON, "body": "*"})
    assert got["1"]["status"] == 400


def test_a_number_beyond_all_limits_is_one_items_fault(api: Api) -> None:
    item = '{"id":"%s","method":"POST","url":"%s","headers":{"Content-Type":"application/json"},"body":{"id":%s}}'
    items = ",".join(item % each for each in (("1", SET, "9" * 5000), ("2", SET, "1e" + "9" * 30), ("3", SET, '"a"')))
    reply = api.http.post(BATCH, content=f'{{"requests":[{items}]}}', headers=JSON)
    assert {each["id"]: each["status"] for each in reply.json()["responses"]} == {"1": 400, "2": 400, "3": 201}


def test_items_may_do_what_the_batch_may(api: Api) -> None:
    item = {"id": "1", "method": "GET", "url": SET, "headers": {"Authorization": "Bearer other", "Host": "other"}}
    assert send(api, item)["1"]["status"] == 200
    refused(
        api.http.post(BATCH, json={"requests": [item]}, headers={"Authorization": ""}),
        401,
        "InvalidAuthenticationToken",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"requests": []},
        {"requests": {}},
        {"requests": [1]},
        {"requests": [{"id": 1, "method": "GET", "url": "/"}]},
        {"requests": [{"id": "1", "url": "/"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/", "headers": []}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/", "dependsOn": "1"}]},
    ],
)
def test_a_malformed_batch(api: Api, body: Any) -> None:
    error = refused(api.http.post(BATCH, content=json.dumps(body), headers=JSON), 400, "BadRequest")
    assert error["message"] == "Invalid batch payload format."


@pytest.mark.parametrize(
    "text",
    [
        '{"requests":[{"id":"1","method":"GET","url":"/","url":"/$metadata"}]}',
        '{"requests" : [{"id" : "1", "id" : "2", "method" : "GET", "url" : "/"}]}',
        '{"requests":[],"requests":[{"id":"1","method":"GET","url":"/"}]}',
        '{"requests":[{"id":"1","method":"GET","url":"/","other":1,"other":2}]}',
        '{"requests":[{"id":"1","method":"POST","url":"/x","headers":{"Content-Type":"application/json"},'
        '"body":{"id":"a","id":"b"}}]}',
        r'{"requests":[{"id":"1","method":"GET","url":"/","\u0075rl":"/$metadata"}]}',
    ],
)
def test_a_batch_says_everything_once(api: Api, text: str) -> None:
    error = refused(api.http.post(BATCH, content=text, headers=JSON), 400, "BadRequest")
    assert "is given more than once" in error["message"]


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([{"id": "1", "method": "GET", "url": "/"}] * 2, "Request Id 1 has to be unique in a batch."),
        (
            [{"id": "a", "method": "GET", "url": "/"}, {"id": "A", "method": "GET", "url": "/"}],
            "Request Id A has to be unique in a batch.",
        ),
        ([{"id": "", "method": "GET", "url": "/"}], "Request Id  has to be unique in a batch."),
        (
            [{"id": "1", "method": "GET", "url": "/", "dependsOn": ["2"]}, {"id": "2", "method": "GET", "url": "/"}],
            "Invalid dependency for request Id 1.",
        ),
        ([{"id": "1", "method": "GET", "url": "/", "dependsOn": ["1"]}], "Invalid dependency for request Id 1."),
        (
            [{"id": "1", "method": "POST", "url": SET, "body": {}}],
            "Write request with id '1' does not contain a Content-Type header.",
        ),
        (
            [{"id": str(number), "method": "GET", "url": "/"} for number in range(21)],
            "Number of batch request steps exceeds the maximum value of 20 (setting 'max_batch_items').",
        ),
    ],
)
def test_a_batch_that_contradicts_itself(api: Api, requests: list[Json], message: str) -> None:
    create = {"id": "z", "method": "POST", "url": SET, "headers": JSON, "body": {"id": "never"}}
    error = refused(api.http.post(BATCH, json={"requests": [create, *requests]}), 400, "BadRequest")
    assert error["message"] == message
    assert api.ids() == [], "nothing of it is run"


def test_twenty_items_are_answered_in_order(api: Api) -> None:
    got = send(api, *({"id": f"r{number}", "method": "GET", "url": SET} for number in range(20)))
    assert list(got) == [f"r{number}" for number in range(20)]
    assert {each["status"] for each in got.values()} == {200}


def test_odd_addresses_are_no_fault(api: Api) -> None:
    for url in ("", "/", "//", "é", "%", "\\", "?", "?$filter=", " ", "/$metadata", "\ud7ff", "a" * 3000, "#x"):
        item = send(api, {"id": "1", "method": "GET", "url": url})["1"]
        assert item["status"] in (200, 400), (url, item)


# --- items that read entities by their keys, which are answered together ----------------------------------------------

_OPTIONS = (
    *("", "?$select=id", "?$select=id,supportedArchitectures", "?$format=application/json;odata.metadata=full"),
    "?$format=application/json;odata.metadata=none",
    *("?$compute=length(id) as n&$select=id,n", "?$select=supportedArchitectures($top=1)", "?other=1"),
    *("?$select=nothing", "?$filter=id eq 'a'", "?$top=1", "?$format=xml", "?$select"),
)


@pytest.mark.parametrize("options", _OPTIONS)
def test_each_says_what_it_says_by_itself(api: Api, options: str) -> None:
    for key in ("a", "b c", "ü/'%"):
        api.create(id=key, supportedArchitectures=["x64", "arM64"])
    keys = ("/a", "('a')", "/b%20c", "/%C3%BC%2F%27%25", "/none", "/a", "('none')", "/A", "/a%00")
    addresses = [f"{SET}{key}{options}" for key in keys] + [f"{SET}/a?$select=id", f"{SET}/b%20c?$select=id"]
    got = send(api, *({"id": str(number), "method": "GET", "url": each} for number, each in enumerate(addresses)))
    alone = [api.get(f"/beta{each}") for each in addresses]
    assert {each.status_code for each in alone} >= {200}
    for item, reply in zip(got.values(), alone, strict=True):
        assert item["status"] == reply.status_code
        assert item["headers"]["Content-Type"] == reply.headers["content-type"]
        assert item["headers"].get("ETag") == reply.headers.get("etag")
        assert _without_ids(item["body"]) == _without_ids(body_of(reply))


def _without_ids(body: Json) -> str:
    """A body, of which an error has the time and the ids of its own request."""
    if "error" in body:
        del body["error"]["innerError"]
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", json.dumps(body))


def test_none_of_them_is_answered_before_what_it_waits_for(api: Api) -> None:
    api.create(id="a")
    got = send(
        api,
        {"id": "1", "method": "GET", "url": f"{SET}/a"},
        {"id": "2", "method": "DELETE", "url": f"{SET}/a", "dependsOn": ["1"]},
        {"id": "3", "method": "GET", "url": f"{SET}/a", "dependsOn": ["2"]},
        {"id": "4", "method": "GET", "url": f"{SET}/a"},
        {"id": "5", "method": "PUT", "url": f"{SET}/a", "headers": JSON, "body": {}, "dependsOn": ["3"]},
        {"id": "6", "method": "GET", "url": f"{SET}/a", "dependsOn": ["1"]},
    )
    # The last two do not wait for the removal.
    assert [got[key]["status"] for key in "1235"] == [200, 204, 404, 424]
    assert got["4"]["status"] == 200
    assert got["6"]["status"] in (200, 404)


def test_one_that_says_more_than_the_others_is_heard(api: Api) -> None:
    api.create(id="a")
    tag = api.get(f"{IMAGES}/a").headers["etag"]
    got = send(
        api,
        {"id": "1", "method": "GET", "url": f"{SET}/a"},
        {"id": "2", "method": "GET", "url": f"{SET}/a"},
        {"id": "3", "method": "GET", "url": f"{SET}/a", "headers": {"If-None-Match": tag}},
        {"id": "4", "method": "GET", "url": f"{SET}/a", "headers": {"If-Match": 'W/"0"'}},
        {"id": "5", "method": "HEAD", "url": f"{SET}/a"},
        {"id": "6", "method": "GET", "url": f"{SET}/a?{'x' * 20_000}"},
    )
    assert [each["status"] for each in got.values()] == [200, 200, 304, 412, 200, 400]
    assert "body" not in got["5"]
    assert "max_url_bytes" in got["6"]["body"]["error"]["message"]


def test_nobody_reads_together_what_he_may_not_read_alone(api: Api) -> None:
    api.create(id="a")
    stranger = api.with_token(token(api.data_dir, str(uuid.uuid4())))
    unable = api.with_token(token(api.data_dir, api.tenant, ("User.Read",)))
    items: list[Json] = [{"id": key, "method": "GET", "url": f"{SET}/a"} for key in "123"]
    assert {each["status"] for each in send(stranger, *items).values()} == {404}
    assert {each["status"] for each in send(unable, *items).values()} == {403}
