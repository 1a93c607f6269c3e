"""Server-driven paging against a real server: every image once, whatever others write meanwhile."""

from __future__ import annotations

import uuid

import httpx
import pytest

from tests.support.api import IMAGES, Api, Json, body_of, refused, token
from tests.support.server import Server


def pages(api: Api, query: str, size: int) -> list[Json]:
    """All pages of a list, following the links as they are given."""
    prefer = {"Prefer": f"odata.maxpagesize={size}"}
    found = [body_of(api.http.get(f"{IMAGES}?{query}", headers=prefer))]
    while "@odata.nextLink" in found[-1]:
        reply = api.http.get(found[-1]["@odata.nextLink"], headers=prefer)
        assert reply.status_code == 200, reply.text
        found.append(body_of(reply))
        assert len(found) < 1000
    return found


def ids(found: list[Json]) -> list[str]:
    """The ids of all pages in order."""
    return [each["id"] for page in found for each in page["value"]]


@pytest.fixture
def eleven(api: Api) -> Api:
    """Eleven images, a00 to a10."""
    for number in range(11):
        api.create(id=f"a{number:02}", supportedArchitectures=["x64"] if number % 2 else [])
    return api


@pytest.mark.parametrize("size", [1, 3, 10, 11, 12])
def test_pages_joined_are_the_whole_set(eleven: Api, size: int) -> None:
    found = pages(eleven, "", size)
    assert ids(found) == [f"a{number:02}" for number in range(11)]
    assert all(0 < len(page["value"]) <= size for page in found)
    assert len(found) == -(-11 // size)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$orderby=id desc", [f"a{number:02}" for number in reversed(range(11))]),
        ("$top=7", [f"a{number:02}" for number in range(7)]),
        ("$skip=2&$top=5", ["a02", "a03", "a04", "a05", "a06"]),
        ("$filter=supportedArchitectures/any(a:a eq 'x64')", ["a01", "a03", "a05", "a07", "a09"]),
        ("$filter=id ge 'a05'&$orderby=id desc&$skip=1&$top=4", ["a09", "a08", "a07", "a06"]),
        ("top=4&orderby=id desc", ["a10", "a09", "a08", "a07"]),
        ("$top=0", []),
    ],
)
def test_options_hold_over_all_pages(eleven: Api, query: str, expected: list[str]) -> None:
    found = pages(eleven, query, 2)
    assert ids(found) == expected
    assert not any("@odata.nextLink" in page and not page["value"] for page in found)


def test_count_and_select_hold_on_every_page(eleven: Api) -> None:
    found = pages(eleven, "$count=true&$select=id&$filter=id ne 'a00'", 4)
    assert [page["@odata.count"] for page in found] == [10, 10, 10]
    assert all("supportedEditions" not in each for page in found for each in page["value"])


def test_the_link_keeps_the_callers_own_origin_and_options(eleven: Api) -> None:
    first = body_of(
        eleven.get(f"{IMAGES}?%24filter=id+ne+%27x%26y%27&mine=1", Prefer="maxpagesize=2", Host="images.example:8443")
    )
    link = httpx.URL(first["@odata.nextLink"])
    assert (link.scheme, link.netloc, link.path) == ("http", b"images.example:8443", IMAGES)
    assert link.params["$filter"] == "id ne 'x&y'"
    assert link.params["mine"] == "1"
    assert first["@odata.context"].startswith("http://images.example:8443/beta/$metadata#")


def test_what_others_write_meanwhile_neither_repeats_nor_hides_anything(eleven: Api) -> None:
    first = body_of(eleven.get(IMAGES, Prefer="odata.maxpagesize=4"))
    eleven.create(id="a015")  # before the place where the next page starts
    eleven.create(id="a055")  # after it
    eleven.http.delete(f"{IMAGES}/a02")  # was sent already
    eleven.http.delete(f"{IMAGES}/a03")  # the very place
    eleven.http.delete(f"{IMAGES}/a07")  # was not yet sent
    rest = pages(eleven, first["@odata.nextLink"].partition("?")[2], 4)
    assert ids([first, *rest]) == ["a00", "a01", "a02", "a03", "a04", "a05", "a055", "a06", "a08", "a09", "a10"]


def test_a_page_is_a_thousand_by_default(api: Api) -> None:
    assert body_of(api.http.get("/-/limits"))["page_size"] == 1000


@pytest.mark.parametrize("value", ["", "x", "AAAA", "%00", "é", "A" * 2000])
def test_a_token_that_was_not_given_is_refused(eleven: Api, value: str) -> None:
    refused(eleven.get(f"{IMAGES}?$skiptoken={value}"), 400, "BadRequest")


def test_a_token_holds_for_its_own_query_and_tenant_only(eleven: Api, server: Server) -> None:
    link = body_of(eleven.get(f"{IMAGES}?$top=9", Prefer="odata.maxpagesize=2"))["@odata.nextLink"]
    refused(eleven.get(link.replace("top=9", "top=8")), 400, "BadRequest")
    refused(eleven.get(link[:-1] + ("A" if link[-1] != "A" else "B") * 3), 400, "BadRequest")
    other = eleven.with_token(token(server.data_dir, str(uuid.uuid4())))
    refused(other.get(link), 400, "BadRequest")
    assert eleven.get(link).status_code == 200


@pytest.mark.parametrize("preference", ["odata.maxpagesize=0", "odata.maxpagesize=x", "wait=5", "", "maxpagesize=-1"])
def test_a_preference_that_means_nothing_is_ignored(eleven: Api, preference: str) -> None:
    reply = eleven.get(IMAGES, Prefer=preference)
    assert len(reply.json()["value"]) == 11
    assert "preference-applied" not in reply.headers
