"""Takes up what sources say now: their claims, and the facts that follow from all claims, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from osimages.graph import leases
from osimages.graph.claims_storage import (
    Fetch,
    forget_source,
    read_overrides_text,
    read_statements,
    write_fetch,
    write_overrides_text,
    write_statement,
)
from osimages.graph.facts_storage import read_catalogue, write_catalogue
from osimages.odata.sql.transaction_script import Script
from osimages.windows.facts import Catalogue, bundled
from osimages.windows.merge.changes import Change, changes
from osimages.windows.merge.claims import Origin, Statement
from osimages.windows.merge.disagreements import Disagreement
from osimages.windows.merge.merging import Merged, merge
from osimages.windows.merge.overrides import parse_overrides

_RENEWING = "renewing the catalogue"
_IN_THE_DATABASE = "the overrides in the database"


class Told(msgspec.Struct, frozen=True):
    """How asking a source went, and what it says; nothing where it could not be asked."""

    fetch: Fetch
    statement: Statement | None

    @property
    def origin(self) -> Origin | None:
        """The source as merging sees it."""
        return self.statement.origin if self.statement is not None else None


class Renewal(msgspec.Struct, frozen=True):
    """What came of it: the facts before and after, and the disagreements that were not there before."""

    before: Catalogue
    merged: Merged
    changes: tuple[Change, ...]
    new_disagreements: tuple[Disagreement, ...]


def renewing(told: Sequence[Told], overrides_text: bytes) -> Script[Renewal]:
    """Keeps what sources say, merges all claims there are, and puts the facts into force. Raises OverridesError."""
    # Two of these at once would each lose what the other takes up: the second waits at this row for the first's end.
    yield from leases.take(_RENEWING, _RENEWING, 0, by_force=True)
    overrides = parse_overrides(overrides_text, _IN_THE_DATABASE)
    found = yield from read_catalogue()
    before = bundled() if found is None else found
    old = merge(
        bundled(), (yield from read_statements()), parse_overrides((yield from read_overrides_text()), _IN_THE_DATABASE)
    )
    for each in told:
        yield from write_fetch(each.fetch, each.origin)
        if each.statement is not None:
            yield from write_statement(each.statement, each.fetch.asked_at)
    yield from write_overrides_text(overrides_text)
    merged = merge(bundled(), (yield from read_statements()), overrides)
    yield from write_catalogue(merged.catalogue, bundled().as_of)
    known = {(each.subject, each.field, each.chosen) for each in old.disagreements}
    news = [each for each in merged.disagreements if (each.subject, each.field, each.chosen) not in known]
    return Renewal(before, merged, changes(before, merged.catalogue), tuple(news))


def forgetting(source: str) -> Script[Renewal]:
    """Takes away all that a source ever said, and what followed from it alone."""
    text = yield from read_overrides_text()
    yield from forget_source(source)
    return (yield from renewing((), text))


def since() -> date:
    """From which day on monthly documents matter: the facts of this release have all before, and the month in which
    they end is asked for again.
    """
    return bundled().complete_until.replace(day=1)


def merging_kept() -> Script[Merged]:
    """The facts of this release with all claims that are kept. Raises OverridesError."""
    overrides = parse_overrides((yield from read_overrides_text()), _IN_THE_DATABASE)
    return merge(bundled(), (yield from read_statements()), overrides)


def bringing_in_force() -> Script[bool]:
    """Merges the facts of this release with what sources said before it came; tells whether they are others then.

    Raises OverridesError.
    """
    return (yield from write_catalogue((yield from merging_kept()).catalogue, bundled().as_of))
