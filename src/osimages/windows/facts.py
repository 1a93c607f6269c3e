"""The release facts: which Windows releases, editions and updates there are, and where each fact comes from.

The facts of this release of osimages are in `windows.json`, in a compact form that `tools/compact_catalogue.py` writes:

    {"asOf": "2026-11-29",              the day on which the facts were compiled
     "completeUntil": "2026-09-30",     up to this day every update of client releases is known, after it only some
     "serversCompleteUntil": "2026-09-14",   the same for servers
     "sources": [{"name", "what", "licence", "asOf"}, ...],
     "bases": ["ms-label", ...],        the reasons why an update is of its kind
     "releases": [{
       "id", "product", "version", "osBuild", "generalAvailability", "architectures", "sources",
       "ntVersion", "mainstreamEnd", "hotpatchUntil", "note",
       "editions": [[editionType, supportEndDate, servicing, note, sources], ...],
       "groups": [[servicing, name, supportEndDate, isInferred, note, sources], ...],
       "esu": [[program, [servicing, ...], [end of each year, ...], isInferred, note, sources], ...],
       "hotpatchMonths": [[month, planned, actual, basis], ...],
       "packages": [[kb, releaseDate, kind, month, label, scope, basis, isInMsrc, isExpired, note, sources], ...],
       "updates": [[revision, kb, releaseDate, kind, month, isCanonicalB, label, scope, basis, isInMsrc, isExpired,
                    sources], ...]}, ...],
     "servers": [...], "others": [...]}      as releases

Editions, updates and so on are arrays, one on each line, to keep the file small and its differences readable.
`sources` and `basis` are positions in the lists above; `revision` completes `osBuild` (9711 with 26200 is build
10.0.26200.9711); `month` is the month of a B release, "2026-10", and null for all other kinds. The members from
`ntVersion` to `note`, and from `groups` to `packages`, are left out where there is nothing to say.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec

from osimages.windows.builds import Build
from osimages.windows.servicing import Servicing

_WINDOWS_10 = (10, 0)  # Windows 11 and Windows Server since 2016 report themselves as 10.0, too


class Kind(StrEnum):
    """What an update is, in the words of Microsoft's servicing terminology."""

    B = "B"
    PREVIEW = "preview"  # the optional C and D releases
    OUT_OF_BAND = "out-of-band"
    HOTPATCH = "hotpatch"
    HOTPATCH_OUT_OF_BAND = "hotpatch out-of-band"
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
    """An edition of a release; `support_end_date` is the last day of support.

    Editions of client releases are named as Graph's enumeration does. LTSC, IoT, SE and Team editions are not in that
    enumeration: see `SupportGroup`. Editions of servers and HoloLens have the names of Microsoft's lifecycle pages.
    """

    edition_type: str
    support_end_date: date
    servicing: str  # a value of `Servicing`: editions of a group end together
    note: str
    sources: tuple[int, ...]


class EsuProgram(StrEnum):
    """A programme of Extended Security Updates (ESU)."""

    COMMERCIAL = "commercial"  # bought for each device and year
    CONSUMER = "consumer"  # for Home and Pro in personal use


class Esu(msgspec.Struct, frozen=True):
    """Extended Security Updates of a release for some groups of editions.

    `ends` has the last day of each year that is sold, ascending; where only the last is known, that one alone.
    `is_inferred`: sources state the number of years and not the days.
    """

    program: EsuProgram
    servicing: tuple[Servicing, ...]
    ends: tuple[date, ...]
    is_inferred: bool
    note: str
    sources: tuple[int, ...]


class SupportGroup(msgspec.Struct, frozen=True):
    """Editions of a release that are supported to the same days; `support_end_date` is the last day without ESU.

    `name` is the usual name of the product where it has one of its own ("LTSC 2021"). `mainstream_end` is known for
    servers: security updates continue after it. `is_inferred`: no source states the day itself.
    """

    servicing: Servicing
    name: str
    mainstream_end: date | None
    support_end_date: date
    is_inferred: bool
    note: str
    sources: tuple[int, ...]
    editions: tuple[str, ...] = ()
    esu: tuple[Esu, ...] = ()


