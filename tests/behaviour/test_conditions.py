"""Conditions on reads and writes, writes that make what is missing, and writes on one property."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.api import IMAGES, READ, Api, Json, body_of, refused, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

EDITION: Json = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
STORED_EDITION = {"@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemEdition"} | EDITION
ONLY_NEW = {"If-None-Match": "*"}
ONLY_OLD = {"If-Match": "*"}


@pytest.mark.parametrize("path", ["", "/supportedEditions", "/supportedEditions/$count", "/id/$value"])
def test_what_is_known_already_is_not_sent_again(api: Api, path: str) -> None:
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    strong = tag.removeprefix("W/")
    for known in (tag, strong, "*", f'W/"0", {tag}', f'"x,y" , {strong}'):
        reply = api.get(f"{IMAGES}/a{path}", **{"If-None-Match": known})
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag), known
    assert api.get(f"{IMAGES}/a{path}", **{"If-None-Match": 'W/"0"'}).status_code == 200
    refused(api.get(f"{IMAGES}/a{path}", **{"If-Match": 'W/"0"'}), 412, "resourceModified")


def test_if_match_is_asked_before_if_none_match(api: Api) -> None:
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    both = {"If-Match": 'W/"0"', "If-None-Match": tag}
    refused(api.get(f"{IMAGES}/a", **both), 412, "resourceModified")


@pytest.mark.parametrize("headers", [ONLY_NEW, {"Prefer": "create-if-missing"}, {"Prefer": "odata.create-if-missing"}])
def test_patch_makes_what_is_missing_where_that_is_asked_for(api: Api, headers: dict[str, str]) -> None:
    refused(api.http.patch(f"{IMAGES}/a%2Fb", json={}), 404, "ResourceNotFound")
    reply = api.http.patch(f"{IMAGES}/a%2Fb", json={"supportedEditions": [EDITION]}, headers=headers)
    assert reply.status_code == 201
    assert body_of(api.get(reply.headers["location"]))["supportedEditions"] == [STORED_EDITION]
    again = api.http.patch(f"{IMAGES}/a%2Fb", json={}, headers=headers)
    assert again.status_code == (412 if headers == ONLY_NEW else 200)
    bad = api.http.patch(f"{IMAGES}/c", json={"supportedArchitectures": ["unknownFutureValue"]}, headers=headers)
    refused(bad, 400, "ModelValidationFailure")
    both = headers | ONLY_OLD
    refused(api.http.patch(f"{IMAGES}/d", json={}, headers=both), 404, "ResourceNotFound")
    assert api.ids() == ["a/b"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_is_made_without_an_answer_tells_its_address(api: Api, method: str) -> None:
    headers = ONLY_NEW | {"Prefer": "return=minimal"}
    reply = api.http.request(method, f"{IMAGES}/a", json={}, headers=headers)
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["odata-entityid"] == reply.headers["location"]
    assert api.get(reply.headers["odata-entityid"]).status_code == 200


@pytest.mark.parametrize("name", ["@odata.etag", "@etag"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_etag_in_a_body_binds(api: Api, method: str, name: str) -> None:
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    change = {"supportedArchitectures": ["x64"], name: 'W/"0"'}
    refused(api.http.request(method, f"{IMAGES}/a", json=change), 412, "resourceModified")
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == []
    assert api.http.request(method, f"{IMAGES}/a", json=change | {name: tag}).status_code == 200
    absent = api.http.request(method, f"{IMAGES}/b", json=change)
    assert absent.status_code == (404 if method == "PATCH" else 412)


# --- properties -------------------------------------------------------------------------------------------------------
def test_a_property_is_replaced(api: Api) -> None:
    first = api.http.post(IMAGES, json={"id": "a", "supportedArchitectures": ["x64"]}).headers["etag"]
    reply = api.http.put(f"{IMAGES}/a/supportedEditions", json={"value": [EDITION]})
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["etag"] != first
    body = body_of(api.get(f"{IMAGES}/a"))
    assert (body["supportedEditions"], body["supportedArchitectures"]) == ([STORED_EDITION], ["x64"])
    assert api.ids("$filter=supportedEditions/any(e:e/editionType eq 'enterprise')") == ["a"]
    told = api.http.put(
        f"{IMAGES}/a/supportedArchitectures",
        json={"@odata.context": "x", "value": ["ARM64"]},
        headers={"Prefer": "return=representation"},
    )
    assert told.status_code == 200
    assert told.headers["preference-applied"] == "return=representation"
    assert body_of(told)["value"] == ["arM64"]
    assert body_of(told)["@odata.context"].endswith("('a')/supportedArchitectures")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"value": None}, "$.value"),
        ({}, "$.value"),
        ([], None),
        ({"value": "x64"}, "$.value"),
        ({"value": ["z80"]}, "$.value[0]"),
        ({"value": [None]}, "$.value[0]"),
        ({"value": ["x64"] * 1001}, "$.value"),
    ],
)
def test_a_bad_value_of_a_property_is_refused(api: Api, body: object, path: str | None) -> None:
    before = api.create(id="a", supportedArchitectures=["x64"])
    reply = api.http.put(f"{IMAGES}/a/supportedArchitectures", json=body)
    if path is None:
        assert reply.status_code == 204, "a bare value is understood"
        return
    assert refused(reply, 400, "ModelValidationFailure")["target"] == path
    assert body_of(api.get(f"{IMAGES}/a")) == before


def test_conditions_on_a_property(api: Api) -> None:
    stale = {"If-Match": 'W/"0"'}
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    address = f"{IMAGES}/a/supportedArchitectures"
    refused(api.http.put(address, json={"value": ["x64"]}, headers=stale), 412, "resourceModified")
    refused(api.http.post(address, json={"value": "x64"}, headers=stale), 412, "resourceModified")
    assert body_of(api.get(address))["value"] == []
    assert api.http.put(address, json={"value": ["x64"]}, headers={"If-Match": tag}).status_code == 204
    refused(api.http.put(f"{IMAGES}/b/supportedArchitectures", json={"value": []}), 404, "ResourceNotFound")


def test_conditions_come_after_the_query(api: Api) -> None:
    root = "/beta/deviceManagement"
    tag = api.get(root).headers["etag"]
    assert api.get(root, **{"If-None-Match": tag}).status_code == 304
    refused(api.get(f"{root}?$select=nope", **{"If-None-Match": tag}), 400, "BadRequest")
    refused(api.get(root, **{"If-None-Match": tag, "Accept": "text/html"}), 406, "BadRequest")
    api.create(id="a")
    one = f"{IMAGES}/a/$ref"
    assert api.get(one, **{"If-None-Match": api.get(one).headers["etag"]}).status_code == 304


def test_items_are_added(api: Api) -> None:
    api.create(id="a")
    assert api.http.post(f"{IMAGES}/a/supportedArchitectures", json={"value": "x64"}).status_code == 204
    assert api.http.post(f"{IMAGES}/a/supportedEditions", json=EDITION).status_code == 204
    assert api.http.post(f"{IMAGES}/a/supportedEditions", json=EDITION).status_code == 204
    body = body_of(api.get(f"{IMAGES}/a"))
    assert (body["supportedArchitectures"], body["supportedEditions"]) == (["x64"], [STORED_EDITION] * 2)
    bad = api.http.post(f"{IMAGES}/a/supportedEditions", json={"editionType": "enterprise"})
    refused(bad, 400, "ModelValidationFailure")
    refused(api.http.post(f"{IMAGES}/b/supportedEditions", json=EDITION), 404, "ResourceNotFound")
    for name, item, path in (
        ("availableUpdates", {"buildVersion": "10.0.1.1", "releaseMonth": 1.5, "releaseYear": 2026}, "$.releaseMonth"),
        ("supportedArchitectures", {"value": "x"}, "$.value"),
        ("supportedArchitectures", "x", "$"),
    ):
        reply = api.http.post(f"{IMAGES}/a/{name}", json=item)
        refused(reply, 400, "ModelValidationFailure")
        assert reply.json()["error"]["target"] == path
    refused(api.http.post(f"{IMAGES}/a/id", json={"value": "b"}), 400, "No method match route template")


def test_no_item_is_lost_that_is_added_beside_others(api: Api) -> None:
    api.create(id="a")
    updates = [{"buildVersion": f"10.0.1.{number}", "releaseMonth": 1, "releaseYear": 2026} for number in range(20)]
    with ThreadPoolExecutor(5) as pool:
        replies = pool.map(lambda each: api.http.post(f"{IMAGES}/a/availableUpdates", json=each), updates)
        assert [each.status_code for each in replies] == [204] * 20
    stored = body_of(api.get(f"{IMAGES}/a/availableUpdates"))["value"]
    assert {each["buildVersion"] for each in stored} == {each["buildVersion"] for each in updates}


def test_what_cannot_be_null_is_not_deleted(api: Api) -> None:
    api.create(id="a", supportedArchitectures=["x64"])
    for name in ("supportedArchitectures", "id"):
        error = refused(api.http.delete(f"{IMAGES}/a/{name}"), 400, "ModelValidationFailure")
        assert f"Property '{name}'" in error["message"]
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == ["x64"]


def test_the_key_stays(api: Api) -> None:
    api.create(id="a")
    assert api.http.put(f"{IMAGES}/a/id", json={"value": "a"}).status_code == 204
    refused(api.http.put(f"{IMAGES}/a/id", json={"value": "b"}), 400, "ModelValidationFailure")
    assert api.ids() == ["a"]


def test_who_may_only_read_does_not_write_a_property(api: Api) -> None:
    api.create(id="a")
    reader = api.with_token(token(api.data_dir, api.tenant, (READ,)))
    for method in ("PUT", "POST", "DELETE"):
        reply = reader.http.request(method, f"{IMAGES}/a/supportedArchitectures", json={"value": []})
        refused(reply, 403, "Forbidden")
