"""Of which kind an update is, and of which month a B release: label before title before calendar."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar

import msgspec

from osimages.windows.calendar import MONTHS_WITHOUT_PATCH_TUESDAY, patch_tuesday
from osimages.windows.facts import Kind
from osimages.windows.merge.claims import Title

_Key = TypeVar("_Key")
_LABEL = re.compile(r"(\d{4})[-.](\d{2}) (OOB|[A-E])\b")
_LETTERS = {
    "A": Kind.GENERAL_AVAILABILITY,
    "B": Kind.B,
    "C": Kind.PREVIEW,
    "D": Kind.PREVIEW,
    "E": Kind.PREVIEW,
    "OOB": Kind.OUT_OF_BAND,
}
_TITLES = {
    Title.PREVIEW: Kind.PREVIEW,
    Title.OUT_OF_BAND: Kind.OUT_OF_BAND,
    Title.HOTPATCH: Kind.HOTPATCH,
    Title.HOTPATCH_OUT_OF_BAND: Kind.HOTPATCH_OUT_OF_BAND,
}

LABEL = "ms-label"
LABEL_OF_GENERAL_AVAILABILITY = "ms-label A (week of release)"
LABEL_OF_SIBLING = "ms-label of sibling build, same KB"
LABEL_OF_ANOTHER = "ms-label of another Windows 10 version, same day"
TITLE = "title"
TUESDAY_AND_TITLE = "second Tuesday, no Preview/Out-of-band in title"
TUESDAY_BEFORE_LABEL_A = "second Tuesday (KB page); release table lists the same build as A on GA day"
TUESDAY = "second Tuesday"
WEDNESDAY = "day after the second Tuesday, in MSRC, no other B that month"
SIBLING = "date and type of the same KB on a sibling build"
NO_KB = "no KB in release table"
NO_LABEL = "not second Tuesday, no label in title"
NO_DATE = "no date in any source"
HOTPATCH_CALENDAR = "hotpatch calendar"
TUESDAY_AND_FIELD = "second Tuesday; field"
KB_OF_REVISION = "KB of the same revision on 26200/26100"
# Microsoft's table labels the image of general availability as a preview; its revision is that of a B release.
IMAGE_OF_B = "GA day image; revision of the October 2022 B"
COPIED = "listed as a build of that month by another server"

# A label of the update itself; with the other bases it is another's, or there is none.
OWN_LABELS = (LABEL, LABEL_OF_GENERAL_AVAILABILITY, TUESDAY_BEFORE_LABEL_A)

# What stands on a basis further down in this list goes before what stands on one further up.
_STRENGTH = {
    basis: strength
    for strength, group in enumerate(
        (
            (NO_DATE,),
            (NO_LABEL,),
            (COPIED,),
            (SIBLING, NO_KB, TUESDAY, TUESDAY_AND_FIELD, WEDNESDAY, KB_OF_REVISION),
            (TUESDAY_AND_TITLE, LABEL_OF_ANOTHER),
            (TITLE, HOTPATCH_CALENDAR),
            (LABEL_OF_SIBLING,),
            OWN_LABELS,
            (IMAGE_OF_B,),
        )
    )
    for basis in group
}


class Label(msgspec.Struct, frozen=True):
    """Microsoft's label, read: `2026-09 D`, or `2026.09 D` as the hotpatch calendar and Graph write it."""

    year: int
    month: int
    letter: str

    @property
    def kind(self) -> Kind:
        """The kind that the letter stands for."""
        return _LETTERS[self.letter]

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02} {self.letter}"


def read_label(text: str) -> Label | None:
    """Return the label, or None where the text is none (the pages leave the place empty for general availability)."""
    found = _LABEL.match(" ".join(text.split()))
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    return Label(int(found[1]), int(found[2]), found[3])


class Evidence(msgspec.Struct, frozen=True):
    """What there is to decide the kind of one update by. `label` is the strongest label of the update itself."""

    product: str
    kb: str | None
    day: date | None
    label: Label | None
    titles: frozenset[Title]
    is_hotpatch: bool = False
    is_in_msrc: bool = False
    is_in_table: bool = False  # it stands in a table of Microsoft's, with or without a label
    month: tuple[int, int] | None = None  # that another server gives to it as a B release


class Decision(msgspec.Struct, frozen=True):
    """A kind, what it stands on, and the month of a B release."""

    kind: Kind
    basis: str
    year: int | None = None
    month: int | None = None

    @property
    def strength(self) -> int:
        """A decision of a higher strength goes before one of a lower."""
        return _STRENGTH.get(self.basis, 0)


