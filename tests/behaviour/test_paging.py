"""Server-driven paging against a real server: every image once, whatever others write meanwhile."""

from __future__ import annotations

import uuid

import httpx
import pytest

from tests.support.api import IMAGES, READ, WRITE, Api, Json, body_of, refused, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

EVENTS = "/beta/deviceManagement/auditEvents"

ODATA = ({"OData-MaxVersion": "4.0"}, {"OData-Version": "4.0"}, {"OData-MaxVersion": "4.00;NetFx"})


def pages(
    api: Api, query: str, size: int | None, path: str = IMAGES, headers: dict[str, str] | None = None
) -> list[Json]:
    """All pages of a list, following the links as they are given, with that `maxpagesize` if there is one."""
    sent = (headers or {}) | ({} if size is None else {"Prefer": f"odata.maxpagesize={size}"})
    found = [body_of(api.http.get(f"{path}?{query}", headers=sent))]
    while "@odata.nextLink" in found[-1]:
        reply = api.http.get(found[-1]["@odata.nextLink"], headers=sent)
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
@pytest.mark.parametrize("headers", ODATA)
def test_for_clients_that_name_a_version_top_limits_all_pages(
    eleven: Api, query: str, expected: list[str], headers: dict[str, str]
) -> None:
    for size in (2, None):
        found = pages(eleven, query, size, headers=headers)
        assert ids(found) == expected
        assert not any("@odata.nextLink" in page and not page["value"] for page in found)
    assert len(found) == 1


EVERY = [f"a{number:02}" for number in range(11)]


@pytest.mark.parametrize(
    ("query", "sizes", "expected"),
    [
        ("$top=1", [1] * 11, EVERY),
        ("$top=5", [5, 5, 1], EVERY),
        ("$top=11", [11], EVERY),
        ("$top=12", [11], EVERY),
        ("$top=2147483647", [11], EVERY),
        ("top=4", [4, 4, 3], EVERY),
        ("%24top=4&$count=true", [4, 4, 3], EVERY),
        ("$skip=2&$top=5", [5, 4], EVERY[2:]),
        ("$top=3&$filter=supportedArchitectures/any(a:a eq 'x64')", [3, 2], EVERY[1::2]),
        ("$filter=id ge 'a05'&$orderby=id desc&$skip=1&$top=4", [4, 1], EVERY[9:4:-1]),
        ("$top=4&$select=id&$compute=length(id) as n&$orderby=n,id", [4, 4, 3], EVERY),
        ("$apply=groupby((id))&$top=6", [6, 5], EVERY),
        ("$top=0", [0], []),
        ("$top=0&$count=true", [0], []),
    ],
)
@pytest.mark.parametrize(
    "path", ["", "/a03/getAllManagedDeviceWindowsOSImages", "/a03/getAllManagedDeviceWindowsOSImages()"]
)
def test_top_is_the_size_of_a_page(eleven: Api, path: str, query: str, sizes: list[int], expected: list[str]) -> None:
    found = pages(eleven, query, None, f"{IMAGES}{path}")
    assert ids(found) == expected
    assert [len(page["value"]) for page in found] == sizes
    for page in found[:-1]:
        link = httpx.URL(page["@odata.nextLink"])
        name, _, value = next(each for each in query.split("&") if "top" in each).partition("=")
        assert link.params[name.replace("%24", "$")] == value
        assert link.params["$skiptoken"]
        assert len([each for each in link.params if "skiptoken" in each]) == 1


def test_addresses_and_audit_events_come_in_pages_of_top(eleven: Api) -> None:
    found = pages(eleven, "$top=4", None, f"{IMAGES}/$ref")
    assert [len(page["value"]) for page in found] == [4, 4, 3]
    assert len({each["@odata.id"] for page in found for each in page["value"]}) == 11
    apps = eleven.with_token(token(eleven.data_dir, eleven.tenant, ("DeviceManagementApps.Read.All",)))
    assert [len(page["value"]) for page in pages(apps, "$top=6", None, EVENTS)] == [6, 5]


def test_the_smaller_of_top_and_the_preferred_size_is_the_size_of_a_page(eleven: Api) -> None:
    assert [len(page["value"]) for page in pages(eleven, "$top=7", 4)] == [4, 4, 3]
    assert [len(page["value"]) for page in pages(eleven, "$top=4", 7)] == [4, 4, 3]


def test_a_query_in_a_body_and_items_of_a_batch_take_top_alike(eleven: Api) -> None:
    text = {"Content-Type": "text/plain"}
    first = body_of(eleven.http.post(f"{IMAGES}/$query", content="$top=4&$select=id", headers=text))
    rest = pages(eleven, first["@odata.nextLink"].partition("?")[2], None)
    assert ids([first, *rest]) == EVERY
    items = {"requests": [{"id": "1", "method": "GET", "url": "/deviceManagement/managedDeviceWindowsOSImages?$top=4"}]}
    for headers, has_link in ({}, True), (ODATA[0], False), (ODATA[1], False):
        (reply,) = body_of(eleven.http.post("/beta/$batch", json=items, headers=headers))["responses"]
        assert len(reply["body"]["value"]) == 4
        assert ("@odata.nextLink" in reply["body"]) == has_link
    items["requests"][0]["headers"] = {"OData-MaxVersion": "4.0"}  # type: ignore[assignment]
    (reply,) = body_of(eleven.http.post("/beta/$batch", json=items))["responses"]
    assert "@odata.nextLink" not in reply["body"]


