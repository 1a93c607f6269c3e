"""The updates that a release of Windows has had."""

from __future__ import annotations

from datetime import date

import msgspec

from osimages.catalogue.calendar import patch_tuesday
from osimages.catalogue.facts import Catalogue, Release, Update


class UnknownReleaseError(LookupError):
    """No release, or more than one, goes by the name that was given; the text lists what there is."""


class Entry(msgspec.Struct, frozen=True):
    """An update; `patch_tuesday` is the one that a B release belongs to, and None for all other kinds."""

    update: Update
    patch_tuesday: date | None


def find_release(catalogue: Catalogue, name: str) -> Release:
    """The release with that id (`Windows 11 24H2`), version (`24H2`) or build (`26100`), in any case of letters.

    Raises UnknownReleaseError when there is none, or when releases of Windows 10 and 11 share the version.
    """
    wanted = " ".join(name.split()).casefold()
    named = [each for each in catalogue.releases if wanted == each.id.casefold()]
    found = named or [each for each in catalogue.releases if wanted in (each.version.casefold(), str(each.os_build))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownReleaseError(f"'{name}' could be {_or([each.id for each in found])}; say which.")
    known = ", ".join(f"{each.id} ({each.os_build})" for each in catalogue.releases)
    raise UnknownReleaseError(f"There is no release '{name}' in the catalogue. Known are: {known}.")


def only(catalogue: Catalogue, name: str) -> Catalogue:
    """The catalogue with one of its releases alone, named as for `find_release`. Raises UnknownReleaseError."""
    return msgspec.structs.replace(catalogue, releases=(find_release(catalogue, name),))


def history(release: Release) -> tuple[Entry, ...]:
    """All updates, newest first. One whose date is not known stands above the builds that it follows."""
    dated: list[tuple[date, Update]] = []
    newest = date.min
    for update in sorted(release.updates, key=_by_build):
        newest = update.release_date or newest
        dated.append((newest, update))
    dated.sort(key=lambda pair: (pair[0], _by_build(pair[1])), reverse=True)
    return tuple(Entry(update, _patch_tuesday(update)) for _, update in dated)


def _by_build(update: Update) -> tuple[object, ...]:
    return (update.build, update.release_date or date.min, update.kb or "")


def _patch_tuesday(update: Update) -> date | None:
    if update.year is None or update.month is None:
        return None
    return patch_tuesday(update.year, update.month)


def _or(names: list[str]) -> str:
    return " or ".join(names)
