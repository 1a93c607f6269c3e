"""What sources say, kept in a database: taken up source by source, merged anew, all in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from osimages.graph.catalogue_update import (
    Renewal,
    SourceUpdate,
    merge_stored_claims,
    remove_source,
    since,
    update_facts,
)
from osimages.graph.claims_storage import Fetch, read_fetches, read_overrides_text, read_seen, read_statements
from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue, catalogue_in
from osimages.graph.facts_storage import read_catalogue, write_catalogue
from osimages.odata.sql.store import Database
from osimages.odata.sql.transaction_script import Script
from osimages.odata.sql.transaction_script import Statement as SqlStatement
from osimages.windows.builds import Build
from osimages.windows.facts import Catalogue, bundled, digest
from osimages.windows.merge.claims import Claim, EndClaim, Origin, ReleaseClaim, Statement, Title, UpdateClaim, Weight
from osimages.windows.merge.overrides import OverridesError
from tests.support.looped import run
from tests.unit.odata.sql.places import Place

NOW = datetime(2026, 12, 9, 12, tzinfo=UTC)
DECEMBER = date(2026, 12, 8)
NEW = UpdateClaim(Build.parse("26200.9999"), "KB5990001", DECEMBER, title=Title.PLAIN)


TABLES = (
    *("catalogue_state", "catalogue_source", "catalogue_release", "catalogue_release_source", "catalogue_architecture"),
    *("catalogue_edition", "catalogue_edition_source", "catalogue_update", "catalogue_update_source"),
    *("catalogue_claim", "catalogue_fetch", "catalogue_overrides"),
)


def emptied() -> Script[None]:
    """Takes away what another test left in a database that is used again."""
    for table in TABLES:
        yield SqlStatement(f"DELETE FROM {table}")


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    """A database of each kind with the shipped facts in it."""
    found = place.opened().database
    run(found.change(emptied()))
    run(catalogue_in(found))
    yield found
    run(found.close())


def told(
    name: str, *claims: Claim, state: str = "read", now: datetime = NOW, weight: Weight = Weight.TITLE
) -> SourceUpdate:
    """A source that was asked and says something."""
    origin = Origin(name, f"The source {name}", "MIT", now.date(), weight)
    return SourceUpdate(Fetch(name, state, "", now, now, len(claims)), Statement(origin, claims))


def broken(name: str, now: datetime = NOW) -> SourceUpdate:
    """A source that could not be read."""
    return SourceUpdate(Fetch(name, "failed", "expected something else", now, None, 0), None)


def facts(database: Database) -> Catalogue:
    """The facts in force."""
    found = run(database.read(read_catalogue()))
    assert found is not None
    return found


def take(database: Database, *given: SourceUpdate, overrides: bytes = b"") -> Renewal:
    """Takes up what sources say."""
    renewal: Renewal = run(database.change(update_facts(given, overrides)))
    return renewal


def test_new_facts_are_in_force_at_once_and_a_running_server_sees_them(database: Database) -> None:
    current = CurrentCatalogue(bundled(), Clock(date(2026, 12, 20)), 2)
    assert not run(current.refresh(database))
    renewal = take(database, told("index", NEW))
    assert [(each.what, each.subject) for each in renewal.changes] == [("new", "26200.9999 KB5990001")]
    assert run(current.refresh(database))
    assert current.catalogue == renewal.merged.catalogue
    shown: Any = current.publication("supported").images["Windows 11 25H2"]["availableUpdates"]
    assert shown[0]["buildVersion"] == "10.0.26200.9999"


def test_taking_up_the_same_again_changes_nothing(database: Database) -> None:
    first = take(database, told("index", NEW))
    again = take(database, told("index", NEW, state="unchanged"))
    assert again.changes == ()
    assert again.new_disagreements == ()
    assert digest(again.merged.catalogue) == digest(first.merged.catalogue)


def test_a_source_that_fails_loses_nothing_of_what_it_said(database: Database) -> None:
    take(database, told("index", NEW))
    renewal = take(database, broken("index", NOW + timedelta(days=1)), broken("other"))
    assert renewal.changes == ()
    fetches = run(database.read(read_fetches()))
    assert {name: (each.state, each.claims) for name, each in fetches.items()} == {
        "index": ("failed", 1),
        "other": ("failed", 0),
    }
    assert fetches["index"].read_at == NOW
    assert fetches["index"].asked_at == NOW + timedelta(days=1)
    assert [each.origin.name for each in run(database.read(read_statements()))] == ["index"]


def test_a_day_that_a_page_names_no_more_stays_known(database: Database) -> None:
    """A release of which the shipped facts know nothing: its end turns into "End of updates" on the page."""
    release = ReleaseClaim("Windows 11", "27H1", 29000, date(2027, 2, 9))
    end = EndClaim("Windows 11 27H1", "Home/Pro", date(2029, 3, 13))
    take(database, told("table", release, end))
    take(database, told("table", release, now=NOW + timedelta(days=900)))
    catalogue = facts(database)
    assert {str(each.support_end_date) for each in catalogue.releases[-1].editions} == {"2029-03-13"}


def test_a_newer_word_of_a_source_takes_the_place_of_its_older_one(database: Database) -> None:
    take(database, told("index", NEW))
    later = NOW + timedelta(days=1)
    preview = msgspec.structs.replace(NEW, title=Title.PREVIEW)
    renewal = take(database, told("index", preview, now=later))
    assert [(each.field, each.before, each.after) for each in renewal.changes] == [
        ("kind", "B", "preview"),
        ("published", "2026-12", ""),
    ]
    (statement,) = run(database.read(read_statements()))
    assert statement.claims == (preview,)


def test_a_slip_of_the_pen_goes_when_its_page_is_corrected(database: Database) -> None:
    wrong = msgspec.structs.replace(NEW, build=Build.parse("26200.9989"))
    take(database, told("index", wrong))
    renewal = take(database, told("index", NEW, now=NOW + timedelta(days=1)))
    assert {(each.what, each.subject) for each in renewal.changes} == {
        ("gone", "26200.9989 KB5990001"),
        ("new", "26200.9999 KB5990001"),
    }


def test_when_a_source_said_something_first_and_last(database: Database) -> None:
    other = UpdateClaim(Build.parse("26100.9999"), "KB5990001", DECEMBER, title=Title.PLAIN)
    take(database, told("index", NEW, other))
    take(database, told("index", NEW, now=NOW + timedelta(days=5)))
    seen = {each.claim: (each.first_seen, each.last_seen) for each in run(database.read(read_seen("index")))}
    assert seen == {NEW: ("2026-12-09", "2026-12-14"), other: ("2026-12-09", "2026-12-09")}


def test_disagreements_are_news_once(database: Database) -> None:
    end = EndClaim("Windows 11 25H2", "Home/Pro", date(2027, 11, 9))
    renewal = take(database, told("eol", end, weight=Weight.THIRD_PARTY))
    assert [each.subject for each in renewal.new_disagreements] == ["Windows 11 25H2 Home/Pro"]
    assert take(database, told("eol", end, weight=Weight.THIRD_PARTY)).new_disagreements == ()


PIN = b'[[pin]]\nbuild = "26200.9999"\nfield = "dropped"\nreason = "No such build."\n'


def test_a_pin_counts_and_its_removal_leaves_no_trace(database: Database) -> None:
    take(database, told("index", NEW))
    before = digest(facts(database))
    assert [each.what for each in take(database, overrides=PIN).changes] == ["gone"]
    assert run(database.read(read_overrides_text())) == PIN
    assert [each.what for each in take(database).changes] == ["new"]
    assert digest(facts(database)) == before


def test_overrides_that_cannot_be_read_change_nothing(database: Database) -> None:
    before = digest(facts(database))
    with pytest.raises(OverridesError):
        take(database, told("index", NEW), overrides=b"[[pin]")
    assert digest(facts(database)) == before
    assert run(database.read(read_statements())) == ()


def test_forgetting_a_source(database: Database) -> None:
    take(database, told("index", NEW), told("other", NEW))
    assert run(database.change(remove_source("index"))).changes == ()
    assert [each.what for each in run(database.change(remove_source("other"))).changes] == ["gone"]
    assert digest(facts(database)) == digest(bundled())


def test_half_an_import_is_none(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the midst of it, nothing of it is there afterwards."""

    def fails(catalogue: object, shipped_as_of: object) -> Any:
        if catalogue is not None:
            raise RuntimeError("the disk is full")
        yield

    monkeypatch.setattr("osimages.graph.catalogue_update.write_catalogue", fails)
    with pytest.raises(RuntimeError):
        take(database, told("index", NEW))
    assert run(database.read(read_statements())) == ()
    assert run(database.read(read_fetches())) == {}
    assert digest(facts(database)) == digest(bundled())


