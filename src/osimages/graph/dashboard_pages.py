"""The pages of the dashboard: what is supported until when, every update of a release, and a form to check a build."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import lru_cache

import msgspec

from osimages.windows.calendar import next_patch_tuesday
from osimages.windows.checks.answers import Answer, Fact, Patch
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.freshness import Freshness, freshness, month
from osimages.windows.checks.patch_level import fact_of
from osimages.windows.facts import Catalogue
from osimages.windows.fleet.attention import action
from osimages.windows.images import b_releases, published
from osimages.windows.release_history import find_release, history
from osimages.windows.report.charts import timeline
from osimages.windows.report.html_report import SUPPORT_SHOWN, tone_of
from osimages.windows.report.template_environment import rendered
from osimages.windows.servicing import Servicing

_EDITIONS = ("", *map(str, Servicing))
_BUILDS_SHOWN = 3
# The state of the updates and its tone; a build that is behind is shown with the number of Patch Tuesdays.
PATCH_SHOWN = {
    Patch.CURRENT: ("current", "good"),
    Patch.CURRENT_AS_FAR_AS_KNOWN: ("current as far as known", "warn"),
    Patch.NEWER: ("newer than the catalogue", "warn"),
    Patch.BEHIND: ("behind", "warn"),
    Patch.FINAL: ("last update installed", "unknown"),
    Patch.NOT_STATED: ("updates not stated", "unknown"),
    Patch.UNKNOWN: ("updates not known", "unknown"),
}


class Shown(msgspec.Struct, frozen=True):
    """What all pages show of the service. Numbers are None where they are not for everybody."""

    catalogue: Catalogue
    today: date
    age_days: int
    version: str
    authority: str
    tenants: str | None = None
    images: str | None = None


class Row(msgspec.Struct, frozen=True):
    """A release that is published: the state of its editions, and its newest builds."""

    answer: Answer
    builds: tuple[Fact, ...]
    architectures: str


@lru_cache(4)
def overview(shown: Shown) -> str:
    """Return the first page."""
    checker = Checker(shown.catalogue, shown.today, age_days=shown.age_days)
    images = published(shown.catalogue, shown.today, shown.age_days)
    rows = [_row(checker, each) for each in images]
    lanes = [
        (
            f"{row.answer.release}, {end.servicing}",
            _until(end.support_end_date, end.days_left),
            tone_of(end.days_left),
            end.support_end_date,
        )
        for row in rows
        for end in row.answer.ends
        if end.days_left >= 0
    ]
    known = Counter(row.builds[0].patch_tuesday for row in rows if row.builds)
    return rendered(
        "overview.html",
        shown=shown,
        up="",
        rows=list(reversed(rows)),
        supported=sum(any(end.days_left >= 0 for end in row.answer.ends) for row in rows),
        newest=max(known, key=lambda day: known[day], default=None),
        following=next_patch_tuesday(shown.today),
        timeline=timeline(sorted(lanes, key=lambda lane: lane[3]), shown.today),
        editions=_EDITIONS,
        support_shown=SUPPORT_SHOWN,
        tone_of=tone_of,
    )


def check_page(shown: Shown, build: str, edition: str) -> str:
    """Return the form, and below it what is known of a build where one was given."""
    answer = None
    reach = _freshness(shown)
    if build.strip():
        answer = Checker(shown.catalogue, shown.today, age_days=shown.age_days).check(build, edition or None)
        reach = freshness(shown.catalogue, shown.today, shown.age_days, (answer,))
    return rendered(
        "check.html",
        shown=shown,
        reach=reach,
        patch_words=PATCH_SHOWN,
        as_of=month(answer.current_as_of) if answer is not None else "",
        up="",
        build=build,
        edition=edition,
        editions=_EDITIONS,
        answer=answer,
        to_do=None if answer is None or (answer.is_supported and answer.is_current) else action(answer),
        support_shown=SUPPORT_SHOWN,
        tone_of=tone_of,
    )


@lru_cache(4)
def _freshness(shown: Shown) -> Freshness:
    """Return how far the facts reach for every release that is published."""
    checker = Checker(shown.catalogue, shown.today, age_days=shown.age_days)
    images = published(shown.catalogue, shown.today, shown.age_days)
    return freshness(shown.catalogue, shown.today, shown.age_days, map(checker.check, images))


@lru_cache(256)
def release_page(shown: Shown, name: str) -> str:
    """Return every update of a release, newest first. Raises UnknownReleaseError."""
    release = find_release(shown.catalogue, name)
    answer = Checker(shown.catalogue, shown.today, age_days=shown.age_days).check(release.id)
    return rendered(
        "release.html",
        shown=shown,
        up="../",
        release=release,
        answer=answer,
        entries=history(release),
        tone_of=tone_of,
    )


def not_found(shown: Shown, up: str) -> str:
    """What is said where there is no page."""
    return rendered("not_found.html", shown=shown, up=up)


def _row(checker: Checker, name: str) -> Row:
    release = find_release(checker.catalogue, name)
    builds = b_releases(release, checker.today, checker.age_days)[:_BUILDS_SHOWN]
    return Row(checker.check(release.id), tuple(map(fact_of, builds)), ", ".join(release.architectures))


def _until(end: date, days_left: int) -> str:
    return f"{'until' if days_left >= 0 else 'ended'} {end}"
