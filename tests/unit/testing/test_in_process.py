"""The in-process client: real answers without a socket, for any thread and any event loop."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.settings import SettingsError
from osimages.testing import InProcess
from osimages.testing.tenant import IMAGES_PATH


@pytest.fixture(scope="module")
def emulator() -> Iterator[InProcess]:
    """A service whose new tenants have the catalogue."""
    with InProcess() as running:
        yield running


def test_a_new_tenant_has_the_catalogue(emulator: InProcess) -> None:
    tenant = emulator.tenant()
    reply = tenant.client.get(IMAGES_PATH)
    assert reply.status_code == 200
    assert "Windows 11 24H2" in {image["id"] for image in reply.json()["value"]}
    assert reply.json()["@odata.context"].startswith(f"{emulator.url}/beta/$metadata")
    tenant.close()


def test_tenants_do_not_see_each_other() -> None:
    with InProcess(empty=True) as emulator:
        one, other = emulator.tenant(), emulator.tenant()
        assert one.client.post(IMAGES_PATH, json={"id": "Kiosk"}).status_code == 201
        assert [image["id"] for image in one.client.get(IMAGES_PATH).json()["value"]] == ["Kiosk"]
        assert other.client.get(IMAGES_PATH).json()["value"] == []
        same = emulator.tenant(one.id.upper())
        assert same.client.get(f"{IMAGES_PATH}/Kiosk").status_code == 200
        for each in (one, other, same):
            each.close()


def test_asynchronous_clients_work_in_any_loop(emulator: InProcess) -> None:
    tenant = emulator.tenant()

    async def ids() -> list[int]:
        async with tenant.new_async_client() as client:
            replies = await asyncio.gather(*(client.get(IMAGES_PATH) for _ in range(3)))
        return [reply.status_code for reply in replies]

    assert asyncio.run(ids()) == [200, 200, 200]
    assert asyncio.run(ids()) == [200, 200, 200]


async def _served_in_a_loop() -> int:
    async with InProcess(empty=True) as emulator, emulator.tenant().new_async_client() as client:
        return (await client.get(IMAGES_PATH)).status_code


def test_it_opens_and_closes_inside_a_loop() -> None:
    assert asyncio.run(_served_in_a_loop()) == 200


def test_compressed_answers_are_decompressed_once(emulator: InProcess) -> None:
    with emulator.tenant().new_client() as client:
        reply = client.get(IMAGES_PATH, headers={"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert len(reply.json()["value"]) > 5


def test_tokens_are_of_the_kind_that_is_asked_for(emulator: InProcess) -> None:
    tenant = emulator.tenant()
    reader = tenant.token(permissions=["DeviceManagementConfiguration.Read.All"])
    with tenant.new_client(reader) as client:
        assert client.get(IMAGES_PATH).status_code == 200
        assert client.post(IMAGES_PATH, json={"id": "x"}).status_code == 403
    with tenant.new_client(tenant.token(expires_in=0)) as client:
        assert client.get(IMAGES_PATH).status_code == 401
    with tenant.new_client(tenant.token(user="adele.vance@contoso.example")) as client:
        assert client.get(IMAGES_PATH).status_code == 200
    with pytest.raises(LookupError, match="there is no user 'nobody"):
        tenant.token(user="nobody@contoso.example")
    with emulator.client() as anonymous:
        assert anonymous.get(IMAGES_PATH).status_code == 401
        assert anonymous.get("/-/ready").status_code == 200


def test_the_authority_answers_in_process(emulator: InProcess) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6",
        "client_secret": "osimages-development-secret",
        "scope": "https://graph.microsoft.com/.default",
    }
    tenant = emulator.tenant()
    with emulator.client() as client:
        token = client.post(f"/{tenant.id}/oauth2/v2.0/token", data=form).json()["access_token"]
    with tenant.new_client(token) as client:
        assert client.get(IMAGES_PATH).status_code == 200


def test_data_of_a_given_folder_stays(tmp_path: Path) -> None:
    identity = str(uuid.uuid4())
    with InProcess(tmp_path, empty=True) as emulator, emulator.tenant(identity).new_client() as client:
        assert client.post(IMAGES_PATH, json={"id": "Kiosk"}).status_code == 201
    with InProcess(tmp_path, empty=True) as emulator, emulator.tenant(identity).new_client() as client:
        assert client.get(f"{IMAGES_PATH}/Kiosk").status_code == 200


def test_a_temporary_folder_and_the_thread_are_gone_afterwards() -> None:
    threads = set(threading.enumerate())
    with InProcess(empty=True) as emulator:
        assert emulator.data_dir.is_dir()
    assert not emulator.data_dir.exists()
    assert set(threading.enumerate()) <= threads
    with pytest.raises(RuntimeError, match="does not run"):
        emulator.client()


def test_variables_of_the_environment_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OSIMAGES_EMPTY", "true")
    emulator = InProcess()
    assert not emulator.settings.empty
    emulator.close()


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="colour"):
        InProcess(colour="blue")


def test_what_keeps_it_from_starting_is_raised(tmp_path: Path) -> None:
    (tmp_path / "authority.json").write_text("{}")
    emulator = InProcess(tmp_path)
    with pytest.raises(RuntimeError, match=r"authority\.json"):
        emulator.open()
    emulator.close()
