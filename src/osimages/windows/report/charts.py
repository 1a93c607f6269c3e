"""Where the parts of charts lie: positions across in percent, so that charts fit any width as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec


class Part(msgspec.Struct, frozen=True):
    """A part of a bar: from `x`, `width` wide, in percent; `tone` names its colour."""

    label: str
    value: int
    tone: str
    x: float
    width: float


class Tick(msgspec.Struct, frozen=True):
    """A labelled place on an axis, in percent."""

    label: str
    x: float


class Lane(msgspec.Struct, frozen=True):
    """One line of a timeline: a bar from the left to its end."""

    label: str
    note: str
    tone: str
    width: float


class Timeline(msgspec.Struct, frozen=True):
    """Lanes below one axis; `today` is where the present is, in percent."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    today: float


class Column(msgspec.Struct, frozen=True):
    """A column: what stands below it, its value, and its height from 0 to 100."""

    label: str
    value: int
    tone: str
    height: float
    x: float
    width: float


def stacked(parts: Iterable[tuple[str, int, str]]) -> tuple[Part, ...]:
    """One bar that is divided by the values of (label, value, tone); parts without a value are left out."""
    given = [each for each in parts if each[1]]
    whole = sum(value for _, value, _ in given) or 1
    found, x = [], 0.0
    for label, value, tone in given:
        width = 100 * value / whole
        found.append(Part(label, value, tone, round(x, 3), round(width, 3)))
        x += width
    return tuple(found)


def columns(given: Sequence[tuple[str, int, str]]) -> tuple[Column, ...]:
    """Columns side by side, the highest of height 100."""
    most = max((value for _, value, _ in given), default=0) or 1
    step = 100 / max(len(given), 1)
    return tuple(
        Column(label, value, tone, round(100 * value / most, 2), round(number * step, 3), round(step, 3))
        for number, (label, value, tone) in enumerate(given)
    )


def timeline(lanes: Sequence[tuple[str, str, str, date]], today: date) -> Timeline:
    """Lanes of (label, note, tone, end) on an axis from a year ago to the last end, at most six years ahead."""
    first = today - timedelta(days=365)
    ends = [end for *_, end in lanes]
    last = min(max([*ends, today + timedelta(days=365)]), today + timedelta(days=6 * 365))
    span = (last - first).days

    def across(day: date) -> float:
        return round(min(100.0, max(0.0, 100 * (day - first).days / span)), 2)

    ticks = [Tick(str(year), across(date(year, 1, 1))) for year in range(first.year + 1, last.year + 1)]
    return Timeline(
        tuple(Lane(label, note, tone, max(across(end), 0.6)) for label, note, tone, end in lanes),
        tuple(each for each in ticks if each.x < 96),
        across(today),
    )


def quarters(today: date, count: int) -> list[date]:
    """Return the last days of the quarters from the one of `today` on."""
    found = []
    year, quarter = today.year, (today.month - 1) // 3
    for _ in range(count):
        following = date(year + (quarter == 3), 1 if quarter == 3 else 3 * quarter + 4, 1)
        found.append(following - timedelta(days=1))
        year, quarter = following.year, (following.month - 1) // 3
    return found
