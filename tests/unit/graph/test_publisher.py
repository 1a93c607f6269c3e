"""Publishing to all tenants: once, whoever else is about it, and by one calendar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import msgspec
import pytest

from osimages.graph import leases
from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue, catalogue_in
from osimages.graph.facts_storage import write_catalogue
from osimages.graph.model import GRAPH
from osimages.graph.publisher import Publisher, Round
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.sql.store import Database
from osimages.windows.facts import Catalogue, bundled
from tests.support.looped import run
from tests.unit.odata.sql.places import Place

BEFORE, AFTER = date(2026, 10, 14), date(2026, 10, 15)  # a day, and two, after a Patch Tuesday
LATEST = "Windows 11 25H2"
Open = Callable[..., Publisher]


@pytest.fixture
def publisher(place: Place) -> Iterator[Open]:
    """Opens a publisher on the same database, as another process would."""
    opened: list[Database] = []

    def opening(day: date, calendar: str = "one", catalogue: Catalogue | None = None) -> Publisher:
        database = run(place.open())
        opened.append(database)
        current = CurrentCatalogue(catalogue or bundled(), Clock(day), 2)
        return Publisher(database, database.store(GRAPH, IMAGES), current, calendar)

    yield opening
    for each in opened:
        run(each.close())


def add(publisher: Publisher, *names: str, catalogue: str = "supported", licensed: bool = True) -> None:
    for name in names:
        run(publisher.database.change(add_tenant(Tenant(name, name, licensed, catalogue))))


def done(publisher: Publisher) -> Round:
    """What a round does that nothing keeps from it."""
    found = run(publisher.round())
    assert found is not None
    return found


def newest(publisher: Publisher, tenant: str) -> str | None:
    stored = run(publisher.images.get(tenant, LATEST))
    return None if stored is None else str(msgspec.json.decode(stored.document)["availableUpdates"][0]["buildVersion"])


def test_every_licensed_tenant_gets_what_it_chose_and_then_nothing_is_left(publisher: Open) -> None:
    first = publisher(BEFORE)
    add(first, *(f"tenant {number:03}" for number in range(25)))
    add(first, "without", catalogue="none")
    add(first, "unlicensed", licensed=False)
    add(first, "everything", catalogue="all")
    assert done(first).tenants == 26
    assert newest(first, "tenant 024") == "10.0.26200.9445"
    assert newest(first, "without") is newest(first, "unlicensed") is None
    assert run(first.images.get("everything", "Windows 10 1507")) is not None
    assert run(first.images.get("tenant 001", "Windows 10 1511")) is None
    assert run(first.round()) == Round(0, 0)


def test_a_new_patch_tuesday_reaches_all_without_a_request(publisher: Open) -> None:
    first = publisher(BEFORE)
    add(first, "a", "b")
    run(first.round())
    assert done(publisher(AFTER)).tenants == 2
    assert newest(first, "a") == newest(first, "b") == "10.0.26200.9711"


def test_new_facts_in_the_database_are_noticed(publisher: Open) -> None:
    serving = publisher(AFTER)
    add(serving, "a")
    run(serving.round())
    facts = bundled()
    fewer = msgspec.structs.replace(facts, releases=tuple(each for each in facts.releases if each.id != LATEST))
    run(publisher(AFTER).database.change(write_catalogue(fewer)))
    assert run(serving.round()) == Round(1, 1)
    assert newest(serving, "a") is None
    assert serving.current.catalogue == fewer


def test_the_difference_is_shown_and_nothing_written(publisher: Open) -> None:
    first = publisher(BEFORE)
    add(first, "a", "b")
    run(first.round())
    run(first.images.update("b", LATEST, {"supportedArchitectures": ["x64"]}, None))
    later = publisher(AFTER)

    async def differences() -> dict[str, Any]:
        return {tenant: difference async for tenant, difference in later.differences()}

    found = run(differences())
    assert LATEST in found["a"].changed
    assert found["a"].own == ()
    assert found["b"].own == (LATEST,)
    assert LATEST not in found["b"].changed
    assert run(differences()) == found
    assert done(later).images == sum(len(each.added + each.changed + each.removed) for each in found.values())


def test_two_at_once_do_the_work_once(publisher: Open) -> None:
    first, second = publisher(AFTER), publisher(AFTER)
    add(first, *(f"tenant {number:03}" for number in range(60)))

    async def both() -> list[Round | None]:
        return list(await asyncio.gather(first.round(), second.round()))

    rounds = run(both())
    assert sorted(each.tenants if each else 0 for each in rounds) == [0, 60]


def test_one_that_died_at_work_is_waited_for_and_then_followed(publisher: Open) -> None:
    first = publisher(AFTER)
    add(first, "a")
    run(first.database.change(leases.take("publishing", "the dead one", 60)))
    assert run(first.round()) is None
    run(first.database.change(leases.take("publishing", "the dead one", -1)))
    assert done(first).tenants == 1


def test_who_lost_the_lease_writes_nothing(publisher: Open) -> None:
    first = publisher(AFTER)
    add(first, "a")
    run(first.database.change(leases.take("publishing", "a robber", 60)))
    with pytest.raises(leases.LeaseLostError):
        run(first.database.change(first._publish([("a", first.current.publication("supported"))])))
    assert newest(first, "a") is None
    assert run(first.database.read(leases.holder_of("publishing"))) == "a robber"


def test_of_two_calendars_the_one_that_came_last_decides_until_it_ends(publisher: Open) -> None:
    real, frozen = publisher(AFTER, "real"), publisher(BEFORE, "frozen")
    add(real, "a")
    run(real.claim(30))
    run(real.round())
    assert newest(real, "a") == "10.0.26200.9711"
    run(frozen.claim(30))
    assert (run(real.may_publish()), run(frozen.may_publish())) == (False, True)
    run(frozen.round())
    assert newest(real, "a") == "10.0.26200.9445"
    assert run(real.round()) is None
    assert newest(real, "a") == "10.0.26200.9445"
    run(frozen.give_up())
    assert done(real).tenants == 1
    assert newest(real, "a") == "10.0.26200.9711"


def test_a_lease_is_for_one_until_it_ends(publisher: Open) -> None:
    database = publisher(AFTER).database
    assert run(database.change(leases.take("x", "a", 60)))
    assert not run(database.change(leases.take("x", "b", 60)))
    assert run(database.change(leases.take("x", "a", 60)))
    assert run(database.read(leases.holder_of("x"))) == "a"
    run(database.change(leases.release("x", "b")))
    assert run(database.read(leases.holder_of("x"))) == "a"
    run(database.change(leases.release("x", "a")))
    assert run(database.read(leases.holder_of("x"))) is None
    assert run(database.change(leases.take("x", "b", -1)))
    assert run(database.read(leases.holder_of("x"))) is None
    assert run(database.change(leases.take("x", "a", 60)))


def test_what_the_facts_in_the_database_are(publisher: Open) -> None:
    database = publisher(AFTER).database
    newer = msgspec.structs.replace(bundled(), as_of=date(2027, 1, 1))
    run(database.change(write_catalogue(newer)))
    assert run(catalogue_in(database)) == newer
    older = msgspec.structs.replace(bundled(), as_of=date(2020, 1, 1))
    run(database.change(write_catalogue(older)))
    assert run(catalogue_in(database, only_reads=True)) == bundled()
    current = CurrentCatalogue(bundled(), Clock(AFTER), 2)
    assert run(current.refresh(database))  # nothing was written: the older ones are still there
    assert current.catalogue == older
