"""What a program must be able to bear: throttling, faults on demand, and tokens that are revoked."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from tests.support.api import IMAGES, READ, Api, api_of, connected, refused, token
from tests.support.server import Server, running

FAULTS, REVOCATIONS = "/-/faults", "/-/revocations"


def batch_of(*paths: str) -> dict[str, Any]:
    return {
        "requests": [{"id": str(n), "method": "GET", "url": path.removeprefix("/beta")} for n, path in enumerate(paths)]
    }


# --- throttling -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets a few requests through in an hour."""
    limits = {
        "throttle_seconds": "3600",
        "throttle_tenant_requests": "12",
        "throttle_application_requests": "8",
        "throttle_application_writes": "3",
    }
    folder = tmp_path_factory.mktemp("narrow")
    with running(folder, "--http", "--empty", "--throttle", "intune", **limits) as server:
        yield server


@pytest.fixture
def held_back(narrow: Server) -> Iterator[Api]:
    with connected(narrow.url, str(uuid.uuid4()), narrow.data_dir) as client:
        yield client


def test_writes_end_before_reads(held_back: Api) -> None:
    for number in range(3):
        held_back.create(id=str(number))
    reply = held_back.http.post(IMAGES, json={"id": "too much"})
    refused(reply, 429, "TooManyRequests")
    assert 3500 < int(reply.headers["retry-after"]) <= 3600
    assert held_back.ids() == ["0", "1", "2"], "reading goes on"
    assert [held_back.get(IMAGES).status_code for _ in range(5)] == [200] * 4 + [429]


def test_items_of_a_batch_count_one_by_one(held_back: Api) -> None:
    reply = held_back.http.post("/beta/$batch", json=batch_of(*[IMAGES] * 10))
    assert reply.status_code == 200
    answers = sorted(reply.json()["responses"], key=lambda each: int(each["id"]))
    assert [each["status"] for each in answers] == [200] * 8 + [429] * 2
    assert answers[-1]["headers"]["Retry-After"].isdigit()
    assert answers[-1]["body"]["error"]["details"] == []


