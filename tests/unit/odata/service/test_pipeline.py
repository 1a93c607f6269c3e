"""The order of the steps of a request, where it matters what a request may cost before it is rejected."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from osimages.app import start
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.odata.errors import LIMIT_EXCEEDED, ODataError
from osimages.odata.service.engine import Engine
from osimages.odata.service.pipeline import prepare
from osimages.odata.service.principal import Principal
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.schema_index import SchemaIndex
from osimages.settings import Settings
from tests.support.api import IMAGES

SENDER = Principal(DEFAULT_TENANT)


def test_the_length_of_an_item_of_a_batch_is_checked_before_its_path_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        running = await start(Settings(data_dir=str(tmp_path), empty=True, publish_check_seconds=0))
        try:
            monkeypatch.setattr(SchemaIndex, "address", _read)
            await _check(running.apps["beta"].engine)
        finally:
            monkeypatch.undo()
            await running.close()

    asyncio.run(check())


def _read(_: SchemaIndex, path: str) -> NoReturn:
    raise AssertionError("the path was read")


async def _check(engine: Engine) -> None:
    long = ApiRequest("GET", f"{IMAGES}/{'x' * 1_000_000}", "", {}, "https://localhost", "1", "1", b"", SENDER)

    async def read(_most: int, _setting: str) -> bytes:
        return b""

    with pytest.raises(ODataError) as rejected:
        await prepare(engine, long, read)
    assert rejected.value.condition is LIMIT_EXCEEDED
