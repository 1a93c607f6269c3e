"""A query that takes long keeps nobody else waiting, against real servers on each store."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import httpx
import pytest

from tests.support.api import IMAGES, Api, api_of, connected, refused, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.postgres import Postgres
from tests.support.processes import kill_all
from tests.support.server import Server, running
from tests.support.server import start as started

# No test here depends on how fast the machine is: what has to end does so whenever, and what must not end cannot.
QUERY_SECONDS = "0.5"
HOURS = "36000"
# How many requests are answered beside a query that does not end. Where all wait for it, it is none.
FEW = 4
LIMITS = ("--http", "--empty")
# Each of a thousand updates is compared with each other one, and those once more with each: no machine is done in time.
_ORDERED = "a/releaseYear gt b/releaseYear and b/releaseYear gt d/releaseYear and d/releaseYear gt 9998"
ENDLESS = quote(f"availableUpdates/any(a:availableUpdates/any(b:availableUpdates/any(d:{_ORDERED})))")
# Each with each other one, once: that takes tens of milliseconds, longer than it may on an event loop.
LONG = quote("availableUpdates/any(a:availableUpdates/any(b:a/releaseYear gt b/releaseYear and b/releaseYear gt 998))")


Store: TypeAlias = Callable[[], AbstractContextManager[tuple[str, ...]]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[tuple[str, ...]]]:
    """Makes a database on each store and gives the options that name it; in the end nothing runs there any more."""

    @contextmanager
    def made() -> Iterator[tuple[str, ...]]:
        if request.param == "sqlite":
            yield ()
            return
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        yield ("--database", url)
        postgres.drop(url)

    return made


@pytest.fixture(scope="module")
def hasty(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose queries may take half a second."""
    folder = tmp_path_factory.mktemp("hasty")
    with store() as options, running(folder, *LIMITS, *options, max_query_seconds=QUERY_SECONDS) as found:
        yield found