def test_a_malformed_batch_counts_as_a_write_of_its_sender(held_back: Api) -> None:
    for body in (b"{", b'{"requests": []}', b"[" * 1000):
        reply = held_back.http.post("/beta/$batch", content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400
    for _ in range(2):
        reply = held_back.http.post("/beta/$batch", content=b"{", headers={"Content-Type": "application/json"})
        refused(reply, 429, "TooManyRequests")
    refused(held_back.http.post(IMAGES, json={"id": "a"}), 429, "TooManyRequests")
    assert held_back.get(IMAGES).status_code == 200


def test_items_that_are_answered_together_count_one_by_one(held_back: Api) -> None:
    held_back.create(id="a")
    reply = held_back.http.post("/beta/$batch", json=batch_of(*[f"{IMAGES}/a", f"{IMAGES}/none"] * 5))
    answers = sorted(reply.json()["responses"], key=lambda each: int(each["id"]))
    assert [each["status"] for each in answers] == [200, 404] * 3 + [200, 429, 429, 429]
    assert answers[-1]["headers"]["Retry-After"].isdigit()


def test_a_tenants_limit_is_for_all_its_applications_and_no_other_tenant(held_back: Api) -> None:
    folder = held_back.data_dir
    assert [held_back.get(IMAGES).status_code for _ in range(9)] == [200] * 8 + [429]
    other = held_back.with_token(token(folder, held_back.tenant, user=True))
    assert other.get(IMAGES).status_code == 429, "the same application, for a user"
    with api_of(held_back.service, str(uuid.uuid4())) as neighbour:
        assert neighbour.get(IMAGES).status_code == 200


def test_refused_requests_cost_nothing_and_the_descriptions_are_free(held_back: Api) -> None:
    for _ in range(20):
        assert held_back.get(IMAGES, Authorization="").status_code == 401
        assert held_back.get("/beta/$metadata").status_code == 200
        assert held_back.get("/-/health").status_code == 200
    assert held_back.get(IMAGES).status_code == 200


def test_nothing_is_limited_in_development_unless_it_is_asked_for(api: Api) -> None:
    assert {api.get(f"{IMAGES}/$count").status_code for _ in range(300)} == {200}
    limits = api.get("/-/limits").json()
    assert (limits["throttle"], limits["throttle_tenant_requests"]) == ("auto", 2000)


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_fault_is_met_so_often_and_no_more(api: Api) -> None:
    rule = {"status": 503, "count": 2, "retryAfter": 7, "path": "/beta/*OSImages", "methods": ["GET"]}
    added = api.http.post(FAULTS, json=rule)
    assert added.status_code == 201
    replies = [api.get(IMAGES) for _ in range(3)]
    assert [each.status_code for each in replies] == [503, 503, 200]
    refused(replies[0], 503, "serviceNotAvailable")
    assert replies[0].headers["retry-after"] == "7"
    [shown] = api.get(FAULTS).json()["value"]
    assert (shown["id"], shown["met"]) == (added.json()["id"], 2)
    assert api.create(id="a")["id"] == "a", "another method"
    assert api.http.delete(f"{FAULTS}/{shown['id']}").status_code == 204
    refused(api.http.delete(f"{FAULTS}/{shown['id']}"), 404, "ResourceNotFound")
    assert api.get(FAULTS).json() == {"value": []}


def test_a_fault_says_what_it_is_told_to_say(api: Api) -> None:
    rule = {
        "status": 418,
        "code": "Teapot",
        "message": "{short} and stout",
        "headers": {"x-ms-throttle-scope": "Tenant"},
    }
    api.http.post(FAULTS, json=rule)
    reply = api.get("/beta/nothing/there")
    assert refused(reply, 418, "Teapot")["message"] == "{short} and stout"
    assert reply.headers["x-ms-throttle-scope"] == "Tenant"


def test_the_same_seed_gives_the_same_faults(api: Api) -> None:
    def run() -> list[int]:
        rules = {"value": [{"status": 500, "rate": 0.5, "seed": 42}]}
        assert api.http.put(FAULTS, json=rules).status_code == 200
        return [api.get(IMAGES).status_code for _ in range(40)]

    first = run()
    assert first == run()
    assert {200, 500} == set(first)


def test_faults_are_met_inside_of_a_batch(api: Api) -> None:
    api.http.post(FAULTS, json={"status": 429, "retryAfter": 3, "path": "*/a"})
    asked = batch_of(f"{IMAGES}/a", IMAGES, f"{IMAGES}/b")
    answers = api.http.post("/beta/$batch", json=asked).json()["responses"]
    assert {each["id"]: each["status"] for each in answers} == {"0": 429, "1": 200, "2": 404}
    [met] = [each for each in answers if each["status"] == 429]
    assert met["headers"]["Retry-After"] == "3"
    assert met["body"]["error"]["code"] == "TooManyRequests"


def test_latency_alone_changes_no_answer(api: Api) -> None:
    api.http.post(FAULTS, json={"latencyMilliseconds": 30})
    reply = api.get(IMAGES)
    assert reply.status_code == 200
    assert reply.elapsed.total_seconds() >= 0.03


def test_faults_are_for_the_tenant_that_asked_for_them(api: Api) -> None:
    api.http.post(FAULTS, json={"status": 500})
    with api_of(api.service, str(uuid.uuid4())) as neighbour:
        assert neighbour.get(IMAGES).status_code == 200
        assert neighbour.get(FAULTS).json() == {"value": []}
    assert api.get(IMAGES).status_code == 500
    assert api.http.delete(FAULTS).status_code == 204
    assert api.get(IMAGES).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"status": 200},
        {"status": 600},
        {"rate": 2},
        {"count": 0},
        {"latencyMilliseconds": 3_600_000},
        {"methods": ["get it"]},
        {"headers": {"X": "a\r\nSet-Cookie: b"}},
        {"headers": {"X Y": "a"}},
        {"headers": {"Content-Length": "5"}},
        {"headers": {"transfer-encoding": "chunked"}},
        {"staus": 500},
        {"id": "../x"},
        {"path": ""},
        [],
        "500",
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(api: Api, rule: object) -> None:
    refused(api.http.post(FAULTS, json=rule), 400, "BadRequest")
    assert api.get(FAULTS).json() == {"value": []}