class HotpatchMonth(msgspec.Struct, frozen=True):
    """A month of the hotpatch calendar of a release: a baseline needs a restart, a hotpatch does not.

    `planned` and `actual` are "baseline" or "hotpatch", `actual` also "unplanned baseline"; both are empty where not
    known. The builds of the month are among the updates of the release.
    """

    year: int
    month: int
    planned: str
    actual: str
    basis: str


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


class Package(msgspec.Struct, frozen=True):
    """An update whose build no source states: a rollup of Windows Server 2012 R2, say. Fields as in `Update`."""

    kb: str
    release_date: date
    kind: Kind
    year: int | None
    month: int | None
    label: str
    scope: str
    basis: str
    is_in_msrc: bool
    is_expired: bool
    note: str
    sources: tuple[int, ...]

    @property
    def is_canonical_b(self) -> bool:
        """Whether it is a B release: none of the months with such an update has another."""
        return self.kind is Kind.B


class Release(msgspec.Struct, frozen=True):
    """A version of Windows, such as Windows 11 25H2, whose builds begin with 10.0.`os_build`; updates oldest first.

    `nt_version` is what its builds begin with: (6, 3) for Windows Server 2012 R2, else (10, 0). `groups` are the
    groups of editions that are not in `editions`, as Graph's enumeration has no name for them; `support_groups` gives
    all. `packages` are the updates without a known build. `hotpatch_until` is the last month with hotpatches
    ("2027-10"), empty where none was announced.
    """

    id: str
    product: str
    version: str
    os_build: int
    general_availability: date
    architectures: tuple[str, ...]
    editions: tuple[Edition, ...]
    updates: tuple[Update, ...]
    sources: tuple[int, ...]
    nt_version: tuple[int, int] = _WINDOWS_10
    mainstream_end: date | None = None
    groups: tuple[SupportGroup, ...] = ()
    esu: tuple[Esu, ...] = ()
    packages: tuple[Package, ...] = ()
    hotpatch_until: str = ""
    hotpatch_months: tuple[HotpatchMonth, ...] = ()
    note: str = ""

    @property
    def every_update(self) -> tuple[Update | Package, ...]:
        """The updates with a build, then those without."""
        return self.updates + self.packages


class Catalogue(msgspec.Struct, frozen=True):
    """All facts as of one day. Every `sources` holds ascending positions in the catalogue's own list of sources.

    `releases` are the client releases, the only ones that are published as images. `servers` are the releases of
    Windows Server, `others` those of HoloLens 2. Both may share their `os_build` with a client release.
    `complete_until` is the day up to which every update of the client releases is known; after it, only some are.
    `servers_complete_until` is the same for servers, None where there are none.
    """

    as_of: date
    complete_until: date
    sources: tuple[Source, ...]
    releases: tuple[Release, ...]
    servers: tuple[Release, ...] = ()
    others: tuple[Release, ...] = ()
    servers_complete_until: date | None = None

    @property
    def every_release(self) -> tuple[Release, ...]:
        """Client releases, servers and others."""
        return (*self.releases, *self.servers, *self.others)

    # Equal catalogues have equal hashes; going through thousands of updates each time would make every cache slow.
    def __hash__(self) -> int:
        return hash((self.as_of, self.complete_until, len(self.sources), len(self.releases), len(self.servers)))


@lru_cache(4)
def digest(catalogue: Catalogue) -> str:
    """Return a text that differs between catalogues that differ in any fact."""
    return sha256(msgspec.json.encode(catalogue)).hexdigest()


@lru_cache(1)
def bundled() -> Catalogue:
    """Return the facts that this release of osimages was shipped with."""
    return read(files("osimages.windows").joinpath("windows.json").read_bytes())


def load(file: str | Path | None = None) -> Catalogue:
    """Return the facts of this release of osimages, or those of a file in the compact form.

    Raises OSError if the file cannot be read, ValueError if it is of another form.
    """
    if file is None:
        return bundled()
    try:
        return read(Path(file).read_bytes())
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise ValueError(f"{file} is no file of release facts: {error}") from None


