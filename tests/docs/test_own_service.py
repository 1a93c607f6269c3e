"""The service that docs/odata.md declares, under two servers, as a reader would start it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.patience import PATIENCE_SECONDS

PAGE = Path(__file__).parents[2] / "docs" / "odata.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SERVERS = {
    "uvicorn": ["uvicorn", "service:app", "--lifespan", "on", "--port"],
    "granian": ["granian", "--interface", "asgi", "service:app", "--port"],
}


@pytest.fixture(params=SERVERS)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of the page's last application, in a folder of its own."""
    (tmp_path / "service.py").write_text("\n".join(BLOCKS), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", *SERVERS[request.param], str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
            _wait(client)
            yield client
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait(client: httpx.Client) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            client.get("/v1/")
        except httpx.TransportError:
            assert time.monotonic() < end, "the server does not start"
        else:
            return


def test_it_is_short() -> None:
    first = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(first) <= 15


def test_it_serves(service: httpx.Client) -> None:
    driver = {"id": "net", "released": "2026-11-10", "hardware": ["PCI", "USB"]}
    made = service.post("/v1/drivers", json=driver)
    assert (made.status_code, made.json()["hardware"]) == (201, ["PCI", "USB"])
    found = service.get("/v1/drivers", params={"$filter": "hardware/any(h:h eq 'USB')", "$search": "net"}).json()
    assert [each["id"] for each in found["value"]] == ["net"]
    assert service.get("/v1/drivers", params={"$filter": "hardware/any(h:h eq 'ISA')"}).json()["value"] == []
    assert service.patch("/v1/drivers/net", json={"released": None}).json()["released"] is None
    assert service.get("/v1/drivers/countHardware(text='PCI USB')").json()["count"] == 2
    assert service.get("/v1/about").json()["owner"] == "acme"
    items = [{"id": each, "method": "GET", "url": f"/drivers/{each}"} for each in ("net", "none")]
    answered = service.post("/v1/$batch", json={"requests": items}).json()["responses"]
    assert [each["status"] for each in answered] == [200, 404]
    assert service.put("/v1/drivers", json={}).status_code == 405
    wrong = service.post("/v1/drivers", json={"id": "x", "released": "soon", "hardware": []})
    assert (wrong.status_code, wrong.json()["error"]["target"]) == (400, "$.released")
    assert service.delete("/v1/drivers/net").status_code == 204
