"""Bodies of Microsoft Graph's `windows10CompliancePolicy` from accepted ranges, as PATCH and POST take them.

Sources: https://learn.microsoft.com/graph/api/resources/intune-deviceconfig-windows10compliancepolicy (beta) and
https://learn.microsoft.com/graph/api/resources/intune-deviceconfig-operatingsystemversionrange.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from osimages.windows.checks.answers import Family
from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges

POLICY_TYPE = "#microsoft.graph.windows10CompliancePolicy"
RANGE_TYPE = "microsoft.graph.operatingSystemVersionRange"
ALL_RELEASES = "Windows"

Body = dict[str, object]


class Form(StrEnum):
    """The property of the policy that is set."""

    RANGES = "ranges"  # validOperatingSystemBuildRanges, beta only
    MINIMUM = "minimum"  # osMinimumVersion


class NoBodyError(ValueError):
    """A policy that cannot be written."""


def compliance_bodies(
    found: AcceptedRanges, form: Form = Form.RANGES, *, one_per_release: bool = False
) -> dict[str, Body]:
    """Return the bodies of policies by name: the id of a release, or `ALL_RELEASES` for one policy over all.

    A body holds the type and the one property alone, so that a PATCH changes nothing else. Raises NoBodyError if there
    is no range (an empty list would let every build pass), or if there are servers, which Intune does not evaluate.
    """
    if any(each.family is Family.SERVER for each in found.ranges):
        raise NoBodyError("windows10CompliancePolicy is for Windows 10 and later on PCs; Intune evaluates no servers")
    if not found.ranges:
        raise NoBodyError(f"the rule accepts no release that is supported on {found.rule.day}: there is no range")
    if not one_per_release:
        return {ALL_RELEASES: _body(found.ranges, form)}
    return {name: _body(ranges, form) for name, ranges in by_release(found).items()}


def by_release(found: AcceptedRanges) -> dict[str, list[AcceptedRange]]:
    """Return the ranges of each release."""
    releases: dict[str, list[AcceptedRange]] = {}
    for each in found.ranges:
        releases.setdefault(each.release, []).append(each)
    return releases


def creation_body(name: str, body: Body) -> Body:
    """Return the body of a POST: with a display name, and the action that Graph requires of a new policy.

    The action marks a device as non-compliant at once. Graph calls every rule `PasswordRequired`:
    https://learn.microsoft.com/graph/api/resources/intune-deviceconfig-devicecompliancescheduledactionforrule
    """
    action = {
        "actionType": "block",
        "gracePeriodHours": 0,
        "notificationTemplateId": "",
        "notificationMessageCCList": [],
    }
    rule = {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [action]}
    return {"@odata.type": POLICY_TYPE, "displayName": name, **body, "scheduledActionsForRule": [rule]}


def minimum_notes(found: AcceptedRanges, *, one_per_release: bool) -> list[str]:
    """Return sentences about what `osMinimumVersion` lets pass, or does not, in contrast to the ranges."""
    releases = by_release(found)
    notes = []
    if len(releases) > 1 and not one_per_release:
        lowest = min(map(_minimum, releases.values()), key=lambda each: each.lowest)
        notes.append(
            f"osMinimumVersion {lowest.lowest} lets every build of a release newer than {lowest.release} pass, however "
            "old its updates are: use the ranges, or one policy for each release"
        )
    notes += [
        f"{name}: osMinimumVersion does not let the hotpatched build {each.lowest} pass: use the ranges"
        for name, ranges in releases.items()
        for each in ranges
        if each.lowest < _minimum(ranges).lowest
    ]
    return notes


def _body(ranges: Sequence[AcceptedRange], form: Form) -> Body:
    if form is Form.MINIMUM:
        releases: dict[str, list[AcceptedRange]] = {}
        for each in ranges:
            releases.setdefault(each.release, []).append(each)
        lowest = min(_minimum(each).lowest for each in releases.values())
        return {"@odata.type": POLICY_TYPE, "osMinimumVersion": str(lowest)}
    return {"@odata.type": POLICY_TYPE, "validOperatingSystemBuildRanges": [_range(each) for each in ranges]}


def _minimum(ranges: Sequence[AcceptedRange]) -> AcceptedRange:
    """Return the range of a release from whose lower end on every build is accepted."""
    return ranges[-1]


def _range(each: AcceptedRange) -> dict[str, str]:
    return {
        "@odata.type": RANGE_TYPE,
        "description": each.description,
        "lowestVersion": str(each.lowest),
        "highestVersion": str(each.highest),
    }
