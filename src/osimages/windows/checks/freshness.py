"""Freshness of the catalogue on a day: how far its facts reach, also as one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from osimages.windows.checks.answers import Answer
from osimages.windows.facts import Catalogue
from osimages.windows.images import patch_tuesdays_known

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Freshness(msgspec.Struct, frozen=True, rename="camel"):
    """The reach of the facts; `is_stale` where a Patch Tuesday is due and its build is not known for a release."""

    today: date
    complete_until: date
    newest_patch_tuesday: date | None
    unknown_patch_tuesdays: tuple[date, ...]
    stale_releases: tuple[str, ...]
    is_stale: bool
    sentence: str


def freshness(catalogue: Catalogue, today: date, age_days: int, answers: Iterable[Answer] = ()) -> Freshness:
    """Return how far the facts reach for the devices of `answers`."""
    known = patch_tuesdays_known(catalogue, today, age_days)
    newest = known[0] if known else None
    missing: set[date] = set()
    releases: dict[str, None] = {}
    for each in answers:
        if each.unknown_patch_tuesdays:
            missing.update(each.unknown_patch_tuesdays)
            releases |= dict.fromkeys(each.candidates)
    unknown, stale = tuple(sorted(missing)), tuple(releases)
    text = f"On {today}, by facts complete to {catalogue.complete_until}; newest Patch Tuesday known: {month(newest)}."
    if stale:
        text += f" {due_sentence(unknown)} not known for {', '.join(stale)}: run osimages catalogue update."
    return Freshness(today, catalogue.complete_until, newest, unknown, stale, bool(stale), text)


def month(day: date | None) -> str:
    """Return the month of a day in words: "November 2026"."""
    return "none" if day is None else f"{month_name(day)} {day.year}"


def month_name(day: date) -> str:
    """Return the name of the month of a day."""
    return _MONTHS[day.month - 1]


def due_sentence(unknown: Sequence[date]) -> str:
    """Return the subject and verb of a sentence about unknown Patch Tuesdays: "The build of December 2026 is"."""
    if len(unknown) == 1:
        return f"The build of {month(unknown[0])} is"
    return f"Builds of {len(unknown)} Patch Tuesdays since {month(unknown[0])} are"
