"""A real server as tests use it: started, found, trusted, and ended."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from osimages.settings import SettingsError
from osimages.testing import ServerProcess
from osimages.testing.tenant import IMAGES_PATH


def test_clients_of_every_kind() -> None:
    with ServerProcess(empty=True) as server:
        tenant = server.tenant()
        assert tenant.client.post(IMAGES_PATH, json={"id": "Kiosk"}).status_code == 201

        async def ids() -> list[str]:
            async with tenant.new_async_client() as client:
                return [each["id"] for each in (await client.get(tenant.images_url)).json()["value"]]

        assert asyncio.run(ids()) == asyncio.run(ids()) == ["Kiosk"], "in one loop after the other"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{server.url}/-/ready")
        tenant.close()
        folder = server.data_dir
    assert not folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", httpx.URL(server.url).port or 0)) != 0


def test_what_keeps_a_server_from_starting_is_raised(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="colour"):
        ServerProcess(colour="blue")
    server = ServerProcess(tmp_path, host="192.0.2.1")
    with pytest.raises(RuntimeError, match="--expose-development"):
        server.open()
    server.close()