@pytest.mark.parametrize(
    ("as_of", "shipped_as_of"),
    [(date(2026, 1, 1), None), (date(2026, 12, 9), date(2026, 11, 23))],
    ids=["asked before this release", "asked after it was made"],
)
def test_a_newer_release_keeps_what_sources_said(database: Database, as_of: date, shipped_as_of: date | None) -> None:
    """After an upgrade the shipped facts are newer than those that were merged, and claims were made before it."""
    take(database, told("index", NEW))
    older = msgspec.structs.replace(facts(database), as_of=as_of, releases=(), servers=())
    run(database.change(write_catalogue(older, as_of if shipped_as_of is None else shipped_as_of)))
    expected = run(database.read(merge_stored_claims())).catalogue
    assert run(catalogue_in(database, only_reads=True)) == expected
    assert facts(database) == older
    found = run(catalogue_in(database))
    assert found == facts(database) == expected
    assert found.servers == bundled().servers
    assert "10.0.26200.9999" in {str(u.build) for r in found.releases for u in r.updates}


def test_from_when_on_monthly_documents_matter() -> None:
    assert since() == date(2026, 9, 1)


def test_two_updates_at_once_lose_nothing(database: Database) -> None:
    names = [f"source {number}" for number in range(4)]
    claims = [msgspec.structs.replace(NEW, build=Build(10, 0, 26200, 9990 + number)) for number in range(4)]

    async def all_at_once() -> None:
        work = (database.change(update_facts([told(*pair)], b"")) for pair in zip(names, claims, strict=True))
        await asyncio.gather(*work)

    run(all_at_once())
    assert [each.origin.name for each in run(database.read(read_statements()))] == names
    known = {update.build for release in facts(database).releases for update in release.updates}
    assert known >= {each.build for each in claims}
