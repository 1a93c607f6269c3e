"""The report of a fleet as one self-contained HTML page: what is supported, what is behind, and what ends when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import msgspec

from osimages.catalogue.answers import Answer, Patch, Support
from osimages.fleet.tally import Facts, Group, Leaving, Summary, Tally, is_good
from osimages.pages.charts import columns, quarters, stacked, timeline
from osimages.pages.environment import rendered, style

SUPPORT_SHOWN = {
    Support.SUPPORTED: ("Supported", "good"),
    Support.EXTENDED: ("Ended, ESU only", "extended"),
    Support.DEPENDS: ("Depends on the edition", "unsure"),
    Support.ENDED: ("Ended", "bad"),
    Support.NOT_RELEASED: ("Not released yet", "unsure"),
    Support.UNKNOWN: ("Unknown", "unknown"),
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
_QUARTERS = 16
_ATTENTION_SHOWN = 25
_LANES_SHOWN = 30


class ReleaseRow(msgspec.Struct):
    """A line of the table of releases."""

    name: str
    devices: int = 0
    good: int = 0
    supported: int = 0
    behind: int = 0


def fleet_report(tally: Tally, facts: Facts, title: str) -> str:
    """The whole page, as text. It needs nothing from outside, and no script."""
    summary = tally.summary()
    return rendered(
        "report.html",
        title=title,
        style=style(),
        today=tally.checker.today,
        facts=facts,
        measured_against=tally.measured_against(),
        summary=summary,
        ended=summary.support[Support.ENDED] + summary.support[Support.EXTENDED],
        behind=summary.patch[Patch.BEHIND],
        unknown_days=tally.unknown_patch_tuesdays(),
        support=stacked(_states(summary)),
        patch=columns(list(_patch_levels(summary))),
        timeline=timeline(list(_lanes(tally.leaving())), tally.checker.today),
        remaining=columns(list(_remaining(tally.groups, tally.checker.today))),
        releases=_release_rows(tally.groups),
        attention=_attention(tally.groups),
        others=max(0, sum(not is_good(each.answer) for each in tally.groups) - _ATTENTION_SHOWN),
        broken=tally.broken[:10],
        support_shown=SUPPORT_SHOWN,
    )


def _states(summary: Summary) -> Iterator[tuple[str, int, str]]:
    for state, count in summary.support.items():
        label, tone = SUPPORT_SHOWN[Support(state)]
        yield label, count, tone


def _patch_levels(summary: Summary) -> Iterator[tuple[str, int, str]]:
    for least, most, label, tone in _STEPS:
        yield label, sum(count for step, count in summary.behind.items() if least <= step <= most), tone
    yield "?", summary.patch[Patch.UNKNOWN] + summary.patch[Patch.NOT_STATED], "unknown"


def _lanes(leaving: list[Leaving]) -> Iterator[tuple[str, str, str, date]]:
    for each in leaving[:_LANES_SHOWN]:
        devices = f"{each.devices:,} device{'s' * (each.devices != 1)}"
        state = "ended" if each.days_left < 0 else "until"
        note = f"{state} {each.support_end_date} · {devices}"
        yield f"{each.release}, {each.servicing}", note, tone_of(each.days_left), each.support_end_date


def tone_of(days_left: int) -> str:
    """The colour of a support that has so many days left."""
    return "bad" if days_left < 0 else "warn" if days_left <= 182 else "good"


def _remaining(groups: list[Group], today: date) -> Iterator[tuple[str, int, str]]:
    """How many of today's devices are still supported at the end of each quarter, if nothing is done."""
    ends: Counter[date] = Counter()
    for each in groups:
        if each.answer.support is Support.SUPPORTED and each.answer.support_end_date is not None:
            ends[each.answer.support_end_date] += each.devices
    whole = sum(ends.values()) or 1
    for day in quarters(today, _QUARTERS):
        left = sum(count for end, count in ends.items() if end >= day)
        yield f"{day.year} Q{(day.month + 2) // 3}", left, "good" if left > 0.8 * whole else "warn" if left else "bad"


def _release_rows(groups: list[Group]) -> list[ReleaseRow]:
    rows: dict[str, ReleaseRow] = {}
    for each in groups:
        answer = each.answer
        row = rows.setdefault(answer.release or "Unknown", ReleaseRow(answer.release or "Unknown"))
        row.devices += each.devices
        row.good += each.devices * is_good(answer)
        row.supported += each.devices * answer.is_supported
        row.behind += each.devices * (answer.patch is Patch.BEHIND)
    return sorted(rows.values(), key=lambda row: -row.devices)


def _attention(groups: list[Group]) -> list[tuple[Group, str]]:
    """The kinds of devices that are not in order, most devices first, each with what is to be done."""
    found = sorted((each for each in groups if not is_good(each.answer)), key=lambda each: -each.devices)
    return [(each, to_do(each.answer)) for each in found[:_ATTENTION_SHOWN]]


def to_do(answer: Answer) -> str:
    """What would bring a device in order."""
    if answer.release is None:
        return answer.notes[0] if answer.notes else "find out what it runs"
    if answer.support is Support.ENDED:
        return "move to a release that is supported"
    if answer.support is Support.EXTENDED:
        return "move to Windows 11, or make sure that it has Extended Security Updates"
    if answer.support is Support.DEPENDS:
        return "find out its edition: some have ended"
    if not answer.is_supported:
        return answer.notes[0] if answer.notes else "find out what it runs"
    if answer.latest is not None and answer.patch is Patch.BEHIND:
        return f"update to {answer.latest.build_version}{f' ({answer.latest.kb})' if answer.latest.kb else ''}"
    return "find out its exact build"
