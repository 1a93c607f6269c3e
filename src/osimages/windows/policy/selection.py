"""The releases that a policy accepts: those that are supported on its day, with the reason why others are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from osimages.windows.checks.answers import Family, Support
from osimages.windows.checks.support_state import SupportState, support_state
from osimages.windows.checks.upgrades import NEW_DEVICES_ONLY
from osimages.windows.facts import Catalogue, Release
from osimages.windows.policy.rules import PolicyRule

END_UNKNOWN = "its end of support is not known"
NOT_YET = "generally available from"


class LeftOut(msgspec.Struct, frozen=True, rename="camel"):
    """A release that a policy does not accept. `has_esu`: it gets Extended Security Updates (ESU) only."""

    release: str
    reason: str
    has_esu: bool = False


class Selected(msgspec.Struct, frozen=True):
    """A release that a policy accepts. `ended` are the groups of its editions whose support has ended, with the day:
    their devices have the same builds, so that a range accepts them, too.
    """

    release: Release
    family: Family
    ended: tuple[tuple[str, date], ...] = ()


def selected_releases(facts: Catalogue, rule: PolicyRule) -> tuple[tuple[Selected, ...], tuple[LeftOut, ...]]:
    """Return the releases that a rule accepts, in the order of the facts, and those that it leaves out."""
    selected: list[Selected] = []
    left_out: list[LeftOut] = []
    for family, releases in ((Family.CLIENT, facts.releases), (Family.SERVER, facts.servers if rule.servers else ())):
        found: list[Selected] = []
        for release in releases:
            if rule.releases and release.id not in rule.releases:
                continue
            reason = _reason(release, family, rule)
            if reason is None:
                found.append(Selected(release, family, _ended(release, rule.day)))
            else:
                left_out.append(reason)
        newest = _newest(found, rule.newest)
        left_out += [
            LeftOut(each.release.id, f"older than the newest {rule.newest}") for each in found if each not in newest
        ]
        selected += newest
    return tuple(selected), tuple(left_out)


def _reason(release: Release, family: Family, rule: PolicyRule) -> LeftOut | None:
    """Return why a release is not accepted, or None."""
    editions = rule.editions if family is Family.CLIENT else ()
    states = [support_state(release, each, rule.day, None) for each in editions or (None,)]
    if rule.day < release.general_availability:
        return LeftOut(release.id, f"{NOT_YET} {release.general_availability}")
    known = [each for each in states if each.groups]
    if not known:
        named = f"it has no {', '.join(editions)} edition" if editions else END_UNKNOWN
        return LeftOut(release.id, named)
    if any(each.support in (Support.SUPPORTED, Support.DEPENDS) for each in known):
        return None
    extended = [each for each in known if each.support is Support.EXTENDED]
    if extended and rule.include_esu:
        return None
    return _why_ended(release, extended or known, has_esu=bool(extended))


def _why_ended(release: Release, states: Sequence[SupportState], *, has_esu: bool) -> LeftOut:
    last = max(each.support_end_date for state in states for each in state.groups)
    reason = f"support ended on {last}"
    until = max((each.extended_until for each in states if each.extended_until is not None), default=None)
    if has_esu and until is not None:
        reason += f", Extended Security Updates until {until}"
    return LeftOut(release.id, reason, has_esu)


def _ended(release: Release, day: date) -> tuple[tuple[str, date], ...]:
    groups = support_state(release, None, day, None).groups
    return tuple((str(each.servicing), each.support_end_date) for each in groups if each.support_end_date < day)


def _newest(found: Sequence[Selected], number: int | None) -> list[Selected]:
    """Return the newest releases. One that comes with new devices only does not count, but is accepted if it is as new:
    its devices cannot move to another release.
    """
    if number is None:
        return list(found)
    upgradable = sorted(
        (each for each in found if each.release.os_build not in NEW_DEVICES_ONLY), key=_age, reverse=True
    )[:number]
    oldest = min(map(_age, upgradable), default=(date.min, 0))
    return [each for each in found if each in upgradable or _is_special(each, oldest)]


def _is_special(each: Selected, oldest: tuple[date, int]) -> bool:
    return each.release.os_build in NEW_DEVICES_ONLY and _age(each) >= oldest


def _age(each: Selected) -> tuple[date, int]:
    return each.release.general_availability, each.release.os_build
