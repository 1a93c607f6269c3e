"""OData 4.0 and 4.01, Intermediate and Advanced, and what Graph's guidelines say of collections."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import multipart
from tests.support.api import IMAGES, Api, Json, body_of, refused
from tests.support.multipart import change_set, joined, request

SET = IMAGES.removeprefix("/beta")


def edition(name: str = "enterprise", end: str = "2027-10-12") -> Json:
    return {"editionType": name, "supportEndDate": end}


def update(build: str, month: int = 10, year: int = 2026) -> Json:
    return {"buildVersion": build, "releaseMonth": month, "releaseYear": year}


@pytest.fixture
def shelf(api: Api) -> Api:
    """Five images that differ in everything."""
    api.create(id="a")
    api.create(id="b", supportedEditions=[edition()], supportedArchitectures=["x64"])
    api.create(id="c", supportedEditions=[edition("education"), edition()], availableUpdates=[update("10.0.1.1")])
    api.create(id="d", supportedEditions=[edition(end="2020-01-01")], supportedArchitectures=["x86", "arM64"])
    api.create(id="e/f", availableUpdates=[update("10.0.2.2", 9), update("10.0.3.3", year=2025)])
    return api


@pytest.mark.requirement("40-INT-3", "G-07")
def test_select(shelf: Api) -> None:
    page = body_of(shelf.get(f"{IMAGES}?$select=id,supportedArchitectures&$top=1"))
    assert page["@odata.context"].endswith("#deviceManagement/managedDeviceWindowsOSImages(id,supportedArchitectures)")
    assert {name for name in page["value"][0] if "@" not in name} == {"id", "supportedArchitectures"}
    assert len(body_of(shelf.get(f"{IMAGES}/b?$select=*"))) == 6
    refused(shelf.get(f"{IMAGES}?$select=nothing"), 400, "BadRequest")


@pytest.mark.requirement("40-INT-5", "40-INT-12", "40-ADV-6", "G-11", "C-10", "C-11")
def test_top_and_skip(shelf: Api) -> None:
    assert shelf.ids("$top=2") == ["a", "b"]
    assert shelf.ids("$top=0") == []
    assert shelf.ids("$skip=3") == ["d", "e/f"]
    assert shelf.ids("$top=2&$skip=1") == ["b", "c"], "skip comes before top, whatever the order"
    assert shelf.ids("$skip=9") == []
    page = body_of(shelf.get(f"{IMAGES}?$top=2", **{"OData-MaxVersion": "4.0"}))
    assert [each["id"] for each in page["value"]] == ["a", "b"]
    assert "@odata.nextLink" not in page, "$top limits the whole answer, for clients that name a version"
    for query in ("$top=-1", "$skip=-1", "$top=many", "$top=", "$top=99999999999999999999"):
        refused(shelf.get(f"{IMAGES}?{query}"), 400, "BadRequest")


@pytest.mark.requirement("40-INT-6", "40-ADV-12")
def test_paths(shelf: Api) -> None:
    for path, text in (
        ("/e%2Ff/id/$value", "e/f"),
        ("('b')/id/$value", "b"),
        ("/c/supportedEditions/$count", "2"),
        ("/$count", "5"),
    ):
        reply = shelf.get(f"{IMAGES}{path}")
        assert (reply.text, reply.headers["content-type"].partition(";")[0]) == (text, "text/plain")
    assert body_of(shelf.get(f"{IMAGES}/b/id"))["value"] == "b"
    assert body_of(shelf.get(f"{IMAGES}/b/$ref"))["@odata.id"].endswith("/b")
    assert body_of(shelf.get(f"/beta/$entity?$id={SET[1:]}('b')"))["id"] == "b"
    assert body_of(shelf.get(f"{IMAGES}(@k)?@k='e/f'"))["id"] == "e/f"
    for path in ("/b/nothing", "/b/supportedEditions/$value", "/b/id/$count", "/$nothing", "/b/id/x"):
        refused(shelf.get(f"{IMAGES}{path}"), 400, "BadRequest")


FILTERS: list[tuple[str, list[str]]] = [
    ("id eq 'b'", ["b"]),
    ("id ne 'b'", ["a", "c", "d", "e/f"]),
    ("id gt 'b' and id le 'd'", ["c", "d"]),
    ("id ge 'd' or id lt 'b'", ["a", "d", "e/f"]),
    ("not (id eq 'a') and (id eq 'a' or id eq 'b')", ["b"]),
    ("startswith(id,'e') or contains(id,'b')", ["b", "e/f"]),
    ("length(id) eq 3", ["e/f"]),
]


@pytest.mark.requirement("40-INT-7", "40-INT-7.1", "G-08", "C-06")
@pytest.mark.parametrize(("text", "expected"), FILTERS)
def test_filter(shelf: Api, text: str, expected: list[str]) -> None:
    assert shelf.ids(f"$filter={text}") == expected


@pytest.mark.requirement("40-INT-7.2")
def test_parameter_aliases(shelf: Api) -> None:
    assert shelf.ids("$filter=id eq @p or id eq @q&@p='a'&@q='e/f'") == ["a", "e/f"]
    assert shelf.ids("$filter=id in @p&@p=['a','b']") == ["a", "b"]
    refused(shelf.get(f"{IMAGES}?$filter=id eq @p"), 400, "BadRequest")


@pytest.mark.requirement("40-INT-13", "40-ADV-7", "G-12", "C-15")
def test_count(shelf: Api) -> None:
    first = body_of(shelf.get(f"{IMAGES}?$count=true&$filter=id ne 'a'&$top=3&$skip=1", Prefer="maxpagesize=1"))
    assert (first["@odata.count"], len(first["value"])) == (4, 1)
    second = body_of(shelf.get(first["@odata.nextLink"]))
    assert second["@odata.count"] == 4
    assert "@odata.count" not in body_of(shelf.get(f"{IMAGES}?$count=false"))


@pytest.mark.requirement("40-INT-15", "40-ADV-5")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("supportedEditions/any()", ["b", "c", "d"]),
        ("supportedEditions/any(e:e/editionType eq 'education')", ["c"]),
        ("supportedEditions/all(e:e/editionType eq 'enterprise')", ["a", "b", "d", "e/f"]),
        ("not supportedEditions/any()", ["a", "e/f"]),
        ("supportedArchitectures/any(x:x eq 'arM64')", ["d"]),
        ("supportedArchitectures/all(x:x ne 'x64')", ["a", "c", "d", "e/f"]),
        ("availableUpdates/any(u:availableUpdates/any(v:v/releaseYear gt u/releaseYear))", ["e/f"]),
        ("availableUpdates/any(u:u/releaseMonth eq 9 and $it/id eq 'e/f')", ["e/f"]),
    ],
)
def test_lambdas(shelf: Api, text: str, expected: list[str]) -> None:
    assert shelf.ids(f"$filter={text}") == expected


@pytest.mark.requirement("40-INT-16", "40-ADV-4", "401-INT-6", "401-ADV-3")
def test_counts_as_segments(shelf: Api) -> None:
    assert shelf.get(f"{IMAGES}/$count").text == "5"
    assert shelf.get(f"{IMAGES}/$count?$filter=supportedEditions/any()").text == "3"
    assert shelf.get(f"{IMAGES}/c/supportedEditions/$count").text == "2"
    assert shelf.ids("$filter=supportedEditions/$count gt 1") == ["c"]
    assert shelf.ids("$filter=availableUpdates/$count($filter=releaseYear eq 2026) eq 1") == ["c", "e/f"]


@pytest.mark.requirement("40-INT-17", "40-ADV-8", "G-13", "C-04", "C-12")
def test_order(shelf: Api) -> None:
    assert shelf.ids("$orderby=id") == shelf.ids("$orderby=id asc") == shelf.ids() == ["a", "b", "c", "d", "e/f"]
    assert shelf.ids("$orderby=id desc") == ["e/f", "d", "c", "b", "a"]
    assert shelf.ids("$orderby=length(id) desc,id desc&$filter=id ne 'c'") == ["e/f", "d", "b", "a"]
    assert shelf.ids("$orderby=length(id)") == ["a", "b", "c", "d", "e/f"], "equals are sorted by the key"


@pytest.mark.requirement("C-05")
def test_what_cannot_be_sorted_by_is_refused(shelf: Api) -> None:
    error = refused(shelf.get(f"{IMAGES}?$orderby=supportedEditions"), 400, "BadRequest")
    assert "supportedEditions" in error["message"]


@pytest.mark.requirement("C-07")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id eq 'a' or id eq 'b' and id eq 'c'", ["a"]),
        ("(id eq 'a' or id eq 'b') and id eq 'c'", []),
        ("not contains(id,'a') and id lt 'c'", ["b"]),
        ("1 add 2 mul 3 eq 7 and id eq 'a'", ["a"]),
        ("id gt 'a' eq true and id lt 'c'", ["b"]),
    ],
)
def test_precedence(shelf: Api, text: str, expected: list[str]) -> None:
    assert shelf.ids(f"$filter={text}") == expected


@pytest.mark.requirement("C-08", "C-16", "G-10")
def test_filter_and_order_hold_over_all_pages(shelf: Api) -> None:
    found: list[str] = []
    link: str | None = f"{IMAGES}?$filter=id ne 'b'&$orderby=id desc&$skip=1&$top=3"
    while link is not None:
        page: Any = body_of(shelf.get(link, Prefer="maxpagesize=1", **{"OData-MaxVersion": "4.0"}))
        found += [each["id"] for each in page["value"]]
        link = page.get("@odata.nextLink")
        assert link is None or "$skiptoken=" in link
    assert found == ["d", "c", "a"]


@pytest.mark.requirement("C-17")
def test_no_match_is_an_empty_collection(shelf: Api) -> None:
    reply = shelf.get(f"{IMAGES}?$filter=id eq 'none'")
    assert (reply.status_code, reply.json()["value"]) == (200, [])


@pytest.mark.requirement("401-INT-4")
def test_in(shelf: Api) -> None:
    assert shelf.ids("$filter=id in ('a','e/f','none')") == ["a", "e/f"]
    assert shelf.ids("$filter=supportedEditions/any(e:e/editionType in ('education','educationN'))") == ["c"]
    assert shelf.ids("$filter='arM64' in supportedArchitectures") == ["d"]
    assert shelf.ids("$filter=id in @ids&@ids=['b','c']") == ["b", "c"]


@pytest.mark.requirement("G-14")
def test_queries_in_bodies(shelf: Api) -> None:
    text = {"Content-Type": "text/plain"}
    reply = shelf.http.post(f"{IMAGES}/$query", content="$filter=id eq 'b'&$select=id", headers=text)
    assert [each["id"] for each in body_of(reply)["value"]] == ["b"]


@pytest.mark.requirement("40-ADV-11", "401-ADV-7")
def test_batches_in_both_formats(shelf: Api) -> None:
    parts = (
        request("GET", f"{SET[1:]}/$count"),
        change_set(
            request("POST", SET[1:], {}, content_id="1"),
            request("PATCH", "$1", {"supportedArchitectures": ["x64"]}, content_id="2"),
        ),
        change_set(request("DELETE", "$1"), request("DELETE", f"{SET[1:]}/none"), boundary="undone"),
        request("GET", "$1/supportedArchitectures"),
    )
    headers = {"Content-Type": multipart.CONTENT_TYPE, "Prefer": "continue-on-error"}
    reply = shelf.http.post("/beta/$batch", content=joined(parts), headers=headers)
    first, made, undone, last = multipart.read(reply.headers["content-type"], reply.content)
    assert (first.text, [each.status for each in made.inside], undone.status) == ("5", [201, 200], 404)
    assert last.body["value"] == ["x64"]
    requests = [
        {"id": "1", "method": "GET", "url": f"{SET}/$count"},
        {"id": "2", "method": "GET", "url": f"{SET}/none"},
        {"id": "3", "method": "GET", "url": f"{SET}", "dependsOn": ["2"]},
        {"id": "4", "method": "GET", "url": f"{SET}", "dependsOn": ["2"], "if": "not $2/$succeeded"},
    ]
    replies = body_of(shelf.http.post("/beta/$batch", json={"requests": requests}))["responses"]
    assert [each["status"] for each in replies] == [200, 404, 424, 200]


@pytest.mark.requirement("40-ADV-14", "K-01")
def test_delta(shelf: Api) -> None:
    page = body_of(shelf.get(f"{IMAGES}/delta()?$select=id"))
    while "@odata.nextLink" in page:
        page = body_of(shelf.get(page["@odata.nextLink"]))
    shelf.create(id="new")
    shelf.http.delete(f"{IMAGES}/a")
    changed = body_of(shelf.get(page["@odata.deltaLink"]))["value"]
    assert {each["id"]: each.get("@removed") for each in changed} == {"new": None, "a": {"reason": "deleted"}}


@pytest.mark.requirement("40-INT-11", "40-ADV-10")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enterprise", ["b", "c", "d"]),
        ("education AND enterprise", ["c"]),
        ("education OR 10.0.2.2", ["c", "e/f"]),
        ("enterprise NOT education", ["b", "d"]),
        ("ENTERPRISE", ["b", "c", "d"]),
        ('"10.0.1.1"', ["c"]),
    ],
)
def test_search(shelf: Api, text: str, expected: list[str]) -> None:
    assert shelf.ids(f"$search={text}") == expected
    assert shelf.get(f"{IMAGES}/$count?$search={text}").text == str(len(expected))


@pytest.mark.requirement("401-INT-8", "401-ADV-4")
def test_compute(shelf: Api) -> None:
    query = (
        "$compute=supportedEditions/$count as editions,length(id) as size&$filter=editions gt 0&$orderby=editions desc"
    )
    page = body_of(shelf.get(f"{IMAGES}?{query}&$select=id,editions"))
    assert [(each["id"], each["editions"]) for each in page["value"]] == [("c", 2), ("b", 1), ("d", 1)]
    assert page["@odata.context"].endswith("managedDeviceWindowsOSImages(id,editions)")


@pytest.mark.requirement("401-INT-5")
@pytest.mark.parametrize("text", ["supportedEditions($select=editionType)", "supportedEditions/editionType"])
def test_parts_of_complex_values_are_selected(shelf: Api, text: str) -> None:
    body = body_of(shelf.get(f"{IMAGES}/c?$select=id,{text}"))
    assert [{name for name in each if "@" not in name} for each in body["supportedEditions"]] == [{"editionType"}] * 2
    assert body["@odata.context"].endswith("(id,supportedEditions/editionType)/$entity")


@pytest.mark.requirement("401-INT-9", "401-ADV-5.1")
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("editionType eq 'enterprise'", ["enterprise"]),
        ("$this/supportEndDate ge 2027-01-01 and startswith($it/id,'c')", ["education", "enterprise"]),
        ("supportEndDate lt @day;@day=2027-01-01", []),
    ],
)
def test_items_of_a_selected_collection_are_filtered(shelf: Api, condition: str, found: list[str]) -> None:
    select = f"id,supportedEditions($filter={condition})"
    one = body_of(shelf.get(f"{IMAGES}/c?$select={select}"))
    page = body_of(shelf.get(f"{IMAGES}?$select={select}&$filter=id eq 'c'"))["value"]
    own = body_of(shelf.get(f"{IMAGES}/c/supportedEditions?$filter={condition.replace(';', '&')}"))["value"]
    for items in (one["supportedEditions"], page[0]["supportedEditions"], own):
        assert [each["editionType"] for each in items] == found
    refused(shelf.get(f"{IMAGES}/c?$select=supportedEditions($filter=nothing eq 1)"), 400, "BadRequest")


@pytest.mark.requirement("401-INT-9", "401-ADV-5.2-5")
@pytest.mark.parametrize(
    ("options", "found", "total"),
    [
        ("$orderby=releaseYear desc,buildVersion", ["10.0.2.2", "10.0.3.3"], None),
        ("$orderby=releaseYear;$count=true;$top=1", ["10.0.3.3"], 2),
        ("$skip=1", ["10.0.3.3"], None),
        ("$search=3.3;$count=true", ["10.0.3.3"], 1),
        ("$top=0;$count=true", [], 2),
    ],
)
def test_items_of_a_selected_collection_are_sorted_and_cut(
    shelf: Api, options: str, found: list[str], total: int | None
) -> None:
    body = body_of(shelf.get(f"{IMAGES}/e%2Ff?$select=availableUpdates({options})"))
    assert [each["buildVersion"] for each in body["availableUpdates"]] == found
    assert body.get("availableUpdates@odata.count") == total


@pytest.mark.requirement("401-INT-11", "401-ADV-8")
def test_filters_in_the_path(api: Api) -> None:
    for key in ("a", "b", "c"):
        api.create(id=key)
    found = api.get(f"{IMAGES}/$filter(id ne 'b')?$filter=id ne 'a'").json()["value"]
    assert [each["id"] for each in found] == ["c"]
    assert api.get(f"{IMAGES}/$filter(id ne 'b')/$filter(@p)/$count?@p=id ne 'a'").text == "1"
