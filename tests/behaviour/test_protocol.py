"""What clients may ask of the protocol itself: forms of JSON, preferences, versions, conditions and PUT."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import multipart
from tests.support.api import IMAGE_TYPE, IMAGES, Api, Json, body_of, refused

pytestmark = pytest.mark.real_server

UPDATE = {"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026}
EDITION = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
WHOLE: Json = {
    "supportedEditions": [EDITION],
    "supportedArchitectures": ["x64"],
    "availableUpdates": [UPDATE],
}


def annotation_names(value: Any) -> set[str]:
    """The names of all annotations anywhere in a value."""
    if isinstance(value, dict):
        own = {name for name in value if "@" in name}
        return own.union(*(annotation_names(each) for each in value.values()))
    nested: list[set[str]] = [annotation_names(each) for each in value] if isinstance(value, list) else []
    return set().union(*nested)


@pytest.mark.parametrize("path", ["", "/a", "/a/supportedEditions", "/a/getAllManagedDeviceWindowsOSImages"])
def test_metadata_none(api: Api, path: str) -> None:
    api.create(id="a", **WHOLE)
    reply = api.get(f"{IMAGES}{path}", Accept="application/json;odata.metadata=none")
    assert reply.headers["content-type"].startswith("application/json;odata.metadata=none;")
    assert annotation_names(reply.json()) == set()


def test_metadata_none_keeps_count_and_link(api: Api) -> None:
    for key in "ab":
        api.create(id=key)
    reply = api.get(f"{IMAGES}?$count=true&$format=application/json;metadata=none", Prefer="odata.maxpagesize=1")
    assert annotation_names(reply.json()) == {"@odata.count", "@odata.nextLink"}
    assert body_of(api.get(reply.json()["@odata.nextLink"]))["value"] == [
        {"id": "b", "supportedEditions": [], "supportedArchitectures": [], "availableUpdates": []}
    ]


def test_metadata_full(api: Api) -> None:
    created = api.http.post(IMAGES, json={"id": "a b"} | WHOLE)
    reply = api.get(f"{IMAGES}/a%20b", Accept="application/json;odata.metadata=full")
    body = body_of(reply)
    assert body["@odata.type"] == IMAGE_TYPE
    assert body["@odata.id"] == body["@odata.editLink"] == created.headers["location"]
    assert body["@odata.etag"] == created.headers["etag"]
    assert body["supportedEditions@odata.type"] == (
        "#Collection(microsoft.graph.managedDeviceWindowsOperatingSystemEdition)"
    )
    assert body["supportedArchitectures@odata.type"] == "#Collection(microsoft.graph.managedDeviceArchitecture)"
    [edition] = body["supportedEditions"]
    assert edition["supportEndDate@odata.type"] == "#Date"
    assert edition["editionType@odata.type"] == "#microsoft.graph.managedDeviceWindowsOperatingSystemEditionType"
    assert body["availableUpdates"][0]["releaseMonth@odata.type"] == "#Int32"
    selected = body_of(api.get(f"{IMAGES}?$select=supportedArchitectures", Accept="application/json;metadata=full"))
    assert "supportedArchitectures@odata.type" in selected["value"][0]
    assert "supportedEditions@odata.type" not in selected["value"][0]


def test_what_was_read_with_full_metadata_can_be_sent_back(api: Api) -> None:
    api.create(id="a", **WHOLE)
    body = body_of(api.get(f"{IMAGES}/a", Accept="application/json;odata.metadata=full"))
    assert api.http.patch(f"{IMAGES}/a", json=body).status_code == 200


def test_numbers_of_64_bits_as_strings(api: Api) -> None:
    api.create(id="a")
    reply = api.get(f"{IMAGES}?$count=true", Accept="application/json;IEEE754Compatible=true")
    assert "IEEE754Compatible=true" in reply.headers["content-type"]
    assert reply.json()["@odata.count"] == "1"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/json;q=0", 406),
        ("application/xml", 406),
        ("text/plain", 406),
        ("application/json;odata.metadata=some", 406),
        ("", 200),
    ],
)
def test_accept(api: Api, accept: str, status: int) -> None:
    reply = api.get(IMAGES, Accept=accept)
    assert reply.status_code == status
    if status == 406:
        refused(reply, 406, "BadRequest")
    assert api.get(f"{IMAGES}/$count", Accept=accept).status_code == 200, "a number is text, whatever is asked"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_write_whose_answer_nobody_takes_stores_nothing(api: Api, method: str) -> None:
    before = api.create(id="a")
    address = IMAGES if method == "POST" else f"{IMAGES}/a"
    reply = api.http.request(method, address, json={"supportedArchitectures": ["x64"]}, headers={"Accept": "image/png"})
    refused(reply, 406, "BadRequest")
    assert api.ids() == ["a"]
    assert body_of(api.get(f"{IMAGES}/a")) == before


def test_format_comes_before_accept(api: Api) -> None:
    assert api.get(f"{IMAGES}?$format=json", Accept="image/png").status_code == 200
    assert api.get(f"{IMAGES}?$format=JSON").status_code == 200
    refused(api.get(f"{IMAGES}?$format=atom", Accept="application/json"), 406, "BadRequest")


@pytest.mark.parametrize(
    ("most", "answered"),
    [
        *(("4.0", "4.0"), ("4.00", "4.0"), ("4", "4.0"), ("4.0;NetFx", "4.0"), ("4.0 ; a;b", "4.0"), ("4.001", "4.0")),
        *(("4.01", "4.01"), ("4.010", "4.01"), ("4.01;NetFx", "4.01"), ("4.1", "4.01"), ("5.0", "4.01")),
        ("10.0", "4.01"),
    ],
)
def test_versions_are_numbers(api: Api, most: str, answered: str) -> None:
    reply = api.get(IMAGES, **{"OData-MaxVersion": most})
    assert reply.headers["odata-version"] == answered
    assert ("@context" in reply.json()) == (answered == "4.01")
    item = {"id": "1", "method": "GET", "url": IMAGES.removeprefix("/beta"), "headers": {"odata-maxversion": most}}
    (inner,) = body_of(api.http.post("/beta/$batch", json={"requests": [item]}))["responses"]
    assert inner["headers"]["OData-Version"] == answered
    assert ("@context" in inner["body"]) == (answered == "4.01")
    content = multipart.joined((multipart.request("GET", IMAGES.removeprefix("/beta/"), OData_MaxVersion=most),))
    whole = api.http.post("/beta/$batch", content=content, headers={"Content-Type": multipart.CONTENT_TYPE})
    (part,) = multipart.read(whole.headers["content-type"], whole.content)
    assert part.headers is not None
    assert part.headers["OData-Version"] == answered
    assert ("@context" in part.body) == (answered == "4.01")


@pytest.mark.parametrize("version", ["4.0", "4.00", "4", "4.0;NetFx", "4.01", "4.010", "4.01 ; x"])
def test_versions_of_requests_are_numbers(api: Api, version: str) -> None:
    sent = {"OData-Version": version}
    assert api.http.post(IMAGES, json={}, headers=sent).status_code == 201
    headers = {"Content-Type": "application/json", **sent}
    item = {"id": "1", "method": "POST", "url": IMAGES.removeprefix("/beta"), "body": {}, "headers": headers}
    (inner,) = body_of(api.http.post("/beta/$batch", json={"requests": [item]}))["responses"]
    assert inner["status"] == 201, inner


@pytest.mark.parametrize(
    ("header", "version"),
    [
        *(("OData-Version", each) for each in ("4.02", "4.1", "3.0", "40", "x", "", ";4.0", "4.0 4.0", "4,0", "+4.0")),
        *(("OData-MaxVersion", each) for each in ("3.99", "x", "", ";4.0", "4.0, 4.01", "NaN", "-4.0", "4e0", "4.")),
        ("OData-MaxVersion", "9" * 99),
    ],
)
def test_versions_that_are_none_or_not_supported(api: Api, header: str, version: str) -> None:
    error = refused(api.get(IMAGES, **{header: version}), 400, "BadRequest")
    assert header in error["message"]
    item = {"id": "1", "method": "GET", "url": IMAGES.removeprefix("/beta"), "headers": {header: version}}
    (inner,) = body_of(api.http.post("/beta/$batch", json={"requests": [item]}))["responses"]
    assert (inner["status"], inner["body"]["error"]["code"]) == (400, "BadRequest")


def test_versions_are_checked_on_writes(api: Api) -> None:
    refused(api.http.post(IMAGES, json={}, headers={"OData-Version": "2.0"}), 400, "BadRequest")
    assert api.http.post(IMAGES, json={}, headers={"OData-Version": "4.01"}).status_code == 201


def test_the_payload_of_401(api: Api) -> None:
    newest = {"OData-MaxVersion": "4.01"}
    created = api.http.post(IMAGES, json={"@type": IMAGE_TYPE, "id": "a"} | WHOLE, headers=newest)
    assert created.status_code == 201
    for path in ("", "/a", "/a/supportedEditions", "/a/getAllManagedDeviceWindowsOSImages"):
        body = body_of(api.get(f"{IMAGES}{path}?$format=json", **newest))
        assert "@context" in body
        assert "@odata." not in str(body)
    page = body_of(api.get(f"{IMAGES}?$count=true&$top=1", **newest))
    assert (page["@count"], page["value"][0]["@type"]) == (1, IMAGE_TYPE)
    assert "@context" in body_of(api.get("/beta", **newest))
    api.create(id="b")
    page = body_of(api.get(IMAGES, Prefer="maxpagesize=1", **newest))
    assert body_of(api.get(page["@nextLink"], **newest))["value"][0]["id"] == "b"


def test_errors_tell_the_version_to_those_that_speak_of_it(api: Api) -> None:
    for header in ("OData-MaxVersion", "OData-Version"):
        reply = api.get(f"{IMAGES}/none", **{header: "4.0"})
        refused(reply, 404, "ResourceNotFound")
        assert reply.headers["odata-version"] == "4.0"


@pytest.mark.parametrize("name", ["OData-Isolation", "Isolation"])
def test_snapshot_isolation_is_refused(api: Api, name: str) -> None:
    refused(api.get(IMAGES, **{name: "snapshot"}), 412, "preconditionFailed")


def test_headers_that_come_more_than_once_are_one_list(api: Api) -> None:
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    twice = [("If-None-Match", 'W/"0"'), ("If-None-Match", tag), ("If-None-Match", 'W/"9999"')]
    assert api.http.get(f"{IMAGES}/a", headers=twice).status_code == 304
    preferred = api.http.get(IMAGES, headers=[("Prefer", "maxpagesize=1"), ("Prefer", "respond-async")])
    assert preferred.headers["preference-applied"] == "maxpagesize=1"
    assert api.http.get(IMAGES, headers=[("Accept", "image/png"), ("Accept", "application/json")]).status_code == 200


def test_members_of_enumerations_that_are_not_known(api: Api) -> None:
    reply = api.get(IMAGES, Prefer="include-unknown-enum-members, odata.maxpagesize=7")
    assert reply.headers["preference-applied"] == "odata.maxpagesize=7, include-unknown-enum-members"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_return_preferences(api: Api, method: str) -> None:
    api.create(id="a")
    address = IMAGES if method == "POST" else f"{IMAGES}/a"
    minimal = api.http.request(method, address, json={}, headers={"Prefer": "respond-async, return=minimal"})
    assert (minimal.status_code, minimal.content) == (204, b"")
    assert minimal.headers["preference-applied"] == "return=minimal"
    assert minimal.headers["etag"]
    whole = api.http.request(method, address, json={}, headers={"Prefer": "return=representation"})
    assert whole.status_code == (201 if method == "POST" else 200)
    assert whole.headers["preference-applied"] == "return=representation"
    assert whole.json()["id"]
    if method == "POST":
        assert api.get(minimal.headers["odata-entityid"]).status_code == 200


def test_put_replaces_everything(api: Api) -> None:
    api.create(id="a", **WHOLE)
    reply = api.http.put(f"{IMAGES}/a", json={"supportedArchitectures": ["arM64"], "id": "a", "@odata.context": "x"})
    assert reply.status_code == 200
    stored = body_of(api.get(f"{IMAGES}/a"))
    assert (stored["supportedArchitectures"], stored["supportedEditions"], stored["availableUpdates"]) == (
        ["arM64"],
        [],
        [],
    )
    assert api.ids("$filter=supportedEditions/any()") == []


def test_put_creates_what_is_not_there(api: Api) -> None:
    reply = api.http.put(f"{IMAGES}/a%2Fb", json=WHOLE)
    assert reply.status_code == 201
    assert body_of(api.get(reply.headers["location"]))["id"] == "a/b"
    refused(api.http.put(f"{IMAGES}/c", json={"id": "d"}), 400, "ModelValidationFailure")
    refused(api.http.put(f"{IMAGES}/{'x' * 513}", json={}), 400, "ModelValidationFailure")
    refused(api.http.put(f"{IMAGES}/c", json=[]), 400, "ModelValidationFailure")
    assert api.ids() == ["a/b"]


def test_put_under_conditions(api: Api) -> None:
    only_new = {"If-None-Match": "*"}
    assert api.http.put(f"{IMAGES}/a", json={}, headers=only_new).status_code == 201
    refused(api.http.put(f"{IMAGES}/a", json=WHOLE, headers=only_new), 412, "resourceModified")
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == []
    refused(api.http.put(f"{IMAGES}/b", json={}, headers={"If-Match": "*"}), 412, "resourceModified")
    assert api.http.put(f"{IMAGES}/a", json=WHOLE, headers={"If-Match": "*"}).status_code == 200
    refused(api.http.patch(f"{IMAGES}/a", json={}, headers=only_new), 412, "resourceModified")
    refused(api.http.delete(f"{IMAGES}/a", headers=only_new), 412, "resourceModified")
    assert api.ids() == ["a"]
