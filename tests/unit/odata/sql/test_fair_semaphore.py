"""FairSemaphore go round among owners, and none is lost, whoever gives up when."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from osimages.odata.sql.fair_semaphore import FairSemaphore


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def settled() -> None:
    """Lets every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def all_free(turns: FairSemaphore, most: int) -> None:
    for number in range(most):
        await turns.acquire(number)
    for _ in range(most):
        turns.release()


def test_one_of_each_owner_after_the_other() -> None:
    async def work() -> None:
        turns, served = FairSemaphore(1), list[str]()

        async def client(owner: str) -> None:
            await turns.acquire(owner[0])
            served.append(owner)
            turns.release()

        await turns.acquire("a")
        tasks = [asyncio.create_task(client(owner)) for owner in ("a1", "a2", "a3", "b1", "b2", "c1")]
        await settled()
        assert served == []
        turns.release()
        await asyncio.gather(*tasks)
        assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]
        await all_free(turns, 1)

    run(work())


def test_who_gives_up_leaves_nothing() -> None:
    async def work() -> None:
        turns = FairSemaphore(1)
        await turns.acquire("a")
        waiting = [asyncio.create_task(turns.acquire("b")) for _ in range(3)]
        await settled()
        waiting[0].cancel()  # while it waits
        await settled()
        waiting[1].cancel()  # it has yet to notice when the turn comes
        turns.release()
        await waiting[2]
        assert [each.cancelled() for each in waiting] == [True, True, False]
        last = asyncio.create_task(turns.acquire("c"))
        await settled()
        turns.release()
        last.cancel()  # the turn has come, and it has yet to notice
        with pytest.raises(asyncio.CancelledError):
            await last
        await all_free(turns, 1)

    run(work())


@pytest.mark.parametrize("seed", range(20))
def test_no_turn_is_lost_or_given_twice(seed: int) -> None:
    async def work() -> None:
        chance, most = random.Random(seed), 3
        turns, holding = FairSemaphore(most), 0

        async def client() -> None:
            nonlocal holding
            await turns.acquire(chance.randrange(4))
            holding += 1
            assert holding <= most
            try:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                holding -= 1
                turns.release()

        tasks = []
        for _ in range(300):
            tasks.append(asyncio.create_task(client()))
            if chance.random() < 0.4:
                chance.choice(tasks).cancel()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [each for each in ended if isinstance(each, AssertionError)]
        assert holding == 0
        await all_free(turns, most)

    run(work())
