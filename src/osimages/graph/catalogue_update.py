"""The transaction scripts that store the claims of sources and put the facts that follow from all claims into force."""

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
from osimages.windows.merge.claims import Statement
from osimages.windows.merge.disagreements import Disagreement
from osimages.windows.merge.merging import Merged, merge
from osimages.windows.merge.overrides import parse_overrides

_RENEWING = "renewing the catalogue"
_IN_THE_DATABASE = "the overrides in the database"


class SourceUpdate(msgspec.Struct, frozen=True):
    """The outcome of reading a source, and its claims; None if it could not be read."""

    fetch: Fetch
    statement: Statement | None


class Renewal(msgspec.Struct, frozen=True):
    """The facts before and after an update, and the disagreements that were not there before."""

    before: Catalogue
    merged: Merged
    changes: tuple[Change, ...]
    new_disagreements: tuple[Disagreement, ...]


def update_facts(updates: Sequence[SourceUpdate], overrides_text: bytes) -> Script[Renewal]:
    """Store the claims of sources, merge all claims, and put the facts into force. Raises OverridesError."""
    # Two concurrent updates would each lose the other's claims: the second waits at this row for the first to end.
    yield from leases.take(_RENEWING, _RENEWING, 0, by_force=True)
    overrides = parse_overrides(overrides_text, _IN_THE_DATABASE)
    found = yield from read_catalogue()
    before = bundled() if found is None else found
    old = merge(
        bundled(), (yield from read_statements()), parse_overrides((yield from read_overrides_text()), _IN_THE_DATABASE)
    )
    for each in updates:
        yield from write_fetch(each.fetch, each.statement.origin if each.statement is not None else None)
        if each.statement is not None:
            yield from write_statement(each.statement, each.fetch.asked_at)
    yield from write_overrides_text(overrides_text)
    merged = merge(bundled(), (yield from read_statements()), overrides)
    yield from write_catalogue(merged.catalogue, bundled().as_of)
    known = {(each.subject, each.field, each.chosen) for each in old.disagreements}
    news = [each for each in merged.disagreements if (each.subject, each.field, each.chosen) not in known]
    return Renewal(before, merged, changes(before, merged.catalogue), tuple(news))


def remove_source(source: str) -> Script[Renewal]:
    """Delete all claims of a source, and the facts that followed from them alone."""
    text = yield from read_overrides_text()
    yield from forget_source(source)
    return (yield from update_facts((), text))


def since() -> date:
    """Return the day from which monthly documents are read: the first of the month in which these facts end."""
    return bundled().complete_until.replace(day=1)


def merge_stored_claims() -> Script[Merged]:
    """Merge the facts of this release with all stored claims. Raises OverridesError."""
    overrides = parse_overrides((yield from read_overrides_text()), _IN_THE_DATABASE)
    return merge(bundled(), (yield from read_statements()), overrides)


def refresh_facts() -> Script[bool]:
    """Put the facts of this release, merged with all stored claims, into force; return whether they changed.

    Raises OverridesError.
    """
    return (yield from write_catalogue((yield from merge_stored_claims()).catalogue, bundled().as_of))
