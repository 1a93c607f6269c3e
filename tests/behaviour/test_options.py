"""$search, $compute, $orderby by expressions, paths in $select, and queries in bodies, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.support.api import IMAGE_TYPE, IMAGES, READ, Api, Json, Service, api_of, body_of, refused, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

TEN, ELEVEN, LTSC, ODD = "Windows 10 22H2", "Windows 11 24H2", "Windows 10 1809 LTSC", "İstanbul ẞ 100%"


@pytest.fixture(scope="module")
def fleet(service: Service) -> Iterator[Api]:
    """A tenant with a few images."""
    with api_of(service) as client:
        client.create(
            id=TEN,
            supportedEditions=[{"editionType": "proEducation", "supportEndDate": "2025-10-14"}],
            availableUpdates=[{"buildVersion": "10.0.19045.6456", "releaseMonth": 10, "releaseYear": 2025}],
        )
        client.create(
            id=ELEVEN,
            supportedEditions=[
                {"editionType": "professional", "supportEndDate": "2026-10-13"},
                {"editionType": "enterpriseN", "supportEndDate": "2027-10-12"},
            ],
            availableUpdates=[{"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026}],
        )
        client.create(id=LTSC)
        client.create(id=ODD)
        yield client


def page(api: Api, query: str) -> Json:
    """The answer to a query of the images."""
    reply = api.get(f"{IMAGES}?{query}")
    assert reply.status_code == 200, reply.text
    return body_of(reply)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("24H2", [ELEVEN]),
        ("24h2", [ELEVEN]),
        ("windows", [LTSC, TEN, ELEVEN]),
        ("windows 10", [LTSC, TEN, ELEVEN]),  # 10.0.26100
        ('"windows 10"', [LTSC, TEN]),
        ('"10 windows"', []),
        ("10 windows", [LTSC, TEN, ELEVEN]),
        ("26100", [ELEVEN]),
        ("enterprise", [ELEVEN]),
        ("pro", [TEN, ELEVEN]),
        ("pro AND 10.0.19045", [TEN]),
        ("LTSC OR 24H2", [LTSC, ELEVEN]),
        ("windows NOT pro", [LTSC]),
        ("NOT windows", [ODD]),
        ("NOT (windows OR i)", []),
        ("(LTSC OR 24H2) NOT 26100", [LTSC]),
        ("i̇stanbul", [ODD]),
        ("ß", [ODD]),
        ("100%", [ODD]),
        ("2026", []),  # years are not searched
    ],
)
def test_search(fleet: Api, text: str, found: list[str]) -> None:
    assert sorted(fleet.ids(f"$search={quote(text)}")) == sorted(found)
    assert fleet.get(f"{IMAGES}/$count?$search={quote(text)}").text == str(len(found))


def test_search_and_filter_must_both_hold(fleet: Api) -> None:
    body = page(fleet, "$search=windows&$filter=availableUpdates/any()&$count=true&$top=1&$select=id")
    assert (body["@odata.count"], [each["id"] for each in body["value"]]) == (2, [TEN])


def test_computed_properties(fleet: Api) -> None:
    body = page(fleet, "$compute=length(id) as n,n mul 2 as m&$filter=n gt 15&$orderby=m desc&$select=m,id")
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages(id,m)")
    assert body["value"] == [{"@odata.type": IMAGE_TYPE, "id": LTSC, "m@odata.type": "#Int64", "m": 40}]


def test_computed_properties_are_there_without_select(fleet: Api) -> None:
    body = page(fleet, "$compute=availableUpdates/$count as builds,tolower(id) as name&$top=1")
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages(*,builds,name)")
    (first,) = body["value"]
    assert (first["builds"], first["name"], first["supportedEditions"]) == (0, LTSC.lower(), [])
    assert "name@odata.type" not in first
    assert "builds" not in page(fleet, "$compute=availableUpdates/$count as builds&$select=id")["value"][0]
    assert "builds" in page(fleet, "$compute=availableUpdates/$count as builds&$select=*")["value"][0]


def test_computed_properties_of_one_image(fleet: Api) -> None:
    path = f"{IMAGES}/{quote(TEN)}?$compute=availableUpdates/$count as builds,now() as asked"
    body = body_of(fleet.get(path))
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages(*,builds,asked)/$entity")
    assert (body["builds"], body["asked@odata.type"], body["id"]) == (1, "#DateTimeOffset", TEN)
    etag = fleet.get(path).headers["etag"]
    assert fleet.get(path, **{"If-None-Match": etag}).status_code == 200, "another moment"
    bare = body_of(fleet.get(f"{path}&$select=builds"))
    assert {name for name in bare if "@" not in name} == {"builds"}
    refused(fleet.get(f"{IMAGES}/nothing?$compute=1 as n"), 404, "ResourceNotFound")


def test_computed_properties_without_metadata(fleet: Api) -> None:
    body = page(fleet, "$compute=length(id) as n&$search=LTSC&$select=n&$format=application/json;odata.metadata=none")
    assert body == {"value": [{"n": len(LTSC)}]}


@pytest.mark.parametrize(
    ("query", "option", "told"),
    [
        ("$compute=id as id", "$compute", "already a property named 'id'"),
        ("$compute=length(id) as n,1 as n", "$compute", "already a property named 'n'"),
        ("$compute=n as n", "$compute", "Could not find a property named 'n'"),
        ("$compute=supportedEditions as n", "$compute", "is a collection"),
        ("$compute=length(id) as n&$filter=m eq 1", "$filter", "named 'm'"),
        ("$search=(a", "$search", "position"),
        ("$search=a NOT %00", "$search", "no character U+0000"),
        ('$search="%00"', "$search", "no character U+0000"),
        ("$select=supportedEditions/nothing", "$select", "supportedEditions/nothing"),
        ("$select=id($top=1)", "$select", "Only $select"),
        ("$orderby=supportedEditions/$count", "$orderby", "'supportedEditions' cannot be used in $orderby"),
        ("$orderby=length(id),length(id)", "$orderby", "more than once"),
    ],
)
def test_what_is_refused(fleet: Api, query: str, option: str, told: str) -> None:
    error = refused(fleet.get(f"{IMAGES}?{query}"), 400, "BadRequest")
    assert error["target"] == option
    assert told in error["message"]


@pytest.mark.parametrize(
    ("select", "context", "editions"),
    [
        ("supportedEditions/editionType", "supportedEditions/editionType", [{"editionType": "proEducation"}]),
        ("supportedEditions($select=editionType)", "supportedEditions/editionType", [{"editionType": "proEducation"}]),
        ("SUPPORTEDEDITIONS/EditionType", "supportedEditions/editionType", [{"editionType": "proEducation"}]),
        (
            "supportedEditions/editionType,supportedEditions",
            "supportedEditions",
            [{"editionType": "proEducation", "supportEndDate": "2025-10-14"}],
        ),
        (
            "microsoft.graph.managedDeviceWindowsOperatingSystemImage/supportedEditions/supportEndDate",
            "supportedEditions/supportEndDate",
            [{"supportEndDate": "2025-10-14"}],
        ),
        ("microsoft.graph.*,supportedEditions", "supportedEditions", None),
    ],
)
def test_paths_in_select(fleet: Api, select: str, context: str, editions: list[Json] | None) -> None:
    body = page(fleet, f"$select={select}&$filter=id eq '{TEN}'")
    assert body["@odata.context"].endswith(f"managedDeviceWindowsOSImages({context})")
    (found,) = body["value"]
    assert set(found) == {"@odata.type", "supportedEditions"}
    if editions is not None:
        plain = [
            {name: value for name, value in each.items() if "@" not in name} for each in found["supportedEditions"]
        ]
        assert plain == editions


def test_a_path_in_select_of_one_image(fleet: Api) -> None:
    body = body_of(fleet.get(f"{IMAGES}/{quote(TEN)}?$select=availableUpdates/buildVersion"))
    assert body["@odata.context"].endswith("(availableUpdates/buildVersion)/$entity")
    assert [each["buildVersion"] for each in body["availableUpdates"]] == ["10.0.19045.6456"]


def test_order_by_expressions_over_pages(fleet: Api) -> None:
    link, found = f"{IMAGES}?$orderby=length(id) desc,id desc&$select=id", []
    while link:
        body = body_of(fleet.get(link, Prefer="odata.maxpagesize=1"))
        assert len(body["value"]) == 1
        found += [each["id"] for each in body["value"]]
        link = body.get("@odata.nextLink", "")
    assert found == sorted([TEN, ELEVEN, LTSC, ODD], key=lambda key: (len(key), key), reverse=True)


def test_a_query_in_a_body(fleet: Api) -> None:
    """POST .../$query with the permission to read; its options and those of the URL count together."""
    reader = fleet.with_token(token(fleet.data_dir, fleet.tenant, (READ,)))
    text = {"Content-Type": "text/plain"}
    reply = reader.http.post(f"{IMAGES}/$query?$select=id", content="$filter=contains(id,'10')&$top=1", headers=text)
    body = body_of(reply)
    assert [each["id"] for each in body["value"]] == [LTSC]
    counted = reader.http.post(f"{IMAGES}/$count/$query", content="$search=windows", headers=text)
    assert (counted.status_code, counted.text) == (200, "3")
    one = reader.http.post(f"{IMAGES}/{quote(TEN)}/$query", content="$select=id", headers=text)
    assert one.json()["id"] == TEN
    long = " or ".join([f"id eq '{'x' * 60}'"] * 300)  # longer than a URL may be
    longer = reader.http.post(f"{IMAGES}/$query", content=f"$filter={long}", headers=text)
    assert longer.status_code == 200, longer.text
    error = refused(reader.http.post(f"{IMAGES}/$query", content="x" * 70_000, headers=text), 400, "BadRequest")
    assert "(setting 'max_query_bytes')" in error["message"]
    refused(reader.http.post(f"{IMAGES}/$query", content="$top=1&$top=2", headers=text), 400, "BadRequest")
    refused(reader.get(f"{IMAGES}/$query"), 400, "No method match route template")
    refused(reader.http.post("/beta/$metadata/$query", content="", headers=text), 400, "BadRequest")


@pytest.mark.parametrize("query", ["$top=0", "$skip=99", "$search=nothingatall", "$top=0&$orderby=length(id)"])
def test_an_empty_page_has_no_link(fleet: Api, query: str) -> None:
    body = page(fleet, query)
    assert body["value"] == []
    assert "@odata.nextLink" not in body
