"""Options that choose among the items of a collection: within $select, and of the collection itself."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.support.api import IMAGES, Api, Json, Service, api_of, body_of, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ENDS = {
    "proWorkstation": "2025-10-14",
    "professional": "2026-10-13",
    "enterprise": "2027-10-12",
    "education": "2027-10-12",
}
LATER = "$filter=supportEndDate ge 2026-01-01;$orderby=supportEndDate desc"


@pytest.fixture(scope="module")
def fleet(service: Service) -> Iterator[Api]:
    """A tenant with an image that has much in it, and one that has nothing."""
    with api_of(service) as client:
        client.create(
            id="full",
            supportedEditions=[{"editionType": name, "supportEndDate": end} for name, end in ENDS.items()],
            supportedArchitectures=["x64", "x86", "arM64"],
            availableUpdates=[
                {"buildVersion": f"10.0.1.{number}", "releaseMonth": number, "releaseYear": 2026}
                for number in (3, 1, 2)
            ],
        )
        client.create(id="empty")
        yield client


def names(editions: list[Json]) -> list[str]:
    """What editions there are."""
    return [each["editionType"] for each in editions]


def one(api: Api, select: str, key: str = "full", **headers: str) -> Json:
    """One image with what is selected of it."""
    reply = api.get(f"{IMAGES}/{key}?$select={quote(select, safe='')}", **headers)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("$filter=supportEndDate ge 2026-01-01", ["professional", "enterprise", "education"]),
        ("$filter=$this/editionType eq 'proWorkstation'", ["proWorkstation"]),
        ("$filter=false", []),
        (
            "$filter=supportEndDate gt 2026-01-01 and startswith($it/id,'f')",
            ["professional", "enterprise", "education"],
        ),
        (
            "$filter=$it/availableUpdates/any(u: u/releaseMonth eq 2) and editionType ne 'proWorkstation'",
            list(ENDS)[1:],
        ),
        ("$filter=$it/id eq 'other'", []),
        ("$filter=supportEndDate eq @day;@day=2025-10-14", ["proWorkstation"]),
        ("$orderby=supportEndDate desc", ["enterprise", "education", "professional", "proWorkstation"]),
        (
            "$orderby=supportEndDate desc,editionType desc",
            ["education", "enterprise", "professional", "proWorkstation"],
        ),
        (
            "$orderby=$it/id,month(supportEndDate) sub 1,supportEndDate desc",
            [*list(ENDS)[2:], "professional", "proWorkstation"],
        ),
        ("$top=2", ["proWorkstation", "professional"]),
        ("$top=0", []),
        ("$skip=3", ["education"]),
        ("$skip=9", []),
        (f"{LATER};$skip=1;$top=1", ["education"]),
        ("filter=editionType eq 'proWorkstation';top=1", ["proWorkstation"]),
        ("$search=enter", ["enterprise"]),
        ("$filter=supportEndDate lt 2027-01-01;$search=NOT workstation", ["professional"]),
    ],
)
def test_items_of_one_image(fleet: Api, options: str, found: list[str]) -> None:
    body = one(fleet, f"id,supportedEditions({options})")
    assert names(body["supportedEditions"]) == found
    assert body["id"] == "full"
    assert "supportedEditions@odata.count" not in body
    assert all(each["supportEndDate"] == ENDS[each["editionType"]] for each in body["supportedEditions"])


def test_everything_at_once(fleet: Api) -> None:
    body = one(fleet, f"id,supportedEditions({LATER};$top=1;$skip=1;$count=true;$select=editionType)")
    assert body["@odata.context"].endswith("(id,supportedEditions/editionType)/$entity")
    del body["@odata.context"], body["@odata.type"]
    assert list(body) == ["id", "supportedEditions@odata.count", "supportedEditions"], "it stands right before"
    assert body["supportedEditions@odata.count"] == 3
    ((edition,)) = body["supportedEditions"]
    assert {name: value for name, value in edition.items() if "@" not in name} == {"editionType": "education"}


def test_several_collections_of_a_page(fleet: Api) -> None:
    select = (
        "id,supportedEditions($filter=editionType eq 'proWorkstation';$count=true),"
        "supportedArchitectures($filter=$this ne 'x86';$orderby=$this desc),"
        "availableUpdates($orderby=releaseMonth;$top=2;$count=true)"
    )
    reply = fleet.get(f"{IMAGES}?$orderby=id&$compute=length(id) as n&$select={quote(select, safe='')},n")
    empty, full = body_of(reply)["value"]
    assert (empty["id"], empty["supportedEditions"], empty["supportedEditions@odata.count"]) == ("empty", [], 0)
    assert (empty["supportedArchitectures"], empty["availableUpdates"], empty["n"]) == ([], [], 5)
    assert names(full["supportedEditions"]) == ["proWorkstation"]
    assert full["supportedArchitectures"] == ["arM64", "x64"]
    assert [each["releaseMonth"] for each in full["availableUpdates"]] == [1, 2]
    assert (full["supportedEditions@odata.count"], full["availableUpdates@odata.count"], full["n"]) == (1, 3, 4)
    assert "supportedArchitectures@odata.count" not in full


def test_pages_go_on_with_it(fleet: Api) -> None:
    link, found = f"{IMAGES}?$select=id,supportedEditions($filter=editionType eq 'proWorkstation';$count=true)", []
    while link:
        body = body_of(fleet.get(link, Prefer="odata.maxpagesize=1"))
        found += [(each["id"], each["supportedEditions@odata.count"]) for each in body["value"]]
        link = body.get("@odata.nextLink", "")
    assert found == [("empty", 0), ("full", 1)]


def test_the_function_and_queries_in_bodies_go_the_same_way(fleet: Api) -> None:
    select = "$select=id,supportedEditions($filter=editionType eq 'proWorkstation')&$filter=id eq 'full'"
    function = f"{IMAGES}/full/getAllManagedDeviceWindowsOSImages"
    declared = fleet.get(f"{function}?{select}")
    asked = fleet.http.post(f"{IMAGES}/$query", content=select, headers={"Content-Type": "text/plain"})
    for reply in (declared, asked):
        assert reply.status_code == 200, reply.text
        assert [names(each["supportedEditions"]) for each in body_of(reply)["value"]] == [["proWorkstation"]]


def test_delta_goes_the_same_way(fleet: Api) -> None:
    select = "id,supportedEditions($filter=editionType eq 'proWorkstation';$count=true)"
    body = body_of(fleet.get(f"{IMAGES}/delta()?$select={select}"))
    assert {
        each["id"]: (names(each["supportedEditions"]), each["supportedEditions@odata.count"]) for each in body["value"]
    } == {
        "full": (["proWorkstation"], 1),
        "empty": ([], 0),
    }
    fleet.create(id="new", supportedEditions=[{"editionType": "proWorkstation", "supportEndDate": "2030-01-01"}] * 2)
    fleet.http.delete(f"{IMAGES}/new")
    fleet.create(id="newer", supportedEditions=[{"editionType": "proWorkstation", "supportEndDate": "2030-01-01"}] * 2)
    changed = body_of(fleet.get(body["@odata.deltaLink"]))["value"]
    fleet.http.delete(f"{IMAGES}/newer")
    assert {each["id"]: each.get("supportedEditions@odata.count") for each in changed} == {"new": None, "newer": 2}


def test_other_forms(fleet: Api) -> None:
    select = "supportedEditions($filter=editionType eq 'proWorkstation';$count=true)"
    newer = one(
        fleet,
        select,
        Accept="application/json;IEEE754Compatible=true;odata.metadata=full",
        **{"OData-MaxVersion": "4.01"},
    )
    assert newer["supportedEditions@count"] == "1"
    assert newer["supportedEditions@type"].startswith("#Collection(")
    assert names(newer["supportedEditions"]) == ["proWorkstation"]


# --- of the collection itself -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$filter=supportEndDate ge 2026-11-24", ["enterprise", "education"]),
        ("$orderby=editionType desc&$top=1", ["proWorkstation"]),
        ("$filter=supportEndDate ge @day&$skip=1&@day=2026-11-24", ["education"]),
        ("$search=workstation", ["proWorkstation"]),
        ("$top=2&$format=json", ["proWorkstation", "professional"]),
    ],
)
def test_items_of_a_property(fleet: Api, query: str, found: list[str]) -> None:
    body = body_of(fleet.get(f"{IMAGES}/full/supportedEditions?{query}"))
    assert names(body["value"]) == found
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages('full')/supportedEditions")


def test_a_property_with_count_and_select(fleet: Api) -> None:
    reply = fleet.get(
        f"{IMAGES}/full/supportedEditions?$filter=supportEndDate ge 2026-11-24&$count=true&$top=1&$select=editionType"
    )
    body = body_of(reply)
    assert body["@odata.context"].endswith("/supportedEditions(editionType)")
    assert body["@odata.count"] == 2
    assert [{name for name in each if "@" not in name} for each in body["value"]] == [{"editionType"}]
    assert body_of(fleet.get(f"{IMAGES}/full/supportedArchitectures?$filter=$this eq 'x64'"))["value"] == ["x64"]


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 4), ("?$filter=supportEndDate ge 2026-11-24", 2), ("?$filter=false", 0), ("?$search=workstation", 1)],
)
def test_how_many_items_a_filter_finds(fleet: Api, query: str, number: int) -> None:
    assert fleet.get(f"{IMAGES}/full/supportedEditions/$count{query}").text == str(number)
    assert refused(fleet.get(f"{IMAGES}/nothing/supportedEditions/$count{query}"), 404, "ResourceNotFound")


def test_conditions(fleet: Api) -> None:
    path = f"{IMAGES}/full/supportedEditions"
    tag = fleet.get(path).headers["etag"]
    assert fleet.get(f"{path}?$top=1", **{"If-None-Match": tag}).status_code == 304
    reply = fleet.get(f"{path}?$filter=supportEndDate lt date(now())&$top=1", **{"If-None-Match": tag})
    assert reply.status_code == 200, "what is worked out may be other each time"
    assert reply.headers["etag"] == tag


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("select", "told"),
    [
        ("supportedEditions($filter=nothing eq 1)", "In $filter: Could not find a property named 'nothing'"),
        ("supportedEditions($filter=nothing eq 1)", "at position 26"),
        ("supportedEditions($filter=id eq 'full')", "Could not find a property named 'id'"),
        ("supportedEditions($filter=editionType)", "In $filter: "),
        ("supportedEditions($orderby=nothing)", "In $orderby: Could not find a property named 'nothing'"),
        ("supportedEditions($orderby=$it/supportedEditions/$count)", "In $orderby: "),
        ("supportedArchitectures($select=x)", "named 'x'"),
        ("supportedArchitectures($filter=$this/x eq 1)", "have no properties"),
        ("supportedEditions($top=1),supportedEditions($skip=1)", "more than once"),
        ("supportedEditions/editionType($top=1)", "no collection"),
        ("id($filter=true)", "no collection"),
        ("supportedEditions($top=-1)", "position"),
        ("supportedEditions($expand=x)", "position"),
        ("supportedEditions($filter=true", "position"),
    ],
)
def test_bad_options(fleet: Api, select: str, told: str) -> None:
    for path in (IMAGES, f"{IMAGES}/full", f"{IMAGES}/delta()"):
        error = refused(fleet.get(f"{path}?$select={quote(select, safe='')}"), 400, "BadRequest")
        assert error["target"] == "$select"
        assert told in error["message"], error["message"]


def test_what_is_not_offered(fleet: Api) -> None:
    for path in (IMAGES, f"{IMAGES}/full", f"{IMAGES}/delta()"):
        query = "$select=supportedEditions($compute=year(supportEndDate) as y)"
        error = refused(fleet.get(f"{path}?{query}"), 501, "NotImplemented")
        assert error["target"] == "$select"
        assert "$compute cannot stand" in error["message"], error["message"]


@pytest.mark.parametrize(
    ("path", "option", "told"),
    [
        (
            "supportedEditions?$filter=nothing eq 1",
            "$filter",
            "'nothing' on type 'microsoft.graph.managedDeviceWindows",
        ),
        ("supportedEditions?$orderby=nothing", "$orderby", "position 0"),
        ("supportedEditions?$select=nothing", "$select", "nothing"),
        ("supportedEditions?$expand=x", "$expand", "cannot be used"),
        ("supportedEditions?$apply=aggregate($count as n)", "$apply", "cannot be used"),
        ("supportedArchitectures?$select=x", "$select", "cannot be used"),
        ("supportedEditions/$count?$top=1", "$top", "cannot be used"),
        ("id?$filter=true", "$filter", "cannot be used"),
        ("id?$select=x", "$select", "cannot be used"),
        ("id/$value?$top=1", "$top", "cannot be used"),
    ],
)
def test_bad_options_of_a_property(fleet: Api, path: str, option: str, told: str) -> None:
    error = refused(fleet.get(f"{IMAGES}/full/{path}"), 400, "BadRequest")
    assert error["target"] == option
    assert told in error["message"], error["message"]


def test_the_limits_hold(fleet: Api) -> None:
    long = " or ".join(["supportEndDate eq 2026-01-01"] * 2000)
    deep = "(" * 200 + "true" + ")" * 200
    for text in (long, deep):
        for path, query in (
            (IMAGES, f"$select=supportedEditions($filter={text})"),
            (f"{IMAGES}/full/supportedEditions", f"$filter={text}"),
        ):
            reply = fleet.http.post(f"{path}/$query", content=query, headers={"Content-Type": "text/plain"})
            assert "max_filter_" in refused(reply, 400, "BadRequest")["message"]


def test_writes_choose_nothing(fleet: Api) -> None:
    query = "$select=supportedEditions($top=1)"
    for reply in (
        fleet.http.post(f"{IMAGES}?{query}", json={"id": "never"}),
        fleet.http.patch(f"{IMAGES}/full?{query}", json={"supportedEditions": []}),
        fleet.http.put(f"{IMAGES}/full/supportedEditions?$top=1", json={"value": []}),
    ):
        assert "with GET only" in refused(reply, 400, "BadRequest")["message"]
    assert fleet.get(f"{IMAGES}/never").status_code == 404
    assert len(one(fleet, "supportedEditions")["supportedEditions"]) == 4