@pytest.fixture(scope="module")
def patient(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose queries may take as long as they like."""
    folder = tmp_path_factory.mktemp("patient")
    with store() as options, running(folder, *LIMITS, *options, max_query_seconds=HOURS) as found:
        yield found


@pytest.fixture
def busy(store: Store, pool: ThreadPoolExecutor, tmp_path: Path) -> Iterator[Api]:
    """A client of a server of its own, which is ended with its endless queries before `pool` waits for them."""
    with store() as options:
        hours = {"max_query_seconds": HOURS, "database_wait_seconds": HOURS}
        server = started(tmp_path, *LIMITS, *options, **hours, drain_seconds="1")
        try:
            with connected(server.url, str(uuid.uuid4()), tmp_path) as client:
                fill(client)
                yield client
        finally:
            server.process.terminate()
            server.process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def api(hasty: Server) -> Iterator[Api]:
    """A client of a tenant with one image, which has as many updates as can be, on the hasty server."""
    with connected(hasty.url, str(uuid.uuid4()), hasty.data_dir) as client:
        fill(client)
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for clients that wait."""
    with ThreadPoolExecutor(20) as threads:
        yield threads


def fill(client: Api) -> None:
    """One image of a thousand years."""
    update = {"buildVersion": "10.0.1.1", "releaseMonth": 1}
    client.create(id="a", availableUpdates=[update | {"releaseYear": year} for year in range(1, 1001)])


def asking(pool: ThreadPoolExecutor, api: Api, path: str) -> Future[httpx.Response]:
    """A request of a client of its own, which is connected already, and waits as long as it takes."""
    other = api.with_token(token(api.data_dir, api.tenant))
    assert other.get(f"{IMAGES}/a").status_code == 200
    return pool.submit(other.http.get, path, timeout=None)


def is_timed_out(reply: httpx.Response) -> bool:
    """Whether the query took longer than it may, which has to be told as it is documented."""
    if reply.status_code == 400:
        message = f"The query exceeds the limit of {QUERY_SECONDS} seconds (setting 'max_query_seconds')."
        assert refused(reply, 400, "BadRequest")["message"] == message
        return True
    refused(reply, 503, "serviceNotAvailable")
    assert reply.headers["retry-after"] == "1"
    return False


def answered_beside(api: Api, slow: list[Future[httpx.Response]]) -> None:
    """A few requests are answered while all of the slow ones, which cannot end, are under way."""
    for _ in range(FEW):
        assert api.get(f"{IMAGES}/a").status_code == 200
        assert api.ids("$select=id") == ["a"]
    assert not any(each.done() for each in slow)


QUERIES = pytest.mark.parametrize(
    "path", ["?$filter={}", "/$count?$filter={}", "?$count=true&$filter={}", "/delta()?$filter={}"]
)


@QUERIES
def test_others_are_answered_while_a_query_runs(busy: Api, pool: ThreadPoolExecutor, path: str) -> None:
    answered_beside(busy, [asking(pool, busy, IMAGES + path.format(ENDLESS))])


@QUERIES
def test_a_query_that_takes_too_long_is_ended(api: Api, pool: ThreadPoolExecutor, path: str) -> None:
    assert is_timed_out(asking(pool, api, IMAGES + path.format(ENDLESS)).result())


def test_a_long_query_returns_every_match(patient: Server) -> None:
    with connected(patient.url, str(uuid.uuid4()), patient.data_dir) as api:
        fill(api)
        for _ in range(2):
            assert ids(api, f"$filter={LONG}") == ["a"]
            assert api.http.get(f"{IMAGES}/$count?$filter={LONG}", timeout=None).text == "1"
            body = api.http.get(f"{IMAGES}?$count=true&$top=1&$filter=not({LONG})", timeout=None).json()
            assert (body["@odata.count"], body["value"]) == (0, [])
        requests = [
            {"id": str(number), "method": "GET", "url": f"{IMAGES.removeprefix('/beta')}{path}"}
            for number, path in enumerate((f"?$filter={LONG}", "/a"))
        ]
        reply = api.http.post("/beta/$batch", json={"requests": requests}, timeout=None)
        assert [each["status"] for each in reply.json()["responses"]] == [200, 200]


def ids(api: Api, query: str) -> list[str]:
    """The ids of a list, however long it takes."""
    return [each["id"] for each in api.http.get(f"{IMAGES}?{query}", timeout=None).json()["value"]]


def test_many_at_once_are_each_answered_or_refused(api: Api, pool: ThreadPoolExecutor) -> None:
    slow = [asking(pool, api, f"{IMAGES}?$filter={ENDLESS}") for _ in range(8)]
    timed_out = [is_timed_out(each.result()) for each in slow]
    assert any(timed_out)
    assert is_timed_out(asking(pool, api, f"{IMAGES}?$filter={ENDLESS}").result()), "the next one has its turn"


def test_others_are_answered_beside_many(busy: Api, pool: ThreadPoolExecutor) -> None:
    """As many as leave PostgreSQL connections for lists, and more than SQLite has threads for."""
    answered_beside(busy, [asking(pool, busy, f"{IMAGES}?$filter={ENDLESS}") for _ in range(4)])


def test_a_tenant_with_many_long_queries_leaves_room_for_the_others(busy: Api, pool: ThreadPoolExecutor) -> None:
    with api_of(busy.service, str(uuid.uuid4())) as other:
        other.create(id="b")
        slow = [asking(pool, busy, f"{IMAGES}?$filter={ENDLESS}") for _ in range(20)]
        for number in range(FEW):
            assert other.get(f"{IMAGES}/b").status_code == 200
            other.create(id=f"c{number}")
        assert not any(each.done() for each in slow)


def test_a_long_query_in_a_batch_is_answered_beside_the_others(api: Api) -> None:
    requests = [
        {"id": str(number), "method": "GET", "url": f"{IMAGES.removeprefix('/beta')}{path}"}
        for number, path in enumerate((f"?$filter={ENDLESS}", "/a", "/b"))
    ]
    reply = api.http.post("/beta/$batch", json={"requests": requests}, timeout=None)
    answers = sorted(reply.json()["responses"], key=lambda each: str(each["id"]))
    assert [each["status"] for each in answers] == [400, 200, 404]


def test_others_are_answered_while_a_batch_runs(busy: Api, pool: ThreadPoolExecutor) -> None:
    requests = [{"id": "1", "method": "GET", "url": f"{IMAGES.removeprefix('/beta')}?$filter={ENDLESS}"}]
    slow = pool.submit(busy.http.post, "/beta/$batch", json={"requests": requests}, timeout=None)
    with api_of(busy.service, busy.tenant) as other:
        answered_beside(other, [slow])


def test_writes_go_on_while_a_query_reads(api: Api, pool: ThreadPoolExecutor) -> None:
    slow = asking(pool, api, f"{IMAGES}?$filter={ENDLESS}")
    names = []
    while not slow.done():
        names.append(api.create()["id"])
    assert is_timed_out(slow.result())
    assert set(api.ids()) == {"a", *names}


def test_a_server_that_ends_answers_what_is_under_way(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    server = started(tmp_path, *LIMITS, max_query_seconds=QUERY_SECONDS)
    with connected(server.url, str(uuid.uuid4()), tmp_path) as api:
        fill(api)
        slow = [asking(pool, api, f"{IMAGES}?$filter={ENDLESS}") for _ in range(3)]
        wait(slow, return_when=FIRST_COMPLETED)
        assert server.stop() == 0
    for each in slow:
        is_timed_out(each.result())
    assert server.process.stdout is not None
    server.process.stdout.close()
    assert "Traceback" not in server.errors.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="kills a group of processes at once")
def test_a_server_that_is_killed_meanwhile_starts_again_as_it_was(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    server = started(tmp_path, *LIMITS, max_query_seconds="60")
    with connected(server.url, str(uuid.uuid4()), tmp_path) as api:
        fill(api)
        slow = asking(pool, api, f"{IMAGES}?$filter={ENDLESS}")
        for number in range(5):
            api.create(id=f"b{number}")
        kill_all(server)
        server.process.wait(60)
        assert server.process.stdout is not None
        server.process.stdout.close()
        with pytest.raises(httpx.TransportError):
            slow.result()
        tenant = api.tenant
    with running(tmp_path, *LIMITS) as again, connected(again.url, tenant, tmp_path) as api:
        assert api.ids() == ["a", *(f"b{number}" for number in range(5))]
