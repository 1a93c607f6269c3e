"""Writes that are done together or not at all: each waits until all are there, then one transaction holds all.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_ChangeSets
"""

from __future__ import annotations

import asyncio
from typing import Any

from osimages.odata.errors import CHANGE_SET_UNDONE, ODataError
from osimages.odata.sql.store import Database
from osimages.odata.sql.transaction_script import Script


class _NothingFoundError(Exception):
    """A write found no entity: its request will fail, and with it all others."""

    def __init__(self, result: bool | None) -> None:
        self.result = result
        super().__init__()


class ChangeSet:
    """A queue of the writes of one change set, in the order in which they come.

    `last_key` is the key that the last of them is about.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Script[Any], asyncio.Future[Any]]] = []
        self._arrival: asyncio.Future[None] | None = None
        self._ended = False
        self._at = 0  # the write that is being done
        self.last_key = ""

    async def arrival(self, task: asyncio.Task[Any]) -> None:
        """Returns once a task has come to its write, or is done without one."""
        arrival = self._arrival = asyncio.get_running_loop().create_future()

        def done(_: asyncio.Task[Any]) -> None:
            if not arrival.done():
                arrival.set_result(None)

        task.add_done_callback(done)
        await arrival

    async def change(self, key: str, steps: Script[Any]) -> Any:
        """Return the result of a write, once all are committed.

        Raises ODataError(CHANGE_SET_UNDONE) if another one fails.
        """
        if self._ended or self._arrival is None or self._arrival.done():
            raise RuntimeError("a request of a change set writes once")
        self.last_key = key
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((steps, future))
        self._arrival.set_result(None)
        return await future

    async def commit(self) -> None:
        """Does all writes in one transaction. What one of them raises goes to the request that it came from."""
        self._ended = True
        if not self._waiting:
            return
        try:
            results = await self._database.change(self._all_steps())
        except _NothingFoundError as nothing:
            self._waiting[self._at][1].set_result(nothing.result)
            self.undo()
            return
        except Exception as error:
            self._waiting[self._at][1].set_exception(error)
            self.undo()
            return
        for (_, future), result in zip(self._waiting, results, strict=True):
            future.set_result(result)

    def _all_steps(self) -> Script[list[Any]]:
        results = []
        for number, (steps, _) in enumerate(self._waiting):
            self._at = number
            result = yield from steps
            if result is None or result is False:  # there was nothing to change or to take away
                raise _NothingFoundError(result)
            results.append(result)
        return results

    def undo(self) -> None:
        """Tells all requests that wait that nothing is stored."""
        self._ended = True
        for steps, future in self._waiting:
            steps.close()
            if not future.done():
                future.set_exception(ODataError(CHANGE_SET_UNDONE))
