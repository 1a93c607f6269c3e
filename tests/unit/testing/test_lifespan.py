"""The ASGI lifespan protocol, against applications that follow it and those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from osimages.testing.lifespan import Lifespan, Message

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def well_behaved(_: Message, receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{phase}"
        await send({"type": f"lifespan.{phase}.complete"})


async def failing(_: Message, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def raising(_: Message, receive: Receive, send: Send) -> None:
    raise NotImplementedError("no lifespan here")


async def silent(_: Message, receive: Receive, send: Send) -> None:
    await receive()


async def _run(app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
    lifespan = Lifespan(app)
    await lifespan.start()
    await lifespan.end()


def test_an_application_starts_and_ends() -> None:
    asyncio.run(_run(well_behaved))


def test_what_goes_wrong_is_raised() -> None:
    with pytest.raises(RuntimeError, match="no database"):
        asyncio.run(_run(failing))
    with pytest.raises(NotImplementedError, match="no lifespan here"):
        asyncio.run(_run(raising))
    with pytest.raises(RuntimeError, match="ended during its startup"):
        asyncio.run(_run(silent))
