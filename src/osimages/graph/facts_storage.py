"""The catalogue's facts in a database: replaced as a whole, and read as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from osimages.odata.sql.transaction_script import Row, Rows, Script, Statement
from osimages.windows.builds import Build
from osimages.windows.facts import Catalogue, Edition, Kind, Release, Source, Update, digest

# Every table with its columns, in the order in which rows are made below.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "catalogue_state": ("digest", "as_of", "complete_until", "servers_complete_until", "shipped_as_of"),
    "catalogue_source": ("number", "name", "what", "licence", "as_of"),
    "catalogue_release": (
        *("id", "ordinal", "product", "version", "os_build", "general_availability", "family", "details"),
    ),
    "catalogue_release_source": ("id", "source"),
    "catalogue_architecture": ("id", "ordinal", "value"),
    "catalogue_edition": ("id", "ordinal", "edition_type", "support_end_date", "servicing", "note"),
    "catalogue_edition_source": ("id", "ordinal", "source"),
    "catalogue_update": (
        *("id", "ordinal", "build", "kb", "release_date", "kind", "is_canonical_b", "release_year", "release_month"),
        *("label", "scope", "basis", "is_in_msrc", "is_expired"),
    ),
    "catalogue_update_source": ("id", "ordinal", "source"),
}


_CLIENT, _SERVER, _OTHER = "client", "server", "other"  # values of catalogue_release.family


# The members of a release that may be missing are stored as one document: nothing queries its parts.
_DETAILS = tuple(each for each in msgspec.structs.fields(Release) if each.default is not msgspec.NODEFAULT)
_Details = msgspec.defstruct(
    "_Details", [(each.name, each.type, each.default) for each in _DETAILS], frozen=True, omit_defaults=True
)


def write_catalogue(catalogue: Catalogue, shipped_as_of: date | None = None) -> Script[bool]:
    """Replace all facts, unless those in the database are the same. Return whether anything was written.

    `shipped_as_of` is the day of the shipped facts that these were merged from.
    """
    state = (digest(catalogue), "" if shipped_as_of is None else str(shipped_as_of))
    found = yield Statement("SELECT digest, shipped_as_of FROM catalogue_state")
    if found and tuple(found[0]) == state:
        return False
    for table, rows in _rows(catalogue, state[1]).items():
        columns = _COLUMNS[table]
        places = ", ".join(f":{each}" for each in columns)
        yield Statement(f"DELETE FROM {table}")  # noqa: S608 (names of this module)
        if rows:
            values = [dict(zip(columns, row, strict=True)) for row in rows]
            yield Statement(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", values)  # noqa: S608
    return True


def read_digest() -> Script[str | None]:
    """Return the digest of the facts, which is cheap to ask for; None where none were written."""
    found = yield Statement("SELECT digest FROM catalogue_state")
    return str(found[0][0]) if found else None


def read_shipped_as_of() -> Script[str]:
    """Return the day of the shipped facts that those in the database were merged from; empty where it is not known."""
    found = yield Statement("SELECT shipped_as_of FROM catalogue_state")
    return str(found[0][0]) if found else ""


def has_claims() -> Script[bool]:
    """Return whether any source was asked, so that the facts are those of a release merged with what it said."""
    return bool((yield Statement("SELECT 1 FROM catalogue_fetch WHERE origin IS NOT NULL LIMIT 1")))


def read_catalogue() -> Script[Catalogue | None]:
    """Return the facts; None where none were written."""
    state = yield Statement("SELECT as_of, complete_until, servers_complete_until FROM catalogue_state")
    if not state:
        return None
    sources = yield from _all("catalogue_source", "number")
    releases = yield from _releases()
    return Catalogue(
        as_of=date.fromisoformat(state[0][0]),
        complete_until=date.fromisoformat(state[0][1]),
        sources=tuple(Source(*row[1:]) for row in sources),
        releases=tuple(releases[_CLIENT]),
        servers=tuple(releases[_SERVER]),
        others=tuple(releases[_OTHER]),
        servers_complete_until=None if state[0][2] is None else date.fromisoformat(state[0][2]),
    )


def _rows(catalogue: Catalogue, shipped_as_of: str) -> dict[str, Sequence[Row]]:
    releases = catalogue.every_release
    families = (
        *(_CLIENT for _ in catalogue.releases),
        *(_SERVER for _ in catalogue.servers),
        *(_OTHER for _ in catalogue.others),
    )
    servers_until = catalogue.servers_complete_until
    editions = [(each.id, *pair) for each in releases for pair in enumerate(each.editions)]
    updates = [(each.id, *pair) for each in releases for pair in enumerate(each.updates)]
    return {
        "catalogue_state": [
            (
                *(digest(catalogue), str(catalogue.as_of), str(catalogue.complete_until)),
                *(None if servers_until is None else str(servers_until), shipped_as_of),
            )
        ],
        "catalogue_source": [
            (number, each.name, each.what, each.licence, each.as_of) for number, each in enumerate(catalogue.sources)
        ],
        "catalogue_release": [
            (
                *(each.id, number, each.product, each.version, each.os_build, str(each.general_availability)),
                *(family, _details(each)),
            )
            for number, (each, family) in enumerate(zip(releases, families, strict=True))
        ],
        "catalogue_release_source": [(each.id, source) for each in releases for source in each.sources],
        "catalogue_architecture": [(each.id, *pair) for each in releases for pair in enumerate(each.architectures)],
        "catalogue_edition": [
            (key, number, each.edition_type, str(each.support_end_date), each.servicing, each.note)
            for key, number, each in editions
        ],
        "catalogue_edition_source": [
            (key, number, source) for key, number, each in editions for source in each.sources
        ],
        "catalogue_update": [(key, number, *_update_columns(each)) for key, number, each in updates],
        "catalogue_update_source": [(key, number, source) for key, number, each in updates for source in each.sources],
    }


def _details(release: Release) -> str:
    return msgspec.json.encode(_Details(**{each.name: getattr(release, each.name) for each in _DETAILS})).decode()


def _update_columns(update: Update) -> Row:
    return (
        str(update.build),
        update.kb,
        None if update.release_date is None else str(update.release_date),
        update.kind.value,
        update.is_canonical_b,
        update.year,
        update.month,
        update.label,
        update.scope,
        update.basis,
        update.is_in_msrc,
        update.is_expired,
    )


def _all(table: str, order: str) -> Script[Rows]:
    return (yield Statement(f"SELECT {', '.join(_COLUMNS[table])} FROM {table} ORDER BY {order}"))  # noqa: S608


def _releases() -> Script[Mapping[str, list[Release]]]:
    """Return the releases in order, by family."""
    architectures: defaultdict[str, list[str]] = defaultdict(list)
    for key, _, value in (yield from _all("catalogue_architecture", "id, ordinal")):
        architectures[key].append(value)
    sources: defaultdict[str, list[int]] = defaultdict(list)
    for key, source in (yield from _all("catalogue_release_source", "id, source")):
        sources[key].append(source)
    editions, updates = (yield from _editions()), (yield from _updates())
    found: defaultdict[str, list[Release]] = defaultdict(list)
    for row in (yield from _all("catalogue_release", "ordinal")):
        key, _, product, version, os_build, available, family, details = row
        release = Release(
            id=key,
            product=product,
            version=version,
            os_build=os_build,
            general_availability=date.fromisoformat(available),
            architectures=tuple(architectures[key]),
            editions=tuple(editions[key]),
            updates=tuple(updates[key]),
            sources=tuple(sources[key]),
            **msgspec.structs.asdict(msgspec.json.decode(details, type=_Details)),
        )
        found[family].append(release)
    return found


def _editions() -> Script[Mapping[str, list[Edition]]]:
    sources = yield from _item_sources("catalogue_edition_source")
    found: defaultdict[str, list[Edition]] = defaultdict(list)
    for key, number, edition_type, ends, servicing, note in (yield from _all("catalogue_edition", "id, ordinal")):
        edition = Edition(edition_type, date.fromisoformat(ends), servicing, note, tuple(sources[key, number]))
        found[key].append(edition)
    return found


def _updates() -> Script[Mapping[str, list[Update]]]:
    sources = yield from _item_sources("catalogue_update_source")
    found: defaultdict[str, list[Update]] = defaultdict(list)
    for row in (yield from _all("catalogue_update", "id, ordinal")):
        key, number, build, kb, day, kind, canonical, year, month, label, scope, basis, in_msrc, expired = row
        update = Update(
            build=Build.parse(build),
            kb=kb,
            release_date=None if day is None else date.fromisoformat(day),
            kind=Kind(kind),
            is_canonical_b=bool(canonical),
            year=year,
            month=month,
            label=label,
            scope=scope,
            basis=basis,
            is_in_msrc=bool(in_msrc),
            is_expired=bool(expired),
            sources=tuple(sources[key, number]),
        )
        found[key].append(update)
    return found


def _item_sources(table: str) -> Script[Mapping[tuple[str, int], list[int]]]:
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for key, number, source in (yield from _all(table, "id, ordinal, source")):
        found[key, number].append(source)
    return found
