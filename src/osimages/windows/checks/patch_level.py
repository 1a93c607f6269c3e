"""Decides how far behind a build is: its patch level, the updates that it lacks, and whether either is known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate

import msgspec

from osimages.windows.builds import Build
from osimages.windows.calendar import patch_tuesday, patch_tuesdays
from osimages.windows.checks.answers import Fact, Patch
from osimages.windows.facts import Kind, Release, Update
from osimages.windows.images import b_releases, newest_day, patch_tuesday_of

_MOST_UNKNOWN = 24
HOTPATCHES = (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND)
# Hotpatches since 2025 are at most this far below the B release of their month; before, on Windows Server 2022, more.
_HOTPATCH_DISTANCE = 100
_MOST_BASELINES = 3
_BASELINE_MONTHS = (1, 4, 7, 10)
# The beginning of the note about a build that a spreadsheet may have damaged.
TRUNCATED = "a trailing zero may have been lost"
Month = tuple[int, int]


class BRelease(msgspec.Struct, frozen=True):
    """A B release that counts."""

    revision: int
    month: Month
    patch_tuesday: date
    fact: Fact


class KnownUpdates(msgspec.Struct, frozen=True):
    """The updates of a release as they are known on a day, in the order and by the keys that checks need.

    `newest` are the B releases that count, newest first; `by_revision` all updates. `revisions` are those of every B
    release, ascending, `levels` the newest month up to each. `expected` are the last Patch Tuesdays, `without_build`
    those whose updates have no known build. `complete_until` is the day up to which every update is known.
    """

    release: Release
    today: date
    newest_day: date
    complete_until: date
    newest: tuple[BRelease, ...]
    by_revision: dict[int, tuple[Update, ...]]
    revisions: tuple[int, ...]
    levels: tuple[Month, ...]
    expected: tuple[date, ...]
    last_revision: int
    without_build: tuple[date, ...]
    has_hotpatches: bool


class PatchState(msgspec.Struct, frozen=True):
    """The patch level of a build; the members are those of `Answer`.

    `is_beyond`: the build is newer than the last update that the device was to get.
    """

    patch: Patch
    behind: int | None = None
    level: str | None = None
    update: Fact | None = None
    missing: tuple[Fact, ...] = ()
    unknown: tuple[date, ...] = ()
    is_beyond: bool = False
    notes: tuple[str, ...] = ()


def known_updates(release: Release, today: date, age_days: int, complete_until: date) -> KnownUpdates:
    """Return the updates of a release as they count on a day."""
    by_revision: dict[int, tuple[Update, ...]] = {}
    # Of several updates with one build the B release comes first.
    for each in sorted(release.updates, key=lambda each: not each.is_canonical_b):
        by_revision[each.build.revision] = (*by_revision.get(each.build.revision, ()), each)
    newest = tuple(
        BRelease(each.build.revision, (each.year or 0, each.month or 0), patch_tuesday_of(each), fact_of(each))
        for each in b_releases(release, today, age_days)
    )
    months = sorted(
        (each.build.revision, (each.year or 0, each.month or 0)) for each in release.updates if each.is_canonical_b
    )
    have = {month for _, month in months}
    packages = sorted(
        patch_tuesday(each.year, each.month)
        for each in release.packages
        if each.kind is Kind.B and each.year and each.month and (each.year, each.month) not in have
    )
    last = newest_day(today, age_days)
    return KnownUpdates(
        release,
        today,
        last,
        complete_until,
        newest,
        by_revision,
        tuple(revision for revision, _ in months),
        tuple(accumulate((month for _, month in months), max)),
        patch_tuesdays(_MOST_UNKNOWN, last),
        max(by_revision, default=0),
        tuple(dict.fromkeys(each for each in packages if each <= last)),
        any(each.kind in HOTPATCHES for each in release.updates),
    )


def patch_state(
    known: KnownUpdates, build: Build | None, is_truncated: bool, last_day: date, later: date | None
) -> PatchState:
    """Return how far behind a build is, for a device that gets updates until `last_day`.

    `later` is the last day for devices with Extended Security Updates (ESU): a build that only they get is compared
    with theirs.
    """
    last_day = _last_day(known, build, last_day, later)
    due = [each for each in known.newest if each.patch_tuesday <= last_day]
    unknown = unknown_patch_tuesdays(known, due, last_day)
    if build is None:
        note = "no build with a revision was stated, so its updates are not known"
        return PatchState(Patch.NOT_STATED, unknown=unknown, notes=(note,))
    if is_truncated:
        note = f"{TRUNCATED}: {build.short} may be {build.short}0"
        return PatchState(Patch.UNKNOWN, unknown=unknown, notes=(note,))
    updates = known.by_revision.get(build.revision, ())
    update = fact_of(updates[0]) if updates else None
    if not due:
        note = f"the builds of the monthly updates of {known.release.id} are not in the catalogue"
        return PatchState(Patch.UNKNOWN, level=_text(level_of(known, build, updates)), update=update, notes=(note,))
    level = level_of(known, build, updates)
    if not updates and (note := _below_first(known, build) or _may_be_hotpatch(known, build)):
        return PatchState(Patch.UNKNOWN, unknown=unknown, notes=(note,))
    missing = missing_updates(known, build, due)
    if missing:
        behind, note = _behind(known, missing, level if updates else None, last_day)
        patch = Patch.BEHIND
    else:
        behind, note = 0, ""
        patch = _without_missing(known, build, unknown, last_day)
    return PatchState(
        patch,
        behind,
        _text(level),
        update,
        tuple(each.fact for each in missing),
        unknown,
        patch is Patch.FINAL and build.revision > due[0].revision and level != due[0].month,
        (*filter(None, (note,)), *_remarks(known, updates, patch, missing)),
    )


def missing_updates(known: KnownUpdates, build: Build, due: Iterable[BRelease]) -> list[BRelease]:
    """Return which of the B releases in `due` a build lacks. A hotpatch lacks those of later months, whatever its
    revision; any other build those with a higher revision.
    """
    updates = known.by_revision.get(build.revision, ())
    level = level_of(known, build, updates) if is_hotpatch(updates) else None
    if level is not None:
        return [each for each in due if each.month > level]
    return [each for each in due if each.revision > build.revision]


def is_hotpatch(updates: Iterable[Update]) -> bool:
    """Return whether any of the updates with one build is a hotpatch."""
    return any(each.kind in HOTPATCHES for each in updates)


def fact_of(update: Update) -> Fact:
    """Return an update as an answer shows it."""
    tuesday = patch_tuesday_of(update) if update.month is not None and update.kind is Kind.B else None
    return Fact(str(update.build), update.kb, update.release_date, str(update.kind), tuesday, update.scope)


def _last_day(known: KnownUpdates, build: Build | None, last_day: date, later: date | None) -> date:
    if build is None or later is None or later <= last_day:
        return last_day
    free = max((each.revision for each in known.newest if each.patch_tuesday <= last_day), default=None)
    beyond = build.revision > free if free is not None else build.revision in known.by_revision
    return later if beyond else last_day


def unknown_patch_tuesdays(known: KnownUpdates, due: Sequence[BRelease], last_day: date) -> tuple[date, ...]:
    """Return the Patch Tuesdays after the newest of `due` on which a device was still to get an update."""
    if not known.newest:
        return ()
    newest = due[0].patch_tuesday if due else known.release.general_availability
    expected = (each for each in known.expected if newest < each <= last_day)
    return tuple(sorted(each for each in expected if each not in known.without_build))


def level_of(known: KnownUpdates, build: Build, updates: Iterable[Update]) -> Month | None:
    """Return the month of the Patch Tuesday whose fixes a build has.

    A hotpatch has those of its month, whatever its revision; any other build those of the B releases up to it. A build
    older than the first B release counts by its date. Of several updates with one build, the lowest level counts.
    """
    place = bisect_right(known.revisions, build.revision)
    by_revision = known.levels[place - 1] if place else None
    levels = []
    for each in updates:
        if each.kind is Kind.B and each.year and each.month:
            levels.append((each.year, each.month))
        elif each.release_date is not None and (each.kind in HOTPATCHES or by_revision is None):
            tuesday = patch_tuesdays(1, each.release_date)[0]
            levels.append((tuesday.year, tuesday.month))
    return min(levels) if levels else by_revision


def _behind(
    known: KnownUpdates, missing: list[BRelease], level: Month | None, last_day: date
) -> tuple[int | None, str]:
    """Return how many Patch Tuesdays are missing, or None where too few builds are known to count them."""
    months = {each.month for each in missing}
    if not known.without_build:
        return len(months), ""
    if level is None:
        return None, "too few builds of this release are known to count the updates that are missing"
    also = {(each.year, each.month) for each in known.without_build if each <= last_day}
    also = {each for each in also if each > level}
    note = f"{len(also)} of the missing updates {'has' if len(also) == 1 else 'have'} no known build" if also else ""
    return len(months | also), note


def _without_missing(known: KnownUpdates, build: Build, unknown: tuple[date, ...], last_day: date) -> Patch:
    if build.revision > known.last_revision:
        return Patch.NEWER
    if unknown:
        return Patch.CURRENT_AS_FAR_AS_KNOWN
    return Patch.FINAL if last_day <= known.newest_day and last_day < known.today else Patch.CURRENT


def _below_first(known: KnownUpdates, build: Build) -> str:
    """Return why a revision below every known one has no level: it may have lost a digit. A release began with .1."""
    first = min(known.by_revision, default=0)
    if build.revision == 1 or build.revision >= first or _has_older_package(known, first):
        return ""
    return f"no build of {known.release.id} below .{first} is known: a build before its release, or a digit is lost"


def _has_older_package(known: KnownUpdates, revision: int) -> bool:
    """Return whether updates without a known build came out before the one with a revision."""
    dates = [each.release_date for each in known.by_revision.get(revision, ()) if each.release_date is not None]
    packages = (each.release_date for each in known.release.packages if each.release_date is not None)
    return bool(dates) and any(each < min(dates) for each in packages)


def _may_be_hotpatch(known: KnownUpdates, build: Build) -> str:
    """Return why an unknown revision can have a level that its number does not show: not all hotpatches are known."""
    if not known.has_hotpatches:
        return ""
    for each in known.newest:
        near = 0 < each.revision - build.revision <= _HOTPATCH_DISTANCE
        if near and each.patch_tuesday > known.complete_until and each.month[1] not in _BASELINE_MONTHS:
            return f"an update that is not known: it may be the hotpatch of {_text(each.month)}"
    return ""


def _remarks(
    known: KnownUpdates, updates: tuple[Update, ...], patch: Patch, missing: list[BRelease]
) -> tuple[str, ...]:
    if patch is Patch.NEWER:
        return ("newer than every build of this release that the catalogue knows",)
    if not updates:
        return ("the catalogue knows no update with this revision; it is compared by its number",)
    notes: tuple[str, ...] = ()
    if all(each.is_expired for each in updates):
        notes += ("Microsoft has withdrawn this update",)
    kbs = list(dict.fromkeys(each.kb for each in updates if each.kb))
    if len(kbs) > 1:
        others = (f"{each.kb} ({each.kind}, {each.release_date})" for each in updates if each.kb in kbs[1:])
        notes += (f"the same build is that of {', '.join(dict.fromkeys(others))}",)
    if updates[0].kind in HOTPATCHES:
        notes += _restart(known, missing)
    return notes


def _restart(known: KnownUpdates, missing: list[BRelease]) -> tuple[str, ...]:
    """Return that a device on hotpatches has to restart: a baseline came out since."""
    lacking = {each.month for each in missing}
    baselines = [
        _text((each.year, each.month))
        for each in known.release.hotpatch_months
        if "baseline" in each.actual and (each.year, each.month) in lacking
    ]
    if not baselines:
        return ()
    shown = ", ".join(map(str, baselines[-_MOST_BASELINES:]))
    more = " and earlier months" if len(baselines) > _MOST_BASELINES else ""
    return (f"updating needs a restart: {shown}{more} brought a baseline",)


def _text(month: Month | None) -> str | None:
    return None if month is None else f"{month[0]}-{month[1]:02}"
