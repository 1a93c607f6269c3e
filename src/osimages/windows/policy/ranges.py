"""The builds that a rule accepts, as ranges for each supported release.

A build is accepted if it lacks no update of a Patch Tuesday up to the required one. The function that decides this is
that of `osimages check`. No range holds a known build that is not accepted: where one lies between a hotpatch and the B
release of its month, the hotpatch has a range of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

import msgspec

from osimages.windows.builds import Build
from osimages.windows.calendar import patch_tuesday, patch_tuesdays
from osimages.windows.checks.answers import Family
from osimages.windows.checks.identification import FIRST_SERVER, SHARED_BUILD
from osimages.windows.checks.patch_level import (
    HOTPATCHES,
    BRelease,
    is_hotpatch,
    known_updates,
    level_of,
    missing_updates,
    unknown_patch_tuesdays,
)
from osimages.windows.facts import Catalogue, Kind, Update
from osimages.windows.policy.rules import Highest, PolicyRule
from osimages.windows.policy.selection import LeftOut, Selected, selected_releases

HIGHEST_REVISION = 65_535  # Intune and Windows compare the last part of a version in 16 bits
Month = tuple[int, int]


class AcceptedRange(msgspec.Struct, frozen=True):
    """Builds of a release that are accepted, both ends included, and the update on which the lower end rests.

    `patch_tuesday` is the one whose fixes `lowest` has, None for a build older than every B release.
    `kb` and `release_date` are None if they are not known. `unknown_patch_tuesdays` are those that the rule asks for
    and whose build is not known: until it is, the range rests on an older update.
    """

    release: str
    family: Family
    description: str
    lowest: Build
    highest: Build
    kind: Kind
    patch_tuesday: date | None
    kb: str | None
    release_date: date | None
    unknown_patch_tuesdays: tuple[date, ...] = ()


class CannotTell(msgspec.Struct, frozen=True, rename="camel"):
    """A supported release of which no build is known that the rule could accept."""

    release: str
    reason: str


class AcceptedRanges(msgspec.Struct, frozen=True):
    """All that follows from a rule: ranges by release, oldest release first, then by build.

    `required` is the Patch Tuesday whose fixes every accepted build has. `cannot_tell` are supported releases without a
    range, `left_out` releases that are not accepted. `edition_notes` name editions that have ended and pass all the
    same, `build_notes` builds that should pass and do not, as they are not known.
    """

    rule: PolicyRule
    as_of: date
    complete_until: date
    required: date | None
    ranges: tuple[AcceptedRange, ...]
    cannot_tell: tuple[CannotTell, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    edition_notes: tuple[str, ...] = ()
    build_notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return sentences about what ranges cannot express."""
        return self.edition_notes + self.build_notes

    @property
    def unknown_patch_tuesdays(self) -> tuple[date, ...]:
        """Return the Patch Tuesdays that are due and whose build is not known for a release, oldest first."""
        return tuple(sorted({day for each in self.ranges for day in each.unknown_patch_tuesdays}))

    @property
    def is_stale(self) -> bool:
        """Return whether an update that the rule asks for is not known."""
        return bool(self.cannot_tell) or any(each.unknown_patch_tuesdays for each in self.ranges)


@lru_cache(64)
def accepted_ranges(facts: Catalogue, rule: PolicyRule) -> AcceptedRanges:
    """Return the ranges of builds that a rule accepts."""
    selected, left_out = selected_releases(facts, rule)
    ranges: list[AcceptedRange] = []
    cannot_tell: list[CannotTell] = []
    edition_notes: list[str] = []
    build_notes: list[str] = []
    for each in selected:
        builds = AcceptedBuilds(facts, each, rule)
        found = tuple(builds.ranges())
        if not found:
            reason = f"no build with the fixes of the Patch Tuesday of {rule.required} is known"
            cannot_tell.append(CannotTell(each.release.id, reason))
        ranges += found
        edition_notes += builds.edition_notes()
        build_notes += builds.build_notes()
    return AcceptedRanges(
        rule,
        facts.as_of,
        facts.complete_until,
        rule.required,
        tuple(ranges),
        tuple(cannot_tell),
        left_out,
        tuple(edition_notes),
        tuple(build_notes),
    )


