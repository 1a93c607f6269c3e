"""What the sources of the catalogue say, kept in the database: replaced source by source, and read as a whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec

from osimages.odata.sql.transaction_script import Script
from osimages.odata.sql.transaction_script import Statement as SqlStatement
from osimages.windows.merge.claims import Claim, Origin, Statement

_CLAIM = msgspec.json.Decoder(Claim)
_ORIGIN = msgspec.json.Decoder(Origin)


class Fetch(msgspec.Struct, frozen=True):
    """How asking a source went last: `state` in a word, `detail` for people, and how many claims it made then.

    `read_at` is when its answer was last read; None where it never was.
    """

    source: str
    state: str
    detail: str
    asked_at: datetime
    read_at: datetime | None
    claims: int


class Seen(msgspec.Struct, frozen=True, rename="camel"):
    """A claim, with the first and the last day on which its source made it."""

    claim: Claim
    first_seen: str
    last_seen: str


def read_fetches() -> Script[dict[str, Fetch]]:
    """How asking each source went last, by source."""
    rows = yield SqlStatement(
        "SELECT source, state, detail, asked_at, read_at, claims FROM catalogue_fetch ORDER BY source"
    )
    return {
        source: Fetch(
            source,
            state,
            detail,
            datetime.fromisoformat(asked),
            None if read is None else datetime.fromisoformat(read),
            claims,
        )
        for source, state, detail, asked, read, claims in rows
    }


def read_statements() -> Script[tuple[Statement, ...]]:
    """Return all that was ever claimed and not replaced, source by source."""
    claims: defaultdict[str, list[Claim]] = defaultdict(list)
    for source, document in (
        yield SqlStatement("SELECT source, document FROM catalogue_claim ORDER BY source, ordinal")
    ):
        claims[source].append(_CLAIM.decode(document))
    origins = yield SqlStatement("SELECT source, origin FROM catalogue_fetch WHERE origin IS NOT NULL ORDER BY source")
    return tuple(Statement(_ORIGIN.decode(origin), tuple(claims[source])) for source, origin in origins)


def write_statement(statement: Statement, now: datetime) -> Script[None]:
    """Take up what a source says now; of what it said before that stays about which it says nothing now."""
    source, day = statement.origin.name, str(now.date())
    kept = yield from _seen(source)
    topics = {each.topic for each in statement.claims}
    rows: dict[str, tuple[str, str]] = {}  # the first day and the last one, by the text of the claim
    for text, seen in kept.items():
        if _CLAIM.decode(text).topic not in topics:
            rows[text] = seen
    for claim in statement.claims:
        text = msgspec.json.encode(claim).decode()
        rows[text] = (kept.get(text, (day, day))[0], day)
    yield SqlStatement("DELETE FROM catalogue_claim WHERE source = :source", {"source": source})
    values = [
        {"source": source, "ordinal": number, "document": text, "first_seen": first, "last_seen": last}
        for number, (text, (first, last)) in enumerate(rows.items())
    ]
    if values:
        yield SqlStatement(
            "INSERT INTO catalogue_claim (source, ordinal, document, first_seen, last_seen) "
            "VALUES (:source, :ordinal, :document, :first_seen, :last_seen)",
            values,
        )


def write_fetch(fetch: Fetch, origin: Origin | None) -> Script[None]:
    """Remembers how asking a source went; without an origin, that of the last time stays."""
    row = {
        "source": fetch.source,
        "origin": None if origin is None else msgspec.json.encode(origin).decode(),
        "state": fetch.state,
        "detail": fetch.detail,
        "asked_at": fetch.asked_at.isoformat(),
        "read_at": None if fetch.read_at is None else fetch.read_at.isoformat(),
        "claims": fetch.claims,
    }
    yield SqlStatement(
        "INSERT INTO catalogue_fetch (source, origin, state, detail, asked_at, read_at, claims) "
        "VALUES (:source, :origin, :state, :detail, :asked_at, :read_at, :claims) ON CONFLICT (source) DO UPDATE SET "
        "origin = coalesce(excluded.origin, catalogue_fetch.origin), state = excluded.state, "
        "detail = excluded.detail, asked_at = excluded.asked_at, "
        "read_at = coalesce(excluded.read_at, catalogue_fetch.read_at), "
        "claims = CASE WHEN excluded.read_at IS NULL THEN catalogue_fetch.claims ELSE excluded.claims END",
        row,
    )


def forget_source(source: str) -> Script[None]:
    """Take away all that a source ever said."""
    yield SqlStatement("DELETE FROM catalogue_claim WHERE source = :source", {"source": source})
    yield SqlStatement("DELETE FROM catalogue_fetch WHERE source = :source", {"source": source})


def read_overrides_text() -> Script[bytes]:
    """Return the text of the overrides with which the facts were last merged; empty where there were none."""
    rows = yield SqlStatement("SELECT document FROM catalogue_overrides WHERE number = 1")
    return str(rows[0][0]).encode() if rows else b""


def write_overrides_text(text: bytes) -> Script[None]:
    """Keep the text of the overrides."""
    yield SqlStatement("DELETE FROM catalogue_overrides")
    yield SqlStatement("INSERT INTO catalogue_overrides (number, document) VALUES (1, :text)", {"text": text.decode()})


def read_seen(source: str) -> Script[list[Seen]]:
    """What a source says, and since when."""
    found = yield from _seen(source)
    return [Seen(_CLAIM.decode(text), *days) for text, days in found.items()]


def _seen(source: str) -> Script[dict[str, tuple[str, str]]]:
    rows = yield SqlStatement(
        "SELECT document, first_seen, last_seen FROM catalogue_claim WHERE source = :source ORDER BY ordinal",
        {"source": source},
    )
    return {document: (first, last) for document, first, last in rows}
