"""The release facts: which Windows releases, editions and updates there are, and where each fact comes from.

The facts that are shipped stand in `windows.json`, in a compact form of this project's own, which
`tools/compact_catalogue.py` writes:

    {"asOf": "2026-11-23",              the day on which the facts were compiled
     "completeUntil": "2026-09-30",     up to this day every update is known, after it only some
     "sources": [{"name", "what", "licence", "asOf"}, ...],
     "bases": ["ms-label", ...],        the reasons why an update is of its kind
     "releases": [{
       "id", "product", "version", "osBuild", "generalAvailability", "architectures", "sources",
       "editions": [[editionType, supportEndDate, servicing, note, sources], ...],
       "updates": [[revision, kb, releaseDate, kind, month, isCanonicalB, label, scope, basis, isInMsrc, isExpired,
                    sources], ...]}, ...]}

Editions and updates are arrays, one on each line, to keep the file small and its differences readable. `sources` and
`basis` are positions in the lists above; `revision` completes `osBuild` (9711 with 26200 is build 10.0.26200.9711);
`month` is the month of a B release, "2026-10", and null for all other kinds. What the texts of an update mean is said
at `Update`.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

import msgspec

from osimages.catalogue.builds import Build

_WINDOWS_MAJOR, _WINDOWS_MINOR = 10, 0  # Windows 11 reports itself as 10.0, too


class Kind(StrEnum):
    """What an update is, in the words of Microsoft's servicing terminology."""

    B = "B"
    PREVIEW = "preview"  # the optional C and D releases
    OUT_OF_BAND = "out-of-band"
    HOTPATCH = "hotpatch"
    GENERAL_AVAILABILITY = "general availability"
    UNLABELLED = "unlabelled"  # not of a second Tuesday, and no source says what it is
    UNKNOWN = "unknown"  # no source knows its date


class Source(msgspec.Struct, frozen=True, rename="camel"):
    """Where facts come from. `as_of` is its state: an ISO day or month, empty where that is not known."""

    name: str
    what: str
    licence: str
    as_of: str


class Edition(msgspec.Struct, frozen=True):
    """An edition of a release, named as Graph's enumeration does; `support_end_date` is the last day of support.

    LTSC and IoT editions have no name in that enumeration and are not listed; the scope of updates tells of them.
    """

    edition_type: str
    support_end_date: date
    servicing: str  # "Home/Pro" or "Enterprise/Education": editions of a group end together
    note: str
    sources: tuple[int, ...]


class Update(msgspec.Struct, frozen=True):
    """An update of a release.

    Of the B updates of a month one is canonical: the one that is published. `year` and `month` name the month of a B
    release, which `release_date` need not lie in. `label` is Microsoft's own ("2026-09 D"), `scope` says who got the
    update ("GA", "LTSC/ESU only", ...), `basis` why it counts as its kind. `is_in_msrc` tells that Microsoft's security
    guide lists it, `is_expired` that Microsoft withdrew it. Texts are empty, the rest None, where it is not known.
    """

    build: Build
    kb: str | None
    release_date: date | None
    kind: Kind
    is_canonical_b: bool
    year: int | None
    month: int | None
    label: str
    scope: str
    basis: str
    is_in_msrc: bool
    is_expired: bool
    sources: tuple[int, ...]


class Release(msgspec.Struct, frozen=True):
    """A version of Windows, such as Windows 11 25H2, whose builds begin with 10.0.`os_build`; updates oldest first."""

    id: str
    product: str
    version: str
    os_build: int
    general_availability: date
    architectures: tuple[str, ...]
    editions: tuple[Edition, ...]
    updates: tuple[Update, ...]
    sources: tuple[int, ...]


class Catalogue(msgspec.Struct, frozen=True):
    """All facts as of one day. Every `sources` holds ascending positions in the catalogue's own list of sources."""

    as_of: date
    complete_until: date
    sources: tuple[Source, ...]
    releases: tuple[Release, ...]

    # Equal catalogues have equal hashes; going through thousands of updates each time would make every cache slow.
    def __hash__(self) -> int:
        return hash((self.as_of, self.complete_until, len(self.sources), len(self.releases)))


@lru_cache(4)
def digest(catalogue: Catalogue) -> str:
    """A text that differs between catalogues that differ in any fact."""
    return sha256(msgspec.json.encode(catalogue)).hexdigest()


@lru_cache(1)
def bundled() -> Catalogue:
    """The facts that this release of osimages was shipped with."""
    return read(files("osimages.catalogue").joinpath("windows.json").read_bytes())


class _EditionRow(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    edition_type: str
    support_end_date: date
    servicing: str
    note: str
    sources: tuple[int, ...]


class _UpdateRow(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    revision: int
    kb: str | None
    release_date: date | None
    kind: Kind
    month: str | None
    is_canonical_b: bool
    label: str
    scope: str
    basis: int
    is_in_msrc: bool
    is_expired: bool
    sources: tuple[int, ...]


class _ReleaseObject(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    id: str
    product: str
    version: str
    os_build: int
    general_availability: date
    architectures: tuple[str, ...]
    sources: tuple[int, ...]
    editions: list[_EditionRow]
    updates: list[_UpdateRow]


class _Form(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    as_of: date
    complete_until: date
    sources: tuple[Source, ...]
    bases: list[str]
    releases: list[_ReleaseObject]


def read(text: bytes) -> Catalogue:
    """Reads the compact form. Raises msgspec.ValidationError or ValueError when the text is not of that form."""
    form = msgspec.json.decode(text, type=_Form)
    releases = tuple(_release(each, form.bases) for each in form.releases)
    return Catalogue(form.as_of, form.complete_until, form.sources, releases)


def _release(given: _ReleaseObject, bases: list[str]) -> Release:
    return Release(
        id=given.id,
        product=given.product,
        version=given.version,
        os_build=given.os_build,
        general_availability=given.general_availability,
        architectures=given.architectures,
        editions=tuple(
            Edition(row.edition_type, row.support_end_date, row.servicing, row.note, row.sources)
            for row in given.editions
        ),
        updates=tuple(_update(row, given.os_build, bases) for row in given.updates),
        sources=given.sources,
    )


def _update(row: _UpdateRow, os_build: int, bases: list[str]) -> Update:
    year, month = (int(row.month[:4]), int(row.month[5:])) if row.month else (None, None)
    return Update(
        Build(_WINDOWS_MAJOR, _WINDOWS_MINOR, os_build, row.revision),
        row.kb,
        row.release_date,
        row.kind,
        row.is_canonical_b,
        year,
        month,
        row.label,
        row.scope,
        bases[row.basis],
        row.is_in_msrc,
        row.is_expired,
        row.sources,
    )
