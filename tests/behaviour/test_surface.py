"""Every row of the table of what the service answers, against a real server."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from lxml import etree

from tests.support.api import IMAGE_TYPE, IMAGES, Api, body_of, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ODATA_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
EDITION = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
UPDATE = {"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026}
# The body of the documented request of Create, as it stands.
# https://learn.microsoft.com/graph/api/intune-osprovisioninggraphservice-manageddevicewindowsoperatingsystemimage-create
DOCUMENTED: dict[str, Any] = {
    "@odata.type": IMAGE_TYPE,
    "supportedEditions": [
        {
            "@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemEdition",
            "editionType": "professionalN",
            "supportEndDate": "2016-12-31",
        }
    ],
    "supportedArchitectures": ["x86"],
    "availableUpdates": [
        {
            "@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemUpdate",
            "buildVersion": "Build Version value",
            "releaseMonth": 12,
            "releaseYear": 11,
        }
    ],
}


def test_create_answers_the_documented_example(api: Api) -> None:
    reply = api.http.post(IMAGES, json=DOCUMENTED)
    assert reply.status_code == 201
    body = body_of(reply)
    assert body.pop("@odata.context") == (
        f"{api.http.base_url}/beta/$metadata#deviceManagement/managedDeviceWindowsOSImages/$entity".replace("//b", "/b")
    )
    key = body.pop("id")
    assert str(uuid.UUID(key)) == key
    assert body == DOCUMENTED
    assert reply.headers["content-type"] == ODATA_JSON
    followed = api.get(reply.headers["location"])
    assert followed.status_code == 200
    assert followed.json()["id"] == key
    assert followed.headers["etag"] == reply.headers["etag"]


def test_list_gives_all_in_order_of_id(api: Api) -> None:
    for key in ("b", "a", "c"):
        api.create(id=key)
    reply = api.get(IMAGES)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == ODATA_JSON
    body = body_of(reply)
    assert body["@odata.context"].endswith("/beta/$metadata#deviceManagement/managedDeviceWindowsOSImages")
    assert [each["id"] for each in body["value"]] == ["a", "b", "c"]
    assert "@odata.nextLink" not in body
    assert "@odata.count" not in body
    assert body["value"][0] == {
        "@odata.type": IMAGE_TYPE,
        "id": "a",
        "supportedEditions": [],
        "supportedArchitectures": [],
        "availableUpdates": [],
    }


def test_count_is_bare_digits(api: Api) -> None:
    for key in ("a", "b"):
        api.create(id=key)
    reply = api.get(f"{IMAGES}/$count", Accept="text/plain;q=0.9")
    assert reply.status_code == 200
    assert reply.content == b"2"
    assert reply.headers["content-type"].startswith("text/plain")
    assert api.get(f"{IMAGES}/$count?$filter=id eq 'a'").content == b"1"


def test_get_and_select(api: Api) -> None:
    api.create(id="Windows 11 22H2", supportedEditions=[EDITION], availableUpdates=[UPDATE])
    reply = api.get(f"{IMAGES}/Windows%2011%2022H2?$select=id,supportedEditions")
    assert reply.status_code == 200
    body = body_of(reply)
    assert body["@odata.context"].endswith(
        "#deviceManagement/managedDeviceWindowsOSImages(id,supportedEditions)/$entity"
    )
    assert {name for name in body if "@" not in name} == {"id", "supportedEditions"}
    assert body["supportedEditions"][0] == {
        "@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemEdition",
        **EDITION,
    }


def test_update_answers_the_whole_entity(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION], supportedArchitectures=["x64"])
    reply = api.http.patch(f"{IMAGES}/a", json={"availableUpdates": [UPDATE]})
    assert reply.status_code == 200
    body = body_of(reply)
    assert body["@odata.context"].endswith("#deviceManagement/managedDeviceWindowsOSImages/$entity")
    assert body["supportedArchitectures"] == ["x64"]
    assert body["availableUpdates"][0]["buildVersion"] == "10.0.26100.9711"
    stored = body_of(api.get(f"{IMAGES}/a"))
    assert stored == body


def test_update_with_minimal_return_answers_nothing(api: Api) -> None:
    api.create(id="a")
    reply = api.http.patch(
        f"{IMAGES}/a", json={"supportedArchitectures": ["x86"]}, headers={"Prefer": "return=minimal"}
    )
    assert reply.status_code == 204
    assert reply.content == b""
    assert reply.headers["preference-applied"] == "return=minimal"
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == ["x86"]


def test_delete(api: Api) -> None:
    api.create(id="a")
    reply = api.http.delete(f"{IMAGES}/a")
    assert (reply.status_code, reply.content) == (204, b"")
    refused(api.get(f"{IMAGES}/a"), 404, "ResourceNotFound")
    refused(api.http.delete(f"{IMAGES}/a"), 404, "ResourceNotFound")
    assert api.ids() == []


@pytest.mark.parametrize(
    "name",
    [
        "getAllManagedDeviceWindowsOSImages",
        "getAllManagedDeviceWindowsOSImages()",
        "microsoft.graph.getAllManagedDeviceWindowsOSImages()",
        "Graph.getAllManagedDeviceWindowsOSImages()",
        "GETALLMANAGEDDEVICEWINDOWSOSIMAGES",
    ],
)
def test_function_gives_all_images_of_whichever_it_is_asked(api: Api, name: str) -> None:
    for key in ("a", "b", "c"):
        api.create(id=key)
    body = body_of(api.get(f"{IMAGES}/b/{name}"))
    assert body["@odata.context"].endswith("#Collection(microsoft.graph.managedDeviceWindowsOperatingSystemImage)")
    assert [each["id"] for each in body["value"]] == ["a", "b", "c"]


def test_function_takes_query_options_and_pages(api: Api) -> None:
    for key in ("a", "b", "c"):
        api.create(id=key)
    address = f"{IMAGES}/b/getAllManagedDeviceWindowsOSImages()?$filter=id ne 'b'&$select=id"
    first = body_of(api.get(address, Prefer="odata.maxpagesize=1"))
    assert [each["id"] for each in first["value"]] == ["a"]
    second = body_of(api.get(first["@odata.nextLink"]))
    assert [each["id"] for each in second["value"]] == ["c"]
    assert "@odata.nextLink" not in second


def test_property_access(api: Api) -> None:
    api.create(id="a'b", supportedEditions=[EDITION], supportedArchitectures=["x64", "arM64"])
    address = f"{IMAGES}/a%27b"
    editions = body_of(api.get(f"{address}/supportedEditions"))
    assert editions["@odata.context"].endswith("managedDeviceWindowsOSImages('a%27%27b')/supportedEditions")
    assert editions["value"][0]["editionType"] == "enterprise"
    assert body_of(api.get(f"{address}/SupportedArchitectures"))["value"] == ["x64", "arM64"]
    assert body_of(api.get(f"{address}/id"))["value"] == "a'b"
    value = api.get(f"{address}/id/$value")
    assert value.text == "a'b"
    assert value.headers["content-type"] == "text/plain;charset=utf-8"
    assert api.get(f"{address}/supportedArchitectures/$count").content == b"2"
    refused(api.get(f"{address}/id/$count"), 400, "BadRequest")
    refused(api.get(f"{address}/supportedEditions/$value"), 400, "BadRequest")
    refused(api.get(f"{IMAGES}/none/id"), 404, "ResourceNotFound")


def test_singleton(api: Api) -> None:
    body = body_of(api.get("/beta/deviceManagement"))
    assert body == {
        "@odata.context": f"{str(api.http.base_url).rstrip('/')}/beta/$metadata#deviceManagement",
        "@odata.type": "#microsoft.graph.deviceManagement",
        "id": "deviceManagement",
    }
    changed = api.http.patch("/beta/deviceManagement", json=body)
    assert changed.status_code == 200
    assert body_of(changed) == body
    refused(api.http.patch("/beta/deviceManagement", json={"id": "other"}), 400, "ModelValidationFailure")
    refused(api.http.patch("/beta/deviceManagement", json={"settings": {}}), 400, "ModelValidationFailure")


def test_parts_of_the_singleton(api: Api) -> None:
    root = "/beta/deviceManagement"
    metadata = f"{str(api.http.base_url).rstrip('/')}/beta/$metadata"
    for path in ("id", "ID", "/id"):
        body = body_of(api.get(f"{root}/{path}"))
        assert body == {"@odata.context": f"{metadata}#deviceManagement/id", "value": "deviceManagement"}
    value = api.get(f"{root}/id/$value")
    assert (value.text, value.headers["content-type"]) == ("deviceManagement", "text/plain;charset=utf-8")
    reference = body_of(api.get(f"{root}/$ref"))
    assert reference["@odata.id"] == f"{str(api.http.base_url).rstrip('/')}{root}"
    assert api.get("/v1.0/deviceManagement/id/$value").text == "deviceManagement"
    for path in ("id/$count", "id/id", "nothing", "id('x')", "$ref/id", "$value", "$count"):
        refused(api.get(f"{root}/{path}"), 400, "BadRequest")
    refused(api.get(f"{root}/id?$top=1"), 400, "BadRequest")
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        error = refused(
            api.http.request(method, f"{root}/id", json={"value": "x"}), 400, "No method match route template"
        )
        assert "~/singleton/property" in error["message"]


@pytest.mark.parametrize(
    ("select", "shown", "members"),
    [
        ("id", "id", {"id"}),
        ("ID", "id", {"id"}),
        ("*", "id", {"id"}),
        ("managedDeviceWindowsOSImages", "managedDeviceWindowsOSImages", set()),
        ("auditEvents,id", "id,auditEvents", {"id"}),
        ("AUDITEVENTS,manageddevicewindowsosimages", "managedDeviceWindowsOSImages,auditEvents", set()),
    ],
)
def test_select_of_the_singleton(api: Api, select: str, shown: str, members: set[str]) -> None:
    body = body_of(api.get(f"/beta/deviceManagement?$select={select}"))
    assert body["@odata.context"].endswith(f"/beta/$metadata#deviceManagement({shown})")
    assert {each for each in body if not each.startswith("@")} == members
    full = body_of(api.get(f"/beta/deviceManagement?$select={select}", Accept="application/json;odata.metadata=full"))
    links = {each.partition("@")[0] for each in full if each.endswith("@odata.navigationLink")}
    assert links == set(shown.split(",")) - {"id"}


@pytest.mark.parametrize(
    "select",
    ["settings", "managedDeviceWindowsOSImages/id", "managedDeviceWindowsOSImages($top=1)", "auditEvents/$count"],
)
def test_what_cannot_be_selected_of_the_singleton(api: Api, select: str) -> None:
    error = refused(api.get(f"/beta/deviceManagement?$select={select}"), 400, "BadRequest")
    assert error["target"] == "$select"
    refused(api.get("/v1.0/deviceManagement?$select=managedDeviceWindowsOSImages"), 400, "BadRequest")


def test_conditions_on_the_singleton(api: Api) -> None:
    root = "/beta/deviceManagement"
    tag = api.get(root).headers["etag"]
    for path in (root, f"{root}/id", f"{root}/id/$value"):
        assert api.get(path).headers["etag"] == tag
        assert api.get(path, **{"If-None-Match": tag}).status_code == 304
        refused(api.get(path, **{"If-Match": 'W/"another"'}), 412, "resourceModified")
    assert api.http.patch(root, json={}, headers={"If-Match": tag}).headers["etag"] == tag
    refused(api.http.patch(root, json={}, headers={"If-Match": 'W/"another"'}), 412, "resourceModified")


def test_service_document_needs_no_token(api: Api) -> None:
    for path in ("/beta", "/beta/"):
        reply = api.get(path, Authorization="")
        assert reply.status_code == 200
        assert reply.json()["value"] == [{"name": "deviceManagement", "kind": "Singleton", "url": "deviceManagement"}]


def test_metadata_as_xml_and_json(api: Api) -> None:
    xml = api.get("/beta/$metadata", Authorization="")
    assert xml.headers["content-type"] == "application/xml"
    root = etree.fromstring(xml.content)
    assert root.tag == "{http://docs.oasis-open.org/odata/ns/edmx}Edmx"
    for reply in (api.get("/beta/$metadata?$format=json"), api.get("/beta/$metadata", Accept="application/json")):
        assert reply.headers["content-type"] == "application/json"
        assert "managedDeviceWindowsOperatingSystemImage" in reply.json()["microsoft.graph"]
    assert api.get("/beta/$metadata?$format=xml", Accept="application/json").content == xml.content
    refused(api.get("/beta/$metadata", Accept="image/png"), 406, "BadRequest")


@pytest.mark.parametrize(
    ("accept", "as_json"),
    [
        ("application/json, text/plain, */*", False),  # axios
        ("application/json;odata.metadata=minimal;q=1.0,application/xml;q=0.7", False),  # Power Query
        ("application/json", True),
        ("*/*", False),
    ],
)
def test_metadata_for_clients_of_each_version(api: Api, accept: str, as_json: bool) -> None:
    for headers, version in (({}, "4.0"), ({"OData-MaxVersion": "4.0"}, "4.0"), ({"OData-MaxVersion": "4.01"}, "4.01")):
        reply = api.get("/beta/$metadata", Accept=accept, **headers)
        assert reply.headers["odata-version"] == version
        if as_json or (version == "4.01" and accept != "*/*"):
            assert reply.headers["content-type"] == "application/json"
            assert reply.json()["$Version"] == version
        else:
            assert reply.headers["content-type"] == "application/xml"
            assert etree.fromstring(reply.content).get("Version") == version


def test_a_format_that_cannot_be_served_is_named(api: Api) -> None:
    api.create(id="a")
    text = {"Content-Type": "text/plain"}
    for reply in (
        *(api.get(f"{path}?$format=xml", Accept="application/json") for path in ("/beta", IMAGES, f"{IMAGES}/a")),
        api.http.post(f"{IMAGES}/$query", content="$format=xml", headers=text),
    ):
        error = refused(reply, 406, "BadRequest")
        assert error["message"] == "Invalid query option '$format': the media type 'xml' cannot be served."
        assert error["target"] == "$format"
    assert "Accept" in refused(api.get(IMAGES, Accept="application/xml"), 406, "BadRequest")["message"]


@pytest.mark.parametrize("path", ["/$batch", "/%24batch", "/$Batch/", "/$query"])
def test_a_post_without_the_version(api: Api, path: str) -> None:
    """As Graph was reported to do (https://github.com/pnp/pnpjs/issues/2807)."""
    reply = api.http.post(path, json={"requests": []}, headers={"Authorization": ""})
    refused(reply, 405, "Request_BadRequest")
    assert reply.headers["allow"] == ""
    refused(api.get(path), 404, "ResourceNotFound")
    refused(api.http.post(f"/deviceManagement{path}", json={}), 404, "ResourceNotFound")


def test_a_post_without_a_content_type(api: Api) -> None:
    messages = {
        refused(api.http.post(path, content=b"{}"), 400, "BadRequest")["message"]
        for path in ("/beta/$batch", f"{IMAGES}/$query", IMAGES)
    }
    assert messages == {"Write requests (excluding DELETE) must contain the Content-Type header declaration."}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/-/health", {"status"}),
        ("/-/ready", {"status", "catalogueAsOf", "today"}),
        ("/-/version", {"name", "version"}),
        ("/-/openapi.json", {"openapi", "info", "servers", "paths", "components", "security"}),
    ],
)
def test_control_plane_needs_no_token(api: Api, path: str, names: set[str]) -> None:
    reply = api.get(path, Authorization="")
    assert reply.status_code == 200
    assert set(reply.json()) == names
    refused(api.http.post(path), 405, "Request_BadRequest")


