"""The releases of Windows in a catalogue, found by any of their names, and the updates of each."""

from __future__ import annotations

from datetime import date

import msgspec

from osimages.windows.builds import Build
from osimages.windows.calendar import patch_tuesday
from osimages.windows.facts import Catalogue, Package, Release, Update, bundled


class UnknownReleaseError(LookupError):
    """No release, or more than one, goes by the name that was given; the text lists what there is."""


class Entry(msgspec.Struct, frozen=True):
    """An update, with or without a known build; `patch_tuesday` is that of a B release, None for all other kinds."""

    update: Update | Package
    patch_tuesday: date | None

    @property
    def build(self) -> Build | None:
        """The build, where it is known."""
        return self.update.build if isinstance(self.update, Update) else None


def releases(product: str | None = None, catalogue: Catalogue | None = None) -> tuple[Release, ...]:
    """Return every release: clients, then servers, then others; or those of a product, such as "Windows Server".

    The facts are those of this release of osimages, or of `catalogue`. Raises UnknownReleaseError for a product that is
    not in them.
    """
    every = (catalogue or bundled()).every_release
    if product is None:
        return every
    found = tuple(each for each in every if _plain(each.product) == _plain(product))
    if not found:
        known = ", ".join(sorted({each.product for each in every}))
        raise UnknownReleaseError(f"There is no product '{product}' in the catalogue. Known are: {known}.")
    return found


def find_release(catalogue: Catalogue, name: str) -> Release:
    """Return the release with that id (`Windows 11 24H2`), version (`24H2`) or build (`26100`), in any case of letters.

    Versions and builds that a client release shares with a server are the client's; `Server 2025` and
    `Windows Server 23H2` name servers, too. Raises UnknownReleaseError where there is no such release, or several.
    """
    wanted = _plain(name)
    for releases in ((*catalogue.every_release,), catalogue.releases, catalogue.servers, catalogue.others):
        is_named = releases == catalogue.every_release
        found = [each for each in releases if wanted in (_names(each) if is_named else _numbers(each))]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownReleaseError(f"'{name}' could be {_or([each.id for each in found])}; say which.")
    known = ", ".join(f"{each.id} ({each.os_build})" for each in catalogue.every_release)
    raise UnknownReleaseError(f"There is no release '{name}' in the catalogue. Known are: {known}.")


def only(catalogue: Catalogue, name: str) -> Catalogue:
    """Return the catalogue with one of its releases alone, named as for `find_release`. Raises UnknownReleaseError."""
    found = find_release(catalogue, name)

    def kept(releases: tuple[Release, ...]) -> tuple[Release, ...]:
        return tuple(each for each in releases if each is found)

    return msgspec.structs.replace(
        catalogue,
        releases=kept(catalogue.releases),
        servers=kept(catalogue.servers),
        others=kept(catalogue.others),
    )


def history(release: Release | str, catalogue: Catalogue | None = None) -> tuple[Entry, ...]:
    """Return all updates of a release, newest first. One without a date is listed above the builds that it follows.

    A name is looked up as by `find_release`, in the facts of this release of osimages or in `catalogue`. Raises
    UnknownReleaseError.
    """
    if isinstance(release, str):
        release = find_release(catalogue or bundled(), release)
    dated: list[tuple[date, tuple[object, ...], Update | Package]] = []
    newest = date.min
    for update in sorted(release.updates, key=_by_build):
        newest = update.release_date or newest
        dated.append((newest, (1, *_by_build(update)), update))
    dated += [(each.release_date, (0, each.kb), each) for each in release.packages]
    dated.sort(key=lambda each: each[:2], reverse=True)
    return tuple(Entry(update, _patch_tuesday(update)) for _, _, update in dated)


def _names(release: Release) -> tuple[str, ...]:
    plain = _plain(release.id)
    return (plain, plain.removeprefix("windows "))


def _numbers(release: Release) -> tuple[str, ...]:
    return (release.version.casefold(), str(release.os_build))


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace(", version ", " ").split())


def _by_build(update: Update) -> tuple[object, ...]:
    return (update.build, update.release_date or date.min, update.kb or "")


def _patch_tuesday(update: Update | Package) -> date | None:
    if update.year is None or update.month is None:
        return None
    return patch_tuesday(update.year, update.month)


def _or(names: list[str]) -> str:
    return " or ".join(names)
