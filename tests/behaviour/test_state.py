"""Resets, seeds, clocks and the journal of requests: the state of one tenant, and of no other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from tests.support.api import IMAGES, READ, WRITE, Api, Json, api_of, body_of, refused, token
from tests.support.server import running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

SCHEMA = Path(__file__).parents[2] / "docs" / "seed.schema.json"
RESET, SEED, CLOCK, REQUESTS = "/-/reset", "/-/seed", "/-/clock", "/-/requests"
KIOSK: Json = {
    "id": "Kiosk",
    "supportedArchitectures": ["x64"],
    "supportedEditions": [{"editionType": "enterprise", "supportEndDate": "2027-10-12"}],
}
DAYS = 86_400


def reset(api: Api, to: str | None = None) -> Json:
    reply = api.http.post(RESET, json={"to": to}) if to else api.http.post(RESET)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def seed(api: Api, **parts: Any) -> Json:
    reply = api.http.put(SEED, json=parts)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def set_clock(api: Api, **setting: Any) -> Json:
    reply = api.http.put(CLOCK, json=setting)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def signed_in(api: Api, **form: str) -> httpx.Response:
    """The answer of the emulator's token endpoint to the default application."""
    usual = {
        "grant_type": "client_credentials",
        "client_id": DEFAULT_APPLICATION,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    return api.http.post(f"/{api.tenant}/oauth2/v2.0/token", data=usual | form)


def wrong(reply: httpx.Response) -> str:
    """What the service says is wrong with a body."""
    return str(refused(reply, 400, "BadRequest")["message"])


# --- reset ----------------------------------------------------------------------------------------


def test_a_tenant_is_reset_to_the_catalogue_and_to_nothing(api: Api) -> None:
    api.create(**KIOSK)
    found = reset(api, "catalogue")
    assert found["catalogue"] == "supported"
    assert "Windows 11 24H2" in api.ids()
    assert "Kiosk" not in api.ids()
    assert len(api.ids()) == found["images"]
    assert reset(api, "empty")["images"] == 0
    assert api.ids() == []


def test_what_the_tenant_removed_or_changed_is_published_again(api: Api) -> None:
    reset(api, "catalogue")
    before = api.get(f"{IMAGES}/Windows%2011%2024H2").json()
    assert api.http.patch(f"{IMAGES}/Windows%2011%2024H2", json={"supportedArchitectures": []}).status_code == 200
    assert api.http.delete(f"{IMAGES}/Windows%2011%2025H2").status_code == 204
    reset(api)
    assert "Windows 11 25H2" in api.ids()
    assert api.get(f"{IMAGES}/Windows%2011%2024H2").json() == before


def test_a_reset_removes_revocations_faults_and_audit_events(api: Api) -> None:
    auditor = api.with_token(token(api.data_dir, api.tenant, (READ, WRITE, "DeviceManagementApps.Read.All")))
    api.create(**KIOSK)
    assert auditor.get("/beta/deviceManagement/auditEvents").json()["value"] != []
    api.http.post("/-/faults", json={"status": 503})
    api.http.post("/-/revocations", json={"user": "3e9a5b17-c2d4-4860-b7f1-08a6d4e2c953"})
    reset(api, "empty")
    assert api.get("/-/faults").json() == api.get("/-/revocations").json() == {"value": []}
    assert auditor.get("/beta/deviceManagement/auditEvents").json()["value"] == []


def test_clients_that_follow_changes_see_a_reset(api: Api) -> None:
    for name in "abc":
        api.create(id=name)
    first = api.get(f"{IMAGES}/delta()").json()
    tag = api.get(IMAGES).headers["etag"]
    seed(api, images=[{"id": "b"}, {"id": "d"}])
    changes = api.get(first["@odata.deltaLink"]).json()["value"]
    assert {each["id"] for each in changes if "@removed" in each} == {"a", "c"}
    assert {each["id"] for each in changes if "@removed" not in each} == {"b", "d"}
    assert api.get(IMAGES, **{"If-None-Match": tag}).status_code == 200


def test_a_reset_is_for_its_tenant_alone(api: Api) -> None:
    other = api.of_tenant("2b1c2d3e-0000-4000-8000-000000000001")
    reset(other, "empty")
    other.create(**KIOSK)
    reset(api, "empty")
    assert other.ids() == ["Kiosk"]


@pytest.mark.parametrize("body", [{"to": "nothing"}, {"until": "empty"}, [], 7, {"to": "seed"}])
def test_resets_that_mean_nothing(api: Api, body: Any) -> None:
    api.create(**KIOSK)
    wrong(api.http.post(RESET, json=body))
    assert api.ids() == ["Kiosk"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", RESET), ("PUT", SEED), ("GET", REQUESTS), ("PUT", CLOCK), ("DELETE", CLOCK)]
)
def test_who_may_not_write_may_not_change_the_state(api: Api, method: str, path: str) -> None:
    reader = api.with_token(token(api.data_dir, api.tenant, (READ,)))
    refused(reader.http.request(method, path, json={}), 403, "Forbidden")
    with api.service.client() as anonymous:
        refused(anonymous.request(method, path, json={}), 401, "InvalidAuthenticationToken")
    assert api.http.request("PATCH", path, json={}).status_code == 405


# --- seeds ----------------------------------------------------------------------------------------


def test_a_seed_is_what_the_tenant_has_and_is_reset_to(api: Api) -> None:
    api.create(id="before")
    assert seed(api, images=[KIOSK, {"id": "b"}]) == {
        "catalogue": "none",
        "images": 2,
        "users": 0,
        "applications": 0,
    }
    assert set(api.ids()) == {"Kiosk", "b"}
    assert api.get(f"{IMAGES}/Kiosk").json()["supportedEditions"][0]["supportEndDate"] == "2027-10-12"
    api.http.delete(f"{IMAGES}/b")
    api.create(id="after")
    assert reset(api)["to"] == "seed"
    assert set(api.ids()) == {"Kiosk", "b"}
    reset(api, "empty")
    assert set(api.ids()) == set()
    reset(api, "seed")
    assert set(api.ids()) == {"Kiosk", "b"}
    assert api.http.delete(SEED).status_code == 204
    assert reset(api)["to"] == "catalogue"


def test_a_seed_may_add_to_the_catalogue(api: Api) -> None:
    found = seed(api, catalogue="supported", images=[KIOSK, {"id": "Windows 11 24H2"}])
    assert {"Kiosk", "Windows 11 23H2"} <= set(api.ids())
    assert found["images"] == len(api.ids())
    assert api.get(f"{IMAGES}/Windows%2011%2024H2").json()["supportedEditions"] == []


def test_users_and_applications_of_a_seed_sign_in(api: Api) -> None:
    people = {
        "users": [{"displayName": "Robin", "userPrincipalName": "robin@tests.example", "password": "robins-password"}],
        "applications": [
            {
                "id": "0a1b2c3d-0000-4000-8000-0000000000aa",
                "displayName": "Importer",
                "secrets": ["importers-secret"],
                "applicationPermissions": [READ],
            }
        ],
    }
    application = {"client_id": "0a1b2c3d-0000-4000-8000-0000000000aa", "client_secret": "importers-secret"}
    person = {"grant_type": "password", "username": "robin@tests.example", "password": "robins-password"}
    try:
        assert seed(api, **people)["users"] == 1
        reply = signed_in(api, **application)
        assert reply.status_code == 200, reply.text
        importer = api.with_token(reply.json()["access_token"])
        assert importer.get(IMAGES).status_code == 200
        refused(importer.http.post(IMAGES, json={}), 403, "Forbidden")
        assert signed_in(api, **person).status_code == 200
        other = api.of_tenant("2b1c2d3e-0000-4000-8000-000000000002")
        assert signed_in(other, **application).status_code == 400, "nobody else has them"
        assert "is there twice" in wrong(other.http.put(SEED, json={"applications": people["applications"]}))
        seed(api)
        assert signed_in(api, **application).status_code == 400
    finally:
        api.http.delete(SEED)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "JSON object"),
        ({"image": []}, "image"),
        ({"images": {}}, "array"),
        ({"images": [{"id": "a"}, {"supportedArchitectures": ["x65"]}]}, "images[1]"),
        ({"images": [{"id": "a"}, {"id": "a"}]}, "images[1]"),
        ({"images": [7]}, "images"),
        ({"images": [{}] * 1001}, "1000"),
        ({"catalogue": "some"}, "catalogue"),
        ({"users": [{"displayName": "Robin"}]}, "userPrincipalName"),
        ({"users": [{"displayName": "R", "userPrincipalName": "r@t.example", "tenant": "other"}]}, "another tenant"),
        ({"users": "all"}, "'users' is a list"),
        ({"applications": [{"displayName": "A", "redirectUris": ["nowhere"]}]}, "nowhere"),
    ],
)
def test_what_is_wrong_with_a_seed_is_named_and_nothing_is_changed(api: Api, body: Any, reason: str) -> None:
    api.create(**KIOSK)
    assert reason in wrong(api.http.put(SEED, json=body))
    assert api.ids() == ["Kiosk"]
    assert reset(api)["to"] == "catalogue", "a seed that is wrong is not kept"


