"""Divides long work on the event loop into slices, between which other requests are served.

Python code cannot be interrupted by the event loop, and a thread would compete with it for the interpreter. Work whose
amount a client chooses (pages, checks of many builds) is therefore cut by its size, not by a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from osimages.odata.sql.fair_semaphore import FairSemaphore

# Of stored documents. In the slowest form, parts that $select chooses, so many take 1 ms.
SLICE_BYTES = 128 * 1024
# Every item costs something, however short it is.
_LEAST_BYTES = 512

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class Slices:
    """Runs the slices of all requests of a worker: one in each pass of the event loop, of tenants in turns.

    Without that, as many requests as are under way would each do a slice before any other request is served.
    """

    def __init__(self) -> None:
        self._turns = FairSemaphore(1)

    async def run(
        self, tenant: str, parts: Iterable[_Part], work: Callable[[_Part], Iterable[_Result]]
    ) -> list[_Result]:
        """Return the results of `work` for all parts in order. Each call is a slice. Raises what `work` raises."""
        found: list[_Result] = []
        for part in parts:
            await self._turns.acquire(tenant)
            try:
                found += work(part)
                # The turn lasts until the event loop has passed: others that wait do nothing meanwhile.
                await asyncio.sleep(0)
            finally:
                self._turns.release()
        return found

    async def begin(self, tenant: str) -> None:
        """Wait for a pass of the event loop without another slice. What is done until the next `await` is a slice."""
        await self._turns.acquire(tenant)
        asyncio.get_running_loop().call_soon(self._turns.release)


def cut(sizes: Iterable[int], most: int = SLICE_BYTES) -> list[slice]:
    """Cut a sequence whose items have these sizes in bytes. Each part ends with the item that reaches `most`."""
    found: list[slice] = []
    start = end = size = 0
    for each in sizes:
        end += 1
        size += each + _LEAST_BYTES
        if size >= most:
            found.append(slice(start, end))
            start, size = end, 0
    return [*found, slice(start, end)] if start < end else found


def chunks(items: Sequence[_Part], most: int) -> list[Sequence[_Part]]:
    """Cut a sequence into parts of at most `most` items."""
    return [items[start : start + most] for start in range(0, len(items), most)]