# The lines of the file, in the order of their columns; a month is "2026-10", a basis a position in the list of bases.
_EditionRow = tuple[str, date, Servicing, str, tuple[int, ...]]
_GroupRow = tuple[Servicing, str, date, bool, str, tuple[int, ...]]
_EsuRow = tuple[EsuProgram, tuple[Servicing, ...], tuple[date, ...], bool, str, tuple[int, ...]]
_HotpatchRow = tuple[str, str, str, str]
_PackageRow = tuple[str, date, Kind, str | None, str, str, int, bool, bool, str, tuple[int, ...]]
_UpdateRow = tuple[int, str | None, date | None, Kind, str | None, bool, str, str, int, bool, bool, tuple[int, ...]]


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
    nt_version: tuple[int, int] = _WINDOWS_10
    mainstream_end: date | None = None
    hotpatch_until: str = ""
    note: str = ""
    groups: list[_GroupRow] = []
    esu: list[_EsuRow] = []
    hotpatch_months: list[_HotpatchRow] = []
    packages: list[_PackageRow] = []


class _Form(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    as_of: date
    complete_until: date
    sources: tuple[Source, ...]
    bases: list[str]
    releases: list[_ReleaseObject]
    servers: list[_ReleaseObject] = []
    others: list[_ReleaseObject] = []
    servers_complete_until: date | None = None


def read(text: bytes) -> Catalogue:
    """Read the compact form. Raises msgspec.ValidationError or ValueError where the text is not of that form."""
    form = msgspec.json.decode(text, type=_Form)
    return Catalogue(
        as_of=form.as_of,
        complete_until=form.complete_until,
        sources=form.sources,
        releases=tuple(_release(each, form.bases) for each in form.releases),
        servers=tuple(_release(each, form.bases) for each in form.servers),
        others=tuple(_release(each, form.bases) for each in form.others),
        servers_complete_until=form.servers_complete_until,
    )


def _release(given: _ReleaseObject, bases: list[str]) -> Release:
    return Release(
        id=given.id,
        product=given.product,
        version=given.version,
        os_build=given.os_build,
        general_availability=given.general_availability,
        architectures=given.architectures,
        editions=tuple(
            Edition(name, end, servicing.value, note, sources) for name, end, servicing, note, sources in given.editions
        ),
        updates=tuple(_update(row, given, bases) for row in given.updates),
        sources=given.sources,
        nt_version=given.nt_version,
        mainstream_end=given.mainstream_end,
        groups=tuple(
            SupportGroup(servicing, name, None, end, is_inferred, note, sources)
            for servicing, name, end, is_inferred, note, sources in given.groups
        ),
        esu=tuple(Esu(*row) for row in given.esu),
        packages=tuple(_package(row, bases) for row in given.packages),
        hotpatch_until=given.hotpatch_until,
        hotpatch_months=tuple(HotpatchMonth(*_month(month), *rest) for month, *rest in given.hotpatch_months),
        note=given.note,
    )


def _update(row: _UpdateRow, release: _ReleaseObject, bases: list[str]) -> Update:
    revision, kb, day, kind, month, is_canonical_b, label, scope, basis, is_in_msrc, is_expired, sources = row
    build = Build(*release.nt_version, release.os_build, revision)
    year, number = _month(month) if month else (None, None)
    return Update(
        *(build, kb, day, kind, is_canonical_b, year, number),
        *(label, scope, bases[basis], is_in_msrc, is_expired, sources),
    )


def _package(row: _PackageRow, bases: list[str]) -> Package:
    kb, day, kind, month, label, scope, basis, is_in_msrc, is_expired, note, sources = row
    year, number = _month(month) if month else (None, None)
    return Package(kb, day, kind, year, number, label, scope, bases[basis], is_in_msrc, is_expired, note, sources)


def _month(text: str) -> tuple[int, int]:
    return int(text[:4]), int(text[5:])
