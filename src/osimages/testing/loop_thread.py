"""An event loop in a thread of its own, and httpx transports through which other threads and loops use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx

_Result = TypeVar("_Result")


class LoopThread:
    """An event loop that runs in a daemon thread until it is stopped."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="osimages", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Return the result of a coroutine, once it has one. For use from other threads than its own."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def run_async(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Return the result of a coroutine. For use from another event loop, which is not blocked meanwhile."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def stop(self) -> None:
        """Cancel the tasks that still run, then end the loop and the thread."""
        if self.loop.is_closed():
            return
        self.run(self._cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()


class SyncTransport(httpx.BaseTransport):
    """A transport of `httpx.Client` that sends its requests through an asynchronous one on another loop."""

    def __init__(self, inner: httpx.AsyncBaseTransport, thread: LoopThread) -> None:
        self._inner = inner
        self._thread = thread

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, whose body has been read."""
        request.read()
        return self._thread.run(_response(self._inner, request))


class AsyncTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient`, whichever event loop that runs in."""

    def __init__(self, inner: httpx.AsyncBaseTransport, thread: LoopThread) -> None:
        self._inner = inner
        self._thread = thread

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, whose body has been read."""
        await request.aread()
        return await self._thread.run_async(_response(self._inner, request))


async def _response(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
    """Send a request whose body has been read, and read the body of the response.

    httpx keeps that as it came: compressed bodies are decompressed by the client.
    """
    found = await transport.handle_async_request(
        httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
    )
    assert isinstance(found.stream, httpx.AsyncByteStream)
    body = b"".join([part async for part in found.stream])
    return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(body))
