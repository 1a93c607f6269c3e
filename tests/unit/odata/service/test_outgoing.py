"""Bodies that are sent: in parts, bounded in number of bytes, and given up when nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from osimages.odata.service import outgoing
from osimages.odata.service.outgoing import CHUNK_BYTES, Outgoing

MEGABYTE = 1024 * 1024
aborted: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    aborted.clear()

    def abort(client: tuple[str, int], server_port: int) -> bool:
        aborted.append(client)
        return True

    monkeypatch.setattr(outgoing, "abort_connection", abort)


class Client:
    """A client of which a test says when it reads; `parts` are what it got."""

    def __init__(self, port: int = 1, version: str = "1.1") -> None:
        self.scope = {"client": ("192.0.2.1", str(port)), "server": ("192.0.2.2", "443"), "http_version": version}
        self.reads = asyncio.Event()
        self.parts: list[bytes] = []
        self.is_complete = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.parts.append(message["body"])
        self.is_complete = not message.get("more_body", False)


async def turns(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES])
def test_a_small_body_is_one_message(size: int) -> None:
    async def run() -> None:
        client = Client()
        client.reads.set()
        await Outgoing(10, 10, 30).send(client.scope, client.send, b"x" * size)
        assert (client.parts, client.is_complete) == ([b"x" * size], True)

    asyncio.run(run())


@pytest.mark.parametrize(("size", "version"), [(CHUNK_BYTES + 1, "1.1"), (MEGABYTE, "1.1"), (20_000, "2")])
def test_a_large_body_is_sent_in_parts(size: int, version: str) -> None:
    async def run() -> None:
        client, bodies, body = Client(version=version), Outgoing(10, 10, 30), bytes(range(256)) * (size // 256 + 1)
        client.reads.set()
        await bodies.send(client.scope, client.send, body)
        assert b"".join(client.parts) == body
        assert client.is_complete
        assert max(map(len, client.parts)) <= CHUNK_BYTES
        assert bodies.unsent == 0

    asyncio.run(run())


def test_who_does_not_read_is_given_up() -> None:
    async def run() -> None:
        client, bodies = Client(), Outgoing(MEGABYTE, MEGABYTE, 0)
        await bodies.send(client.scope, client.send, b"x" * MEGABYTE)
        assert (client.parts, bodies.unsent, aborted) == ([], 0, [("192.0.2.1", 1)])

    asyncio.run(run())


def test_far_beyond_the_limit_the_one_that_waits_longest_goes() -> None:
    async def run() -> None:
        bodies = Outgoing(MEGABYTE // 4 * 3, MEGABYTE, 30)
        clients = [Client(port) for port in range(5)]
        tasks = []
        for client in clients:
            tasks.append(asyncio.create_task(bodies.send(client.scope, client.send, b"x" * MEGABYTE)))
            await turns()
            assert bodies.unsent <= 3 * MEGABYTE
        await asyncio.wait(tasks[:2])
        assert [port for _, port in aborted] == [0, 1]
        for client in clients:
            client.reads.set()
        await asyncio.gather(*tasks)
        assert [client.is_complete for client in clients] == [False, False, True, True, True]
        assert bodies.unsent == 0

    asyncio.run(run())


def test_requests_wait_while_there_is_no_room() -> None:
    async def run() -> None:
        bodies, client = Outgoing(MEGABYTE // 2, MEGABYTE, 30), Client()
        sending = asyncio.create_task(bodies.send(client.scope, client.send, b"x" * MEGABYTE))
        await turns()
        assert bodies.is_full
        waiting = asyncio.create_task(bodies.wait_for_room())
        await turns()
        assert not waiting.done()
        client.reads.set()
        await asyncio.gather(sending, waiting)
        assert not bodies.is_full

    asyncio.run(run())


def test_one_body_may_be_longer_than_every_limit() -> None:
    async def run() -> None:
        client, bodies = Client(), Outgoing(1, 1, 30)
        client.reads.set()
        await bodies.send(client.scope, client.send, b"x" * MEGABYTE)
        assert client.is_complete

    asyncio.run(run())


def test_beyond_the_half_only_who_stalls_goes() -> None:
    async def run() -> None:
        bodies = Outgoing(4 * MEGABYTE, MEGABYTE, 30)
        clients = [Client(port) for port in range(4)]
        tasks = [asyncio.create_task(bodies.send(each.scope, each.send, b"x" * MEGABYTE)) for each in clients[:3]]
        await turns()
        assert (bodies.unsent, aborted) == (3 * MEGABYTE, [])
        for answer in list(bodies._answers)[:2]:
            answer.progressed -= outgoing._STALLED_SECONDS
        tasks.append(asyncio.create_task(bodies.send(clients[3].scope, clients[3].send, b"x" * MEGABYTE)))
        await asyncio.wait(tasks[:2])
        assert [port for _, port in aborted] == [0, 1]
        for client in clients:
            client.reads.set()
        await asyncio.gather(*tasks)
        assert [client.is_complete for client in clients] == [False, False, True, True]

    asyncio.run(run())


def test_requests_wait_for_their_own_connection_alone() -> None:
    async def run() -> None:
        bodies = Outgoing(9 * MEGABYTE, MEGABYTE, 30)
        client, other = Client(1, "2"), Client(2, "2")
        sending = asyncio.create_task(bodies.send(client.scope, client.send, b"x" * MEGABYTE))
        await turns()

        async def request() -> None:
            async with bodies.turn(client.scope):
                pass

        waiting = asyncio.create_task(request())
        async with bodies.turn(other.scope):
            await turns()
        assert not waiting.done()
        client.reads.set()
        await asyncio.gather(sending, waiting)
        assert bodies._connections == {}

    asyncio.run(run())


def test_few_requests_of_a_connection_are_worked_on_at_once() -> None:
    async def run() -> None:
        bodies, client, active, most = Outgoing(9, 9, 30), Client(1, "2"), 0, 0

        async def request() -> None:
            nonlocal active, most
            async with bodies.turn(client.scope):
                active += 1
                most = max(most, active)
                await turns(3)
                active -= 1

        await asyncio.gather(*(request() for _ in range(100)))
        assert most == outgoing._MOST_ACTIVE
        assert bodies._connections == {}

    asyncio.run(run())


def test_pages_wait_while_others_are_written_of_tenants_in_turns() -> None:
    async def run() -> None:
        outgoing, begun = Outgoing(100, 100, 30), []
        written = {name: asyncio.Event() for name in ("a1", "a2", "a3", "a4", "b1")}

        async def page(name: str) -> None:
            async with outgoing.making(name[0]) as hold:
                begun.append(name)
                hold(60)
                await written[name].wait()

        tasks = [asyncio.create_task(page(name)) for name in written]
        await turns()
        assert begun == ["a1"], "its documents and their written form are more than 100 bytes"
        for name in ("a1", "a2", "a3", "b1", "a4"):
            written[name].set()
            await turns()
        await asyncio.gather(*tasks)
        assert begun == ["a1", "a2", "a3", "b1", "a4"], "b waits for one page of those before it"
        assert not outgoing.is_full

    asyncio.run(run())


def test_a_page_that_fails_or_is_cancelled_leaves_room() -> None:
    async def run() -> None:
        outgoing = Outgoing(100, 100, 30)
        with pytest.raises(ValueError, match="broken"):
            async with outgoing.making("a") as hold:
                hold(1000)
                raise ValueError("broken")
        async with outgoing.making("a") as hold:
            hold(1000)
            waiting = asyncio.create_task(outgoing.making("b").__aenter__())
            await turns()
            waiting.cancel()
            await turns()
        async with outgoing.making("c"):
            assert not outgoing.is_full

    asyncio.run(run())