class Neighbours(msgspec.Struct, frozen=True):
    """The labels of other updates: by KB and day, and by day (of Windows 10 alone), where those there are agree."""

    by_kb: Mapping[tuple[str, date | None], Label]
    by_day: Mapping[date, Label]


def neighbours(evidence: Iterable[Evidence]) -> Neighbours:
    """Return the labels that an update without one may borrow."""
    kbs: dict[tuple[str, date | None], set[Label]] = {}
    days: dict[date, set[Label]] = {}
    for each in evidence:
        if each.label is None or each.label.letter == "A" or each.is_hotpatch:
            continue
        if each.kb is not None:
            kbs.setdefault((each.kb, each.day), set()).add(each.label)
        if each.day is not None and each.product == "Windows 10":
            days.setdefault(each.day, set()).add(each.label)
    return Neighbours(_agreed(kbs), _agreed(days))


def _agreed(found: Mapping[_Key, set[Label]]) -> dict[_Key, Label]:
    return {key: next(iter(labels)) for key, labels in found.items() if len(labels) == 1}


def decide(evidence: Evidence, others: Neighbours) -> Decision:
    """Return the kind of an update, by the strongest thing that is known of it."""
    if evidence.is_hotpatch or evidence.titles & {Title.HOTPATCH, Title.HOTPATCH_OUT_OF_BAND}:
        is_out_of_band = evidence.titles & {Title.OUT_OF_BAND, Title.HOTPATCH_OUT_OF_BAND}
        return Decision(Kind.HOTPATCH_OUT_OF_BAND if is_out_of_band else Kind.HOTPATCH, TITLE)
    own = evidence.label
    if own is not None and own.letter == "A":
        if evidence.day is not None and is_patch_tuesday(evidence.day) and Title.PLAIN in evidence.titles:
            return _b(TUESDAY_BEFORE_LABEL_A, evidence.day)
        return Decision(Kind.GENERAL_AVAILABILITY, LABEL_OF_GENERAL_AVAILABILITY)
    if own is not None:
        return _by_label(own, LABEL)
    if evidence.kb is not None and (sibling := others.by_kb.get((evidence.kb, evidence.day))) is not None:
        return _by_label(sibling, LABEL_OF_SIBLING)
    return _by_title_and_day(evidence, others)


def _by_title_and_day(evidence: Evidence, others: Neighbours) -> Decision:
    told = sorted({_TITLES[each] for each in evidence.titles if each in _TITLES})
    if told:
        return Decision(told[0], TITLE)
    if evidence.kb is None and evidence.is_in_table:
        return Decision(Kind.GENERAL_AVAILABILITY, NO_KB)
    if evidence.month is not None and evidence.day is None:
        return Decision(Kind.B, COPIED, *evidence.month)
    if evidence.day is None:
        return Decision(Kind.UNKNOWN, NO_DATE)
    if is_patch_tuesday(evidence.day):
        return _b(TUESDAY_AND_TITLE if Title.PLAIN in evidence.titles else TUESDAY, evidence.day)
    another = others.by_day.get(evidence.day) if evidence.product == "Windows 10" else None
    if another is not None and another.kind is not Kind.B:
        return _by_label(another, LABEL_OF_ANOTHER)
    return Decision(Kind.UNLABELLED, NO_LABEL)


def _by_label(label: Label, basis: str) -> Decision:
    month = (label.year, label.month) if label.kind is Kind.B else (None, None)
    return Decision(label.kind, basis, *month)


def _b(basis: str, day: date) -> Decision:
    return Decision(Kind.B, basis, day.year, day.month)


def is_patch_tuesday(day: date) -> bool:
    """Return whether updates were released on that day as on the second Tuesday of its month."""
    return day == patch_tuesday(day.year, day.month) and (day.year, day.month) not in MONTHS_WITHOUT_PATCH_TUESDAY


def b_of_another_day(
    evidence: Evidence, decision: Decision, others: Neighbours, months: Collection[tuple[int, int]]
) -> Decision:
    """The decision as a B release of another day than Patch Tuesday, where a month would have none; else as it was.

    The B releases of 2018-01 came out on 2018-01-03 and are labelled in one version alone; that of Windows 10 1507 of
    2025-04 came out on the Wednesday. `months` are those of which the release has a B release.
    """
    day = evidence.day
    if decision.kind is not Kind.UNLABELLED or day is None:
        return decision
    another = others.by_day.get(day) if evidence.product == "Windows 10" else None
    if another is not None and another.kind is Kind.B and (another.year, another.month) not in months:
        return _by_label(another, LABEL_OF_ANOTHER)
    if evidence.is_in_msrc and is_patch_tuesday(day - timedelta(days=1)) and (day.year, day.month) not in months:
        return _b(WEDNESDAY, day)
    return decision
