"""Gives out turns in which those who ask for many leave room for those who ask for few."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable

_Waiting = asyncio.Future[None]


class Turns:
    """So many turns at once. Who waits is served in the order of coming, but one of each owner after the other.

    For use from one event loop.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        # The owner who has waited longest for a turn comes first; each has a queue that is not empty.
        self._waiting: dict[Hashable, deque[_Waiting]] = {}

    async def take(self, owner: Hashable) -> None:
        """Waits for a turn, which lasts until `give_back`; who is cancelled meanwhile has none."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: _Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came at the same moment
                self.give_back()
            else:
                self._forget(owner, turn)
            raise

    def give_back(self) -> None:
        """Ends a turn: somebody else has it, if anybody waits."""
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
