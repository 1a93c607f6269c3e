"""Entity tags of collections: a 304 is never wrong, whatever is written meanwhile and whatever shapes the answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.api import IMAGES, READ, WRITE, Api, Json, Service, api_of, body_of, connected, refused, token
from tests.support.postgres import Postgres
from tests.support.server import running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

FUNCTION = f"{IMAGES}/a/getAllManagedDeviceWindowsOSImages()"
EVENTS = "/beta/deviceManagement/auditEvents"
NOW = quote("supportedEditions/any(e:e/supportEndDate lt date(now()))")
TAGGED = [IMAGES, f"{IMAGES}?$top=1", f"{IMAGES}/$count", f"{IMAGES}/$ref", FUNCTION]
# Each of these is another answer, or might be one.
VARIANTS: list[tuple[str, dict[str, str]]] = [
    *((path, {}) for path in TAGGED),
    (f"{IMAGES}/b/getAllManagedDeviceWindowsOSImages()", {}),
    (f"{IMAGES}?$top=2", {}),
    (f"{IMAGES}?$top=1&$count=true", {}),
    (f"{IMAGES}?$orderby=id%20desc", {}),
    (f"{IMAGES}?$select=id", {}),
    (f"{IMAGES}?$select=supportedArchitectures($top=1)", {}),
    (f"{IMAGES}?$filter=id%20eq%20'a'", {}),
    (f"{IMAGES}/$count?$filter=id%20eq%20'a'", {}),
    (f"{IMAGES}?$format=application/json;odata.metadata=full", {}),
    (IMAGES, {"Accept": "application/json;odata.metadata=full"}),
    (IMAGES, {"Accept": "application/json;odata.metadata=none"}),
    (IMAGES, {"Accept": "application/json;IEEE754Compatible=true"}),
    (IMAGES, {"Prefer": "odata.maxpagesize=1"}),
    (IMAGES, {"Prefer": "odata.maxpagesize=2"}),
    (IMAGES, {"Prefer": "include-unknown-enum-members"}),
    (IMAGES, {"OData-MaxVersion": "4.0"}),
    (IMAGES, {"OData-MaxVersion": "4.01"}),
    (IMAGES, {"OData-Version": "4.0"}),
    (IMAGES, {"OData-MaxVersion": "4.01", "OData-Version": "4.01"}),
    (IMAGES, {"Host": "127.0.0.1"}),
    (f"{IMAGES}/$filter(id%20eq%20'a')", {}),
]


def known(api: Api, path: str, tag: str, **headers: str) -> httpx.Response:
    """The answer to a client that has an answer with that tag."""
    return api.get(path, **{"If-None-Match": tag, **headers})


def unchanged(api: Api, path: str, tag: str, **headers: str) -> bool:
    """Return whether such a client gets a 304."""
    reply = known(api, path, tag, **headers)
    if reply.status_code == 304:
        assert (reply.content, reply.headers["etag"]) == (b"", tag)
        assert reply.headers["cache-control"] == "no-cache"
        assert "Authorization" in reply.headers["vary"]
    return reply.status_code == 304


@pytest.fixture
def two(api: Api) -> Api:
    """A tenant with two images."""
    for key in "ab":
        api.create(id=key, supportedArchitectures=["x64", "arM64"])
    return api


@pytest.mark.parametrize("path", TAGGED)
def test_an_unchanged_collection_is_not_sent_again(two: Api, path: str) -> None:
    first = two.get(path)
    tag = first.headers["etag"]
    assert first.status_code == 200
    assert tag.startswith('W/"')
    entity = two.get(f"{IMAGES}/a").headers["etag"]
    for header in (tag, tag.removeprefix("W/"), f'W/"0", {tag}', f'"x,y" , {tag}', f"{entity},{tag}"):
        reply = known(two, path, header)
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag), header
    for header in (entity, 'W/"0"', tag[:-2] + '"', tag.strip("W/").strip('"'), tag.replace('"c', '"'), "", '"', "W/*"):
        again = known(two, path, header)
        assert (again.status_code, again.content) == (200, first.content), header
    head = two.http.head(path)
    assert (head.status_code, head.headers["etag"], head.content) == (200, tag, b"")
    assert two.http.head(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", TAGGED)
def test_every_change_and_nothing_else_ends_a_304(two: Api, path: str) -> None:
    def tag_after(change: Callable[[], httpx.Response]) -> str:
        assert change().is_success
        found: str = two.get(path).headers["etag"]
        return found

    http, image = two.http, f"{IMAGES}/b"
    tags = [
        two.get(path).headers["etag"],
        tag_after(lambda: http.post(IMAGES, json={"id": "c"})),
        tag_after(lambda: http.patch(image, json={"supportedArchitectures": ["x86"]})),
        tag_after(lambda: http.put(image, json={})),
        tag_after(lambda: http.post(f"{image}/supportedArchitectures", json={"value": "x64"})),
        tag_after(lambda: http.delete(image)),
        tag_after(lambda: http.post(IMAGES, json={"id": "b"})),
    ]
    assert len(set(tags)) == len(tags)
    assert [unchanged(two, path, tag) for tag in tags] == [*[False] * (len(tags) - 1), True]
    assert tag_after(lambda: http.patch(image, json={"supportedArchitectures": []})) == tags[-1]
    assert tag_after(lambda: http.get(f"{IMAGES}/a")) == tags[-1]


def test_everything_that_shapes_an_answer_is_in_its_tag(two: Api) -> None:
    tags = []
    for path, headers in VARIANTS:
        reply = two.get(path, **headers)
        assert reply.status_code == 200, (path, headers, reply.text)
        tags.append(reply.headers["etag"])
    assert len(set(tags)) == len(tags), "two answers have the same tag"
    for (path, headers), tag in zip(VARIANTS, tags, strict=True):
        assert unchanged(two, path, tag, **headers)
        others = ", ".join(each for each in tags if each != tag)
        assert not unchanged(two, path, others, **headers), (path, headers)


def test_what_does_not_shape_an_answer_is_not_in_its_tag(two: Api) -> None:
    tag = two.get(IMAGES).headers["etag"]
    for headers in ({"client-request-id": str(uuid.uuid4())}, {"Accept-Encoding": "identity"}, {"User-Agent": "x"}):
        assert unchanged(two, IMAGES, tag, **headers)
    bare = httpx.Request(
        "GET", two.http.base_url.join(IMAGES), headers={"Authorization": two.http.headers["authorization"]}
    )
    assert "accept" not in bare.headers
    assert two.http.send(bare).headers["etag"] == two.get(IMAGES, Accept="*/*").headers["etag"] == tag
    another = two.with_token(token(two.data_dir, two.tenant, (READ,), user=True))
    assert unchanged(another, IMAGES, tag)
    assert unchanged(two, IMAGES.upper().replace("BETA", "beta"), tag)


def test_pages_have_tags_of_their_own(two: Api) -> None:
    first = two.get(IMAGES, Prefer="odata.maxpagesize=1")
    link = body_of(first)["@odata.nextLink"]
    second = two.get(link, Prefer="odata.maxpagesize=1")
    tags = [first.headers["etag"], second.headers["etag"]]
    assert tags[0] != tags[1]
    assert unchanged(two, link, tags[1], Prefer="odata.maxpagesize=1")
    assert not unchanged(two, link, tags[0], Prefer="odata.maxpagesize=1")
    two.create(id="c")
    assert not unchanged(two, link, tags[1], Prefer="odata.maxpagesize=1")


# --- what is never answered with 304 ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    [
        f"{IMAGES}?$filter={NOW}",
        f"{IMAGES}/$count?$filter={NOW}",
        f"{IMAGES}/$ref?$filter={NOW}",
        f"{FUNCTION}?$filter={NOW}",
        f"{IMAGES}?$compute=now()%20as%20moment",
        f"{IMAGES}?$orderby=now()%20gt%202026-01-01T00:00:00Z",
        f"{IMAGES}?$select=supportedEditions($filter=supportEndDate%20lt%20date(now()))",
        f"{IMAGES}?$apply=filter({NOW})",
        f"{IMAGES}/$filter({NOW})",
        f"{IMAGES}?$filter=@p&@p={NOW}",
        f"{IMAGES}/delta()",
        f"{IMAGES}/checkBuild(buildVersion='10.0.26100.1')",
        "/beta/",
        "/beta/$metadata",
    ],
)
def test_answers_that_depend_on_the_clock_have_no_tag(two: Api, path: str) -> None:
    reply = two.get(path)
    assert reply.status_code == 200, reply.text
    assert "etag" not in reply.headers
    assert known(two, path, "*").status_code == 200


def test_any_tag_matches_where_there_is_one(two: Api) -> None:
    for path in TAGGED:
        assert known(two, path, "*").status_code == 304
    refused(known(two, f"{IMAGES}/x/getAllManagedDeviceWindowsOSImages()", "*"), 404, "ResourceNotFound")


@pytest.mark.parametrize("query", ["$filter=id%20eq", "$orderby=nothing", "$top=x", "$skiptoken=x", "$nothing=1"])
def test_a_query_that_is_wrong_is_refused_whatever_the_client_has(two: Api, query: str) -> None:
    tag = two.get(IMAGES).headers["etag"]
    for header in ("*", tag, 'W/"1"'):
        reply = known(two, f"{IMAGES}?{query}", header)
        assert reply.status_code == 400, (query, header)
        assert "etag" not in reply.headers


def test_who_asks_is_checked_first(two: Api) -> None:
    tag = two.get(IMAGES).headers["etag"]
    for header in (tag, "*"):
        with two.service.client() as anonymous:
            assert anonymous.get(IMAGES, headers={"If-None-Match": header}).status_code == 401
        nobody = two.with_token(token(two.data_dir, two.tenant, ()))
        refused(known(nobody, IMAGES, header), 403, "Forbidden")
    refused(known(two, f"{IMAGES}x", tag), 400, "BadRequest")


def test_what_another_tenant_was_answered_is_worth_nothing(two: Api) -> None:
    tag = two.get(IMAGES).headers["etag"]
    tenant = str(uuid.uuid4())
    with api_of(two.service, tenant) as other:
        for key in "ab":
            other.create(id=key, supportedArchitectures=["x64", "arM64"])
        assert other.get(IMAGES).json() == two.get(IMAGES).json()
        assert not unchanged(other, IMAGES, tag)


def test_if_match_comes_first(two: Api) -> None:
    tag = two.get(FUNCTION).headers["etag"]
    refused(known(two, FUNCTION, tag, **{"If-Match": 'W/"0"'}), 412, "resourceModified")
    entity = two.get(f"{IMAGES}/a").headers["etag"]
    assert known(two, FUNCTION, tag, **{"If-Match": entity}).status_code == 200


@pytest.mark.parametrize("path", [IMAGES, f"{IMAGES}/$count", f"{IMAGES}/$ref"])
def test_if_match_on_reads_of_lists(two: Api, path: str) -> None:
    tag = two.get(path).headers["etag"]
    for header in (tag, "*", f'"x", {tag}'):
        assert two.get(path, **{"If-Match": header}).status_code == 200
    for header in ('"x"', 'W/"0"', two.get(f"{IMAGES}/a").headers["etag"]):
        refused(two.get(path, **{"If-Match": header}), 412, "resourceModified")


def test_the_tag_of_a_list_is_no_tag_of_an_image(two: Api) -> None:
    tag = two.get(IMAGES).headers["etag"]
    assert two.get(f"{IMAGES}/a", **{"If-None-Match": tag}).status_code == 200
    change = two.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": []}, headers={"If-Match": tag})
    refused(change, 412, "resourceModified")


# --- batches, events, queries in bodies -------------------------------------------------------------------------------
def test_items_of_a_batch_are_conditional(two: Api) -> None:
    def item(identity: str, **more: Any) -> Json:
        return {"id": identity, "method": "GET", "url": IMAGES.removeprefix("/beta"), **more}

    def replies(*items: Json) -> dict[str, Json]:
        body = body_of(two.http.post("/beta/$batch", json={"requests": items}))
        return {each["id"]: each for each in body["responses"]}

    tag = replies(item("1"))["1"]["headers"]["ETag"]
    conditional = {"headers": {"If-None-Match": tag}}
    write = {"id": "2", "method": "DELETE", "url": f"{IMAGES.removeprefix('/beta')}/b"}
    found = replies(item("1", **conditional), item("4"))
    assert (found["1"]["status"], found["1"]["headers"]["ETag"]) == (304, tag)
    assert (found["4"]["status"], found["4"]["headers"]["ETag"]) == (200, tag)
    found = replies(write, item("3", dependsOn=["2"], **conditional))
    assert (found["2"]["status"], found["3"]["status"]) == (204, 200)


def test_a_query_in_a_body_has_no_tag(two: Api) -> None:
    def asked(**headers: str) -> httpx.Response:
        return two.http.post(f"{IMAGES}/$query", content="$top=1", headers={"Content-Type": "text/plain", **headers})

    assert "etag" not in asked().headers
    assert asked(**{"If-None-Match": "*"}).status_code == 200


def test_lists_of_events_change_with_every_event(two: Api) -> None:
    bearer = token(two.data_dir, two.tenant, (READ, WRITE, "DeviceManagementApps.Read.All"))
    auditor = two.with_token(bearer)
    tag = auditor.get(EVENTS).headers["etag"]
    assert unchanged(auditor, EVENTS, tag)
    refused(known(two, EVENTS, tag), 403, "Forbidden")
    two.create(id="c")
    assert not unchanged(auditor, EVENTS, tag)


# --- whatever happens -------------------------------------------------------------------------------------------------
keys = st.sampled_from("abc")
operations = st.lists(
    st.tuples(
        st.sampled_from(["create", "patch", "put", "delete", "batch", "read"]),
        keys,
        st.lists(st.sampled_from(["x86", "x64", "arM64"]), max_size=2, unique=True),
    ),
    min_size=1,
    max_size=8,
)
_WATCHED = [
    (IMAGES, {}),
    (f"{IMAGES}?$filter=supportedArchitectures/any(a:a%20eq%20'x64')&$orderby=id%20desc", {}),
    (f"{IMAGES}?$top=1&$count=true", {"Prefer": "odata.maxpagesize=1"}),
    (f"{IMAGES}/$count?$filter=supportedArchitectures/any()", {}),
    (f"{IMAGES}/$ref", {"Accept": "application/json;odata.metadata=none"}),
    (FUNCTION, {}),
]


def change(api: Api, name: str, key: str, architectures: list[str]) -> None:
    """One request that may change something, whatever comes of it."""
    value, url = {"supportedArchitectures": architectures}, f"{IMAGES}/{key}"
    if name == "create":
        api.http.post(IMAGES, json={"id": key, **value})
    elif name == "batch":
        item = {"method": "PATCH", "headers": {"Content-Type": "application/json"}, "body": value}
        requests = [{"id": each, "url": f"{IMAGES.removeprefix('/beta')}/{each}", **item} for each in "ab"]
        api.http.post("/beta/$batch", json={"requests": requests})
    elif name == "read":
        api.get(url)
    else:
        api.http.request(name.upper(), url, json=None if name == "delete" else value)


@settings(max_examples=20)
@given(operations)
def test_a_304_is_never_wrong(service: Service, done: list[tuple[str, str, list[str]]]) -> None:
    with api_of(service) as api:
        seen: list[dict[str, bytes]] = [{} for _ in _WATCHED]
        for operation in [("read", "a", []), *done]:
            change(api, *operation)
            for (path, headers), tags in zip(_WATCHED, seen, strict=True):
                now = api.get(path, **headers)
                for tag, body in tags.items():
                    assert not unchanged(api, path, tag, **headers) or body == now.content, (path, operation)
                if now.status_code == 200:
                    assert tags.setdefault(now.headers["etag"], now.content) == now.content
                    again = known(api, path, now.headers["etag"], **headers)
                    # An audit event of a denied request, which is written a moment later, is a change, too.
                    assert again.status_code == 304 or again.headers["etag"] != now.headers["etag"]


def test_a_tag_is_never_newer_than_its_answer(two: Api) -> None:
    """A tag that is read after the data would let a client keep what a write in between has changed."""

    def write(writer: int) -> None:
        for number in range(25):
            two.create(id=f"{writer}-{number}")

    def read(path: str) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        while not all(each.done() for each in writing):
            reply = two.get(path)
            found.setdefault(reply.headers["etag"], set()).add(reply.content)
        return found

    paths = [f"{IMAGES}?$orderby=id%20desc&$top=500", f"{IMAGES}/$count"]
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, each) for each in range(2)]
        reading = [pool.submit(read, path) for path in paths]
    for path, each in zip(paths, reading, strict=True):
        now = two.get(path).content
        for tag, bodies in each.result().items():
            assert not unchanged(two, path, tag) or bodies == {now}


# --- several servers on one database ----------------------------------------------------------------------------------
@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest) -> list[str]:
    """The options of servers on one database of each kind."""
    if request.param == "sqlite":
        return ["--http", "--empty"]
    postgres: Postgres = request.getfixturevalue("postgres")
    return ["--http", "--empty", "--database", postgres.new_database()]


def test_servers_on_one_database_agree(places: list[str], tmp_path: Path) -> None:
    tenant, host = str(uuid.uuid4()), {"Host": "localhost"}
    with ExitStack() as opened:
        servers = [opened.enter_context(running(tmp_path, *places)) for _ in range(2)]
        first, second = (opened.enter_context(connected(each.url, tenant, tmp_path)) for each in servers)
        first.create(id="a")
        tag = first.get(IMAGES, **host).headers["etag"]
        for api in (first, second, first, second):
            assert unchanged(api, IMAGES, tag, **host)
        assert first.http.delete(f"{IMAGES}/a").status_code == 204
        for api in (second, first):
            assert not unchanged(api, IMAGES, tag, **host)
        tag = second.get(IMAGES, **host).headers["etag"]
        assert unchanged(first, IMAGES, tag, **host)
    # A setting that shapes answers is in the tag; a restart alone is not.
    with running(tmp_path, *places) as again, connected(again.url, tenant, tmp_path) as api:
        assert unchanged(api, IMAGES, tag, **host)
    with running(tmp_path, *places, page_size="7") as again, connected(again.url, tenant, tmp_path) as api:
        assert not unchanged(api, IMAGES, tag, **host)


def test_what_is_published_another_day_is_sent_again(tmp_path: Path) -> None:
    tenant, host = str(uuid.uuid4()), {"Host": "localhost"}
    bodies: dict[str, str] = {}
    for day in ("2026-08-01", "2026-08-01", "2026-10-30"):
        with running(tmp_path, "--http", "--today", day) as server, connected(server.url, tenant, tmp_path) as api:
            now = api.get(IMAGES, **host)
            assert [unchanged(api, IMAGES, tag, **host) for tag in bodies] == [
                body == now.text for body in bodies.values()
            ]
            bodies[now.headers["etag"]] = now.text
    assert len(bodies) == 2
