"""Long work gives the event loop back after each slice, also beside other long work."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from osimages.odata.service.slices import SLICE_BYTES, Slices, chunks, cut


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], []),
        ([0], [1]),
        ([SLICE_BYTES * 9], [1]),
        ([SLICE_BYTES, 1, 1], [1, 2]),
        ([1, SLICE_BYTES, 1], [2, 1]),
        ([SLICE_BYTES // 4] * 9, [4, 4, 1]),
        ([0] * 1000, [256] * 3 + [232]),
    ],
)
def test_a_part_ends_with_the_item_that_reaches_the_size(sizes: list[int], parts: list[int]) -> None:
    found = cut(sizes)
    assert [len(sizes[each]) for each in found] == parts
    assert [number for each in found for number in range(len(sizes))[each]] == list(range(len(sizes)))


def test_chunks() -> None:
    assert chunks(range(7), 3) == [range(3), range(3, 6), range(6, 7)]


def test_the_event_loop_passes_between_any_two_slices_of_all_requests() -> None:
    slices, events = Slices(), list[str]()

    async def request(name: str, tenant: str, number: int) -> None:
        def work(part: int) -> list[str]:
            events.append(f"{name}{part}")
            return [f"{part}"]

        assert await slices.run(tenant, range(number), work) == [str(part) for part in range(number)]

    async def passes() -> None:
        while True:
            events.append("|")
            await asyncio.sleep(0)

    asyncio.run(_beside(passes(), request("a", "big", 4), request("b", "big", 4), request("c", "small", 2)))
    in_passes = "".join(events).split("|")
    assert max(len(each) for each in in_passes) <= len("a0"), "two slices in one pass of the event loop"
    order = [each for each in in_passes if each]
    assert order.index("c1") < order.index("a2"), "the other tenant does not wait for all of the big one"


def test_one_request_begins_in_each_pass_of_the_event_loop() -> None:
    slices, events = Slices(), list[str]()

    async def request(name: str) -> None:
        await slices.begin("a")
        events.append(name)

    async def passes() -> None:
        while True:
            events.append("|")
            await asyncio.sleep(0)

    asyncio.run(_beside(passes(), request("a"), request("b"), request("c")))
    assert [each for each in "".join(events).split("|") if each] == ["a", "b", "c"]


async def _beside(background: Coroutine[Any, Any, None], *requests: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(background)
    await asyncio.gather(*requests)
    task.cancel()


def test_a_slice_that_fails_ends_its_request_alone() -> None:
    slices = Slices()

    async def check() -> None:
        with pytest.raises(ZeroDivisionError):
            await slices.run("a", [1, 0, 1], lambda part: [1 // part])
        assert await asyncio.wait_for(slices.run("b", [1, 2], lambda part: [part]), 10) == [1, 2]

    asyncio.run(check())
