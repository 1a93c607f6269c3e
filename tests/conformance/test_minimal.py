"""OData 4.0 and 4.01, Minimal: what every service does."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.api import IMAGE_TYPE, IMAGES, Api, Json, body_of, refused

EDITION: Json = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
UPDATE: Json = {"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026}
WHOLE: Json = {"supportedEditions": [EDITION], "supportedArchitectures": ["x64"], "availableUpdates": [UPDATE]}
NEWEST = {"OData-MaxVersion": "4.01"}


@pytest.mark.requirement("40-MIN-1")
def test_service_document(api: Api) -> None:
    body = body_of(api.get("/beta/"))
    root = str(api.http.base_url).rstrip("/")
    assert body["@odata.context"] == f"{root}/beta/$metadata"
    assert body["value"] == [{"name": "deviceManagement", "kind": "Singleton", "url": "deviceManagement"}]
    assert api.get(f"/beta/{body['value'][0]['url']}").status_code == 200


@pytest.mark.requirement("40-MIN-2", "JSON-12", "JSON-13", "G-02")
@pytest.mark.parametrize("path", ["", "/a", "/a/supportedEditions", "/a/getAllManagedDeviceWindowsOSImages", "/none"])
def test_every_payload_is_a_json_object(api: Api, path: str) -> None:
    api.create(id="a", **WHOLE)
    reply = api.get(f"{IMAGES}{path}", Accept="application/json")
    assert reply.headers["content-type"].startswith("application/json")
    assert isinstance(reply.json(), dict)
    if path in ("", "/a/supportedEditions", "/a/getAllManagedDeviceWindowsOSImages"):
        assert isinstance(reply.json()["value"], list)


@pytest.mark.requirement("40-MIN-3", "JSON-15", "G-09", "C-02", "C-09")
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_joined_are_the_whole(api: Api, size: int) -> None:
    for key in "abcd":
        api.create(id=key)
    found: list[str] = []
    link: str | None = f"{IMAGES}?$select=id"
    while link is not None:
        page = body_of(api.get(link, Prefer=f"odata.maxpagesize={size}"))
        found += [each["id"] for each in page["value"]]
        assert 0 < len(page["value"]) <= size
        link = page.get("@odata.nextLink")
        assert link is None or link.startswith(str(api.http.base_url))
    assert found == list("abcd")


@pytest.mark.requirement("40-MIN-4")
def test_every_answer_names_its_version(api: Api) -> None:
    api.create(id="a")
    for path in ("/beta", "/beta/$metadata", IMAGES, f"{IMAGES}/a", f"{IMAGES}/$count", f"{IMAGES}/a/id/$value"):
        assert api.get(path).headers["odata-version"] == "4.0", path
    batch = {"requests": [{"id": "1", "method": "GET", "url": "/deviceManagement"}]}
    reply = api.http.post("/beta/$batch", json=batch)
    assert reply.headers["odata-version"] == "4.0"
    assert body_of(reply)["responses"][0]["headers"]["OData-Version"] == "4.0"
    # Graph's errors carry none; a client that speaks of versions is told.
    assert api.get(f"{IMAGES}/none", **{"OData-MaxVersion": "4.0"}).headers["odata-version"] == "4.0"


@pytest.mark.requirement("40-MIN-5.1")
def test_accept_is_honoured_or_the_request_fails(api: Api) -> None:
    for level in ("none", "minimal", "full"):
        reply = api.get(IMAGES, Accept=f"application/json;odata.metadata={level}")
        assert f"odata.metadata={level};" in reply.headers["content-type"]
    assert (
        "metadata=none"
        in api.get(
            IMAGES, Accept="application/json;odata.metadata=full;q=0.2, application/json;odata.metadata=none;q=0.9"
        ).headers["content-type"]
    )
    for accept in ("*/*", "application/*", "text/html, */*;q=0.1"):
        assert api.get(IMAGES, Accept=accept).status_code == 200
    for accept in ("application/xml", "application/json;q=0", "application/json;q=0, */*", "image/png"):
        refused(api.get(IMAGES, Accept=accept), 406, "BadRequest")


@pytest.mark.requirement("40-MIN-5.2", "JSON-23", "JSON-26")
def test_maximum_version_is_honoured_or_the_request_fails(api: Api) -> None:
    for most, answered in (("4.0", "4.0"), ("4.01", "4.01"), ("4.02", "4.01")):
        reply = api.get(IMAGES, **{"OData-MaxVersion": most})
        assert reply.headers["odata-version"] == answered
        assert ("@odata.context" in reply.json()) == (answered == "4.0")
    for most in ("3.0", "x", ""):
        refused(api.get(IMAGES, **{"OData-MaxVersion": most}), 400, "BadRequest")


@pytest.mark.requirement("40-MIN-6")
def test_extensions_do_no_harm(api: Api) -> None:
    assert api.get(f"{IMAGES}?custom=1&api-version=2&another").status_code == 200
    refused(api.get(f"{IMAGES}?$custom=1"), 400, "BadRequest")
    annotated = {"@custom.term": 1, "id": "a", "supportedArchitectures@custom.term": [], "supportedArchitectures": []}
    assert api.http.post(IMAGES, json=annotated).status_code == 201
    assert api.http.patch(f"{IMAGES}/a", json={"@odata.context": "x", "@custom.term": {}}).status_code == 200


@pytest.mark.requirement("40-INT-7.3", "40-INT-7.4")
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("$filter=geo.distance(id,id) lt 1", "'geo.distance'"),
        ("$filter=geo.length(id) lt 1", "'geo.length'"),
        ("$filter=[id] eq ['a']", "Lists"),
        ("$filter=hassubsequence(['x86'],supportedArchitectures)", "'hassubsequence'"),
        ("$filter=id/@Core.Description eq 'a'", "Annotations"),
        ("$select=supportedEditions($compute=1 as x)", "$compute"),
        ("$apply=topsum(1,length(id))", "'topsum'"),
    ],
)
def test_what_is_not_offered_is_not_implemented(api: Api, query: str, named: str) -> None:
    error = refused(api.get(f"{IMAGES}?{query}"), 501, "NotImplemented")
    assert named in error["message"]


@pytest.mark.requirement("40-MIN-7", "40-INT-2")
@pytest.mark.parametrize(
    "query",
    [
        "$filter=nothing(id)",
        "$filter=n.nothing(a=id)",
        "$filter=id eq",
        "$filter=id eq 'a' or",
        "$filter=(id eq 'a'",
        "$filter=",
        "$orderby=id up",
        "$top=x",
        "$top=-1",
        "$skip=-1",
        "$count=maybe",
        "$select=",
        "$expand=id",
        "$skiptoken=x",
        "$filter=true&$filter=true",
        "$filter=true&filter=true",
    ],
)
def test_what_is_malformed_or_not_offered_is_refused(api: Api, query: str) -> None:
    assert api.get(f"{IMAGES}?{query}").json()["error"]["code"] in ("BadRequest", "ExpandNotSupported")
    assert api.get(f"{IMAGES}?{query}").status_code == 400


@pytest.mark.requirement("40-MIN-8")
def test_values_are_of_the_declared_types(api: Api) -> None:
    body = api.create(id="a", **WHOLE)
    [edition], [update] = body["supportedEditions"], body["availableUpdates"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", edition["supportEndDate"])
    assert isinstance(update["releaseMonth"], int)
    assert isinstance(update["buildVersion"], str)
    types = {each.get("Type", "") for each in ElementTree.fromstring(api.get("/beta/$metadata").text).iter()}
    primitive = {name for name in types if name.startswith("Edm.")}
    assert primitive <= {
        "Edm.String",
        "Edm.Int32",
        "Edm.Int64",
        "Edm.Date",
        "Edm.DateTimeOffset",
        "Edm.Boolean",
        "Edm.Guid",
    }


@pytest.mark.requirement("40-MIN-9")
def test_no_custom_header_is_needed(api: Api) -> None:
    for method, path, body in (
        ("POST", IMAGES, {"id": "a"}),
        ("GET", f"{IMAGES}/a", None),
        ("PATCH", f"{IMAGES}/a", {}),
        ("PUT", f"{IMAGES}/a", {}),
        ("DELETE", f"{IMAGES}/a", None),
    ):
        request = api.http.build_request(method, path, json=body)
        for name in ("user-agent", "accept", "accept-encoding", "connection"):
            del request.headers[name]
        assert api.http.send(request).is_success, method


@pytest.mark.requirement("40-MIN-10", "40-MIN-11", "G-15")
def test_what_the_methods_mean(api: Api) -> None:
    created = api.create(id="a", **WHOLE)
    assert body_of(api.get(f"{IMAGES}/a")) == created
    merged = body_of(api.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": ["arM64"]}))
    assert merged == created | {"supportedArchitectures": ["arM64"]}, "PATCH merges, and replaces a collection whole"
    replaced = body_of(api.http.put(f"{IMAGES}/a", json={"supportedArchitectures": ["x86"]}))
    assert (replaced["supportedEditions"], replaced["supportedArchitectures"]) == ([], ["x86"])
    assert api.get(f"{IMAGES}/a").json() == replaced
    assert api.http.delete(f"{IMAGES}/a").status_code == 204
    refused(api.get(f"{IMAGES}/a"), 404, "ResourceNotFound")
    refused(api.http.delete(f"{IMAGES}/a"), 404, "ResourceNotFound")


@pytest.mark.requirement("40-MIN-13", "40-INT-8", "40-ADV-2", "401-MIN-10", "401-ADV-6")
def test_metadata_in_both_forms(api: Api) -> None:
    for path, accept in (
        ("/beta/$metadata", ""),
        ("/beta/$metadata", "application/xml"),
        ("/beta/$metadata?$format=xml", "image/png"),
    ):
        reply = api.get(path, **({"Accept": accept} if accept else {}))
        assert reply.headers["content-type"] == "application/xml"
        assert ElementTree.fromstring(reply.text).tag == "{http://docs.oasis-open.org/odata/ns/edmx}Edmx"
    for path, accept in (("/beta/$metadata", "application/json"), ("/beta/$metadata?$format=json", "*/*")):
        reply = api.get(path, Accept=accept)
        assert reply.headers["content-type"] == "application/json"
        assert reply.json()["$EntityContainer"] == "microsoft.graph.GraphService"


@pytest.mark.requirement("40-MIN-14", "401-MIN-4", "C-13")
@pytest.mark.parametrize("prefix", ["", "odata."])
def test_preferences_with_and_without_their_prefix(api: Api, prefix: str) -> None:
    for key in "abc":
        api.create(id=key)
    reply = api.get(IMAGES, Prefer=f"{prefix}maxpagesize=2")
    assert len(reply.json()["value"]) == 2
    assert reply.headers["preference-applied"] == f"{prefix}maxpagesize=2"
    assert api.get(IMAGES, Prefer=f'{prefix}include-annotations="*"').status_code == 200
    name = "OData-Isolation" if prefix else "Isolation"
    refused(api.get(IMAGES, **{name: "snapshot"}), 412, "preconditionFailed")


ENUM = "microsoft.graph.managedDeviceWindowsOperatingSystemEditionType"


@pytest.mark.requirement("40-MIN-15", "401-MIN-9.2")
@pytest.mark.parametrize("literal", ["'enterprise'", f"{ENUM}'enterprise'", "'ENTERPRISE'"])
def test_enumeration_literals(api: Api, literal: str) -> None:
    api.create(id="a", supportedEditions=[EDITION])
    api.create(id="b", supportedEditions=[EDITION | {"editionType": "education"}])
    assert api.ids(f"$filter=supportedEditions/any(e:e/editionType eq {literal})") == ["a"]
    assert api.ids("$filter=duration'P1D' lt duration'P2D'") == ["a", "b"]
    assert api.ids("$filter=duration'P1D' lt 'P2D'") == ["a", "b"]
    assert api.ids("$filter=duration'P3D' lt 'P2D'") == []


# --- 4.01 -------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("401-MIN-2", "JSON-27")
def test_the_payload_of_401(api: Api) -> None:
    sent = {"@type": IMAGE_TYPE, "id": "a", "@etag": "*", **WHOLE}
    reply = api.http.post(IMAGES, json=sent, headers=NEWEST | {"OData-Version": "4.01"})
    assert reply.status_code == 201
    body: Any = reply.json()
    assert "@odata." not in reply.text
    assert (body["@context"][-8:], body["@type"]) == ("/$entity", IMAGE_TYPE)
    assert body["supportedEditions"][0]["@type"] == "#microsoft.graph.managedDeviceWindowsOperatingSystemEdition"


@pytest.mark.requirement("401-MIN-6", "401-MIN-9")
@pytest.mark.parametrize("most", ["4.0", "4.01"])
def test_options_with_and_without_their_sign(api: Api, most: str) -> None:
    for key in "abc":
        api.create(id=key)
    for query in ("$filter=id ne 'b'&$orderby=id desc&$top=1", "filter=id ne 'b'&orderby=id desc&top=1"):
        page = body_of(api.get(f"{IMAGES}?{query}", **{"OData-MaxVersion": most}))
        assert [each["id"] for each in page["value"]] == ["c"]
    assert "value" in api.get(f"{IMAGES}?select=id&count=true&skip=1", **{"OData-MaxVersion": most}).json()


@pytest.mark.requirement("401-MIN-7")
@pytest.mark.parametrize(
    "query",
    [
        "$FILTER=ID EQ 'a'",
        "$Filter=CONTAINS(Id,'a')",
        "$filter=supportedArchitectures/ANY(x:x Eq 'x64')",
        "$filter=id IN ('a')",
        "$filter=NOT (id eq 'b') And ToLower(id) eq 'a'",
    ],
)
def test_names_in_any_case(api: Api, query: str) -> None:
    api.create(id="a", supportedArchitectures=["x64"])
    api.create(id="b")
    assert api.ids(query) == ["a"]


@pytest.mark.requirement("401-MIN-8")
def test_identifiers_are_answered_as_declared(api: Api) -> None:
    api.create(id="a", supportedArchitectures=["ARM64"])
    body = body_of(api.get(f"{IMAGES.replace('managed', 'MANAGED')}/a?$select=SUPPORTEDARCHITECTURES,ID"))
    assert {"id", "supportedArchitectures"} < set(body)
    assert body["supportedArchitectures"] == ["arM64"]
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages(id,supportedArchitectures)/$entity")


@pytest.mark.requirement("401-MIN-9.1")
def test_strings_are_cast(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION], availableUpdates=[UPDATE])
    dated = "supportedEditions/any(e:e/supportEndDate eq cast('2027-10-12',Edm.Date))"
    assert api.ids(f"$filter={dated}") == ["a"]
    assert api.ids("$filter=availableUpdates/any(u:u/releaseYear eq cast('2026',Edm.Int32))") == ["a"]


@pytest.mark.requirement("401-MIN-9.3", "401-MIN-9.5")
@pytest.mark.parametrize("prefix", ["", "microsoft.graph."])
@pytest.mark.parametrize("end", ["", "()"])
def test_functions_qualified_or_not_with_and_without_parentheses(api: Api, prefix: str, end: str) -> None:
    api.create(id="a")
    page = body_of(api.get(f"{IMAGES}/a/{prefix}getAllManagedDeviceWindowsOSImages{end}"))
    assert [each["id"] for each in page["value"]] == ["a"]


@pytest.mark.requirement("401-MIN-9.6", "401-MIN-9.12", "C-01")
def test_keys_in_every_form(api: Api) -> None:
    for key, segment, quoted in (
        ("win-1", "win-1", "'win-1'"),
        ("a/b", "a%2Fb", "'a%2Fb'"),
        ("it's", "it's", "'it''s'"),
    ):
        api.create(id=key)
        for address in (f"/{segment}", f"({quoted})", f"(id={quoted})", f"(@k)?@k={quoted}"):
            assert api.get(f"{IMAGES}{address}").json()["id"] == key, address


@pytest.mark.requirement("401-MIN-9.9", "401-MIN-9.10", "401-MIN-9.11", "401-MIN-9.13")
@pytest.mark.parametrize(
    "condition",
    [
        "id in ('a','c')",
        "availableUpdates/any(u:u/releaseYear divby 4 eq 506.5)",
        "substring(id,-1) eq 'a'",
        "supportedEditions/$count($filter=editionType eq 'enterprise') gt 0",
    ],
)
def test_operators_of_401(api: Api, condition: str) -> None:
    api.create(id="a", **WHOLE)
    api.create(id="b")
    assert api.ids(f"$filter={condition}") == ["a"]


@pytest.mark.requirement("401-MIN-11")
def test_no_identifiers_that_differ_in_case_only(api: Api) -> None:
    for scope in ElementTree.fromstring(api.get("/beta/$metadata").text).iter():
        names = [each.get("Name", "").lower() for each in scope if each.get("Name")]
        assert len(names) == len(set(names)), scope.attrib


@pytest.mark.requirement("401-MIN-12", "401-MIN-13", "U-05")
def test_annotations_of_the_container(api: Api) -> None:
    document = api.get("/beta/$metadata?$format=json").json()
    container = document["microsoft.graph"]["GraphService"]
    assert container["@Core.ODataVersions"] == "4.0 4.01"
    assert container["@Capabilities.ConformanceLevel"] == "Advanced"
    assert container["@Capabilities.KeyAsSegmentSupported"] is True
    assert container["@Capabilities.BatchSupport"]["SupportedFormats"] == ["application/json", "multipart/mixed"]
    of_set = document["microsoft.graph"]["$Annotations"][
        "microsoft.graph.deviceManagement/managedDeviceWindowsOSImages"
    ]
    assert of_set["@Capabilities.UpdateRestrictions"]["Upsertable"] is True


@pytest.mark.requirement("401-MIN-17")
def test_clients_that_do_not_say_get_40(api: Api) -> None:
    assert api.get(IMAGES).headers["odata-version"] == "4.0"
    assert "@odata.context" in api.get(IMAGES).json()
    # The URL conventions of 4.01 hold all the same.
    assert api.get(f"{IMAGES}?filter=id in ('a')").status_code == 200
