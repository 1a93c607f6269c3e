"""What a database on a server can do to its clients: be away, come back, be slow, be locked, be shared, refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import add_tenant, tenant_named
from osimages.odata.plan.query import DeltaPlan, Stored
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.postgres.connections import positional
from osimages.odata.sql.postgres.database import PostgresDatabase
from osimages.odata.sql.postgres.migrate import migrate
from osimages.odata.sql.store import DatabaseLimits, QueryTimeoutError, StoreUnavailableError
from tests.support import postgres as servers
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import PostgresPlace, new_postgres
from tests.unit.odata.sql.stores import CONTOSO, WHOLE, a_tenant, image, plan

SMALL = image(architectures=("x64",))
# So long that a busy machine connects and answers meanwhile.
SHORT = DatabaseLimits(connections=2, wait_seconds=3.0, query_seconds=3.0)


@asynccontextmanager
async def opened(place: PostgresPlace, limits: DatabaseLimits = SHORT) -> AsyncIterator[PostgresDatabase]:
    """A database with a tenant, opened with short limits."""
    database = await PostgresDatabase.open(place.url, MIGRATIONS, limits)
    try:
        await database.change(add_tenant(a_tenant(CONTOSO)))
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def holding(place: PostgresPlace, sql: str) -> AsyncIterator[None]:
    """Another client that has run a statement in a transaction that it does not end."""
    other = await asyncpg.connect(place.url)
    try:
        async with other.transaction():
            await other.execute(sql)
            yield
    finally:
        await other.close()


# --- away -------------------------------------------------------------------------------------------------------------
def test_a_server_that_ends_and_comes_back() -> None:
    async def through_a_restart(server: Postgres, place: PostgresPlace) -> None:
        async with opened(place, DatabaseLimits(2, 5.0, 5.0)) as database:
            store = database.store(GRAPH, IMAGES)
            stored = await store.create(CONTOSO, "a", WHOLE)
            server.stop("fast")
            for _ in range(3):
                with pytest.raises(StoreUnavailableError):
                    await store.get(CONTOSO, "a")
                with pytest.raises(StoreUnavailableError):
                    await store.create(CONTOSO, "b", WHOLE)
            with pytest.raises(StoreUnavailableError):
                await migrate(place.url, MIGRATIONS)
            server.start()
            assert await store.get(CONTOSO, "a") == stored
            assert (await store.create(CONTOSO, "b", WHOLE)).version > stored.version

    with servers.running() as server, new_postgres(server) as place:
        run(through_a_restart(server, place))


def test_where_no_server_is(postgres: Postgres) -> None:
    nowhere = f"postgresql://{postgres.user}@/db?host={postgres.data.parent}&port=1"
    with pytest.raises(StoreUnavailableError, match=r"The database .* does not answer"):
        run(migrate(nowhere, MIGRATIONS))


# --- slow and locked --------------------------------------------------------------------------------------------------
def test_a_query_ends_after_its_time(clean_postgres: PostgresPlace) -> None:
    async def ask() -> None:
        async with opened(clean_postgres) as database, holding(clean_postgres, "LOCK TABLE image"):
            store = database.store(GRAPH, IMAGES)
            with pytest.raises(QueryTimeoutError, match="longer than 3 seconds"):
                await store.get(CONTOSO, "a")
            with pytest.raises(QueryTimeoutError):
                await store.page(CONTOSO, plan(options={"$count": "true"}))
            with pytest.raises(QueryTimeoutError):
                await store.count(CONTOSO, plan())

    run(ask())


def test_a_change_waits_for_another_one_but_not_for_ever(clean_postgres: PostgresPlace) -> None:
    async def change() -> None:
        async with opened(clean_postgres) as database:
            store = database.store(GRAPH, IMAGES)
            stored = await store.create(CONTOSO, "a", WHOLE)
            async with holding(clean_postgres, "SELECT * FROM tenant FOR UPDATE"):
                with pytest.raises(StoreUnavailableError, match="lock timeout"):
                    await store.update(CONTOSO, "a", SMALL, None)
                with pytest.raises(StoreUnavailableError, match="lock timeout"):
                    await store.create(CONTOSO, "b", SMALL)
                assert await store.get(CONTOSO, "a") == stored
            assert await store.update(CONTOSO, "a", SMALL, None) != stored

    run(change())


def test_all_connections_in_use(clean_postgres: PostgresPlace) -> None:
    async def ask() -> None:
        async with opened(clean_postgres, DatabaseLimits(2, 3.0, 60.0)) as database:
            store = database.store(GRAPH, IMAGES)
            async with holding(clean_postgres, "LOCK TABLE image"):
                waiting = [asyncio.create_task(store.get(CONTOSO, "a")) for _ in range(2)]
                await asyncio.sleep(0)
                with pytest.raises(StoreUnavailableError, match="does not answer"):
                    await store.get(CONTOSO, "a")
            assert await asyncio.gather(*waiting) == [None, None]

    run(ask())


def test_queries_leave_a_connection_for_what_is_short(clean_postgres: PostgresPlace) -> None:
    async def ask() -> None:
        async with opened(clean_postgres, DatabaseLimits(2, 3.0, 60.0)) as database:
            store = database.store(GRAPH, IMAGES)
            async with holding(clean_postgres, "LOCK TABLE image"):
                queries: list[asyncio.Task[Any]] = [
                    *(asyncio.create_task(store.page(CONTOSO, plan())) for _ in range(3)),
                    *(asyncio.create_task(store.count(CONTOSO, plan())) for _ in range(3)),
                    *(asyncio.create_task(store.delta(CONTOSO, DeltaPlan(None, (), 0, 0, 10))) for _ in range(3)),
                ]
                await asyncio.sleep(0)
                for _ in range(3):
                    assert await database.read(tenant_named(CONTOSO)) is not None
            await asyncio.gather(*queries, return_exceptions=True)

    run(ask())


def test_a_change_that_nobody_waits_for_any_more_stores_nothing(clean_postgres: PostgresPlace) -> None:
    async def give_up() -> None:
        async with opened(clean_postgres, DatabaseLimits(1, 60.0, 60.0)) as database:
            store = database.store(GRAPH, IMAGES)
            async with holding(clean_postgres, "LOCK TABLE image"):
                change = asyncio.create_task(store.create(CONTOSO, "a", WHOLE))
                await asyncio.wait([change], timeout=0.1)
                change.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await change
            assert await store.get(CONTOSO, "a") is None  # on the same, the only connection
            assert await store.create(CONTOSO, "a", WHOLE)

    run(give_up())


# --- shared -----------------------------------------------------------------------------------------------------------
def test_of_servers_that_change_one_version_at_once_one_succeeds(clean_postgres: PostgresPlace) -> None:
    class RefusedError(Exception):
        pass

    async def race() -> None:
        limits = DatabaseLimits(8, 30.0, 30.0)
        async with opened(clean_postgres, limits) as here, opened(clean_postgres, limits) as there:
            stores = [here.store(GRAPH, IMAGES), there.store(GRAPH, IMAGES)]
            before = await stores[0].create(CONTOSO, "a", image())
            for number in range(5):
                seen = await stores[0].get(CONTOSO, "a")
                assert seen is not None

                def unchanged(stored: Stored, version: int = seen.version) -> None:
                    if stored.version != version:
                        raise RefusedError

                builds = [{"availableUpdates": [], "supportedArchitectures": ["x64"] * (number + 1)}] * 8
                tries = [stores[each % 2].update(CONTOSO, "a", builds[each], unchanged) for each in range(8)]
                results = await asyncio.gather(*tries, return_exceptions=True)
                assert sum(isinstance(each, Stored) for each in results) == 1
                assert sum(isinstance(each, RefusedError) for each in results) == 7
            after = await stores[1].get(CONTOSO, "a")
            assert after is not None
            assert after.version == before.version + 5

    run(race())


def test_who_asks_for_changes_misses_none_that_is_committed_late(clean_postgres: PostgresPlace) -> None:
    """Writers on two servers, and a reader that goes on from the last number it saw, as a delta link does."""

    async def write(database: PostgresDatabase, name: str, done: list[str]) -> None:
        store = database.store(GRAPH, IMAGES)
        for number in range(40):
            await store.create(CONTOSO, f"{name}{number}", image())
            done.append(f"{name}{number}")

    async def both() -> None:
        limits = DatabaseLimits(8, 30.0, 30.0)
        async with opened(clean_postgres, limits) as here, opened(clean_postgres, limits) as there:
            done: list[str] = []
            writers = zip((here, there, here, there), "abcd", strict=True)
            writing = [asyncio.create_task(write(each, name, done)) for each, name in writers]
            seen: list[str] = []
            after = 0
            while True:
                ended = all(each.done() for each in writing)
                page = await here.store(GRAPH, IMAGES).delta(CONTOSO, DeltaPlan(None, (), after, 0, 1000))
                seen += [change.key for change in page.changes]
                after = page.last
                if ended:
                    break
            await asyncio.gather(*writing)
            assert len(done) == 160
            assert sorted(seen) == sorted(done)

    run(both())


def test_tables_that_change_under_a_server(clean_postgres: PostgresPlace) -> None:
    """A newer server brings the schema up to date while this one goes on with statements that it prepared before."""

    async def alter() -> None:
        async with opened(clean_postgres, DatabaseLimits(1, 60.0, 60.0)) as database:
            store = database.store(GRAPH, IMAGES)
            stored = await store.create(CONTOSO, "a", WHOLE)
            other = await asyncpg.connect(clean_postgres.url)
            await other.execute("ALTER TABLE image ADD COLUMN later INTEGER; ALTER TABLE tenant ADD COLUMN later TEXT")
            assert await store.get(CONTOSO, "a") == stored
            assert await store.update(CONTOSO, "a", SMALL, None) != stored
            assert len((await store.page(CONTOSO, plan(options={"$count": "true"}))).documents) == 1
            await other.execute("ALTER TABLE image DROP COLUMN later; ALTER TABLE tenant DROP COLUMN later")
            assert await store.create(CONTOSO, "b", WHOLE)
            await other.close()

    run(alter())


# --- refused ----------------------------------------------------------------------------------------------------------
def test_servers_that_start_together_on_an_empty_database(postgres: Postgres) -> None:
    async def together(url: str) -> list[int]:
        return await asyncio.gather(*(migrate(url, MIGRATIONS) for _ in range(4)))

    url = postgres.new_database()
    assert sorted(run(together(url))) == [0, 0, 0, len(MIGRATIONS.steps("postgresql"))]
    postgres.drop(url)


def test_a_database_of_a_newer_release(postgres: Postgres) -> None:
    with new_postgres(postgres) as place:
        newer = "INSERT INTO schema_step (number, name, applied_at) VALUES (9999, 'x', '')"
        postgres.run("psql", "--quiet", "--command", newer, place.url)
        with pytest.raises(SchemaError, match=r"The database .* was made by a newer release .* \(schema 9999"):
            run(migrate(place.url, MIGRATIONS))
        with pytest.raises(SchemaError, match="newer release"):
            run(PostgresDatabase.open(place.url, MIGRATIONS, SHORT))


def test_a_database_that_was_not_migrated(postgres: Postgres) -> None:
    url = postgres.new_database()
    with pytest.raises(SchemaError, match=r"is older than this release\. Run `osimages db migrate`"):
        run(PostgresDatabase.open(url, MIGRATIONS, SHORT))
    postgres.drop(url)


def test_a_database_that_cannot_hold_every_text(postgres: Postgres) -> None:
    postgres.run("createdb", "--template=template0", "--encoding=LATIN1", "--locale=C", "latin")
    with pytest.raises(SchemaError, match=r"has the encoding LATIN1\. Create one .* ENCODING 'UTF8'"):
        run(migrate(postgres.url("latin"), MIGRATIONS))
    postgres.run("dropdb", "latin")


def test_who_may_not_create_tables_is_told_so_and_may_use_those_that_are_there(postgres: Postgres) -> None:
    with new_postgres(postgres) as place:
        grants = (
            "CREATE ROLE narrow LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; "
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO narrow"
        )
        postgres.run("psql", "--quiet", "--command", grants, place.url)
        narrow = place.url.replace(f"//{postgres.user}@", "//narrow@")
        assert run(migrate(narrow, MIGRATIONS)) == 0
        database = run(PostgresDatabase.open(narrow, MIGRATIONS, SHORT))
        run(database.change(add_tenant(a_tenant(CONTOSO))))
        assert run(database.store(GRAPH, IMAGES).create(CONTOSO, "a", WHOLE))
        run(database.close())

        empty = postgres.new_database()
        with pytest.raises(SchemaError, match=r"permission denied for schema public\. GRANT CREATE, USAGE ON SCHEMA"):
            run(migrate(empty.replace(f"//{postgres.user}@", "//narrow@"), MIGRATIONS))
        postgres.drop(empty)
        postgres.run("psql", "--quiet", "--command", "DROP OWNED BY narrow; DROP ROLE narrow", place.url)


def test_urls_that_lead_nowhere(postgres: Postgres) -> None:
    unknown = postgres.url("no_such_database")
    with pytest.raises(SchemaError, match=r'The database .* cannot be opened: database "no_such_database" does not'):
        run(migrate(unknown, MIGRATIONS))
    nobody = postgres.url("postgres").replace(f"//{postgres.user}@", "//nobody_known@")
    with pytest.raises(SchemaError, match=r'cannot be opened: role "nobody_known" does not exist'):
        run(migrate(nobody, MIGRATIONS))
    with pytest.raises(SchemaError, match="is no URL of a database"):
        run(migrate("postgresql://host:port/db", MIGRATIONS))


# --- keys and parameters ----------------------------------------------------------------------------------------------
def test_a_key_that_no_text_can_hold_is_not_there(clean_postgres: PostgresPlace) -> None:
    async def ask() -> None:
        async with opened(clean_postgres) as database:
            store = database.store(GRAPH, IMAGES)
            assert await store.get(CONTOSO, "a\0") is None
            assert await store.update(CONTOSO, "a\0", SMALL, None) is None
            assert await store.remove(CONTOSO, "a\0", None) is False

    run(ask())


def test_named_parameters_become_numbers() -> None:
    assert positional("a = :a AND b = :b AND c = CAST(:a AS TEXT) AND d::text = :c1") == (
        "a = $1 AND b = $2 AND c = CAST($1 AS TEXT) AND d::text = $3",
        ("a", "b", "c1"),
    )