def test_the_schema_is_published_and_says_what_the_service_says(api: Api) -> None:
    with api.service.client() as anonymous:
        schema = anonymous.get("/-/seed.schema.json").json()
    if os.environ.get("OSIMAGES_TEST_UPDATE"):
        SCHEMA.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    assert schema == json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good: list[Json] = [
        {"images": [KIOSK], "catalogue": "all"},
        {"users": [{"displayName": "Robin", "userPrincipalName": "robin@tests.example"}]},
        {"$schema": "https://localhost:8443/-/seed.schema.json"},
    ]
    bad: list[Any] = [[], {"image": []}, {"images": [{"supportedArchitectures": ["x65"]}]}, {"users": [{}]}]
    for body in good:
        assert validator.is_valid(body), body
        assert api.http.put(SEED, json=body).status_code == 200
        in_file = {name: part for name, part in body.items() if name != "$schema"}
        assert validator.is_valid({"tenants": [{"id": api.tenant, **in_file}]})
    for each in bad:
        assert not validator.is_valid(each), each
        wrong(api.http.put(SEED, json=each))
    api.http.delete(SEED)


# --- clocks ---------------------------------------------------------------------------------------


def test_what_is_published_follows_the_tenants_clock(api: Api) -> None:
    reset(api, "catalogue")
    path = f"{IMAGES}/Windows%2011%2024H2"
    shown = set_clock(api, now="2026-03-20")
    assert (shown["today"], shown["frozen"], shown["isReal"]) == ("2026-03-20", True, False)
    fresh = api.with_token(signed_in(api).json()["access_token"])
    months = [each["releaseMonth"] for each in fresh.get(path).json()["availableUpdates"]]
    assert months == [3, 2, 1]
    set_clock(api, forwardSeconds=31 * DAYS)
    assert fresh.get(path).status_code == 401, "its token has expired"
    fresh = api.with_token(signed_in(api).json()["access_token"])
    assert [each["releaseMonth"] for each in fresh.get(path).json()["availableUpdates"]] == [4, 3, 2]
    checked = fresh.get(f"{IMAGES}/checkBuild(buildVersion='10.0.26100.1',edition='Enterprise')").json()
    assert checked["currentAsOf"] == "2026-04-14", "the newest Patch Tuesday on the tenant's day"
    other = api.of_tenant("2b1c2d3e-0000-4000-8000-000000000003")
    assert other.get(CLOCK).json()["isReal"] is True
    assert api.http.delete(CLOCK).status_code == 204
    assert [each["releaseMonth"] for each in api.get(path).json()["availableUpdates"]] != [4, 3, 2]