def test_there_are_only_so_many_rules(api: Api) -> None:
    rules = [{"status": 500, "path": "/nowhere"}] * 101
    refused(api.http.put(FAULTS, json={"value": rules}), 400, "BadRequest")
    assert api.http.put(FAULTS, json={"value": rules[:100]}).status_code == 200
    refused(api.http.post(FAULTS, json=rules[0]), 400, "BadRequest")


@pytest.mark.parametrize("page", [FAULTS, REVOCATIONS])
def test_only_who_may_write_may_use_these_pages(api: Api, page: str) -> None:
    refused(api.get(page, Authorization=""), 401, "InvalidAuthenticationToken")
    reader = api.with_token(token(api.data_dir, api.tenant, (READ,)))
    for reply in (reader.get(page), reader.http.post(page, json={}), reader.http.delete(page)):
        refused(reply, 403, "Forbidden")
    refused(api.http.patch(page, json={}), 405, "Request_BadRequest")


# --- revocations ------------------------------------------------------------------------------------------------------


def new_token(api: Api, **form: str) -> str:
    asked = {
        "grant_type": "client_credentials",
        "client_id": DEFAULT_APPLICATION,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    reply = api.http.post(f"/{api.tenant}/oauth2/v2.0/token", data=asked | form, headers={"Authorization": ""})
    found: str = reply.json()["access_token"]
    return found


def test_a_revoked_token_is_challenged_and_the_next_one_is_good(api: Api) -> None:
    claims_free = new_token(api)
    assert api.with_token(claims_free).get(IMAGES).status_code == 200
    assert api.http.post(REVOCATIONS, json={"application": DEFAULT_APPLICATION}).status_code == 201
    reply = api.with_token(claims_free).get(IMAGES)
    assert "TokenIssuedBeforeRevocationTimestamp" in refused(reply, 401, "InvalidAuthenticationToken")["message"]
    parameters = httpx.Headers({"x": reply.headers["www-authenticate"]})["x"]
    claims = parameters.partition('claims="')[2].partition('"')[0]
    assert 'error="insufficient_claims"' in parameters
    fresh = new_token(api, claims=base64.b64decode(claims).decode())
    renewed = api.with_token(fresh)
    assert renewed.get(IMAGES).status_code == 200
    [told] = renewed.get(REVOCATIONS).json()["value"]
    assert told["application"] == DEFAULT_APPLICATION
    assert renewed.http.delete(REVOCATIONS).status_code == 204
    assert api.with_token(claims_free).get(IMAGES).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("page", [FAULTS, REVOCATIONS, f"{FAULTS}/rule"])
def test_a_revoked_token_is_challenged_by_the_pages_of_tests_as_well(api: Api, page: str, method: str) -> None:
    revoked = api.with_token(new_token(api))
    assert revoked.http.post(REVOCATIONS, json={"application": DEFAULT_APPLICATION}).status_code == 201
    reply = revoked.http.request(method, page, json={} if method == "POST" else None)
    told = refused(reply, 401, "InvalidAuthenticationToken")["message"]
    assert "TokenIssuedBeforeRevocationTimestamp" in told
    assert 'error="insufficient_claims"' in reply.headers["www-authenticate"]
    refused(revoked.get(IMAGES), 401, "InvalidAuthenticationToken")


@pytest.mark.parametrize("body", [{"user": "a", "token": "b"}, {"tenant": "x"}, [], {"user": 5}, {"user": "\0"}])
def test_a_revocation_that_cannot_be_understood(api: Api, body: object) -> None:
    refused(api.http.post(REVOCATIONS, json=body), 400, "BadRequest")
    assert api.get(REVOCATIONS).json() == {"value": []}