def test_control_plane_tells_the_limits(api: Api) -> None:
    limits = api.get("/-/limits", Authorization="").json()
    assert limits["page_size"] == 1000
    assert limits["max_body_bytes"] == 4 * 1024 * 1024
    refused(api.get("/-/nothing"), 404, "ResourceNotFound")


def test_metrics_count_what_was_answered(api: Api) -> None:
    def answered(status: int) -> float:
        reply = api.get("/-/metrics", Authorization="")
        assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        pattern = rf'osimages_requests_total{{method="GET",status="{status}"}} (\S+)'
        found = re.search(pattern, reply.text)
        return float(found[1]) if found else 0.0

    before = answered(404)
    api.get(f"{IMAGES}/none")
    assert answered(404) == before + 1
    api.http.request("BREW", IMAGES)
    assert "BREW" not in api.get("/-/metrics").text


def test_version_1_has_the_singleton_alone(api: Api) -> None:
    assert api.get("/v1.0/deviceManagement").status_code == 200
    error = refused(api.get("/v1.0/deviceManagement/managedDeviceWindowsOSImages"), 400, "BadRequest")
    assert error["message"] == "Resource not found for the segment 'managedDeviceWindowsOSImages'."


@pytest.mark.parametrize(
    "path",
    [
        "/beta//deviceManagement/managedDeviceWindowsOSImages/a%2Fb%27c%23%C3%A9%20%25",
        "//beta/deviceManagement//managedDeviceWindowsOSImages/a%2Fb%27c%23%C3%A9%20%25",
        "/beta/devicemanagement/MANAGEDDEVICEWINDOWSOSIMAGES/a%2Fb%27c%23%C3%A9%20%25",
        "/BETA/deviceManagement/managedDeviceWindowsOSImages/a%2Fb%27c%23%C3%A9%20%25/",
        "/beta/deviceManagement/managedDeviceWindowsOSImages('a%2Fb%27%27c%23%C3%A9%20%25')",
        "/beta/deviceManagement/managedDeviceWindowsOSImages(id='a%2Fb%27%27c%23%C3%A9%20%25')",
        "/beta/deviceManagement/managedDeviceWindowsOSImages(%27a%2Fb%27%27c%23%C3%A9%20%25%27)",
    ],
)
def test_keys_in_every_form(api: Api, path: str) -> None:
    api.create(id="a/b'c#é %")
    reply = api.get(f"{str(api.http.base_url).rstrip('/')}{path}")
    assert reply.status_code == 200, reply.text
    assert reply.json()["id"] == "a/b'c#é %"


@pytest.mark.parametrize(
    "key", [".", "..", "$count", "$metadata", "()", "x('y')", "a/b", "é😀", "%2F", "+", "a b", "'"]
)
def test_location_of_odd_keys_can_be_followed(api: Api, key: str) -> None:
    reply = api.http.post(IMAGES, json={"id": key})
    assert reply.status_code == 201
    assert api.get(reply.headers["location"]).json()["id"] == key
    assert api.http.delete(reply.headers["location"]).status_code == 204
