"""Every link in every kind of answer, at every level of metadata, leads somewhere: each is followed and answers 200."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.api import IMAGES, READ, WRITE, Api, body_of, refused, token
from tests.support.links import Walk

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ROOT = "/beta/deviceManagement"
EVENTS = f"{ROOT}/auditEvents"
# What an id may look like, and what clients, or the service, could take for something else.
KEYS = [
    *("a", "a/b", "it's", "(@k)", "x(1)", "%2F", "ä😀", "a b", "#?&=+", "..", ".", "$count", "'", "delta", "DELTA()"),
    *("checkBuilds", "getAllManagedDeviceWindowsOSImages", "id", "$ref", "a;b,c", '"', "\\", "k" * 512),
]
FUNCTION = "getAllManagedDeviceWindowsOSImages()"
LEVELS = pytest.mark.parametrize("level", ["none", "minimal", "full", "full;IEEE754Compatible=true"])
VERSIONS = pytest.mark.parametrize("version", [None, "4.0", "4.01"])


@pytest.fixture
def whole(api: Api) -> Api:
    """Images with every kind of id, a client that may read and write everything."""
    client = api.with_token(token(api.data_dir, api.tenant, (READ, WRITE, "DeviceManagementApps.Read.All")))
    for key in KEYS:
        edition = {"editionType": "enterprise", "supportEndDate": "2027-01-01"}
        client.create(id=key, supportedArchitectures=["x64"], supportedEditions=[edition])
    return client


def walk(api: Api, level: str, version: str | None) -> Walk:
    """A walk of a client that accepts that level of metadata."""
    headers = {"Accept": f"application/json;odata.metadata={level}", "Prefer": "odata.maxpagesize=9"}
    return Walk(api.http, headers | ({} if version is None else {"OData-MaxVersion": version}))


def expected(level: str, always: set[str], full: set[str]) -> set[str]:
    """The kinds of links that answers of a level have: all but `none` have a context."""
    return always | (set() if level == "none" else {"context"}) | (full if level.startswith("full") else set())


@LEVELS
@VERSIONS
def test_links_of_images(whole: Api, level: str, version: str | None) -> None:
    made = walk(whole, level, version)
    for query in (
        *("", "?$top=20", "?$select=supportedArchitectures", "?$select=id,supportedEditions/editionType"),
        *("?$compute=length(id) as n&$orderby=n desc", "?$select=supportedEditions($top=1)", "?$count=true&$skip=1"),
        *("?$apply=groupby((id))", "?$search=a", "?$filter=contains(id,'a')"),
    ):
        made.get(f"{IMAGES}{query}")
        made.get(f"{IMAGES}/{quote('a/b', safe='')}/{FUNCTION}{query}")
    for key in KEYS:
        quoted = quote("'" + key.replace("'", "''") + "'", safe="")
        for path in ("", "/$ref", "/supportedEditions", f"/{FUNCTION}?$top=4"):
            made.get(f"{IMAGES}({quoted}){path}")
    made.get(f"{IMAGES}/$filter(id ne 'a')?$top=5")
    made.get(f"{IMAGES}/checkBuild(buildVersion='10.0.26200.1')")
    assert set(made.met) == expected(level, {"nextLink", "id"}, {"editLink"})


@LEVELS
@VERSIONS
def test_links_of_addresses_and_changes(whole: Api, level: str, version: str | None) -> None:
    addresses, changes = walk(whole, level, version), walk(whole, level, version)
    addresses.get(f"{IMAGES}/$ref?$top=20")
    assert set(addresses.met) == expected(level, {"id", "nextLink"}, {"editLink"})
    whole.http.delete(f"{IMAGES}/id")
    changes.get(f"{IMAGES}/delta()?$top=20")
    changes.get(f"{IMAGES}/delta()?$select=supportedArchitectures")
    assert set(changes.met) == expected(level, {"nextLink", "deltaLink"}, {"id", "editLink"})


@LEVELS
@VERSIONS
def test_links_of_the_singleton(api: Api, level: str, version: str | None) -> None:
    full = {"id", "editLink", "navigationLink", "associationLink"}
    whole = api.with_token(token(api.data_dir, api.tenant, (READ, WRITE, "DeviceManagementApps.Read.All")))
    for root in (ROOT, "/v1.0/deviceManagement"):
        made = walk(whole, level, version)
        for query in ("", "?$select=id", "?$select=*", "/id", "/$ref"):
            made.get(f"{root}{query}")
        made.send("PATCH", root, json={})
        names = full if root == ROOT else full - {"navigationLink", "associationLink"}
        assert set(made.met) == expected(level, {"id"}, names)
    made = walk(whole, level, version)
    made.get(f"{ROOT}?$select=managedDeviceWindowsOSImages")
    made.get("/beta")
    assert set(made.met) == expected(level, set(), full)


@LEVELS
@VERSIONS
def test_links_of_audit_events(whole: Api, level: str, version: str | None) -> None:
    made = walk(whole, level, version)
    for query in ("", "?$top=20", "?$select=activity", "?$filter=activityResult eq 'Success'", "/$ref"):
        made.get(f"{EVENTS}{query}")
    one = body_of(whole.get(EVENTS))["value"][0]["id"]
    for path in ("", "/$ref", "/resources", "/actor"):
        made.get(f"{EVENTS}/{one}{path}")
    assert set(made.met) == expected(level, {"id", "nextLink"}, {"readLink"})


@LEVELS
@VERSIONS
def test_links_of_writes_batches_and_queries_in_bodies(whole: Api, level: str, version: str | None) -> None:
    made = walk(whole, level, version)
    made.send("POST", IMAGES, 201, json={"id": "made/1"})
    made.send("PATCH", f"{IMAGES}/made%2F1", json={"supportedArchitectures": ["arm"]})
    made.send("PUT", f"{IMAGES}/made%2F2", 201, json={})
    text = {"Content-Type": "text/plain"}
    made.send("POST", f"{IMAGES}/$query", content="$top=20&$filter=id ne 'a b'", headers=text)
    made.send("POST", f"{ROOT}/$query", content="$select=id", headers=text)
    paths = ["", "/managedDeviceWindowsOSImages?$top=20", "/managedDeviceWindowsOSImages/a%2Fb", "/auditEvents?$top=20"]
    accept = {"Accept": f"application/json;odata.metadata={level}"}
    items = [
        {"id": str(number), "method": "GET", "url": f"/deviceManagement{path}", "headers": accept}
        for number, path in enumerate(paths)
    ]
    made.send("POST", "/beta/$batch", json={"requests": items})
    kinds = {"id", "editLink", "readLink", "navigationLink", "associationLink"}
    found = expected(level, {"nextLink", "location", "odata-entityid"}, kinds)
    assert set(made.met) == found


def test_the_link_of_a_long_query_in_a_body_can_be_followed(whole: Api) -> None:
    long = " or ".join(f"id eq '{number:03}{'x' * 400}'" for number in range(150))
    query = f"$top=20&$select=id&$filter=id ne 'y' or {long}"
    assert 60_000 < len(query) < 65_536
    made, text = Walk(whole.http, {}), {"Content-Type": "text/plain"}
    for path in (f"{IMAGES}/$query", f"{IMAGES}/delta()/$query"):
        made.send("POST", path, content=query, headers=text)
    assert made.met["nextLink"] == 2
    assert made.met["deltaLink"] > 1
    refused(whole.get(f"{IMAGES}?{query}"), 400, "BadRequest")
    spaces = f"$top=2&$select=id&$filter=id ne 'y'{' ' * 60_000}"
    error = refused(whole.http.post(f"{IMAGES}/$query", content=f"{spaces}and true", headers=text), 400, "BadRequest")
    assert "link to the next page" in error["message"]
