"""What a server acknowledged is there after a kill -9, and nothing is there by half."""

from __future__ import annotations

import os
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.crash.clients import ABSENT, Client, Ledger, State, path, plain
from tests.crash.tables import check_database
from tests.support.api import Api, body_of, connected, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import kill_all
from tests.support.server import running

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills a group of processes at once")

_CLIENTS = 4
_MOST_WRITES = 120


@pytest.mark.parametrize(("workers", "rounds"), [(1, 8), (2, 4)])
def test_what_was_acknowledged_survives(tmp_path: Path, workers: int, rounds: int) -> None:
    random, ledger, tenant = Random(workers), Ledger(), str(uuid.UUID(int=workers))
    clients = [Client(f"client {number}", ledger, Random(random.random())) for number in range(_CLIENTS)]
    bearer = token(tmp_path, tenant)
    start = partial(running, tmp_path, "--http", "--empty", "--workers", str(workers))
    for _ in range(rounds):
        with start() as server, connected(server.url, tenant, tmp_path, bearer) as api:
            check(api, ledger)
            ledger.kill, ledger.kill_after = partial(kill_all, server), random.randint(1, _MOST_WRITES)
            write_until_killed(api, clients)
            assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    with start() as server, connected(server.url, tenant, tmp_path, bearer) as api:
        check(api, ledger)
        assert server.stop() == 0
    check_database(tmp_path / "osimages.db")


def write_until_killed(api: Api, clients: list[Client]) -> None:
    """Lets all clients work at once, each on a connection of its own, until the server is gone."""
    with ThreadPoolExecutor(len(clients)) as threads:
        for each in [threads.submit(client.work, api.http) for client in clients]:
            each.result()


def check(api: Api, ledger: Ledger) -> None:
    """Compares all that the server has with the ledger, and its tables with each other."""
    check_database(api.data_dir / "osimages.db")
    found = {key: stored(api, key) for key in {*ledger.acknowledged, *ledger.under_way}}
    for key, state in found.items():
        assert any(agrees(state, each) for each in ledger.possible(key)), (key, state, ledger.possible(key))
    assert set(api.ids("$top=1000")) == {key for key, state in found.items() if state != ABSENT}
    ledger.settle(found)


def stored(api: Api, key: str) -> State:
    """What the server answers for a key."""
    reply: httpx.Response = api.get(path(key))
    if reply.status_code == 404:
        return ABSENT
    assert reply.status_code == 200, reply.text
    return State(plain(body_of(reply)), reply.headers["etag"])


def agrees(found: State, expected: State) -> bool:
    """Whether it is the same state; an ETag that was never answered is not known."""
    return found.properties == expected.properties and expected.etag in (None, found.etag)
