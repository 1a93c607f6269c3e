"""Whatever one tenant does, no other tenant's answers change, and nothing of another tenant is ever answered."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.api import IMAGES, READ, WRITE, Api, Json, Service, api_of, refused, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

AUDIT = "DeviceManagementApps.Read.All"
EVENTS = "/beta/deviceManagement/auditEvents"
# It is in nothing but the quiet tenant's data, and in no request of the busy one.
SECRET = "10.9.8.7654321"
KEYS = ["shared", "a'b", "a/b", "../a", "%2e%2e", "$count", "ünï ☃", "a b", "('x')", "null", "\u0001x", "x" * 512]

EVERY_PRINTABLE = "".join(map(chr, range(33, 127))).replace("?", "").replace("#", "").replace("%", "")
odd_ids = st.one_of(st.sampled_from(KEYS), st.text(min_size=1, max_size=40))
filters = st.sampled_from(
    [
        "id ne ''",
        "id eq 'shared'",
        "true",
        "not false",
        "id eq 'x' or 1 eq 1",
        "id in ('shared','a b')",
        "availableUpdates/any()",
        "availableUpdates/any(u:startswith(u/buildVersion,'10.9'))",
        "supportedArchitectures/all(a:a ne 'x86')",
        "contains(id,'') or tenant eq null",
        "id eq ''' or tenant ne '''",
        "supportedEditions/$count ge 0",
    ]
)
options = st.fixed_dictionaries(
    {},
    optional={
        "$filter": filters,
        "$orderby": st.sampled_from(["id", "id desc", "tenant", "version"]),
        "$top": st.sampled_from(["0", "1", "1000"]),
        "$skip": st.sampled_from(["0", "1"]),
        "$count": st.just("true"),
        "$select": st.sampled_from(["id", "*", "id,availableUpdates", "tenant"]),
        "$search": st.sampled_from(['"shared"', SECRET[:3]]),
        "$apply": st.sampled_from(["aggregate($count as n)", "groupby((id))"]),
        "$skiptoken": st.just("TOKEN"),
        "$deltatoken": st.just("DELTA"),
    },
)
paths = st.one_of(
    st.sampled_from(
        [IMAGES, f"{IMAGES}/$count", f"{IMAGES}/delta", f"{IMAGES}/delta()", EVENTS, "/beta/deviceManagement", "/beta/"]
    ),
    odd_ids.map(lambda key: f"{IMAGES}/{quote(key, safe='')}"),
    odd_ids.map(lambda key: f"{IMAGES}/{quote(key, safe='')}/supportedArchitectures"),
    # As it is, but for what no client can send.
    odd_ids.map(lambda key: f"{IMAGES}/{quote(key, safe=EVERY_PRINTABLE)}"),
    st.just(f"{IMAGES}/shared/getAllManagedDeviceWindowsOSImages()"),
)
bodies: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"id": odd_ids, "supportedArchitectures": st.just(["x64"])}),
    st.just({}),
    st.just({"id": "shared", "tenant": "another"}),
    st.just([]),
)
requests = st.tuples(
    st.sampled_from(["GET", "GET", "GET", "POST", "PATCH", "PUT", "DELETE"]), paths, options, bodies, st.booleans()
)


class Quiet:
    """A tenant that does nothing, and what it is answered."""

    def __init__(self, api: Api) -> None:
        self.api = api
        for number, key in enumerate(("shared", "own")):
            updates = [{"buildVersion": SECRET, "releaseMonth": 1, "releaseYear": 2026}]
            api.create(id=key, availableUpdates=updates, supportedArchitectures=["x86", "arM64"][: number + 1])
        page = api.get(f"{IMAGES}?$orderby=id", Prefer="odata.maxpagesize=1").json()
        self.next_link: str = page["@odata.nextLink"]
        self.delta_link = self._delta_link()
        self.etag = api.get(f"{IMAGES}/shared").headers["etag"]
        self.before = self.answers()

    def _delta_link(self) -> str:
        url: str = f"{IMAGES}/delta"
        while True:
            page = self.api.http.get(url).json()
            if "@odata.deltaLink" in page:
                found: str = page["@odata.deltaLink"]
                return found
            url = page["@odata.nextLink"]

    def answers(self) -> list[tuple[int, Json | str]]:
        """Everything that the tenant can see of itself."""
        found: list[tuple[int, Json | str]] = []
        for url in (
            IMAGES,
            f"{IMAGES}/shared",
            f"{IMAGES}/own",
            f"{IMAGES}/$count",
            f"{IMAGES}?$filter=id ne ''&$count=true",
            self.next_link,
            self.delta_link,
            EVENTS,
            "/beta/deviceManagement",
        ):
            reply = self.api.http.get(url)
            is_json = reply.headers["content-type"].startswith("application/json")
            body: Any = reply.json() if is_json else reply.text
            if is_json:
                body.pop("@odata.deltaLink", None)  # a new one each time
            found.append((reply.status_code, body))
        found.append((self.api.get(f"{IMAGES}/shared", **{"If-None-Match": self.etag}).status_code, ""))
        return found


@pytest.fixture(scope="module")
def quiet(service: Service) -> Any:
    tenant = str(uuid.uuid4())
    bearer = token(service.data_dir, tenant, (READ, WRITE, AUDIT))
    with api_of(service, tenant, bearer) as api:
        yield Quiet(api)


@pytest.fixture(scope="module")
def busy(service: Service) -> Any:
    tenant = str(uuid.uuid4())
    bearer = token(service.data_dir, tenant, (READ, WRITE, AUDIT))
    with api_of(service, tenant, bearer) as api:
        yield api


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.lists(requests, min_size=1, max_size=8))
def test_nothing_that_one_tenant_does_is_seen_by_another(quiet: Quiet, busy: Api, sent: list[Any]) -> None:
    for method, path, query, body, in_batch in sent:
        reply = send(busy, quiet, method, path, query, body, in_batch=in_batch)
        assert reply.status_code < 500, (method, path, query, reply.text)
        assert SECRET not in reply.text
        assert quiet.api.tenant not in reply.text
    assert quiet.answers() == quiet.before


def send(busy: Api, quiet: Quiet, method: str, path: str, query: Json, body: Any, *, in_batch: bool) -> httpx.Response:
    """A request of the busy tenant, which knows the tags and the tokens of the quiet one."""
    delta = quiet.delta_link.partition("deltatoken=")[2]
    tokens = {"TOKEN": quiet.next_link.partition("skiptoken=")[2], "DELTA": delta}
    asked = urlencode({name: tokens.get(value, value) for name, value in query.items()}, safe="$")
    url = f"{path}?{asked}" if asked else path
    headers = {"Content-Type": "application/json"} | ({"If-None-Match": quiet.etag} if method == "GET" else {})
    if in_batch:
        item: Json = {"id": "1", "method": method, "url": url.removeprefix("/beta"), "headers": headers}
        if method != "GET":
            item["body"] = body
        return busy.http.post("/beta/$batch", json={"requests": [item]})
    content = None if method == "GET" else json.dumps(body)
    return busy.http.request(method, url, content=content, headers=headers)


def test_a_link_of_another_tenant_leads_nowhere(quiet: Quiet, busy: Api) -> None:
    for link in (quiet.next_link, quiet.delta_link):
        error = refused(busy.http.get(link), 400, "BadRequest")
        assert "token" in error["message"].lower()
        inside = busy.http.post("/beta/$batch", json={"requests": [{"id": "1", "method": "GET", "url": link}]})
        assert inside.json()["responses"][0]["status"] == 400


@pytest.mark.parametrize("where", [0, 1, 10, -1, -2])
def test_a_link_that_was_tampered_with_leads_nowhere(quiet: Quiet, where: int) -> None:
    for link, name in ((quiet.next_link, "skiptoken="), (quiet.delta_link, "deltatoken=")):
        start, _, sealed = link.partition(name)
        # The last character may hold bits that do not count; its first bits do.
        other = "A" if sealed[where] not in "ABCD" else "z"
        changed = sealed[:where] + other + (sealed[where + 1 :] if where != -1 else "")
        refused(quiet.api.http.get(f"{start}{name}{changed}"), 400, "BadRequest")


def test_a_link_is_bound_to_the_query_that_it_was_given_for(quiet: Quiet) -> None:
    sealed = quiet.next_link.partition("skiptoken=")[2]
    for query in ("", "$orderby=id desc&", "$filter=id ne 'x'&$orderby=id&"):
        reply = quiet.api.get(f"{IMAGES}?{query}$skiptoken={sealed}")
        if query != "":
            refused(reply, 400, "BadRequest")
    refused(quiet.api.get(f"{EVENTS}?$skiptoken={sealed}"), 400, "BadRequest")


def test_an_answer_that_is_cached_for_one_tenant_is_none_for_another(quiet: Quiet, busy: Api) -> None:
    # Tenants count their versions each for themselves, so that tags of two may be equal: caches keep answers to
    # different tokens apart.
    assert "Authorization" in quiet.api.get(f"{IMAGES}/own").headers["vary"]
    refused(busy.get(f"{IMAGES}/own"), 404, "ResourceNotFound")
    busy.create(id="own")
    assert busy.get(f"{IMAGES}/own").json()["availableUpdates"] == []
    assert busy.http.delete(f"{IMAGES}/own").status_code == 204
    assert quiet.api.get(f"{IMAGES}/own").status_code == 200