class AcceptedBuilds:
    """The builds of one release that a rule accepts."""

    def __init__(self, facts: Catalogue, selected: Selected, rule: PolicyRule) -> None:
        self._release, self._family, self._ended = selected.release, selected.family, selected.ended
        self._rule = rule
        is_server = selected.family is Family.SERVER
        complete = (facts.servers_complete_until if is_server else None) or facts.complete_until
        self._known = known_updates(self._release, rule.day, rule.grace_days, complete)
        last = rule.required or date.min
        self._due = tuple(each for each in self._known.newest if each.patch_tuesday <= last)
        self._unknown = self._unknown_until(last)
        # What came out later than the day of the rule did not exist on it.
        self._revisions = sorted(
            revision for revision, updates in self._known.by_revision.items() if self._existed(updates)
        )

    def accepts(self, build: Build) -> bool:
        """Return whether a build of the release is accepted."""
        return not missing_updates(self._known, build, self._due)

    def ranges(self) -> Iterator[AcceptedRange]:
        """The ranges, ascending; none if no build is known that can be accepted."""
        if not self._due and self._release.general_availability <= (self._rule.required or date.min):
            return
        runs = list(self._runs())
        for number, run in enumerate(runs):
            is_last = number == len(runs) - 1 and run[-1] == self._revisions[-1]
            highest = self._highest if is_last else run[-1]
            yield self._range(run[0], highest, is_open=is_last and self._rule.highest is Highest.FAMILY)

    def edition_notes(self) -> Iterator[str]:
        """A sentence about the editions whose support has ended."""
        if self._ended:
            groups = ", ".join(f"{group} ({day})" for group, day in self._ended)
            name = self._release.id
            yield f"{name}: support has ended for {groups}. Builds do not show the edition: these devices pass, too"

    def build_notes(self) -> Iterator[str]:
        """Sentences about builds that are not known."""
        name = self._release.id
        # Hotpatches of later months have higher builds than the B release from which on builds are accepted.
        month = self._due[0].month if self._due else None
        if month is not None and self._has_unknown_hotpatch(month):
            yield f"{name}: the hotpatch of {month[0]}-{month[1]:02} has no known build, devices with it do not pass"
        is_complete = self._known.complete_until >= self._rule.day
        if self._rule.highest is Highest.KNOWN and not is_complete:
            yield f"{name}: updates after {self._known.complete_until} are known in part, the others do not pass"

    def _runs(self) -> Iterator[list[int]]:
        """Groups of accepted revisions without another known build between them."""
        run: list[int] = []
        for revision in self._revisions:
            is_accepted = self.accepts(self._build(revision))
            if run and (not is_accepted or self._may_hide(run[-1])):
                yield run
                run = []
            if is_accepted:
                run.append(revision)
        if run:
            yield run

    def _may_hide(self, revision: int) -> bool:
        """Return whether a build that is not known may follow a hotpatch: not every later update is known."""
        updates = self._known.by_revision[revision]
        days = [each.release_date for each in updates if each.release_date is not None]
        return is_hotpatch(updates) and (not days or max(days) > self._known.complete_until)

    def _range(self, lowest: int, highest: int, *, is_open: bool) -> AcceptedRange:
        update = self._known.by_revision[lowest][0]
        level = level_of(self._known, update.build, (update,))
        words = _words(update, level)
        if is_open:
            words += " and later"
        elif highest != lowest:
            words += f" to {self._release.os_build}.{highest}"
        return AcceptedRange(
            self._release.id,
            self._family,
            f"{self._release.id}, {words}",
            update.build,
            self._build(highest),
            update.kind,
            patch_tuesday(*level) if level is not None else None,
            update.kb,
            update.release_date,
            self._unknown,
        )

    @property
    def _highest(self) -> int:
        if self._rule.highest is Highest.KNOWN:
            return self._revisions[-1]
        if self._rule.servers and self._family is Family.CLIENT and self._release.os_build == SHARED_BUILD:
            return FIRST_SERVER - 1  # Windows Server 2025 has the revisions above
        return HIGHEST_REVISION

    def _unknown_until(self, last: date) -> tuple[date, ...]:
        """Return the due Patch Tuesdays whose build is not known.

        If the range ends with the newest known build, those of the days of grace count: an updated device has them.
        """
        if self._rule.highest is Highest.KNOWN:
            last = self._rule.day
            known = known_updates(self._release, self._rule.day, 0, self._known.complete_until)
            due: tuple[BRelease, ...] = known.newest
        else:
            known, due = self._known, self._due
        newest = due[0].patch_tuesday if due else self._release.general_availability
        without = (each for each in known.without_build if newest < each <= last)
        return tuple(sorted({*unknown_patch_tuesdays(known, due, last), *without}))

    def _has_unknown_hotpatch(self, month: Month) -> bool:
        """Return whether a hotpatch of a month has no known build, and may be lower than the month's B release.

        One that comes out-of-band in a baseline month needs the B release, so its build is a higher one.
        """
        planned = {(each.year, each.month): each.actual or each.planned for each in self._release.hotpatch_months}
        levels = {
            level_of(self._known, updates[0].build, updates)
            for updates in self._known.by_revision.values()
            if is_hotpatch(updates)
        }
        if month in levels or "baseline" in planned.get(month, ""):
            return False
        return planned.get(month) == "hotpatch" or month in self._hotpatch_package_months()

    def _hotpatch_package_months(self) -> set[Month]:
        """Return the months of hotpatches whose build is not known."""
        days = (each.release_date for each in self._release.packages if each.kind in HOTPATCHES)
        tuesdays = (patch_tuesdays(1, day)[0] for day in days if day <= self._rule.day)
        return {(day.year, day.month) for day in tuesdays}

    def _existed(self, updates: Iterable[Update]) -> bool:
        days = [each.release_date for each in updates if each.release_date is not None]
        return min(days, default=date.min) <= self._rule.day

    def _build(self, revision: int) -> Build:
        return Build(*self._release.nt_version, self._release.os_build, revision)


def _words(update: Update, level: Month | None) -> str:
    month = f"{level[0]}-{level[1]:02}" if level is not None else ""
    kb = f" ({update.kb})" if update.kb else ""
    if update.kind is Kind.B:
        return f"{month} B{kb}"
    if update.kind in HOTPATCHES:
        return f"{month} {update.kind}{kb}"
    return f"{update.kind}{kb}"
