"""The report of a fleet as one self-contained HTML page: what is supported, what is behind, and what ends when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from osimages.windows.checks.answers import Answer, Family, Patch, Support, Verdict, verdict
from osimages.windows.checks.freshness import Freshness
from osimages.windows.fleet.attention import attention, verdicts
from osimages.windows.fleet.tally import Group, Leaving, Summary, Tally
from osimages.windows.policy.impact import Impact
from osimages.windows.policy.judge import Reason
from osimages.windows.report.charts import columns, quarters, stacked, timeline
from osimages.windows.report.template_environment import rendered, style

SUPPORT_SHOWN = {
    Support.SUPPORTED: ("Supported", "good"),
    Support.EXTENDED: ("Ended, ESU only", "extended"),
    Support.DEPENDS: ("Depends on the edition", "unsure"),
    Support.ENDED: ("Ended", "bad"),
    Support.NOT_RELEASED: ("Not released yet", "unsure"),
    Support.UNKNOWN: ("Unknown", "unknown"),
}
CARDS = (
    (Verdict.GOOD, "good", "Supported and current"),
    (Verdict.BEHIND, "warn", "Supported, behind on updates"),
    (Verdict.OUT_OF_SUPPORT, "bad", "Out of support"),
    (Verdict.CANNOT_TELL, "unsure", "Cannot tell"),
)
SKIPPED_SHOWN = {
    "notWindows": "that do not run Windows",
    "olderRowOfSameDevice": "older rows of the same device",
    "notSeenSince": "not seen within the given number of days",
    "emptyRow": "empty rows",
}
REASONS_SHOWN = {
    Reason.BELOW: "Below the lowest accepted build",
    Reason.ABOVE: "Above the highest accepted build",
    Reason.RELEASE: "Release is not accepted",
}
_STEPS = (
    (0, 0, "0", "good"),
    (1, 1, "1", "fair"),
    (2, 2, "2", "warn"),
    (3, 3, "3", "warn"),
    (4, 6, "4–6", "bad"),
    (7, 12, "7–12", "bad"),
    (13, 10**6, "13+", "worst"),
)
_QUARTERS = 12
_ATTENTION_SHOWN = 25
_POLICY_ROWS_SHOWN = 15
_LANES_SHOWN = 24
_ENDED_DAYS_SHOWN = 365


class ReleaseRow(msgspec.Struct):
    """A line of the table of releases; `until` is the last day of support of the longest supported edition."""

    name: str
    devices: int = 0
    good: int = 0
    supported: int = 0
    behind: int = 0
    until: date | None = None


def fleet_report(
    tally: Tally,
    facts: Freshness,
    title: str,
    *,
    source: str = "",
    incomplete: Sequence[str] = (),
    allow_stale: bool = False,
    policy: Impact | None = None,
) -> str:
    """Return the whole page. It needs nothing from outside, and no script.

    `source` names the input; `incomplete` says what is missing from it, such as further pages. `policy` is what a
    compliance policy would make of the devices.
    """
    summary, groups = tally.summary(), [each for each in tally.groups if each.devices]
    servers = [each for each in groups if each.answer.family is Family.SERVER]
    clients = [each for each in groups if each.answer.family is not Family.SERVER]
    rows = attention(groups, allow_stale)
    leaving = [each for each in tally.leaving() if each.days_left >= -_ENDED_DAYS_SHOWN]
    return rendered(
        "report.html",
        title=title,
        style=style(),
        source=source,
        facts=facts,
        incomplete=incomplete,
        summary=summary,
        cards=_cards(groups, allow_stale),
        support=stacked(_states(summary)),
        patch=columns(list(_patch_levels(summary, groups))),
        leaving=columns(list(_leaving(groups, facts.today))),
        timeline=timeline(list(_lanes(leaving)), facts.today),
        ended=sum(each.devices for each in tally.leaving() if each.days_left < -_ENDED_DAYS_SHOWN),
        remaining=columns(list(_remaining(groups, facts.today))),
        releases=_release_rows(clients, allow_stale),
        servers=_release_rows(servers, allow_stale),
        attention=rows[:_ATTENTION_SHOWN],
        most=max((each.devices for each in rows), default=1),
        others=sum(each.devices for each in rows[_ATTENTION_SHOWN:]),
        broken=tally.broken[:10],
        policy=policy,
        policy_rows=() if policy is None else policy.rows[:_POLICY_ROWS_SHOWN],
        reasons_shown=REASONS_SHOWN,
        support_shown=SUPPORT_SHOWN,
        skipped_shown=SKIPPED_SHOWN,
    )


def _cards(groups: Sequence[Group], allow_stale: bool) -> list[tuple[str, str, int]]:
    """Return the exclusive states, which add up to the fleet."""
    counted = verdicts(groups, allow_stale)
    return [(label, tone, counted[state]) for state, tone, label in CARDS]


def _states(summary: Summary) -> Iterator[tuple[str, int, str]]:
    for state, count in summary.support.items():
        label, tone = SUPPORT_SHOWN[Support(state)]
        yield label, count, tone


def _patch_levels(summary: Summary, groups: Sequence[Group]) -> Iterator[tuple[str, int, str]]:
    """Return the devices by Patch Tuesdays behind; what is current only as far as the facts reach is not certain."""
    doubtful = sum(each.devices for each in groups if each.answer.patch_tuesdays_behind == 0 and _is_doubtful(each))
    for least, most, label, tone in _STEPS:
        count = sum(count for step, count in summary.behind.items() if least <= step <= most)
        yield label, count - doubtful * (least == 0), tone
    yield "?", summary.devices - sum(summary.behind.values()) + doubtful, "unknown"


def _is_doubtful(group: Group) -> bool:
    return group.answer.patch in (Patch.CURRENT_AS_FAR_AS_KNOWN, Patch.NEWER)


def _lanes(leaving: list[Leaving]) -> Iterator[tuple[str, str, str, date]]:
    for each in leaving[:_LANES_SHOWN]:
        devices = f"{each.devices:,} device{'s' * (each.devices != 1)}"
        state = "ended" if each.days_left < 0 else "until"
        note = f"{state} {each.support_end_date} · {devices}"
        yield f"{each.release}, {each.servicing}", note, tone_of(each.days_left), each.support_end_date


def tone_of(days_left: int) -> str:
    """Return the colour of a support that has so many days left."""
    return "bad" if days_left < 0 else "warn" if days_left <= 182 else "good"


def _ends(groups: Sequence[Group]) -> Counter[date]:
    """Return the last days of support, with the number of supported devices that each has."""
    ends: Counter[date] = Counter()
    for each in groups:
        if each.answer.is_supported and (end := _last_day(each.answer)) is not None:
            ends[end] += each.devices
    return ends


def _last_day(answer: Answer) -> date | None:
    return answer.extended_until if answer.support is Support.EXTENDED else answer.support_end_date


def _leaving(groups: Sequence[Group], today: date) -> Iterator[tuple[str, int, str]]:
    """Return the number of today's supported devices that leave support in each quarter."""
    ends = _ends(groups)
    first, days = today, quarters(today, _QUARTERS)
    for number, (day, label) in enumerate(zip(days, _labels(days), strict=True)):
        count = sum(devices for end, devices in ends.items() if first <= end <= day)
        yield label, count, "bad" if number < 2 else "warn" if number < 4 else "fair"
        first = date.fromordinal(day.toordinal() + 1)
    yield "later", sum(devices for end, devices in ends.items() if end > days[-1]), "good"