def test_queries_and_delta_links_follow_the_tenants_clock(api: Api) -> None:
    set_clock(api, now="2026-03-20", frozen=True)
    now = api.with_token(signed_in(api).json()["access_token"])
    now.create(id="a", supportedEditions=[{"editionType": "enterprise", "supportEndDate": "2026-06-01"}])
    ended = f"{IMAGES}?$filter=supportedEditions/any(e:e/supportEndDate lt date(now()))&$select=id"
    assert now.get(ended).json()["value"] == []
    assert now.get(f"{IMAGES}/$count?$filter=supportedEditions/any(e:e/supportEndDate lt date(now()))").text == "0"
    link = now.get(f"{IMAGES}/delta()").json()["@odata.deltaLink"]
    set_clock(api, forwardSeconds=90 * DAYS)
    later = api.with_token(signed_in(api).json()["access_token"])
    assert [each["id"] for each in later.get(ended).json()["value"]] == ["a"]
    assert later.get(link).status_code == 410, "it is older than 30 days"


def test_tokens_expire_by_the_tenants_clock_and_are_revoked_with_it(api: Api) -> None:
    set_clock(api, forwardSeconds=0, frozen=True)
    early = api.with_token(signed_in(api).json()["access_token"])
    assert early.get(IMAGES).status_code == 200
    set_clock(api, forwardSeconds=3600 + 300 + 1)
    refused(early.get(IMAGES), 401, "InvalidAuthenticationToken")
    refused(api.get(IMAGES), 401, "InvalidAuthenticationToken")
    assert api.get(CLOCK).status_code == 200, "the clock can always be set again"
    late = api.with_token(signed_in(api).json()["access_token"])
    assert late.get(IMAGES).status_code == 200
    assert api.http.delete(CLOCK).status_code == 204
    for each in (early, late):
        refused(each.get(IMAGES), 401, "InvalidAuthenticationToken")
        refused(each.get(CLOCK), 401, "InvalidAuthenticationToken")
    assert api.get(IMAGES).status_code == 200
    set_clock(api, forwardSeconds=60)
    refused(late.get(IMAGES), 401, "InvalidAuthenticationToken")
    reset(api, "empty")
    assert api.get(CLOCK).json()["isReal"] is True


