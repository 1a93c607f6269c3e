"""The methods of a tenant: each does what its endpoint does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from osimages.testing import InProcess, Tenant
from osimages.testing.tenant import IMAGES_PATH


@pytest.fixture(scope="module")
def emulator() -> Iterator[InProcess]:
    """A service whose new tenants are empty."""
    with InProcess(empty=True) as running:
        yield running


@pytest.fixture
def tenant(emulator: InProcess) -> Iterator[Tenant]:
    """A tenant of the test's own."""
    found = emulator.tenant()
    yield found
    found.close()


def ids(tenant: Tenant) -> set[str]:
    return {image["id"] for image in tenant.client.get(IMAGES_PATH).json()["value"]}


def test_seeds_and_resets(tenant: Tenant, tmp_path: Path) -> None:
    assert tenant.reset("catalogue")["images"] == len(ids(tenant)) > 0
    assert tenant.seed({"images": [{"id": "a"}]})["images"] == 1
    tenant.reset("empty")
    assert ids(tenant) == set()
    assert tenant.reset()["to"] == "seed"
    assert ids(tenant) == {"a"}
    file = tmp_path / "seed.json"
    file.write_text('{"images": [{"id": "b"}]}', encoding="utf-8")
    tenant.seed(file)
    assert ids(tenant) == {"b"}
    tenant.forget_seed()
    assert tenant.reset()["to"] == "catalogue"
    with pytest.raises(ValueError, match="no seed"):
        tenant.reset("seed")
    with pytest.raises(ValueError, match="image"):
        tenant.seed({"image": []})
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="no JSON object"):
        tenant.seed(file)


def test_the_clock(tenant: Tenant) -> None:
    frozen = tenant.freeze(date(2026, 3, 20))
    assert (frozen.date(), tenant.now()) == (date(2026, 3, 20), frozen)
    assert tenant.forward(timedelta(hours=1)) == frozen + timedelta(hours=1) == tenant.now()
    assert tenant.client.get(IMAGES_PATH).status_code == 200, "its token is renewed"
    old = tenant.token()
    tenant.forward(4000)
    with tenant.new_client(old) as client:
        assert client.get(IMAGES_PATH).status_code == 401
    moving = tenant.travel("2027-01-01T00:00:00Z")
    assert moving <= tenant.now() < moving + timedelta(hours=1)
    assert tenant.freeze() >= moving
    late = tenant.current_token()
    tenant.real_time()
    assert abs(tenant.now() - datetime.now(UTC)) < timedelta(hours=1)
    with tenant.new_client(late) as client:
        assert client.get(IMAGES_PATH).status_code == 401
    assert tenant.client.get(IMAGES_PATH).status_code == 200
    tenant.freeze("2026-03-20")
    tenant.reset()
    assert tenant.client.get(IMAGES_PATH).status_code == 200


def test_the_journal(tenant: Tenant) -> None:
    tenant.client.post(IMAGES_PATH, json={"id": "a"})
    tenant.client.get(f"{IMAGES_PATH}/b")
    assert [each["status"] for each in tenant.requests()] == [201, 404]
    assert [each["method"] for each in tenant.requests(status=404, path="/beta/*")] == ["GET"]
    tenant.forget_requests()
    assert tenant.requests() == []


def test_faults_and_revocations(tenant: Tenant) -> None:
    tenant.fail(503, count=1)
    assert [tenant.client.get(IMAGES_PATH).status_code for _ in range(2)] == [503, 200]
    tenant.fail(429, retryAfter=1)
    tenant.stop_failing()
    assert tenant.client.get(IMAGES_PATH).status_code == 200
    token = tenant.token()
    tenant.revoke(application="b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6")
    with tenant.new_client(token) as client:
        assert client.get(IMAGES_PATH).status_code == 401


def test_a_service_in_this_process_has_no_variables(tenant: Tenant) -> None:
    assert tenant.variables() == {}
