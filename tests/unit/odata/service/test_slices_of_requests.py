"""Long answers are worked out in slices, of pages, of changes, of batches and of checks: counted, not timed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from osimages.app import start
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, EVERY_PERMISSION
from osimages.odata.service import pipeline
from osimages.odata.service.pipeline import answer
from osimages.odata.service.principal import Actor
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody
from osimages.odata.service.service import Service
from osimages.odata.service.slices import SLICE_BYTES, Slices
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.settings import Settings
from tests.support.api import IMAGES

ACTOR = Actor(
    tenant=DEFAULT_TENANT, application=DEFAULT_APPLICATION, user=None, permissions=frozenset(EVERY_PERMISSION)
)
SET = IMAGES.removeprefix("/beta")
LARGE = 10
FULL = {b"accept": b"application/json;odata.metadata=full"}
UPDATE = {"buildVersion": "10.0.26200.7171", "releaseMonth": 11, "releaseYear": 2026}


class Verified:
    """Takes every request for one of the actor."""

    async def authenticate(self, _: bytes | None) -> Actor:
        return ACTOR


class Counted(Slices):
    """Notes how much each slice returned."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    async def run(self, tenant: str, parts: Any, work: Callable[[Any], Any]) -> list[Any]:
        def counted(part: Any) -> Any:
            results = list(work(part))
            self.found.append(len(results))
            return results

        return await super().run(tenant, parts, counted)


def counted(tmp_path: Path, ask: Callable[[Service], Awaitable[None]], **settings: Any) -> list[int]:
    """The slices of requests to a service with ten images, each larger than a slice."""

    async def requests() -> list[int]:
        service = await start(Settings(data_dir=str(tmp_path), empty=True, publish_check_seconds=0, **settings))
        try:
            images = {f"a{each}": _properties() for each in range(LARGE)}
            store = service.stores["managedDeviceWindowsOperatingSystemImage"]
            for key, properties in images.items():
                await store.create(DEFAULT_TENANT, key, properties)
            service.slices = slices = Counted()
            await ask(service)
            return slices.found
        finally:
            await service.close()

    return asyncio.run(requests())


def _properties() -> dict[str, object]:
    updates = [UPDATE] * 1000
    assert len(json.dumps(updates)) > SLICE_BYTES / 2
    return {"supportedEditions": [], "supportedArchitectures": [], "availableUpdates": updates}


async def _answer(
    service: Service, path: str, query: str = "", headers: dict[bytes, bytes] | None = None, body: bytes = b""
) -> bytes:
    given = {b"content-type": b"application/json", **(headers or {})}
    method = "POST" if body else "GET"
    is_batch = path.endswith("$batch")
    if is_batch:
        service.authentication = Verified()  # type: ignore[assignment]
    actor = None if is_batch else ACTOR  # only items of a batch have it from the start
    request = ApiRequest(method, path, query, given, "https://localhost", "1", "1", body, actor)

    async def read(_most: int, _setting: str) -> bytes:
        return body

    return (await answer(service, request, read)).body


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        (IMAGES, "", FULL),
        (IMAGES, "", {b"odata-maxversion": b"4.01"}),
        (IMAGES, "$select=availableUpdates/buildVersion", {}),
        (IMAGES, "$select=availableUpdates&$filter=true", {}),
        (f"{IMAGES}/$ref", "", {}),
        (f"{IMAGES}/delta()", "", FULL),
    ],
)
def test_pages(tmp_path: Path, path: str, query: str, headers: dict[bytes, bytes]) -> None:
    async def ask(service: Service) -> None:
        assert await _answer(service, path, query, headers)

    assert counted(tmp_path, ask) == [1] * LARGE


def test_pages_in_the_stored_form_need_no_slices(tmp_path: Path) -> None:
    async def ask(service: Service) -> None:
        assert json.loads(await _answer(service, IMAGES))["value"]

    assert counted(tmp_path, ask) == []


def test_few_reads_of_a_batch_are_under_way_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reply_to, under_way, most = pipeline.reply_to, 0, 0

    async def counting(service: Service, request: ApiRequest, read: ReadBody) -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        reply = await reply_to(service, request, read)
        under_way -= 1
        return reply

    monkeypatch.setattr(pipeline, "reply_to", counting)
    monkeypatch.setattr(SqliteDatabase, "answers_at_once", False)
    items = [{"id": str(each), "method": "GET", "url": f"{SET}?$top={1 + each}"} for each in range(20)]

    async def ask(service: Service) -> None:
        body = json.loads(await _answer(service, "/beta/$batch", body=json.dumps({"requests": items}).encode()))
        assert [each["status"] for each in body["responses"]] == [413] * 20

    counted(tmp_path, ask, max_batch_answer_bytes=1)
    assert most == 4


def test_checks_in_a_batch_are_run_one_after_the_other(tmp_path: Path) -> None:
    url = f"{SET}/checkBuilds"
    headers = {"Content-Type": "application/json"}
    items = [
        {
            "id": str(number),
            "method": "POST",
            "url": url,
            "headers": headers,
            "body": {"builds": [{"buildVersion": "10.0.26200.7171"}] * (number * 4 + 1)},
        }
        for number in range(3)
    ]

    async def ask(service: Service) -> None:
        body = json.loads(await _answer(service, "/beta/$batch", body=json.dumps({"requests": items}).encode()))
        assert [len(each["body"]["value"]) for each in body["responses"]] == [1, 5, 9]

    assert counted(tmp_path, ask) == [1, *[4, 1], *[4, 4, 1]]


def test_checks_of_many_builds(tmp_path: Path) -> None:
    async def ask(service: Service) -> None:
        body = json.dumps({"builds": [{"buildVersion": "10.0.26200.7171"}] * 99}).encode()
        assert len(json.loads(await _answer(service, f"{IMAGES}/checkBuilds", body=body))["value"]) == 99

    found = counted(tmp_path, ask)
    assert sum(found) == 99
    assert max(found) <= 4
