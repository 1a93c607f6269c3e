"""Long answers are worked out in slices, of pages, of changes, of batches and of checks: counted, not timed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from osimages.app import start
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, EVERY_PERMISSION
from osimages.entra.tokens.verification import VerifiedToken
from osimages.odata.plan.resolve import Kind
from osimages.odata.service import pipeline
from osimages.odata.service.call import Call
from osimages.odata.service.engine import Engine
from osimages.odata.service.pipeline import answer
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.slices import SLICE_BYTES, Slices
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.settings import Settings
from tests.support.api import IMAGES

ACTOR = VerifiedToken(
    tenant=DEFAULT_TENANT, application=DEFAULT_APPLICATION, user=None, permissions=frozenset(EVERY_PERMISSION)
)
SET = IMAGES.removeprefix("/beta")
LARGE = 10
FULL = {b"accept": b"application/json;odata.metadata=full"}
UPDATE = {"buildVersion": "10.0.26200.7171", "releaseMonth": 11, "releaseYear": 2026}


async def _authenticate(_: ApiRequest) -> Principal:
    return Principal(DEFAULT_TENANT, identity=ACTOR)


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


def counted(tmp_path: Path, ask: Callable[[Engine], Awaitable[None]], **settings: Any) -> list[int]:
    """The slices of requests to a service with ten images, each larger than a slice."""

    async def requests() -> list[int]:
        running = await start(Settings(data_dir=str(tmp_path), empty=True, publish_check_seconds=0, **settings))
        try:
            images = {f"a{each}": _properties() for each in range(LARGE)}
            engine = running.apps["beta"].engine
            store = engine.stores["managedDeviceWindowsOperatingSystemImage"]
            for key, properties in images.items():
                await store.create(DEFAULT_TENANT, key, properties)
            slices = Counted()
            await ask(replace(engine, slices=slices, hooks=replace(engine.hooks, authenticate=_authenticate)))
            return slices.found
        finally:
            await running.close()

    return asyncio.run(requests())


def _properties() -> dict[str, object]:
    updates = [UPDATE] * 1000
    assert len(json.dumps(updates)) > SLICE_BYTES / 2
    return {"supportedEditions": [], "supportedArchitectures": [], "availableUpdates": updates}


async def _answer(
    engine: Engine, path: str, query: str = "", headers: dict[bytes, bytes] | None = None, body: bytes = b""
) -> bytes:
    given = {b"content-type": b"application/json", **(headers or {})}
    method = "POST" if body else "GET"
    request = ApiRequest(method, path, query, given, "https://localhost", "1", "1", body)

    async def read(_most: int, _setting: str) -> bytes:
        return body

    return (await answer(engine, request, read)).body


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
    async def ask(engine: Engine) -> None:
        assert await _answer(engine, path, query, headers)

    assert counted(tmp_path, ask) == [1] * LARGE


def test_pages_in_the_stored_form_need_no_slices(tmp_path: Path) -> None:
    async def ask(engine: Engine) -> None:
        assert json.loads(await _answer(engine, IMAGES))["value"]

    assert counted(tmp_path, ask) == []


def test_few_reads_of_a_batch_are_under_way_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, under_way, most = pipeline.run, 0, 0

    async def counting(call: Call) -> Reply:
        nonlocal under_way, most
        is_item = call.target.kind is not Kind.BATCH
        under_way += is_item
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        reply = await run(call)
        under_way -= is_item
        return reply

    monkeypatch.setattr(pipeline, "run", counting)
    monkeypatch.setattr(SqliteDatabase, "answers_at_once", False)
    items = [{"id": str(each), "method": "GET", "url": f"{SET}?$top={1 + each}"} for each in range(20)]

    async def ask(engine: Engine) -> None:
        body = json.loads(await _answer(engine, "/beta/$batch", body=json.dumps({"requests": items}).encode()))
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

    async def ask(engine: Engine) -> None:
        body = json.loads(await _answer(engine, "/beta/$batch", body=json.dumps({"requests": items}).encode()))
        assert [len(each["body"]["value"]) for each in body["responses"]] == [1, 5, 9]

    assert counted(tmp_path, ask) == [1, *[4, 1], *[4, 4, 1]]


def test_checks_of_many_builds(tmp_path: Path) -> None:
    async def ask(engine: Engine) -> None:
        body = json.dumps({"builds": [{"buildVersion": "10.0.26200.7171"}] * 99}).encode()
        assert len(json.loads(await _answer(engine, f"{IMAGES}/checkBuilds", body=body))["value"]) == 99

    found = counted(tmp_path, ask)
    assert sum(found) == 99
    assert max(found) <= 4
