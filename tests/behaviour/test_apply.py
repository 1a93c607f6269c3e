"""$apply over the wire: selections, groups, totals and parts, in the shape that OData gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import IMAGE_TYPE, IMAGES, Api, Json, Service, api_of, body_of, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

TEN, OLD, NEW, BARE = "Windows 10 22H2", "Windows 11 23H2", "Windows 11 25H2", "Kiosk"
BY_ARCHITECTURE = "groupby((supportedArchitectures),aggregate($count as n))"
BUILDS = "groupby((id),aggregate(availableUpdates/$count as b))"
EDITION_TYPE = "#microsoft.graph.managedDeviceWindowsOperatingSystemEdition"


@pytest.fixture(scope="module")
def fleet(service: Service) -> Iterator[Api]:
    """A tenant with a few images."""
    with api_of(service) as client:
        ends = {TEN: ("2025-10-14", "2025-10-14"), OLD: ("2025-11-11", "2026-11-10"), NEW: ("2027-10-12", "2028-10-10")}
        for number, (key, (professional, enterprise)) in enumerate(ends.items()):
            client.create(
                id=key,
                supportedEditions=[
                    {"editionType": "professional", "supportEndDate": professional},
                    {"editionType": "enterprise", "supportEndDate": enterprise},
                ],
                supportedArchitectures=["x64", "arM64"] if number else ["x86", "x64"],
                availableUpdates=[
                    {"buildVersion": f"10.0.{number}.{build}", "releaseMonth": build, "releaseYear": 2024 + number}
                    for build in range(1, number + 2)
                ],
            )
        client.create(id=BARE)
        yield client


def page(api: Api, apply: str, more: str = "") -> Json:
    """The answer to a query of the images."""
    reply = api.get(f"{IMAGES}?$apply={apply}{more}")
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def bare(rows: list[Json]) -> list[Json]:
    """Rows without annotations."""
    return [{name: value for name, value in row.items() if "@" not in name} for row in rows]


def rows(api: Api, apply: str, more: str = "") -> list[Json]:
    return bare(page(api, apply, more)["value"])


def test_images_per_edition_still_supported_in_one_request(fleet: Api) -> None:
    supported = "join(supportedEditions as edition,filter(supportEndDate ge 2026-06-01))"
    body = page(
        fleet, f"{supported}/groupby((edition/editionType),aggregate($count as images))", "&$orderby=images desc"
    )
    assert body["@odata.context"].endswith("managedDeviceWindowsOSImages(edition/editionType,images)")
    assert body["value"] == [
        {
            "edition": {"@odata.type": EDITION_TYPE, "editionType": "enterprise"},
            "images@odata.type": "#Decimal",
            "images": 2,
        },
        {
            "edition": {"@odata.type": EDITION_TYPE, "editionType": "professional"},
            "images@odata.type": "#Decimal",
            "images": 1,
        },
    ]


def test_grouping_by_items_keeps_the_declared_shape(fleet: Api) -> None:
    found = page(fleet, "groupby((supportedArchitectures),aggregate($count as n,id with max as last))")["value"]
    assert bare(found) == [
        {"supportedArchitectures": ["x86"], "n": 1, "last": TEN},
        {"supportedArchitectures": ["x64"], "n": 3, "last": NEW},
        {"supportedArchitectures": ["arM64"], "n": 2, "last": NEW},
    ]
    assert "last@odata.type" not in found[0]
    edition = rows(fleet, "groupby((supportedEditions/editionType))")
    assert edition == [{"supportedEditions": [{"editionType": name}]} for name in ("professional", "enterprise")]


@pytest.mark.parametrize(
    ("apply", "found"),
    [
        ("identity", [BARE, TEN, OLD, NEW]),
        ("filter(contains(id,'11'))", [OLD, NEW]),
        ("search(11)/filter(contains(id,'25'))", [NEW]),
        ("orderby(id desc)", [NEW, OLD, TEN, BARE]),
        ("orderby(id desc)/top(2)", [NEW, OLD]),
        ("skip(1)/top(2)", [TEN, OLD]),
        ("top(2)/orderby(id desc)", [TEN, BARE]),
        ("orderby(length(id) desc)/top(3)/filter(contains(id,'11'))", [OLD, NEW]),
        # what is alike stays in the order that it had
        ("orderby(id desc)/orderby(length(id))", [BARE, NEW, OLD, TEN]),
        ("orderby(length(id) desc)/orderby(contains(id,'11'))/top(3)", [TEN, BARE, OLD]),
        ("topcount(1,length(id))", [TEN]),
        ("topcount(1,id eq null)/orderby(1)/top(1)", [BARE]),
        ("bottomcount(1,length(id))", [BARE]),
        ("compute(length(id) as n)/filter(n lt 10)", [BARE]),
    ],
)
def test_what_leaves_images(fleet: Api, apply: str, found: list[str]) -> None:
    body = page(fleet, apply, "&$select=id&$count=true")
    assert body["value"] == [{"@odata.type": IMAGE_TYPE, "id": key} for key in found]
    assert body["@odata.count"] == len(found)


@pytest.mark.parametrize(
    ("apply", "found"),
    [
        ("aggregate($count as n)", [{"n": 4}]),
        (
            "filter(false)/aggregate($count as n,length(id) with sum as s,id with min as m)",
            [{"n": 0, "s": None, "m": None}],
        ),
        ("filter(false)/groupby((id),aggregate($count as n))", []),
        (
            "aggregate(length(id) with sum as s,length(id) with average as a,length(id) with min as m)",
            [{"s": 50, "a": 12.5, "m": 5}],
        ),
        ("aggregate(length(id) with countdistinct as n)", [{"n": 2}]),
        ("aggregate(availableUpdates/$count as n,supportedEditions/$count as m)", [{"n": 6, "m": 6}]),
        (
            "aggregate(availableUpdates/releaseYear with max as y,"
            "availableUpdates/buildVersion with countdistinct as b)",
            [{"y": 2026, "b": 6}],
        ),
        ("aggregate(supportedEditions/supportEndDate with max as last)", [{"last": "2028-10-10"}]),
        (
            "groupby((supportedEditions/editionType),aggregate(supportedEditions/supportEndDate with min as first))",
            [
                {"supportedEditions": [{"editionType": "professional"}], "first": "2025-10-14"},
                {"supportedEditions": [{"editionType": "enterprise"}], "first": "2025-10-14"},
            ],
        ),
        ("compute(length(id) as n)/groupby((n),aggregate($count as c))/filter(c gt 1)", [{"n": 15, "c": 3}]),
        (f"{BUILDS}/aggregate(b with average as a)", [{"a": 1.5}]),
        (f"{BUILDS}/orderby(b desc)/top(1)/compute(b mul 2 as d)", [{"id": NEW, "b": 3, "d": 6}]),
        ("aggregate($count as n)/compute(n as m)/top(1)/compute(m add n as s)", [{"n": 4, "m": 4, "s": 8}]),
        (f"{BUILDS}/compute(b as c)/top(1)/groupby((c,b))", [{"c": 0, "b": 0}]),
        (
            f"{BUILDS}/orderby(id desc)/orderby(b ge 2)",
            [{"id": TEN, "b": 1}, {"id": BARE, "b": 0}, {"id": NEW, "b": 3}, {"id": OLD, "b": 2}],
        ),
        ("groupby((id))/top(2)", [{"id": BARE}, {"id": TEN}]),
        (
            f"{BUILDS}/compute(b ge 2 as many)/groupby((rollup(many,b)),aggregate($count as n))",
            [
                *({"many": b >= 2, "b": b, "n": 1} for b in range(4)),
                {"many": False, "n": 2},
                {"many": True, "n": 2},
            ],
        ),
        (
            f"{BUILDS}/compute(b ge 2 as many)/groupby((rollup(many,b)),aggregate($count as n))"
            "/filter(not isdefined(b) and isdefined(many) and not isdefined(other))",
            [{"many": False, "n": 2}, {"many": True, "n": 2}],
        ),
        (f"{BUILDS}/topcount(2,b)/groupby((b))", [{"b": 2}, {"b": 3}]),
        (
            "outerjoin(availableUpdates as u)/groupby((u/releaseYear),aggregate($count as n))"
            "/filter(u/releaseYear eq null)",
            [{"u": {"releaseYear": None}, "n": 1}],
        ),
        ("join(supportedEditions as e)/join(availableUpdates as u)/aggregate($count as n)", [{"n": 12}]),
        (
            "join(supportedArchitectures as a)/groupby((a),aggregate($count as n))/filter(a eq 'x64')",
            [{"a": "x64", "n": 3}],
        ),
        (
            f"concat({BY_ARCHITECTURE},aggregate($count as n))/filter(n gt 2)",
            [{"supportedArchitectures": ["x64"], "n": 3}, {"n": 4}],
        ),
        ("concat(aggregate($count as n),aggregate($count as n))", [{"n": 4}, {"n": 4}]),
        ("concat(aggregate($count as n),filter(false)/aggregate($count as n))/aggregate(n with sum as s)", [{"s": 4}]),
        ("compute(1.7e308 as q)/aggregate(q with sum as s,q with average as a)", [{"s": "INF", "a": "INF"}]),
        ("compute(1e0 div 4 as q)/aggregate(q with sum as s,q with average as a)", [{"s": 1.0, "a": 0.25}]),
        (
            "compute(case(id eq 'Kiosk':-INF,true:INF) as q)/aggregate(q with sum as s,q with average as a)",
            [{"s": None, "a": None}],
        ),
        (
            "filter(false)/compute(1e0 as q)/aggregate(q with sum as s,q with average as a)",
            [{"s": None, "a": None}],
        ),
    ],
)
def test_what_makes_rows(fleet: Api, apply: str, found: list[Json]) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items() if "@" not in name}
        return value

    assert [plain(row) for row in page(fleet, apply)["value"]] == found
    assert fleet.get(f"{IMAGES}/$count?$apply={apply}").text == str(len(found))


def test_other_options_ask_the_rows(fleet: Api) -> None:
    apply = "groupby((supportedArchitectures),aggregate($count as n))"
    assert rows(fleet, apply, "&$filter=n ge 2&$orderby=n desc&$select=n&$compute=n mul 10 as m") == [
        {"n": 3},
        {"n": 2},
    ]
    assert rows(fleet, apply, "&$compute=n mul 10 as m&$orderby=m&$top=1&$skip=1&$select=m") == [{"m": 20}]
    body = page(fleet, apply, "&$count=true&$top=1&$orderby=supportedArchitectures desc")
    assert (body["@odata.count"], bare(body["value"])) == (3, [{"supportedArchitectures": ["arM64"], "n": 2}])


def test_rows_in_pages(fleet: Api) -> None:
    link, found = f"{IMAGES}?$apply=groupby((id),aggregate(availableUpdates/$count as b))&$orderby=b desc", []
    while link:
        body = body_of(fleet.get(link, Prefer="odata.maxpagesize=1"))
        found += body["value"]
        link = body.get("@odata.nextLink", "")
    assert [each["id"] for each in found] == [NEW, OLD, TEN, BARE]


def test_as_many_columns_as_there_may_be_in_pages(fleet: Api) -> None:
    names = [f"n{number}" for number in range(31)]
    computed = ",".join(f"length(id) add {at} as {name}" for at, name in enumerate(names))
    link, found = f"{IMAGES}?$apply=compute({computed})/groupby(({','.join(names)},id))&$orderby=id desc", []
    while link:
        body = body_of(fleet.get(link, Prefer="odata.maxpagesize=1"))
        found += body["value"]
        link = body.get("@odata.nextLink", "")
    assert [each["id"] for each in found] == [NEW, OLD, TEN, BARE]
    assert found[0]["n30"] == len(NEW) + 30


def test_decimals_as_text_and_no_metadata(fleet: Api) -> None:
    counted = "aggregate($count as n,length(id) with average as a)"
    text = page(fleet, counted, "&$format=application/json;IEEE754Compatible=true")
    assert text["value"] == [{"n@odata.type": "#Decimal", "n": "4", "a@odata.type": "#Decimal", "a": "12.5"}]
    none = page(fleet, counted, "&$format=application/json;odata.metadata=none")
    assert none == {"value": [{"n": 4, "a": 12.5}]}


@pytest.mark.parametrize(
    ("apply", "told"),
    [
        ("groupby((nothing))", "Could not find a property named 'nothing'"),
        ("groupby((supportedEditions))", "has parts"),
        ("aggregate($count)", "and a name"),
        ("aggregate(id with sum as n)", "Only numbers"),
        ("aggregate(id with first as n)", "Expected a method"),
        ("aggregate($count as id)", "already a property named 'id'"),
        ("aggregate($count as n,$count as N)", "already a property named 'N'"),
        ("aggregate($count as n)/filter(id eq 'x')", "There is no 'id' among what $apply has left"),
        ("aggregate($count as n)/join(supportedEditions as e)", "Rows have no collections"),
        ("aggregate($count as n)/search(x)", "not in what $apply has made"),
        ("aggregate($count as n,availableUpdates/releaseYear with max as y)", "one collection at a time"),
        ("join(supportedEditions as e)", "must be grouped or aggregated"),
        ("join(supportedEditions as e)/top(1)/groupby((e/editionType))", "before it is cut off"),
        ("concat(aggregate($count as n),aggregate(id with min as n))", "different types under one name"),
        ("groupby((rollup(a,b),rollup(a,b),rollup(a,b),rollup(a,b),rollup(a,b)))", "more than 16 groupings"),
        ("/".join(["groupby((id))"] * 17), "More than 16"),
        ("/".join(["top(5)"] * 17), "More than 16"),
        ("aggregate($count as n)" + "/concat(identity,identity)" * 5, "More than 16"),
        ("aggregate(" + ",".join(f"$count as n{number}" for number in range(33)) + ")", "More than 32 columns"),
        ("compute(" + ",".join(f"1 as n{number}" for number in range(33)) + ")", "More than 32 computed"),
        ("compute(1 as n0" + "".join(f",n{at} add n{at} as n{at + 1}" for at in range(20)) + ")", "800 operations"),
        ("/".join(f"join(supportedEditions as e{number})" for number in range(5)), "limit of 4"),
        ("aggregate(length(id) with sum from id with max as n)", "as name"),
    ],
)
def test_what_is_refused(fleet: Api, apply: str, told: str) -> None:
    error = refused(fleet.get(f"{IMAGES}?$apply={apply}"), 400, "BadRequest")
    assert error.get("target", "$apply") == "$apply"
    assert told in error["message"]


@pytest.mark.parametrize(
    ("apply", "told"),
    [
        ("join(supportedEditions as e,top(1))/groupby((e/editionType))", "Only filter(...)"),
        ("groupby((id),top(1))", "Only aggregate(...)"),
        ("concat(identity,aggregate($count as n))", "must be grouped or aggregated"),
        ("nest(identity as x)", "'nest' is not supported"),
        ("topsum(1,length(id))", "'topsum' is not supported"),
        ("groupby((rollup(Hierarchy)))", "no named hierarchies"),
        ("groupby((rolluprecursive($root/images,Q,id)))", "'rolluprecursive' is not supported"),
        ("filter(Aggregation.isleaf(Node=id))", "'Aggregation.isleaf' is not supported"),
    ],
)
def test_what_is_not_offered(fleet: Api, apply: str, told: str) -> None:
    error = refused(fleet.get(f"{IMAGES}?$apply={apply}"), 501, "NotImplemented")
    assert error["target"] == "$apply"
    assert told in error["message"]


@pytest.mark.parametrize(
    ("query", "option"),
    [
        ("$apply=aggregate($count as n)&$search=x", "$search"),
        ("$apply=aggregate($count as n)&$orderby=id", "$orderby"),
        ("$apply=aggregate($count as n)&$select=id", "$select"),
        ("$apply=aggregate($count as n)&$compute=1 as n", "$compute"),
    ],
)
def test_options_that_rows_do_not_take(fleet: Api, query: str, option: str) -> None:
    assert refused(fleet.get(f"{IMAGES}?{query}"), 400, "BadRequest")["target"] == option