def _remaining(groups: Sequence[Group], today: date) -> Iterator[tuple[str, int, str]]:
    """Return the number of today's supported devices that are still supported at the end of each quarter."""
    ends = _ends(groups)
    whole = sum(ends.values()) or 1
    days = quarters(today, _QUARTERS)
    for day, label in zip(days, _labels(days), strict=True):
        left = sum(count for end, count in ends.items() if end >= day)
        yield label, left, "good" if left > 0.8 * whole else "warn" if left else "bad"


def _labels(days: Sequence[date]) -> Iterator[str]:
    """Return the quarters of days: `Q4`, with the year below the first one of each year."""
    year = 0
    for day in days:
        quarter = f"Q{(day.month + 2) // 3}"
        yield quarter if day.year == year else f"{quarter}\n{day.year}"
        year = day.year


def _release_rows(groups: Sequence[Group], allow_stale: bool) -> list[ReleaseRow]:
    rows: dict[str, ReleaseRow] = {}
    for each in groups:
        answer = each.answer
        name = " or ".join(answer.candidates) or "Unknown"
        row = rows.setdefault(name, ReleaseRow(name))
        row.devices += each.devices
        row.good += each.devices * (verdict(answer, allow_stale) is Verdict.GOOD)
        row.supported += each.devices * answer.is_supported
        row.behind += each.devices * (answer.patch is Patch.BEHIND)
        row.until = max(filter(None, (row.until, *(end.support_end_date for end in answer.ends))), default=None)
    return sorted(rows.values(), key=lambda row: -row.devices)