def test_a_clock_that_is_not_frozen_goes_on(api: Api) -> None:
    shown = set_clock(api, now="2026-10-20T12:00:00+02:00", frozen=False)
    assert shown["now"].startswith("2026-10-20T10:00:0")
    later = api.get(CLOCK).json()
    assert later["now"] >= shown["now"]
    assert not later["frozen"]
    frozen = set_clock(api, frozen=True)
    assert api.get(CLOCK).json()["now"] == frozen["now"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"now": "tomorrow"},
        {"now": "2026-10-20T12:00:00"},
        {"now": "1999-01-01"},
        {"now": "9999-12-31T23:59:59Z"},
        {"now": 7},
        {"forwardSeconds": -1},
        {"forwardSeconds": 1e300},
        {"now": "2026-10-20", "forwardSeconds": 1},
        {"frozen": "yes"},
        {"until": 1},
    ],
)
def test_settings_of_a_clock_that_mean_nothing(api: Api, body: Json) -> None:
    wrong(api.http.put(CLOCK, json=body))
    assert api.get(CLOCK).json()["isReal"] is True


def test_windows_of_throttling_follow_the_tenants_clock(tmp_path: Path) -> None:
    limits = {"throttle_application_requests": "3"}
    with running(tmp_path, "--http", "--empty", "--throttle", "intune", **limits) as server, api_of(server) as api:
        set_clock(api, forwardSeconds=0, frozen=True)
        assert [api.get(IMAGES).status_code for _ in range(4)] == [200, 200, 200, 429]
        set_clock(api, forwardSeconds=21)
        assert api.get(IMAGES).status_code == 200


# --- the journal ----------------------------------------------------------------------------------


