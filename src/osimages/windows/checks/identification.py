"""Decides on evidence which releases a device can run: a client, a server or another member of the Windows family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from osimages.windows.builds import Build
from osimages.windows.checks.answers import Family
from osimages.windows.checks.products import Product
from osimages.windows.checks.release_index import ReleaseIndex, channel, has_edition
from osimages.windows.checks.spelling import Numbers, Stated
from osimages.windows.facts import Release, Update
from osimages.windows.servicing import Servicing

# Versions that were made from the same base: BuildLabEx names the base in all of them.
_SAME_BASE: Mapping[int, tuple[int, ...]] = {
    18362: (18362, 18363),
    19041: (19041, 19042, 19043, 19044, 19045),
    22621: (22621, 22631),
    26100: (26100, 26200, 26300),
}
# ReleaseId of the registry has stayed 2009 since Windows 10 20H2, in Windows 11 as well.
_LAST_RELEASE_ID, _FIRST_BUILD_2009 = "2009", 19042
# Windows 11 24H2 and Windows Server 2025 got the same packages up to 26100.7462 (2025-12-09); since 2026-01 the
# revisions of servers are above 30,000. Server 2025 began with .1742.
SHARED_BUILD, _FIRST_SHARED, _LAST_SHARED, FIRST_SERVER = 26100, 1742, 7462, 30_000
# Builds that users check and no catalogue has: client and server.
_OUTSIDE: Mapping[int, tuple[str, str]] = {
    6002: ("Windows Vista SP2", "Windows Server 2008 SP2"),
    6003: ("", "Windows Server 2008 SP2"),
    7600: ("Windows 7", "Windows Server 2008 R2"),
    7601: ("Windows 7 SP1", "Windows Server 2008 R2 SP1"),
    9200: ("Windows 8", "Windows Server 2012"),
    9600: ("Windows 8.1", "Windows Server 2012 R2"),
    20349: ("", "Azure Stack HCI 22H2"),
}
_SERVERS_OUTSIDE = frozenset(build for build, (client, _) in _OUTSIDE.items() if not client)
_SEMI_ANNUAL = (Servicing.SERVER_SEMI_ANNUAL, Servicing.SERVER_ANNUAL)


class Candidate(msgspec.Struct, frozen=True):
    """A release that a device can run, with its build where that is known with its revision."""

    release: Release
    family: Family
    build: Build | None = None


class Identity(msgspec.Struct, frozen=True):
    """The identity of a device: `candidates` are the releases that it can run, `outside` products without facts.

    `problem` says why there is none.
    """

    family: Family
    candidates: tuple[Candidate, ...] = ()
    outside: tuple[str, ...] = ()
    servicing: Servicing | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def identify(index: ReleaseIndex, stated: Stated) -> Identity:
    """Return which releases a device can run. The evidence counts in this order.

    1. HoloLens, Surface Hub, IoT Core and Windows PE, which share builds with other releases.
    2. The build: most builds are of clients only, or of servers only.
    3. ProductType, InstallationType, EditionID and SKU; then the names of products.
    """
    if stated.problem:
        return Identity(Family.UNKNOWN, problem=stated.problem)
    if stated.other_system is not None:
        return Identity(Family.OTHER, problem=f"{stated.other_system} is not Windows")
    special = _special(index, stated)
    if special is not None:
        return special
    if _is_azure_stack(stated):
        return Identity(Family.SERVER, problem="Azure Stack HCI and Azure Local are not in this catalogue")
    if stated.numbers is not None:
        return _by_build(index, stated, stated.numbers)
    if stated.kb is not None:
        return _by_kb(index, stated, stated.kb)
    return _by_name(index, stated)


def _is_azure_stack(stated: Stated) -> bool:
    is_named = stated.product is not None and stated.product.kind is Product.AZURE_STACK
    return is_named or (stated.edition is not None and stated.edition.is_azure_stack)


def _special(index: ReleaseIndex, stated: Stated) -> Identity | None:
    """Return what a device of another family runs, or None for PCs and servers."""
    family = stated.edition.family if stated.edition is not None else Family.CLIENT
    build = f" (build {stated.numbers.build})" if stated.numbers is not None else ""
    if family is Family.PE:
        return Identity(family, problem=f"Windows PE{build} is a system for installation and repair, without updates")
    if family is Family.IOT_CORE:
        problem = f"Windows 10 IoT Core{build} is not in this catalogue"
        return Identity(family, problem=problem, servicing=_servicing(stated))
    if family is Family.HOLOGRAPHIC:
        return _hololens(index, stated)
    if family is Family.TEAM:
        found = index.client(stated.numbers) if stated.numbers is not None else None
        named: tuple[Release, ...] = (found,) if found is not None else ()
        if stated.numbers is None and stated.version is not None:
            named = _of_version(index.clients, stated, "Windows 10")
        if not named:
            return Identity(family, problem=f"Windows 10 Team (Surface Hub){build}: no release of it is known here")
        return Identity(
            family, _candidates(named, family, stated.numbers), servicing=Servicing.TEAM, notes=stated.notes
        )
    return None


def _hololens(index: ReleaseIndex, stated: Stated) -> Identity:
    """HoloLens has builds of other releases with revisions of its own; a release keeps its build until the next one."""
    family, numbers = Family.HOLOGRAPHIC, stated.numbers
    if numbers is None:
        found = tuple(each for each in index.others if each.version == stated.version)
    else:
        found = index.others_with(numbers)
        if numbers.revision is not None:
            started = [each for each in found if _first_revision(each) <= numbers.revision]
            found = tuple(sorted(started, key=_first_revision)[-1:])
    if not found:
        return Identity(family, problem="HoloLens: the catalogue knows no release of it with this build or version")
    return Identity(family, _candidates(found, family, numbers), servicing=Servicing.HOLOGRAPHIC, notes=stated.notes)


def _by_build(index: ReleaseIndex, stated: Stated, numbers: Numbers) -> Identity:
    client, servers = index.client(numbers), _servers(index.servers_with(numbers), stated)
    vote, notes = _vote(stated)
    is_old_client = numbers.build in _OUTSIDE and vote is Family.CLIENT
    if client is None and (not servers or is_old_client):
        return _unknown_build(index, stated, numbers, vote)
    shared = _of_same_base(index, numbers, client, stated.is_of_file)
    if shared:
        note = "system files have the build of the release that a version was made from"
        identity = _narrowed(tuple(each.release for each in shared), stated)
        left = {each.release.id for each in identity.candidates}
        candidates = tuple(each for each in shared if each.release.id in left)
        return msgspec.structs.replace(identity, candidates=candidates, notes=(*identity.notes, note))
    is_truncated = index.is_truncated(numbers, stated.is_rounded)
    owner = _owner(index, client, servers, None if is_truncated else numbers)
    family = owner or vote
    if client is not None and family is Family.CLIENT:
        return _client(index, stated, numbers, client, notes)
    if servers and family is Family.SERVER:
        notes += _contradictions(stated, servers[0], numbers)
        outside = _OUTSIDE[numbers.build][:1] if numbers.build in _OUTSIDE and vote is None else ()
        candidates = _candidates(servers, family, numbers) + _hololens_too(index, stated, numbers, servers)
        family = family if len(candidates) == 1 and not outside else Family.UNKNOWN
        return Identity(family, candidates, outside, notes=stated.notes + notes)
    clients = _candidates((client,) if client else (), Family.CLIENT, numbers)
    both = clients + _candidates(servers, Family.SERVER, numbers)
    both += _hololens_too(index, stated, numbers, tuple(each.release for each in both))
    return Identity(Family.UNKNOWN, both, servicing=_servicing(stated), notes=stated.notes + notes)


def _of_same_base(
    index: ReleaseIndex, numbers: Numbers, client: Release | None, is_of_file: bool
) -> tuple[Candidate, ...]:
    """Return the releases whose system files have a build, where it is that of a file.

    Either the text states it, or the release with the build never had the revision and others of the same base had it.
    """
    builds = _SAME_BASE.get(numbers.build, ())
    if client is None or numbers.revision is None or not builds:
        return ()
    if not is_of_file and numbers.revision <= max(index.revisions(client), default=0):
        return ()
    found = tuple(
        Candidate(each, Family.CLIENT, Build(10, 0, each.os_build, numbers.revision))
        for each in index.clients
        if each.os_build in builds and index.knows(each, numbers.revision)
    )
    servers = tuple(each for each in index.servers_with(numbers) if index.knows(each, numbers.revision))
    return found + _candidates(servers, Family.SERVER, numbers) if found else ()


def _client(index: ReleaseIndex, stated: Stated, numbers: Numbers, client: Release, notes: tuple[str, ...]) -> Identity:
    servicing = _servicing(stated)
    notes += _contradictions(stated, client, numbers)
    if _has_type_of_server(stated):
        servicing = servicing or Servicing.ENTERPRISE
        notes += ("a client that reports itself as a server is multi-session Enterprise",)
    candidates = _candidates((client,), Family.CLIENT, numbers)
    if stated.edition is None and stated.product is None:
        candidates += _hololens_too(index, stated, numbers, (client,))
    family = Family.CLIENT if len(candidates) == 1 else Family.UNKNOWN
    return Identity(family, candidates, servicing=servicing, notes=stated.notes + notes)


def _owner(
    index: ReleaseIndex, client: Release | None, servers: tuple[Release, ...], numbers: Numbers | None
) -> Family | None:
    """Return whose a build is, client or server, or None where it can be either."""
    if client is None:
        return Family.SERVER
    if not servers:
        return Family.CLIENT
    if numbers is None or numbers.build != SHARED_BUILD or numbers.revision is None:
        return None
    if numbers.revision >= FIRST_SERVER:
        return Family.SERVER
    if not _FIRST_SHARED <= numbers.revision <= _LAST_SHARED:
        return Family.CLIENT
    is_client, is_server = index.knows(client, numbers.revision), index.knows(servers[0], numbers.revision)
    if is_client == is_server:
        return None
    return Family.CLIENT if is_client else Family.SERVER


def _vote(stated: Stated) -> tuple[Family | None, tuple[str, ...]]:
    """Return what everything but the build says, client or server, or None where nothing does or it contradicts.

    Multi-session Enterprise has the ProductType of a server. An edition may be given for a whole fleet, so it counts
    less than the name of a server.
    """
    edition, product = stated.edition, stated.product
    kind = None if product is None else product.kind
    if edition is not None and edition.is_multi_session:
        return Family.CLIENT, ()
    server = (
        (edition is not None and edition.family is Family.SERVER)
        or Family.SERVER in (stated.installation_type, stated.product_type)
        or kind in (Product.SERVER, Product.NT_SERVER)
    )
    client = Family.CLIENT in (stated.installation_type, stated.product_type)
    if server and client:
        return None, ("what says that it is a server contradicts what says that it is a client",)
    if server:
        return Family.SERVER, ()
    is_named = edition is not None or kind in (Product.CLIENT, Product.NT_WORKSTATION)
    return (Family.CLIENT if client or is_named else None), ()


def _servers(found: tuple[Release, ...], stated: Stated) -> tuple[Release, ...]:
    """Return the long-term release of a build, or that of the Semi-Annual Channel where the evidence says so."""
    return _of_channel(found, stated) if len(found) > 1 else found


def _of_channel(found: tuple[Release, ...], stated: Stated) -> tuple[Release, ...]:
    """Return the long-term releases of Windows Server, or those of the Semi-Annual Channel where it is named."""
    name = "" if stated.product is None else stated.product.name
    is_semi_annual = (stated.edition is not None and stated.edition.is_semi_annual) or ", version " in name
    return tuple(each for each in found if (channel(each) in _SEMI_ANNUAL) == is_semi_annual)


def _hololens_too(
    index: ReleaseIndex, stated: Stated, numbers: Numbers, others: tuple[Release, ...]
) -> tuple[Candidate, ...]:
    """Return the release of HoloLens whose own revision this is, where it is none of the other releases."""
    is_told = stated.edition is not None or stated.product is not None
    if is_told or any(index.knows(each, numbers.revision) for each in others):
        return ()
    found = tuple(each for each in index.others_with(numbers) if index.knows(each, numbers.revision))
    return _candidates(found, Family.HOLOGRAPHIC, numbers)


def _has_type_of_server(stated: Stated) -> bool:
    kind = None if stated.product is None else stated.product.kind
    return kind is Product.NT_SERVER or stated.product_type is Family.SERVER


def _contradictions(stated: Stated, found: Release, numbers: Numbers) -> tuple[str, ...]:
    """Return where the texts contradict the build. The build decides: Windows 11 has `Windows 10` in ProductName."""
    notes: tuple[str, ...] = ()
    name = "" if stated.product is None else stated.product.name
    is_release_id = stated.version == _LAST_RELEASE_ID and numbers.build >= _FIRST_BUILD_2009
    if stated.version not in (None, found.version.upper()) and not is_release_id:
        notes += (f"it says {stated.version}, but build {numbers.build} is {found.id}",)
    is_server = found.product == "Windows Server"
    if name and name != found.id and (is_server or "Server" in name):
        notes += (f"it says {name}, but build {numbers.build} is {found.id}",)
    return notes


def _by_kb(index: ReleaseIndex, stated: Stated, kb: str) -> Identity:
    """A KB number names an update, and with it the build that it brings in each release."""
    found = index.brought_by(kb)
    named = _by_name(index, stated)
    of_named = {each.release.id for each in named.candidates}
    if not found or (of_named and of_named.isdisjoint(release.id for release, _ in found)):
        note = f"the catalogue knows no build of {kb}: a servicing stack or another update that has none, or a new one"
        if found:
            note = f"{kb} is no update of {' or '.join(sorted(of_named))}"
        if not named.candidates:
            return Identity(named.family, problem=note)
        return msgspec.structs.replace(named, notes=(*named.notes, note))
    releases = {release.id: release for release, _ in found if not of_named or release.id in of_named}
    identity = _narrowed(tuple(releases.values()), stated)
    builds = {release.id: update.build for release, update in found if isinstance(update, Update)}
    candidates = tuple(msgspec.structs.replace(each, build=builds.get(each.release.id)) for each in identity.candidates)
    brought = ", ".join(dict.fromkeys(each.short for each in builds.values()))
    note = f"{kb} ({found[0][1].kind}, {found[0][1].release_date}) brings {brought or 'a build that is not known'}"
    note += "; a newer update may be installed"
    return msgspec.structs.replace(identity, candidates=candidates, notes=(*identity.notes, note))


def _by_name(index: ReleaseIndex, stated: Stated) -> Identity:
    """Identify a device without a build by the base of BuildLabEx, the name of a product or a version."""
    name = "" if stated.product is None else stated.product.name
    if stated.base is not None:
        return _by_base(index, stated, stated.base)
    named = tuple(each for each in index.servers if each.id == name)
    if named:
        return Identity(Family.SERVER, _candidates(named, Family.SERVER), notes=stated.notes)
    vote, _ = _vote(stated)
    found = index.long_term(stated.long_term_year)
    if found:
        candidates = _candidates(found, Family.CLIENT)
        return Identity(Family.CLIENT, candidates, servicing=_servicing(stated), notes=stated.notes)
    known = ("Windows 10", "Windows 11", "")
    if stated.version is not None and name in known:
        return _by_version(index, stated, stated.version, name)
    family = vote or Family.UNKNOWN
    if name not in known:
        return Identity(family, problem=f"{name} is not in this catalogue", servicing=_servicing(stated))
    naming = f": '{name or f'Windows {stated.product.kind}'}' names no version" if stated.product is not None else ""
    return Identity(family, problem=f"there is no build or version in it{naming}", servicing=_servicing(stated))


def _by_base(index: ReleaseIndex, stated: Stated, base: int) -> Identity:
    builds = _SAME_BASE.get(base, (base,))
    found = tuple(each for each in (*index.clients, *index.servers) if each.os_build in builds)
    if stated.edition is not None and stated.edition.family is Family.SERVER:
        found = _of_channel(found, stated)
    note = "BuildLabEx names the build that Windows was made from, not its updates"
    if not found:
        return Identity(Family.UNKNOWN, problem=f"no release was made from build {base}", notes=(note,))
    if stated.product is not None and stated.product.kind is Product.CLIENT:
        found = _of_version(found, msgspec.structs.replace(stated, version=None), stated.product.name) or found
    if stated.version is not None:
        found = _of_version(found, stated, "") or found
    identity = _narrowed(found, stated)
    return msgspec.structs.replace(identity, notes=(*identity.notes, note))


def _by_version(index: ReleaseIndex, stated: Stated, version: str, product: str) -> Identity:
    vote, _ = _vote(stated)
    found = _of_version((*index.clients, *index.servers), stated, product)
    found = tuple(each for each in found if vote is None or _family(each) is vote)
    if not found:
        name = product or ("Windows Server" if vote is Family.SERVER else "Windows")
        problem = f"the catalogue knows no {name} {version}"
        return Identity(vote or Family.UNKNOWN, problem=problem, servicing=_servicing(stated))
    return _narrowed(found, stated)


def _narrowed(found: tuple[Release, ...], stated: Stated) -> Identity:
    """Return the releases among `found` that fit the rest of the evidence; all where none does."""
    vote, notes = _vote(stated)
    fitting = tuple(each for each in found if vote is None or _family(each) is vote) or found
    servicing = _servicing(stated)
    if servicing is not None and len(fitting) > 1:
        fitting = tuple(each for each in fitting if has_edition(each, servicing)) or fitting
    if stated.product is not None and stated.product.kind is Product.CLIENT:
        fitting = tuple(each for each in fitting if each.product == stated.product.name) or fitting
    if stated.version is not None and stated.version != _LAST_RELEASE_ID:
        fitting = tuple(each for each in fitting if each.version.upper() == stated.version) or fitting
    families = {_family(each) for each in fitting}
    candidates = tuple(Candidate(each, _family(each)) for each in fitting)
    family = families.pop() if len(families) == 1 else Family.UNKNOWN
    if family is Family.SERVER:
        servicing = None
    return Identity(family, candidates, servicing=servicing, notes=stated.notes + notes)


def _of_version(releases: Iterable[Release], stated: Stated, product: str) -> tuple[Release, ...]:
    """Return the releases of a product ("" is any) and the stated version (None is any)."""
    found = tuple(each for each in releases if product in ("", each.product))
    if stated.version is None:
        return found
    if stated.version == _LAST_RELEASE_ID:
        return tuple(each for each in found if each.os_build >= _FIRST_BUILD_2009 and each.product != "Windows Server")
    return tuple(each for each in found if each.version.upper() == stated.version)


def _unknown_build(index: ReleaseIndex, stated: Stated, numbers: Numbers, vote: Family | None) -> Identity:
    family, servicing = vote or Family.UNKNOWN, _servicing(stated)
    others = index.others_with(numbers)
    if others:
        return _hololens(index, stated)
    if numbers.build in _OUTSIDE:
        client, server = _OUTSIDE[numbers.build]
        if vote is not None and client:
            client, server = (client, "") if vote is Family.CLIENT else ("", server)
        name = " or ".join(filter(None, (client, server)))
        if numbers.build in _SERVERS_OUTSIDE:
            family = Family.SERVER
        return Identity(family, problem=f"build {numbers.build} is {name}, which is not in this catalogue")
    if (numbers.major, numbers.minor) != (10, 0):
        problem = f"{numbers.major}.{numbers.minor} is neither Windows 10 nor Windows 11"
        return Identity(family, problem=problem, servicing=servicing)
    if numbers.build > index.newest_build:
        known = f"the catalogue knows (up to {index.newest_build})"
        problem = f"build {numbers.build} is newer than every release that {known}"
        return Identity(family, problem=problem, servicing=servicing)
    problem = f"no release has build {numbers.build}; it may be an Insider build"
    return Identity(family, problem=problem, servicing=servicing)


def _servicing(stated: Stated) -> Servicing | None:
    return None if stated.edition is None else stated.edition.servicing


def _candidates(releases: Iterable[Release], family: Family, numbers: Numbers | None = None) -> tuple[Candidate, ...]:
    build = None
    if numbers is not None and numbers.revision is not None:
        build = Build(numbers.major, numbers.minor, numbers.build, numbers.revision)
    return tuple(Candidate(each, family, build) for each in releases)


def _first_revision(release: Release) -> int:
    return min((each.build.revision for each in release.updates), default=0)


def _family(release: Release) -> Family:
    if release.product == "Windows Server":
        return Family.SERVER
    return Family.HOLOGRAPHIC if release.product.startswith("HoloLens") else Family.CLIENT
