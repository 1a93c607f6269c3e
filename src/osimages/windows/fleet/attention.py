"""The devices of a fleet that need something, riskiest first, each kind with the action that helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from osimages.windows.checks.answers import Answer, End, Fact, Patch, Support, Verdict, verdict
from osimages.windows.checks.freshness import month
from osimages.windows.fleet.tally import Group

_ENDS_NAMED = 4


class Attention(msgspec.Struct, frozen=True):
    """Devices that need the same action.

    `subject` names the release (or the releases that it can be) and, where all devices have it, the group of editions.
    `builds` counts different builds, `build` is one of them. `until` is the last day of support, None where that is not
    known or depends on the edition. `behind` is the fewest and the most Patch Tuesdays behind, None where no level is
    known; with `is_at_least` a Patch Tuesday is due whose build is not known. `exposure` is the sum of devices times
    Patch Tuesdays behind.
    """

    verdict: Verdict
    subject: str
    build: str
    builds: int
    support: Support
    until: date | None
    behind: tuple[int, int] | None
    is_at_least: bool
    exposure: int
    action: str
    devices: int

    @property
    def behind_text(self) -> str:
        """Such as `1`, `1-3`, or `1+` where it is one at least; empty where no level is known."""
        if self.behind is None:
            return ""
        return "-".join(map(str, sorted(set(self.behind)))) + "+" * self.is_at_least

    @property
    def risk(self) -> tuple[int, int, int]:
        """The sort key, lowest first: out of support, then devices times Patch Tuesdays behind, then devices."""
        return self.verdict is not Verdict.OUT_OF_SUPPORT, -self.exposure, -self.devices


def attention(groups: Iterable[Group], allow_stale: bool = False) -> list[Attention]:
    """Return a row for each action and the devices that need it, riskiest first.

    Devices out of support make one row for each release, whatever their builds.
    """
    merged: dict[tuple[object, ...], list[Group]] = {}
    for each in groups:
        state = verdict(each.answer, allow_stale)
        if each.devices and state is not Verdict.GOOD:
            merged.setdefault(_key(each.answer, state), []).append(each)
    rows = [_row(found, verdict(found[0].answer, allow_stale)) for found in merged.values()]
    return sorted(rows, key=lambda each: each.risk)


def verdicts(groups: Iterable[Group], allow_stale: bool = False) -> Counter[Verdict]:
    """Return how many devices are in each state; the states are exclusive and add up to the fleet."""
    counted: Counter[Verdict] = Counter()
    for each in groups:
        counted[verdict(each.answer, allow_stale)] += each.devices
    return counted


def action(answer: Answer) -> str:
    """Return what brings a device in order, as an imperative: which release to move to, or which update to install.

    Where the build cannot be trusted, the reason is appended.
    """
    doubt = answer.notes[0] if answer.patch is Patch.UNKNOWN and answer.build_version and answer.notes else ""
    found = _action(answer)
    return found if not doubt or doubt in found else f"{found}; {doubt}"


def _action(answer: Answer) -> str:
    if answer.support is Support.ENDED:
        return f"upgrade to {answer.upgrade}" if answer.upgrade else "replace: no release to upgrade to is known"
    if answer.support is Support.EXTENDED and not answer.is_supported:
        upgrade = f"upgrade to {answer.upgrade}, or " if answer.upgrade else ""
        return f"{upgrade}enrol in Extended Security Updates (until {answer.extended_until})"
    if answer.support is Support.DEPENDS:
        return f"find out the edition: {_listed(answer.ends)}"
    if not answer.is_supported:
        return answer.notes[0] if answer.notes else "find out what it runs"
    if answer.patch is Patch.BEHIND and answer.missing:
        return f"install the {_named(answer.missing[0])}"
    if answer.patch is Patch.CURRENT_AS_FAR_AS_KNOWN:
        due = ", ".join(month(day) for day in answer.unknown_patch_tuesdays[-2:])
        return f"check by hand: the catalogue does not know the build of {due}"
    if answer.patch is Patch.NEWER:
        return "run 'osimages catalogue update': newer than every build known"
    return answer.notes[0] if answer.notes else "find out its exact build"


def _key(answer: Answer, state: Verdict) -> tuple[object, ...]:
    if state is Verdict.OUT_OF_SUPPORT:
        return state, answer.candidates, answer.support
    if state is Verdict.BEHIND:
        return state, answer.candidates, action(answer)
    return state, answer.candidates, answer.support, answer.patch, action(answer)


def _row(groups: list[Group], state: Verdict) -> Attention:
    largest = max(groups, key=lambda each: each.devices).answer
    editions = {each.answer.servicing for each in groups}
    names = [" or ".join(largest.candidates) or "Unknown", *(editions if len(editions) == 1 else ())]
    ends = [each.answer.support_end_date for each in groups if each.answer.support_end_date is not None]
    levels = [] if state is not Verdict.BEHIND else [each.answer.patch_tuesdays_behind or 0 for each in groups]
    return Attention(
        verdict=state,
        subject=", ".join(filter(None, names)),
        build=largest.build_version or largest.asked,
        builds=len({each.answer.build_version or each.answer.asked for each in groups}),
        support=largest.support,
        until=max(ends, default=None),
        behind=(min(levels), max(levels)) if levels else None,
        is_at_least=any(each.answer.unknown_patch_tuesdays for each in groups),
        exposure=sum(level * each.devices for level, each in zip(levels, groups, strict=False)),
        action=action(largest),
        devices=sum(each.devices for each in groups),
    )


def _named(update: Fact) -> str:
    """Such as `November 2026 update: 10.0.26200.9974 (KB not known)`."""
    return f"{month(update.patch_tuesday)} update: {update.build_version} ({update.kb or 'KB not known'})"


def _listed(ends: tuple[End, ...]) -> str:
    shown = [f"{each.servicing} {'until' if each.days_left >= 0 else 'ended'} {each.support_end_date}" for each in ends]
    more = [f"{len(shown) - _ENDS_NAMED} more"] if len(shown) > _ENDS_NAMED else []
    return ", ".join([*shown[:_ENDS_NAMED], *more])
