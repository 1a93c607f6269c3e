"""The order of the steps of a request, where it matters what a request may cost before it is rejected."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from osimages.app import start
from osimages.auth.actor import Actor
from osimages.errors import LIMIT_EXCEEDED, ServiceError
from osimages.http.batch.alike import alike
from osimages.http.call import Call
from osimages.http.pipeline import answer
from osimages.http.request import ApiRequest
from osimages.http.service import Service
from osimages.issuer.applications import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.plan.resolve import resolve
from osimages.settings import Settings
from osimages.wire.links import Links
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

    with pytest.raises(ServiceError) as refused:
        await answer(service, long, read)
    assert refused.value.row is LIMIT_EXCEEDED
    beta = service.versions["beta"]
    call = Call(service, beta, long, ACTOR, resolve(beta.model, "$batch"), Links("https://localhost/beta"))
    assert alike(call, [("1", long), ("2", long)]) == []
