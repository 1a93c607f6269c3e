"""Names the release to move to, where the support of a device has ended or ends soon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from osimages.windows.checks.answers import Support
from osimages.windows.checks.support_state import SupportState
from osimages.windows.facts import Catalogue, Release, SupportGroup
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups

SOON_DAYS = 183
# A new release is offered to all devices in the course of some weeks after its general availability.
_SETTLED_DAYS = 90
# Windows 11 26H1 comes with new devices only; no device is upgraded to it.
# https://learn.microsoft.com/windows/whats-new/windows-11-version-26h1
NEW_DEVICES_ONLY = frozenset((28000,))
_LONG_TERM = (Servicing.LTSC, Servicing.IOT_LTSC)


def upgrade_for(
    catalogue: Catalogue, release: Release, servicing: Servicing | None, state: SupportState, today: date
) -> str | None:
    """Return the name of the release to move to, or None where there is none or no need."""
    if not _is_needed(state, today):
        return None
    if release.product == "Windows Server":
        return _newest(catalogue.servers, release, Servicing.SERVER_LTSC, today)
    if servicing is Servicing.HOLOGRAPHIC:
        return _newest(catalogue.others, release, servicing, today)
    if servicing in _LONG_TERM:
        return _newest(catalogue.releases, release, servicing, today)
    if servicing in (Servicing.SE, Servicing.TEAM, Servicing.IOT_CORE):
        return None
    return _newest(catalogue.releases, release, servicing or Servicing.ENTERPRISE, today)


def _is_needed(state: SupportState, today: date) -> bool:
    if state.support in (Support.ENDED, Support.EXTENDED, Support.DEPENDS):
        return True
    end = state.support_end_date
    return state.support is Support.SUPPORTED and end is not None and (end - today).days <= SOON_DAYS


def _newest(releases: Iterable[Release], own: Release, servicing: Servicing, today: date) -> str | None:
    """Return the newest release that has been available for a while and is supported for more than six months."""
    found: list[tuple[bool, date, str]] = []
    for each in releases:
        group = next((one for one in support_groups(each) if one.servicing is servicing), None)
        if group is None or each.os_build in NEW_DEVICES_ONLY or each.id == own.id:
            continue
        is_later = own.general_availability < each.general_availability <= today
        if is_later and (group.support_end_date - today).days > SOON_DAYS:
            is_settled = each.general_availability <= today - timedelta(days=_SETTLED_DAYS)
            found.append((is_settled, each.general_availability, _name(each, group)))
    return max(found)[2] if found else None


def _name(release: Release, group: SupportGroup) -> str:
    """Return the id of a release, or the name of its long-term edition: "Windows 11 IoT Enterprise LTSC 2024"."""
    if group.servicing not in _LONG_TERM:
        return release.id
    year = group.name.rpartition(" ")[2]
    return f"{release.product} {group.servicing} {year}"
