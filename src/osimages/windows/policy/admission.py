"""The builds that version ranges admit, and whether other ranges admit builds that were too old before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from osimages.windows.builds import Build

_PARTS = 4
_PART_BITS = 32
_PART = (1 << _PART_BITS) - 1

Family = tuple[int, int, int]  # a version without its revision, such as (10, 0, 26100)


class Span(msgspec.Struct, frozen=True, order=True):
    """The builds from `lowest` to `highest`, both included; none where `lowest` is the higher one."""

    lowest: Build
    highest: Build

    @property
    def family(self) -> Family | None:
        """The family that all builds of the span belong to; None where it has several."""
        family = family_of(self.lowest)
        return family if family == family_of(self.highest) else None

    def __str__(self) -> str:
        return str(self.lowest) if self.lowest == self.highest else f"{self.lowest} to {self.highest}"


def family_of(build: Build) -> Family:
    """Return a build's version without the revision."""
    return build.major, build.minor, build.build


def version_of(text: object, least_parts: int = _PARTS) -> Build | None:
    """Return the version in a setting of a policy, None where it is none.

    A version with fewer than four numbers is read with zeros where `least_parts` allows it.
    """
    if not isinstance(text, str):
        return None
    parts = text.strip().split(".")
    if not least_parts <= len(parts) <= _PARTS:
        return None
    try:
        return Build.parse(".".join((*parts, *["0"] * (_PARTS - len(parts)))))
    except ValueError:
        return None


def lowered(before: Iterable[Span], after: Iterable[Span]) -> tuple[Span, ...]:
    """Return the builds that `after` admits although they were too old for `before`, as spans in ascending order.

    In a family that `before` admits builds of, these are all newly admitted builds below the highest one of them: also
    those in a gap. Of any other family, they are the builds below the lowest one that `before` admits. What is newer is
    an addition: the next release, or a range that ends later.
    """
    old, new = _merged(before), _merged(after)
    if not old:
        return ()
    starts = [low for low, _ in old]
    found: list[Span] = []
    for low, high in _difference(new, old):
        for start, end in _by_family(low, high):
            first, last = _family_bounds(start)
            # The last interval that begins in or before the family.
            newest = bisect_right(starts, last) - 1
            is_admitted = newest >= 0 and old[newest][1] >= first
            if start < (min(old[newest][1], last) if is_admitted else old[0][0]):
                found.append(Span(_build(start), _build(end)))
    return tuple(found)


def _merged(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Return the spans as ascending intervals of numbers that neither touch nor overlap."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted((_number(each.lowest), _number(each.highest)) for each in spans):
        if low > high:
            continue
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged


def _difference(wanted: Sequence[tuple[int, int]], without: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is in the intervals of the first sequence and in none of the second one; both are ascending."""
    index = 0
    for low, high in wanted:
        start = low
        while index < len(without) and without[index][1] < start:
            index += 1
        at = index
        while at < len(without) and without[at][0] <= high:
            begin, end = without[at]
            if begin > start:
                yield start, begin - 1
            start = end + 1
            at += 1
        if start <= high:
            yield start, high


def _by_family(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Split an interval into the parts of its first family, of those between, and of its last family."""
    _, end = _family_bounds(low)
    if high <= end:
        yield low, high
        return
    begin, _ = _family_bounds(high)
    yield low, end
    if end + 1 < begin:
        yield end + 1, begin - 1
    yield begin, high


def _family_bounds(number: int) -> tuple[int, int]:
    return number & ~_PART, number | _PART


def _number(build: Build) -> int:
    number = 0
    for part in (build.major, build.minor, build.build, build.revision):
        number = number << _PART_BITS | part
    return number


def _build(number: int) -> Build:
    return Build(*(number >> _PART_BITS * place & _PART for place in (3, 2, 1, 0)))