def journal(api: Api, query: str = "") -> list[Json]:
    reply = api.get(f"{REQUESTS}{query}")
    assert reply.status_code == 200, reply.text
    found: list[Json] = reply.json()["value"]
    return found


def test_was_my_patch_sent(api: Api) -> None:
    api.create(**KIOSK)
    api.http.patch(f"{IMAGES}/Kiosk", json={"supportedArchitectures": ["arM64"]})
    api.get(f"{IMAGES}/none?$select=id")
    [patch] = journal(api, "?method=patch")
    assert (patch["path"], patch["status"]) == (f"{IMAGES}/Kiosk", 200)
    assert patch["request"]["body"] == {"supportedArchitectures": ["arM64"]}
    assert patch["request"]["headers"]["authorization"] == "***"
    assert patch["response"]["body"]["supportedArchitectures"] == ["arM64"]
    assert [each["method"] for each in journal(api)] == ["POST", "PATCH", "GET"], "but no request below /-/"
    assert [each["query"] for each in journal(api, "?status=4xx")] == ["$select=id"]
    assert journal(api, "?status=201&path=/beta/*OSIMAGES") == journal(api, "?method=POST")
    assert journal(api, "?path=/v1.0/*") == []
    assert api.http.delete(REQUESTS).status_code == 204
    assert journal(api) == []


def test_requests_that_are_rejected_are_noted_too(api: Api) -> None:
    api.with_token(token(api.data_dir, api.tenant, expires_in=-1)).get(IMAGES)
    api.with_token("no token").get(IMAGES)
    api.with_token(token(api.data_dir, api.tenant, (READ,))).http.post(IMAGES, json={})
    assert [each["status"] for each in journal(api)] == [401, 403]


def test_a_journal_is_its_tenants_alone(api: Api) -> None:
    api.get(IMAGES)
    other = api.of_tenant("2b1c2d3e-0000-4000-8000-000000000004")
    assert journal(other) == []


def test_the_journal_is_bounded_and_says_so(api: Api) -> None:
    for number in range(205):
        api.get(f"{IMAGES}/{number}")
    found = api.get(REQUESTS).json()
    assert len(found["value"]) == 200
    assert found["dropped"] == 5
    large = {"id": "large", "text": "x" * 300_000}
    for _ in range(20):
        api.http.post(IMAGES, json=large)
    found = api.get(REQUESTS)
    assert len(found.content) < 1_500_000
    last = found.json()["value"][-1]
    assert last["request"]["truncated"] is True
    assert last["request"]["bytes"] > 300_000
    assert len(last["request"]["body"]) == 65_536


@pytest.mark.parametrize(
    "content", [b'{"password": "hunter2"}', b'{"secrets": ["hunter2"', b"client_secret=hunter2&a=b"]
)
def test_secrets_are_masked(api: Api, content: bytes) -> None:
    api.http.post(f"{IMAGES}?access_token=hunter2", content=content, headers={"Cookie": "session=hunter2"})
    text = api.get(REQUESTS).text
    assert "hunter2" not in text
    assert "***" in text
    assert api.http.headers["authorization"].removeprefix("Bearer ") not in text


@pytest.mark.parametrize(
    "query",
    [
        "status=many",
        "status=600",
        "verb=GET",
        "method=GET%20IT",
        f"path={'x' * 1025}",
        "&".join(f"a{n}=1" for n in range(17)),
    ],
)
def test_filters_that_mean_nothing(api: Api, query: str) -> None:
    wrong(api.get(f"{REQUESTS}?{query}"))


def test_several_workers_have_neither_clocks_nor_a_journal(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--workers", "2") as server, api_of(server) as api:
        for reply in (api.get(REQUESTS), api.get(CLOCK), api.http.put(CLOCK, json={"now": "2026-10-20"})):
            refused(reply, 409, "Conflict")
        assert reset(api, "empty")["images"] == 0
        assert seed(api, images=[KIOSK])["images"] == 1
        assert api.ids() == ["Kiosk"]
