"""Ranges for every Patch Tuesday since 2024 and every rule, recomputed from the raw facts in another way.

The product goes through the builds of a release in order. Here, the shipped file is read as plain JSON, each known
build is judged alone, and each range is looked at from the outside: which of the known builds does it hold?
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from osimages.windows import bundled
from osimages.windows.policy import AcceptedRange, Highest, PolicyRule, accepted_ranges
from osimages.windows.servicing import Servicing

SHIPPED: dict[str, Any] = json.loads(files("osimages.windows").joinpath("windows.json").read_bytes())
LAST_DAY = date.fromisoformat(SHIPPED["asOf"])
HOTPATCHES = ("hotpatch", "hotpatch out-of-band")
NOT_ASKED = ("Team (Surface Hub)", "Windows 11 SE", "IoT Core")  # editions that count only for who asks for them


class Rule(NamedTuple):
    """The parts of a rule that differ between the cases."""

    level: int
    grace: int
    editions: tuple[str, ...]
    include_esu: bool
    servers: bool


# A Patch Tuesday is 7 days old on the second of the days that are looked at, and not 8.
RULES = [
    *(Rule(level, grace, (), include_esu=True, servers=True) for level in (0, 1, 2) for grace in (0, 7, 8)),
    *(
        Rule(level, 0, editions, include_esu, servers=False)
        for level in (0, 1, 2)
        for editions, include_esu in (
            ((), False),
            (("Home/Pro",), False),
            (("Enterprise/Education", "Enterprise LTSC"), True),
        )
    ),
]


def second_tuesday(year: int, month: int) -> date:
    """The second Tuesday, found in the calendar of the month."""
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    return [day for week in weeks for day in week if day.month == month and day.weekday() == calendar.TUESDAY][1]


TUESDAYS = [second_tuesday(year, month) for year in range(2015, 2028) for month in range(1, 13)]
DAYS = [day for day in TUESDAYS if date(2024, 1, 1) <= day <= LAST_DAY]
RELEASES = [
    (
        raw | {"updates": [(*row[:2], row[2] and date.fromisoformat(row[2]), *row[3:]) for row in raw["updates"]]},
        is_server,
    )
    for name, is_server in (("releases", False), ("servers", True))
    for raw in SHIPPED[name]
]


def required_day(day: date, rule: Rule) -> date:
    return [each for each in TUESDAYS if each + timedelta(days=rule.grace) <= day][-1 - rule.level]


@lru_cache
def tuesday_of(month: str) -> date:
    return second_tuesday(int(month[:4]), int(month[5:]))


def is_supported(release: dict[str, Any], day: date, rule: Rule, *, is_server: bool) -> bool:
    ends: dict[str, str] = {}
    for _, end, servicing, *_ in release["editions"]:
        ends[servicing] = max(end, ends.get(servicing, ""))
    ends |= {servicing: end for servicing, _, end, *_ in release.get("groups", [])}
    asked = rule.editions if rule.editions and not is_server else [each for each in ends if each not in NOT_ASKED]
    if rule.include_esu:
        for _, groups, years, *_ in release.get("esu", []):
            for servicing in groups:
                if servicing in ends:
                    ends[servicing] = max(ends[servicing], *years)
    return release["generalAvailability"] <= str(day) and any(ends.get(each, "") >= str(day) for each in asked)


def judged(release: dict[str, Any], day: date, rule: Rule) -> dict[int, bool] | None:
    """Each known build that existed on the day, and whether it is good enough; None where that cannot be known."""
    required = required_day(day, rule)
    bs = []
    for revision, _, released, _, month, is_canonical, *_ in release["updates"]:
        if is_canonical:
            tuesday = tuesday_of(month)
            if max(tuesday, released or tuesday) + timedelta(days=rule.grace) <= day and tuesday <= required:
                bs.append((tuesday, revision))
    newest = max(bs, default=(date.min, 0))[0]
    highest = max((revision for _, revision in bs), default=0)
    if not bs and release["generalAvailability"] <= str(required):
        return None
    found: dict[int, bool] = {}
    for revision, _, released, kind, *_ in release["updates"]:
        if released is not None and released > day:
            continue
        if kind in HOTPATCHES:
            is_good = max(each for each in TUESDAYS if each <= released) >= newest
        else:
            is_good = revision >= highest
        found[revision] = found.get(revision, False) or is_good
    return found


def raw_releases(rule: Rule) -> Iterator[tuple[dict[str, Any], bool]]:
    yield from ((raw, is_server) for raw, is_server in RELEASES if rule.servers or not is_server)


def holds(ranges: list[AcceptedRange], revision: int) -> bool:
    return any(each.lowest.revision <= revision <= each.highest.revision for each in ranges)


@pytest.mark.parametrize("offset", [0, 7])
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_ranges_hold_exactly_the_builds_that_are_good_enough(day: date, offset: int) -> None:
    day = min(day + timedelta(days=offset), LAST_DAY)
    for rule in RULES:
        expected = {
            raw["id"]: judged(raw, day, rule)
            for raw, is_server in raw_releases(rule)
            if is_supported(raw, day, rule, is_server=is_server)
        }
        found = accepted_ranges(bundled(), product_rule(day, rule))
        assert found.required == required_day(day, rule)
        ranges: dict[str, list[AcceptedRange]] = {}
        for each in found.ranges:
            ranges.setdefault(each.release, []).append(each)
        assert {each.release for each in found.cannot_tell} == {name for name, builds in expected.items() if not builds}
        assert set(ranges) == {name for name, builds in expected.items() if builds}, (day, rule)
        for name, builds in expected.items():
            if builds:
                check_ranges(ranges[name], builds)


def check_ranges(ranges: list[AcceptedRange], builds: dict[int, bool]) -> None:
    for revision, is_good in builds.items():
        assert holds(ranges, revision) == is_good, (ranges, revision)
    assert all(builds[each.lowest.revision] for each in ranges), "the lower end is a build that is good enough"
    assert ranges[-1].highest.revision in (65535, 29999)
    for before, after in pairwise(ranges):
        between = [each for each in builds if before.highest.revision < each < after.lowest.revision]
        assert between, "two ranges without a build between them are one"
        assert not any(builds[each] for each in between)


def product_rule(day: date, rule: Rule, highest: Highest = Highest.FAMILY) -> PolicyRule:
    return PolicyRule(
        day=day,
        level=rule.level,
        grace_days=rule.grace,
        editions=tuple(map(Servicing, rule.editions)),
        include_esu=rule.include_esu,
        servers=rule.servers,
        highest=highest,
    )


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_newest_known_build_is_that_of_the_day(day: date) -> None:
    rule = RULES[0]
    for each in accepted_ranges(bundled(), product_rule(day, rule, Highest.KNOWN)).ranges:
        raw = next(raw for raw, _ in raw_releases(rule) if raw["id"] == each.release)
        known = [revision for revision, _, released, *_ in raw["updates"] if (released or date.min) <= day]
        assert each.highest.revision <= max(known)
        if each.lowest.revision == max(known):
            assert each.highest == each.lowest


def test_the_facts_have_hotpatches_for_the_days_that_are_looked_at() -> None:
    kinds = [row[3] for raw in SHIPPED["releases"] for row in raw["updates"] if (row[2] or "") >= "2024"]
    assert kinds.count("hotpatch") >= 20
    assert kinds.count("hotpatch out-of-band") > 5
