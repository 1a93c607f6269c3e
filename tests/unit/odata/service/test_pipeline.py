"""The order of the steps of a request, where it matters what a request may cost before it is rejected."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from osimages.app import start
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.odata.errors import LIMIT_EXCEEDED, ODataError
from osimages.odata.plan.resolve import resolve
from osimages.odata.service.batch.bulk_reads import alike
from osimages.odata.service.call import Call
from osimages.odata.service.pipeline import answer
from osimages.odata.service.principal import Actor
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Service
from osimages.odata.wire.links import Links
from osimages.settings import Settings
from tests.support.api import IMAGES

ACTOR = Actor(tenant=DEFAULT_TENANT, application=DEFAULT_APPLICATION, user=None, permissions=frozenset())


def test_the_length_of_an_item_of_a_batch_is_checked_before_its_path_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        service = await start(Settings(data_dir=str(tmp_path), empty=True, publish_check_seconds=0))
        try:
            monkeypatch.setattr(service, "address", _read)
            await _check(service)
        finally:
            monkeypatch.undo()
            await service.close()

    asyncio.run(check())


def _read(path: str) -> NoReturn:
    raise AssertionError("the path was read")


async def _check(service: Service) -> None:
    long = ApiRequest("GET", f"{IMAGES}/{'x' * 1_000_000}", "", {}, "https://localhost", "1", "1", b"", ACTOR)

    async def read(_most: int, _setting: str) -> bytes:
        return b""

    with pytest.raises(ODataError) as refused:
        await answer(service, long, read)
    assert refused.value.condition is LIMIT_EXCEEDED
    beta = service.versions["beta"]
    call = Call(service, beta, long, ACTOR, resolve(beta.model, "$batch"), Links("https://localhost/beta"))
    assert alike(call, [("1", long), ("2", long)]) == []
