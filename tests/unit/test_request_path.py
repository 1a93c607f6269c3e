"""The paths of requests in docs/architecture.md are the real ones: each is traced and compared."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

import osimages
from osimages.app import Running, start
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, EVERY_PERMISSION
from osimages.entra.tokens.verification import VerifiedToken
from osimages.odata.service.principal import Principal
from osimages.settings import Settings
from tests.support.api import IMAGES

ROOT = Path(osimages.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
_PATHS = re.compile(r"^### (GET|POST|\$batch)\b.*?\n\n((?:\d+\. .*\n(?:   .*\n)*)+)", re.MULTILINE)
_FILE = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)
DOCUMENTED = {name: _FILE.findall(steps) for name, steps in _PATHS.findall(PAGE.read_text(encoding="utf-8"))}
JSON = (b"content-type", b"application/json")
BATCH = {"requests": [{"id": each, "method": "GET", "url": f"{IMAGES.removeprefix('/beta')}/{each}"} for each in "ab"]}
REQUESTS: dict[str, tuple[str, str, bytes, object]] = {
    "GET": ("GET", IMAGES, b"$filter=availableUpdates/any(u:u/releaseYear eq 2026)".replace(b" ", b"%20"), None),
    "POST": ("POST", IMAGES, b"", {"supportedArchitectures": ["x64"]}),
    "$batch": ("POST", "/beta/$batch", b"", BATCH),
}


class Trace:
    """The files whose coroutines run, in the order of their first steps: of composition, the engine, and its hooks."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call" or not frame.f_code.co_flags & inspect.CO_COROUTINE or ROOT not in path.parents:
            return
        file = path.relative_to(ROOT).as_posix()
        if file not in self.files and file.startswith(("app.py", "odata/", "graph/authentication.py")):
            self.files.append(file)


async def ask(app: Running, method: str, path: str, query: bytes, body: object) -> int:
    """Return the status of a request."""
    content = b"" if body is None else msgspec.json.encode(body)
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"localhost"), JSON],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


def traced(folder: Path, monkeypatch: pytest.MonkeyPatch, request: tuple[str, str, bytes, object]) -> list[str]:
    """The files of a request that is sent for the second time."""
    token = VerifiedToken(DEFAULT_TENANT, DEFAULT_APPLICATION, None, frozenset(EVERY_PERMISSION))

    async def principal(_: object) -> Principal:
        return Principal(DEFAULT_TENANT, identity=token)

    async def run(use: Callable[[Running], Awaitable[list[str]]]) -> list[str]:
        running = await start(Settings(data_dir=str(folder), empty=True, publish_check_seconds=0))
        try:
            return await use(running)
        finally:
            await running.close()

    async def second(running: Running) -> list[str]:
        monkeypatch.setattr(type(running.service.authentication), "verify", lambda *_: token)
        monkeypatch.setattr(running.service.authentication._verifier, "verify", lambda _: token)
        trace = Trace()
        await ask(running, *request)
        sys.setprofile(trace)
        try:
            status = await ask(running, *request)
        finally:
            sys.setprofile(None)
        assert status in (200, 201)
        return trace.files

    return asyncio.run(run(second))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_documented_path_is_the_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files = traced(tmp_path, monkeypatch, REQUESTS[name])
    assert files == DOCUMENTED[name]
    assert len(files) <= 12