def test_a_link_keeps_the_meaning_of_top_that_its_first_page_had(eleven: Api) -> None:
    both = {"Prefer": "odata.maxpagesize=2"}
    limited = body_of(eleven.get(f"{IMAGES}?$top=3", **both, **ODATA[0]))["@odata.nextLink"]
    assert ids([body_of(eleven.get(limited))]) == ["a02"]
    paged = body_of(eleven.get(f"{IMAGES}?$top=3"))["@odata.nextLink"]
    page = body_of(eleven.get(paged, **ODATA[0]))
    assert ids([page]) == ["a03", "a04", "a05"]
    assert "@odata.nextLink" in page


def test_items_of_a_collection_property_are_limited(eleven: Api) -> None:
    eleven.http.patch(f"{IMAGES}/a01", json={"supportedArchitectures": ["x86", "x64", "arm"]})
    body = body_of(eleven.get(f"{IMAGES}/a01/supportedArchitectures?$top=2"))
    assert body["value"] == ["x86", "x64"]
    assert "@odata.nextLink" not in body


def test_count_and_select_hold_on_every_page(eleven: Api) -> None:
    found = pages(eleven, "$count=true&$select=id&$filter=id ne 'a00'", 4)
    assert [page["@odata.count"] for page in found] == [10, 10, 10]
    assert all("supportedEditions" not in each for page in found for each in page["value"])


def test_the_link_keeps_the_callers_own_origin_and_options(eleven: Api) -> None:
    first = body_of(
        eleven.get(f"{IMAGES}?%24filter=id+ne+%27x%26y%27&mine=1", Prefer="maxpagesize=2", Host="localhost:7777")
    )
    link = httpx.URL(first["@odata.nextLink"])
    scheme = httpx.URL(eleven.service.url).scheme
    assert (link.scheme, link.netloc, link.path) == (scheme, b"localhost:7777", IMAGES)
    assert link.params["$filter"] == "id ne 'x&y'"
    assert link.params["mine"] == "1"
    assert first["@odata.context"].startswith(f"{scheme}://localhost:7777/beta/$metadata#")


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


def test_a_token_holds_for_its_own_entity_set_only(eleven: Api) -> None:
    events = "/beta/deviceManagement/auditEvents"
    permissions = (READ, WRITE, "DeviceManagementApps.Read.All")
    reader = eleven.with_token(token(eleven.data_dir, eleven.tenant, permissions))
    for one, other in ((IMAGES, events), (events, IMAGES)):
        link = body_of(reader.get(f"{one}?$top=2"))["@odata.nextLink"]
        assert reader.get(link).status_code == 200
        refused(reader.get(link.replace(one, other)), 400, "BadRequest")


def test_a_token_holds_for_its_own_query_and_tenant_only(eleven: Api) -> None:
    link = body_of(eleven.get(f"{IMAGES}?$top=9", Prefer="odata.maxpagesize=2"))["@odata.nextLink"]
    refused(eleven.get(link.replace("top=9", "top=8")), 400, "BadRequest")
    refused(eleven.get(link[:-1] + ("A" if link[-1] != "A" else "B") * 3), 400, "BadRequest")
    other = eleven.with_token(token(eleven.data_dir, str(uuid.uuid4())))
    refused(other.get(link), 400, "BadRequest")
    assert eleven.get(link).status_code == 200


@pytest.mark.parametrize("preference", ["odata.maxpagesize=0", "odata.maxpagesize=x", "wait=5", "", "maxpagesize=-1"])
def test_a_preference_that_means_nothing_is_ignored(eleven: Api, preference: str) -> None:
    reply = eleven.get(IMAGES, Prefer=preference)
    assert len(reply.json()["value"]) == 11
    assert "preference-applied" not in reply.headers


@pytest.fixture
def large(api: Api) -> Api:
    """Twenty images of 170 kB, which are more than 2 MB together."""
    update = {"buildVersion": "10.0.26200.7171", "releaseMonth": 11, "releaseYear": 2026}
    for number in range(20):
        api.create(id=f"a{number:02}", availableUpdates=[update] * 1000)
    return api


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ("", {}, range(20)),
        ("$top=1000", {}, range(20)),
        ("$skip=3&$top=16", {}, range(3, 20)),
        ("$skip=3&$top=16", {"OData-MaxVersion": "4.0"}, range(3, 19)),
        ("$orderby=id desc&$count=true", {}, range(19, -1, -1)),
        ("$select=availableUpdates/buildVersion,id", {}, range(20)),
        ("", {"Accept": "application/json;odata.metadata=full"}, range(20)),
    ],
)
def test_pages_of_large_images_end_early(large: Api, query: str, headers: dict[str, str], expected: range) -> None:
    found = pages(large, query, None, headers=headers)
    assert [each["id"] for page in found for each in page["value"]] == [f"a{number:02}" for number in expected]
    assert len(found) > 1
    assert all(0 < len(page["value"]) < 20 for page in found)
    assert large.get("/-/limits").json()["max_page_bytes"] == 2 * 1024 * 1024


def test_large_images_in_a_batch(large: Api) -> None:
    urls = [
        f"{IMAGES.removeprefix('/beta')}/a{number:02}?$select=availableUpdates/buildVersion" for number in range(20)
    ]
    requests = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    body = body_of(large.http.post("/beta/$batch", json={"requests": requests}))
    assert [each["status"] for each in body["responses"]] == [200] * 20
    assert all(len(each["body"]["availableUpdates"]) == 1000 for each in body["responses"])
