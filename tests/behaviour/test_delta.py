"""delta() over the wire: rounds, links, what is removed, and tokens that are good for one thing only."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osimages.odata.plan.delta_tokens import DeltaState, DeltaTokens
from tests.support.api import IMAGE_TYPE, IMAGES, READ, Api, Json, api_of, body_of, connected, refused, token
from tests.support.server import Server, running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DELTA = f"{IMAGES}/delta()"


def follow(api: Api, link: str, **headers: str) -> Json:
    """The answer at a link that the service gave."""
    reply = api.get(link, **headers)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def rounds(api: Api, link: str) -> tuple[list[Json], str]:
    """All entries of a round, and the link to the next one."""
    found: list[Json] = []
    while True:
        body = follow(api, link)
        found += body["value"]
        assert ("@odata.nextLink" in body) != ("@odata.deltaLink" in body)
        if "@odata.deltaLink" in body:
            return found, body["@odata.deltaLink"]
        link = body["@odata.nextLink"]


def summary(entries: list[Json]) -> list[Any]:
    """Ids, and reasons of those that are gone."""
    return [(each["id"], each["@removed"]["reason"]) if "@removed" in each else each["id"] for each in entries]


def test_rounds(api: Api) -> None:
    for key in "abc":
        api.create(id=key)
    found, link = rounds(api, DELTA)
    assert [each["@odata.type"] for each in found] == [IMAGE_TYPE] * 3
    assert summary(found) == ["a", "b", "c"]
    assert rounds(api, link)[0] == []
    api.http.delete(f"{IMAGES}/a")
    api.http.patch(f"{IMAGES}/b", json={"supportedArchitectures": ["x64"]})
    api.http.patch(f"{IMAGES}/c", json={"supportedArchitectures": []})  # changes nothing
    api.create(id="d")
    changed, link = rounds(api, link)
    assert changed[0] == {"id": "a", "@removed": {"reason": "deleted"}}
    assert changed[1]["supportedArchitectures"] == ["x64"]
    assert summary(changed) == [("a", "deleted"), "b", "d"]
    assert rounds(api, link)[0] == []
    assert summary(rounds(api, DELTA)[0]) == ["c", "b", "d"]


@pytest.mark.parametrize("spelling", ["delta", "delta()", "Delta()", "microsoft.graph.delta()", "graph.delta"])
def test_every_spelling(api: Api, spelling: str) -> None:
    api.create(id="a")
    body = follow(api, f"{IMAGES}/{spelling}")
    assert summary(body["value"]) == ["a"]
    assert body["@odata.context"].endswith(
        "/beta/$metadata#Collection(microsoft.graph.managedDeviceWindowsOperatingSystemImage)"
    )
    assert body["@odata.deltaLink"].startswith(f"{str(api.http.base_url).rstrip('/')}{DELTA}?$deltatoken=")


def test_an_image_named_like_the_function_is_reached_in_parentheses(api: Api) -> None:
    api.create(id="delta")
    assert api.get(f"{IMAGES}('delta')").json()["id"] == "delta"
    assert api.http.post(IMAGES, json={"id": "DELTA"}).headers["location"].endswith("('DELTA')")


def test_pages_while_others_write(api: Api) -> None:
    for key in "abcde":
        api.create(id=key)
    first = follow(api, f"{DELTA}?$top=2")
    assert summary(first["value"]) == ["a", "b"]
    api.http.delete(f"{IMAGES}/a")
    api.http.delete(f"{IMAGES}/d")
    api.create(id="f")
    rest, link = rounds(api, first["@odata.nextLink"])
    assert summary(rest) == ["c", "e", ("a", "deleted"), ("d", "deleted"), "f"]
    assert rounds(api, link)[0] == []


def test_the_page_size_that_the_client_prefers(api: Api) -> None:
    for key in "abc":
        api.create(id=key)
    reply = api.get(DELTA, Prefer="odata.maxpagesize=2")
    assert reply.headers["preference-applied"] == "odata.maxpagesize=2"
    assert summary(reply.json()["value"]) == ["a", "b"]


def test_select_and_filter(api: Api) -> None:
    api.create(id="a", supportedArchitectures=["x64"])
    api.create(id="b")
    query = "$select=supportedArchitectures&$filter=supportedArchitectures/any()"
    found, link = rounds(api, f"{DELTA}?{query}")
    assert found == [{"@odata.type": IMAGE_TYPE, "id": "a", "supportedArchitectures": ["x64"]}]
    assert query in link
    api.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": []})
    api.http.patch(f"{IMAGES}/b", json={"supportedArchitectures": ["arm"]})
    assert summary(rounds(api, link)[0]) == [("a", "changed"), "b"]


def test_from_now_on(api: Api) -> None:
    api.create(id="a")
    body = follow(api, f"{DELTA}?$deltatoken=latest")
    assert body["value"] == []
    api.create(id="b")
    assert summary(rounds(api, body["@odata.deltaLink"])[0]) == ["b"]


def test_a_token_is_good_for_its_tenant_and_query(api: Api) -> None:
    api.create(id="a")
    link = rounds(api, DELTA)[1]
    error = refused(api.get(f"{link}&$select=id"), 400, "BadRequest")
    assert "$deltatoken" in error["message"]
    with api_of(api.service) as other:
        refused(other.get(link), 400, "BadRequest")
    refused(api.get(f"{DELTA}?$deltatoken=x"), 400, "BadRequest")
    refused(api.get(f"{DELTA}?$skiptoken=latest"), 400, "BadRequest")
    refused(api.get(f"{link}&$skiptoken=x"), 400, "BadRequest")


@pytest.mark.parametrize("option", ["$orderby=id", "$skip=1", "$count=true", "$expand=x"])
def test_options_that_changes_do_not_take(api: Api, option: str) -> None:
    assert api.get(f"{DELTA}?{option}").status_code == 400


def test_it_needs_the_permission_to_read_alone(api: Api) -> None:
    with_read = api.with_token(token(api.data_dir, api.tenant, (READ,)))
    assert with_read.get(DELTA).status_code == 200
    refused(api.with_token(token(api.data_dir, api.tenant, ("User.Read.All",))).get(DELTA), 403, "Forbidden")
    refused(api.http.post(DELTA, json={}), 400, "No method match route template")


def test_an_expired_token_sends_back_to_the_start(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--http", "--empty", delta_days="0") as server,
        connected(server.url, str(uuid.uuid4()), server.data_dir) as api,
    ):
        api.create(id="a")
        link = rounds(api, f"{DELTA}?$select=id")[1]
        while api.get(link).status_code == 200:  # until the next second
            pass
        reply = api.get(link)
        error = refused(reply, 410, "resyncRequired")
        assert "start again" in error["message"].lower()
        assert reply.headers["location"] == f"{server.url}{DELTA}?$select=id"
        assert summary(rounds(api, reply.headers["location"])[0]) == ["a"]


def test_a_token_of_another_time_of_the_database(sqlite_server: Server) -> None:
    """After a restore, the secret is another one, or fewer changes are known than the token counts."""
    with connected(sqlite_server.url, str(uuid.uuid4()), sqlite_server.data_dir) as api:
        another = DeltaTokens(b"another", 30, lambda _: datetime.now(UTC)).write(DeltaState(5, 5, 0), api.tenant, "x")
        refused(api.get(f"{DELTA}?$deltatoken={another}"), 410, "resyncRequired")
        api.create(id="a")
        link = rounds(api, DELTA)[1]
        with closing(sqlite3.connect(sqlite_server.data_dir / "osimages.db")) as database, database:
            database.execute("UPDATE tenant SET last_change = 0 WHERE tenant = ?", (api.tenant,))
        refused(api.get(link), 410, "resyncRequired")


def test_patch_tuesday_shows_as_changes(tmp_path: Path) -> None:
    """What is published the next month comes as changes of the releases that got builds, and of no others."""
    tenant = str(uuid.uuid4())
    with (
        running(tmp_path, "--http", "--today", "2026-10-12") as server,
        connected(server.url, tenant, server.data_dir) as api,
    ):
        before, link = rounds(api, f"{DELTA}?$select=availableUpdates")
        path = link.removeprefix(server.url)
    with (
        running(tmp_path, "--http", "--today", "2026-10-20") as server,
        connected(server.url, tenant, server.data_dir) as api,
    ):
        changed, link = rounds(api, path)
        assert changed
        known = {each["id"]: each for each in before}
        for each in changed:
            assert "@removed" in each or each["availableUpdates"] != known.get(each["id"], {}).get("availableUpdates")
        now = {each["id"]: each for each in rounds(api, f"{DELTA}?$select=availableUpdates")[0]}
        updated = known | {each["id"]: each for each in changed}
        assert {key: each for key, each in updated.items() if "@removed" not in each} == now
        assert rounds(api, link)[0] == []
