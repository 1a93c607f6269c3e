"""Finds releases by build, version, long-term edition and KB number."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from osimages.windows.checks.spelling import Numbers
from osimages.windows.facts import Catalogue, Package, Release, Update
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups


class ReleaseIndex:
    """The releases of a catalogue by build, version and KB."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.clients = catalogue.releases
        self.servers = catalogue.servers
        self.others = catalogue.others
        self._client_builds = {each.os_build: each for each in catalogue.releases}
        self._revisions = {each.id: frozenset(one.build.revision for one in each.updates) for each in self.every}
        self._kbs: dict[str, list[tuple[Release, Update | Package]]] = {}
        for each in self.every:
            updates: tuple[Update | Package, ...] = (*each.updates, *each.packages)
            for update in updates:
                self._kbs.setdefault(update.kb or "", []).append((each, update))
        self.newest_build = max(self._client_builds, default=0)

    @property
    def every(self) -> tuple[Release, ...]:
        """All releases."""
        return (*self.clients, *self.servers, *self.others)

    def client(self, numbers: Numbers) -> Release | None:
        """Return the client release with a build."""
        return self._client_builds.get(numbers.build) if (numbers.major, numbers.minor) == (10, 0) else None

    def servers_with(self, numbers: Numbers) -> tuple[Release, ...]:
        """Return the server releases with a build."""
        return _with_build(self.servers, numbers)

    def others_with(self, numbers: Numbers) -> tuple[Release, ...]:
        """Return the releases of HoloLens with a build."""
        return _with_build(self.others, numbers)

    def long_term(self, year: str | None) -> tuple[Release, ...]:
        """Return the client release whose long-term edition has the year in its name."""
        if not year:
            return ()
        return tuple(each for each in self.clients if any(one.name.endswith(f" {year}") for one in each.groups))

    def revisions(self, release: Release) -> frozenset[int]:
        """Return the revisions of all updates of a release."""
        return self._revisions[release.id]

    def knows(self, release: Release, revision: int | None) -> bool:
        """Return whether an update of a release has a revision."""
        return revision in self._revisions[release.id]

    def brought_by(self, kb: str) -> list[tuple[Release, Update | Package]]:
        """Return the updates with a KB number, in each release."""
        return self._kbs.get(kb, [])

    def is_truncated(self, numbers: Numbers, is_rounded: bool) -> bool:
        """Return whether zeros at the end of a revision may be lost: it is not known, and it is with zeros.

        A build that was a number in its file can have lost them even where both are known.
        """
        if numbers.revision is None:
            return False
        known = frozenset[int]().union(*(self._revisions[each.id] for each in _with_build(self.every, numbers)))
        longer = any(numbers.revision * factor in known for factor in (10, 100, 1000))
        return longer and (is_rounded or numbers.revision not in known)


@lru_cache(4)
def release_index(catalogue: Catalogue) -> ReleaseIndex:
    """Return the index of a catalogue, built once."""
    return ReleaseIndex(catalogue)


def channel(release: Release) -> Servicing | None:
    """Return the channel of a release of Windows Server."""
    groups = support_groups(release)
    return groups[0].servicing if groups else None


def has_edition(release: Release, servicing: Servicing) -> bool:
    """Return whether a release has a group of editions."""
    return any(each.servicing is servicing for each in support_groups(release))


def _with_build(releases: Iterable[Release], numbers: Numbers) -> tuple[Release, ...]:
    version = (numbers.major, numbers.minor)
    return tuple(each for each in releases if each.os_build == numbers.build and each.nt_version == version)
