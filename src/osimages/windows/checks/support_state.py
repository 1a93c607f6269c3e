"""Decides whether a release is supported on a day, for the editions that a device can have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from osimages.windows.checks.answers import End, Support
from osimages.windows.checks.esu import EsuChoice, esu_end, last_esu_end
from osimages.windows.facts import Release, SupportGroup
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups

# Editions that a device has only where something says so.
_SPECIAL = (Servicing.TEAM, Servicing.SE, Servicing.IOT_CORE)


class SupportState(msgspec.Struct, frozen=True):
    """The support of a release, for the editions of a device.

    `last_day` is the last on which the device gets updates, and `last_day_of_others` that of devices with Extended
    Security Updates (ESU), where there are any. `esu` is the programme that was counted, `extended_until` its end.
    """

    support: Support
    is_supported: bool
    support_end_date: date | None
    groups: tuple[SupportGroup, ...]
    ends: tuple[End, ...]
    last_day: date
    last_day_of_others: date | None = None
    extended_until: date | None = None
    esu: str | None = None
    notes: tuple[str, ...] = ()


def support_state(release: Release, servicing: Servicing | None, today: date, esu: EsuChoice | None) -> SupportState:
    """Return the support on a day of the edition of a device, or of every edition that it can be."""
    groups = _groups(release, servicing)
    ends = tuple(
        End(
            release.id, each.servicing, each.support_end_date, (each.support_end_date - today).days, each.mainstream_end
        )
        for each in groups
    )
    if not groups:
        named = f" {servicing} edition" if servicing is not None else " end of support in the catalogue"
        note = f"{release.id} has no{named}"
        unknown = Support.NOT_RELEASED if today < release.general_availability else Support.UNKNOWN
        return SupportState(unknown, False, None, (), (), date.max, notes=(note,))
    support, end = _support(release, groups, today)
    counted = [esu_end(each, esu) for each in groups]
    has_esu = support is Support.EXTENDED and all(each is not None and each >= today for each in counted)
    others = [each for group in groups if (each := last_esu_end(group)) is not None]
    last_day = max(each.support_end_date for each in groups)
    bought = [each for each in counted if each is not None]
    return SupportState(
        support,
        support is Support.SUPPORTED or has_esu,
        end,
        groups,
        ends,
        last_day=max([last_day, *bought]),
        last_day_of_others=max(others, default=None),
        extended_until=(min(bought) if has_esu else max(others)) if others else None,
        esu=esu.program.value if has_esu and esu is not None else None,
        notes=_notes(release, groups, today, support, esu, has_esu),
    )


def _end(release: Release, group: SupportGroup, today: date) -> End:
    day = group.support_end_date
    return End(release.id, group.servicing, day, (day - today).days, group.mainstream_end)


def _groups(release: Release, servicing: Servicing | None) -> tuple[SupportGroup, ...]:
    """Return the groups of editions that a device can have, soonest end first."""
    found = (
        each
        for each in support_groups(release)
        if each.servicing is servicing or (servicing is None and each.servicing not in _SPECIAL)
    )
    return tuple(sorted(found, key=lambda each: each.support_end_date))


def _support(release: Release, groups: Sequence[SupportGroup], today: date) -> tuple[Support, date | None]:
    first, last = groups[0].support_end_date, groups[-1].support_end_date
    if today < release.general_availability:
        return Support.NOT_RELEASED, None
    if first >= today:
        return Support.SUPPORTED, first
    if last >= today:
        return Support.DEPENDS, None
    if any(end is not None and end >= today for end in map(last_esu_end, groups)):
        return Support.EXTENDED, last
    return Support.ENDED, last


def _notes(
    release: Release,
    groups: Sequence[SupportGroup],
    today: date,
    support: Support,
    esu: EsuChoice | None,
    has_esu: bool,
) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if esu is not None and support is Support.EXTENDED and not has_esu:
        names = ", ".join(each.servicing for each in groups)
        ended = [end for each in groups if (end := esu_end(each, esu)) is not None and end < today]
        why = f"ended on {max(ended)}" if ended else f"are not offered for {names}"
        notes += (f"{esu.program} Extended Security Updates {why}",)
    mainstream = groups[0].mainstream_end
    if support is Support.SUPPORTED and mainstream is not None and mainstream < today:
        notes += (f"mainstream support ended on {mainstream}, extended support until {groups[0].support_end_date}",)
    if support is Support.SUPPORTED and release.hotpatch_until:
        notes += (f"hotpatches (Datacenter: Azure Edition) until {release.hotpatch_until}",)
    if any(each.is_inferred for each in groups):
        notes += ("the end of support is inferred: no source states the day",)
    return notes
