"""The audit, as it is read: every change with what it changed, every refusal, and nothing of other tenants."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_USER, DEFAULT_USER_PRINCIPAL_NAME
from osimages.graph.audit_events import event_id
from tests.support.api import IMAGES, READ, WRITE, Api, Json, api_of, connected, refused, token
from tests.support.processes import kill_all, until
from tests.support.server import Server, running, start

pytestmark = pytest.mark.databases("sqlite", "postgresql")

EVENTS = "/beta/deviceManagement/auditEvents"
AUDIT = "DeviceManagementApps.Read.All"


@pytest.fixture
def auditor(api: Api) -> Api:
    """Who may read the audit of the tenant, and write its images."""
    return api.with_token(token(api.data_dir, api.tenant, (WRITE, AUDIT)))


def events(reader: Api, query: str = "$orderby=activityDateTime,id") -> list[Json]:
    reply = reader.get(f"{EVENTS}?{query}")
    assert reply.status_code == 200, reply.text
    found: list[Json] = reply.json()["value"]
    return found


def modified(event: Json) -> dict[str, tuple[Any, Any]]:
    """What an event says was changed: name to the values before and afterwards."""
    [resource] = event["resources"]
    found = resource["modifiedProperties"]
    return {
        each["displayName"]: tuple(each[name] and json.loads(each[name]) for name in ("oldValue", "newValue"))
        for each in found
    }


def test_each_change_is_an_event_with_what_it_changed(auditor: Api) -> None:
    started = datetime.now(UTC) - timedelta(seconds=1)
    activity = str(uuid.uuid4())
    assert auditor.http.post(IMAGES, json={"id": "a"}, headers={"client-request-id": activity}).status_code == 201
    assert auditor.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": ["x64"]}).status_code == 200
    assert auditor.http.put(f"{IMAGES}/b", json={"supportedArchitectures": ["arm"]}).status_code == 201
    assert auditor.http.post(f"{IMAGES}/a/supportedArchitectures", json={"value": "arM64"}).is_success
    assert auditor.http.delete(f"{IMAGES}/a").status_code == 204
    found = events(auditor)
    told = [(each["activityOperationType"], each["resources"][0]["resourceId"], modified(each)) for each in found]
    empty: list[str] = []
    assert told == [
        (
            "Create",
            "a",
            {
                "id": (None, "a"),
                "supportedEditions": (None, empty),
                "supportedArchitectures": (None, empty),
                "availableUpdates": (None, empty),
            },
        ),
        ("Patch", "a", {"supportedArchitectures": (empty, ["x64"])}),
        (
            "Create",
            "b",
            {
                "id": (None, "b"),
                "supportedEditions": (None, empty),
                "supportedArchitectures": (None, ["arm"]),
                "availableUpdates": (None, empty),
            },
        ),
        ("Patch", "a", {"supportedArchitectures": (["x64"], ["x64", "arM64"])}),
        (
            "Delete",
            "a",
            {
                "id": ("a", None),
                "supportedEditions": (empty, None),
                "supportedArchitectures": (["x64", "arM64"], None),
                "availableUpdates": (empty, None),
            },
        ),
    ]
    first = found[0]
    assert first["@odata.type"] == "#microsoft.graph.auditEvent"
    assert first["displayName"] == "Create ManagedDeviceWindowsOperatingSystemImage"
    assert (first["activityResult"], first["correlationId"]) == ("Success", activity)
    assert started < datetime.fromisoformat(first["activityDateTime"]) < datetime.now(UTC) + timedelta(seconds=1)
    assert first["actor"]["applicationId"] == DEFAULT_APPLICATION
    assert first["actor"]["userPermissions"] == sorted([AUDIT, WRITE])
    assert (first["actor"]["auditActorType"], first["actor"]["userId"]) == ("Application", None)
    assert first["actor"]["ipAddress"] == "127.0.0.1"


def test_a_user_is_named(api: Api) -> None:
    user = api.with_token(token(api.data_dir, api.tenant, (WRITE, AUDIT), user=True))
    user.create(id="a")
    actor = events(user)[0]["actor"]
    assert (actor["auditActorType"], actor["userId"]) == ("ItPro", DEFAULT_USER)
    assert actor["userPrincipalName"] == DEFAULT_USER_PRINCIPAL_NAME


def test_events_take_the_same_options_as_images(auditor: Api) -> None:
    for key in ("a", "b", "c"):
        auditor.create(id=key)
    assert auditor.get(f"{EVENTS}/$count").text == "3"
    ids = [each["id"] for each in events(auditor, "$select=id")]
    assert ids == sorted(ids), "ids ascend with time"
    backwards = [each["id"] for each in events(auditor, "$orderby=activityDateTime desc,id desc&$select=id")]
    assert backwards == ids[::-1]
    assert [each["id"] for each in events(auditor, "$filter=resources/any(r:r/resourceId eq 'b')")] == [ids[1]]
    assert len(events(auditor, f"$filter=actor/applicationId eq '{DEFAULT_APPLICATION}'&$top=2")) == 2
    assert events(auditor, "$filter=activityDateTime lt 2020-01-01T00:00:00Z") == []
    assert len(events(auditor, "$filter=activityOperationType eq 'Create' and activityResult eq 'Success'")) == 3
    one = auditor.get(f"{EVENTS}/{ids[0]}").json()
    assert (one["id"], one["@odata.context"]) == (
        ids[0],
        f"{str(auditor.http.base_url).rstrip('/')}/beta/$metadata#deviceManagement/auditEvents/$entity",
    )
    assert auditor.get(f"{EVENTS}/{ids[0]}/displayName/$value").text.startswith("Create ")
    odata = {"OData-MaxVersion": "4.0"}
    page = auditor.get(f"{EVENTS}?$top=3", Prefer="odata.maxpagesize=2", **odata).json()
    assert len(auditor.get(page["@odata.nextLink"], **odata).json()["value"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "$filter=resources/any(r:r/modifiedProperties/any(p:p/displayName eq 'id'))",
        "$filter=actor/userPermissions/any(p:p eq 'x')",
        "$filter=actor/userPermissions/$count gt 1",
        "$orderby=resources",
        "$orderby=actor",
        "$filter=actor eq null",
        "$filter=actor/applicationId/x eq 1",
        "$search=create",
        "$select=actor/applicationId",
        "$apply=groupby((activityResult),aggregate($count as n))",
    ],
)
def test_whatever_is_asked_of_what_lies_deeper_no_fault_comes_of_it(auditor: Api, query: str) -> None:
    auditor.create(id="a")
    assert auditor.get(f"{EVENTS}?{query}").status_code in (200, 400)


def test_the_audit_is_only_read(auditor: Api) -> None:
    auditor.create(id="a")
    [event] = events(auditor)
    writer = auditor.with_token(token(auditor.data_dir, auditor.tenant, ("DeviceManagementApps.ReadWrite.All",)))
    for reply in (
        writer.http.post(EVENTS, json={"displayName": "made up"}),
        writer.http.patch(f"{EVENTS}/{event['id']}", json={"displayName": "made up"}),
        writer.http.put(f"{EVENTS}/{event['id']}", json={}),
        writer.http.delete(f"{EVENTS}/{event['id']}"),
        writer.http.delete(f"{EVENTS}/{event['id']}/activity"),
    ):
        refused(reply, 400, "No method match route template")
    assert auditor.get(f"{EVENTS}/{event['id']}").json()["displayName"] == event["displayName"]


def test_it_needs_permissions_of_its_own(api: Api) -> None:
    editor = api.with_token(token(api.data_dir, api.tenant, (READ, WRITE)))
    told = json.loads(refused(editor.get(EVENTS), 403, "Forbidden")["message"])["Message"]
    assert "scopes: DeviceManagementApps.Read.All, DeviceManagementApps.ReadWrite.All" in told


def test_what_changes_nothing_is_no_event(auditor: Api) -> None:
    auditor.create(id="a", supportedArchitectures=["x64"])
    assert auditor.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": ["x64"]}).status_code == 200
    assert auditor.http.patch("/beta/deviceManagement", json={}).status_code == 200
    assert len(events(auditor)) == 1


def test_writes_of_a_batch_are_events_each(auditor: Api) -> None:
    items = [
        {"id": str(n), "method": "POST", "url": IMAGES.removeprefix("/beta"), "body": {"id": f"image {n}"}}
        | {"headers": {"Content-Type": "application/json"}}
        for n in range(5)
    ]
    assert auditor.http.post("/beta/$batch", json={"requests": items}).status_code == 200
    assert sorted(each["resources"][0]["resourceId"] for each in events(auditor)) == [f"image {n}" for n in range(5)]


def test_writes_that_are_undone_together_are_no_changes(auditor: Api) -> None:
    auditor.create(id="there")
    headers = {"Content-Type": "application/json"}
    items = [
        {
            "id": str(n),
            "atomicityGroup": "g",
            "method": "POST",
            "url": IMAGES.removeprefix("/beta"),
            "body": {"id": key},
        }
        | {"headers": headers}
        for n, key in enumerate(("new", "there"))
    ]
    reply = auditor.http.post("/beta/$batch", json={"requests": items})
    assert {each["status"] for each in reply.json()["responses"]} & {409, 424}
    assert auditor.ids() == ["there"]
    done = events(auditor, "$filter=activityResult eq 'Success'")
    assert [each["resources"][0]["resourceId"] for each in done] == ["there"]


def test_refusals_are_events_a_moment_later(auditor: Api) -> None:
    auditor.create(id="a")
    reader = auditor.with_token(token(auditor.data_dir, auditor.tenant, (READ,)))
    refused(reader.http.delete(f"{IMAGES}/a"), 403, "Forbidden")
    refused(auditor.http.post(IMAGES, json={"id": "a"}), 409, "nameAlreadyExists")
    refused(auditor.http.patch(f"{IMAGES}/a", json={"x": 1}), 400, "ModelValidationFailure")
    refused(auditor.http.delete(f"{IMAGES}/a", headers={"If-Match": 'W/"99"'}), 412, "resourceModified")
    refused(auditor.get(f"{IMAGES}/unknown"), 404, "ResourceNotFound")
    refused(auditor.get(f"{IMAGES}?$filter=x"), 400, "BadRequest")
    failed = "$filter=activityResult eq 'Failure'&$orderby=id"
    until(lambda: len(events(auditor, failed)) == 4, "the events of four refusals")
    told = [(each["activityOperationType"], modified(each)["status"][1]) for each in events(auditor, failed)]
    assert sorted(told) == [("Create", 409), ("Delete", 403), ("Delete", 412), ("Patch", 400)]
    assert {each["resources"][0]["type"] for each in events(auditor, failed)} == {"request"}
    [forbidden] = events(auditor, "$filter=activityResult eq 'Failure' and startswith(activity, 'Application is not')")
    assert forbidden["actor"]["userPermissions"] == [READ]


def test_no_refusal_keeps_later_ones_from_being_written(auditor: Api) -> None:
    refused(auditor.http.post(IMAGES, json={"first\0": 1}), 400, "ModelValidationFailure")
    until(lambda: len(events(auditor)) == 1, "the event of the first refusal")
    refused(auditor.http.post(IMAGES, json={"second": 1}), 400, "ModelValidationFailure")
    until(lambda: len(events(auditor)) == 2, "the event of the second refusal")
    first, second = events(auditor)
    assert "'first\ufffd'" in first["activity"]
    assert "'second'" in second["activity"]


def test_tenants_do_not_see_each_others_events(auditor: Api) -> None:
    auditor.create(id="a")
    [event] = events(auditor)
    other = str(uuid.uuid4())
    theirs = token(auditor.data_dir, other, (AUDIT,))
    with api_of(auditor.service, other, theirs) as alien:
        assert events(alien) == []
        refused(alien.get(f"{EVENTS}/{event['id']}"), 404, "ResourceNotFound")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, "--http", "--empty", audit_refusals_per_minute="5") as server:
        yield server


def test_a_flood_of_refusals_is_counted_and_does_not_fill_the_database(own: Server) -> None:
    tenant = str(uuid.uuid4())
    with connected(own.url, tenant, own.data_dir, token(own.data_dir, tenant, (READ, AUDIT))) as reader:
        assert events(reader) == [], "and the tenant is there"
        for _ in range(100):
            assert reader.http.post(IMAGES, json={}).status_code == 403
        for _ in range(50):
            assert reader.get(IMAGES, Authorization="").status_code == 401
    own.stop()
    assert "requests refused for their token" in own.errors.read_text(encoding="utf-8")
    with (
        running(own.data_dir, "--http", "--empty") as again,
        connected(again.url, tenant, own.data_dir, token(own.data_dir, tenant, (AUDIT,))) as reader,
    ):
        found = events(reader)
        further = [each for each in found if each["displayName"] == "Further requests refused"]
        single = [each for each in found if each not in further]
        assert len(single) <= 10, "five in each minute that the test took part in"
        assert len(single) + sum(modified(each)["count"][1] for each in further) == 100


def test_a_crash_loses_neither_a_change_nor_its_event(tmp_path: Path) -> None:
    server = start(tmp_path, "--http", "--empty")
    tenant = str(uuid.uuid4())
    acknowledged = []
    with connected(server.url, tenant, tmp_path, token(tmp_path, tenant, (WRITE,))) as writer:
        for number in range(200):
            acknowledged.append(writer.create(id=f"image {number}")["id"])
    kill_all(server)
    server.process.communicate()
    with (
        running(tmp_path, "--http", "--empty") as again,
        connected(again.url, tenant, tmp_path, token(tmp_path, tenant, (WRITE, AUDIT))) as reader,
    ):
        told = {each["resources"][0]["resourceId"] for each in events(reader)}
        assert set(reader.ids()) == told == set(acknowledged)


def test_old_events_are_taken_away(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with (
        running(tmp_path, "--http", "--empty") as server,
        connected(server.url, tenant, tmp_path, token(tmp_path, tenant, (WRITE, AUDIT))) as writer,
    ):
        writer.create(id="a")
        kept = {each["id"] for each in events(writer)}
    age_events(tmp_path / "osimages.db", tenant, days=400, number=1200)
    with (
        running(tmp_path, "--http", "--empty") as server,
        connected(server.url, tenant, tmp_path, token(tmp_path, tenant, (AUDIT,))) as reader,
    ):
        until(lambda: reader.get(f"{EVENTS}/$count").text == "1", "the end of the old events")
        assert {each["id"] for each in events(reader)} == kept


def test_without_an_audit_nothing_is_written_down(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with (
        running(tmp_path, "--http", "--empty", audit="false") as server,
        connected(server.url, tenant, tmp_path, token(tmp_path, tenant, (WRITE, AUDIT))) as writer,
    ):
        writer.create(id="a")
        assert writer.http.post(IMAGES, json={"id": "a"}).status_code == 409
        assert events(writer) == []


def age_events(database: Path, tenant: str, *, days: int, number: int) -> None:
    """Adds copies of a tenant's event that are older."""
    connection = sqlite3.connect(database)
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(audit_event)") if name != "id"]
    for step in range(number):
        key = event_id(datetime.now(UTC) - timedelta(days=days, seconds=step))
        names = ", ".join(columns)
        connection.execute(
            f"INSERT INTO audit_event (id, {names}) SELECT ?, {names} FROM audit_event WHERE tenant = ? LIMIT 1",
            (key, tenant),
        )
        connection.execute("INSERT INTO audit_event_resource (tenant, id, ordinal) VALUES (?, ?, 0)", (tenant, key))
    connection.commit()
    connection.close()
