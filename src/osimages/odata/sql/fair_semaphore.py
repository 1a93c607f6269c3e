"""A semaphore that is fair between owners: one with many waiting requests does not hold up the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable

_Waiting = asyncio.Future[None]


class FairSemaphore:
    """A semaphore for `most` holders at once. Waiting owners are served in turns, each in the order of its requests.

    For use from one event loop.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        # The owner who has waited longest for a turn comes first; each has a queue that is not empty.
        self._waiting: dict[Hashable, deque[_Waiting]] = {}

    async def acquire(self, owner: Hashable) -> None:
        """Wait until one of the places is free, and hold it until `release`. A cancelled wait holds none."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: _Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came at the same moment
                self.release()
            else:
                self._forget(owner, turn)
            raise

    def release(self) -> None:
        """Give the place to the next owner that waits, or free it."""
        while self._waiting:
            owner = next(iter(self._waiting))
            queue = self._waiting.pop(owner)
            turn = queue.popleft()
            if queue:  # behind the other owners
                self._waiting[owner] = queue
            if not turn.cancelled():  # or else its task has yet to notice
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, owner: Hashable, turn: _Waiting) -> None:
        queue = self._waiting.get(owner)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[owner]
