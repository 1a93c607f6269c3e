"""Microsoft's release information for Windows 10 and 11: current versions with their ends, and a history per version.

Columns are found by what their titles say, as these change ("Latest build", "OS build", "Latest update for ESU").
https://learn.microsoft.com/windows/release-health/windows11-release-information and .../release-information
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from osimages.windows.builds import Build
from osimages.windows.merge.claims import (
    ENTERPRISE_AND_EDUCATION,
    HOME_AND_PRO,
    Claim,
    EndClaim,
    Parsed,
    ReleaseClaim,
    UpdateClaim,
    latest,
)
from osimages.windows.merge.kinds import read_label
from osimages.windows.sources.parsing import LayoutError, build_of, day_of, page_of
from osimages.windows.sources.release_tables import Table, read_page

_CURRENT = (
    "'Version', 'Availability date', 'End of updates: Home, Pro...', 'End of updates: Enterprise...', 'Latest build'"
)
_HISTORY = "'Update type', 'Availability date', 'Build', 'KB article' below 'Version 26H2 (OS build 26300)'"
_EXPECTED = f"tables with the columns {_CURRENT}, and {_HISTORY}"
_FIRST_BUILD_OF_WINDOWS_11 = 22000
_SECTION = re.compile(r"Version (\d{2}(?:H\d|\d{2}))\b.{0,60}?\(OS builds? (\d{5})", re.IGNORECASE)
_VERSION = re.compile(r"(\d{2}(?:H\d|\d{2}))\b", re.IGNORECASE)
_KB = re.compile(r"KB\s?(\d{6,8})", re.IGNORECASE)
_BUILD = re.compile(r"\d{5}\.\d{1,6}")
_MOST_UNREADABLE = 0.2
_COLUMNS = {
    "version": re.compile(r"^version$", re.IGNORECASE),
    "available": re.compile(r"^availability date|^release date|^date$", re.IGNORECASE),
    "home": re.compile(r"end of (?:updates|servicing).*\b(?:home|pro)\b", re.IGNORECASE),
    "enterprise": re.compile(r"end of (?:updates|servicing).*\b(?:enterprise|education)\b", re.IGNORECASE),
    "build": re.compile(r"^(?:latest |os )?(?:os )?build$", re.IGNORECASE),
    "label": re.compile(r"^update type$", re.IGNORECASE),
    "kb": re.compile(r"^kb\b", re.IGNORECASE),
    "month": re.compile(r"^(?:calendar )?month$", re.IGNORECASE),
    "type": re.compile(r"^(?:release )?type$", re.IGNORECASE),
    "mainstream": re.compile(r"mainstream", re.IGNORECASE),
}
Form = Literal["current", "long-term", "history", "hotpatch", "other"]
Cells = Mapping[str, str]


def parse(content: bytes) -> Parsed:
    """Return the claims of a page. Raises LayoutError."""
    page = read_page(page_of(content))
    claims: list[Claim] = []
    rejected: list[tuple[str, str]] = []
    rows: Counter[Form] = Counter()
    for table in page.tables:
        places = _places(table.titles)
        form = _form(places)
        rows[form] += len(table.rows)
        claims += _read(form, table, places, rejected)
    if not (rows["current"] or rows["long-term"]) or not rows["history"]:
        seen = "; ".join(", ".join(each.titles) for each in page.tables[:5])
        raise LayoutError(f"expected {_EXPECTED}; found tables with {seen or 'nothing'}")
    if len(rejected) > _MOST_UNREADABLE * (rows["current"] + rows["history"]):
        raise LayoutError(f"expected {_EXPECTED}; {len(rejected)} rows are of another form, such as {rejected[0][0]}")
    return Parsed(latest(claims), tuple(rejected), day_of(page.updated))


def _places(titles: Sequence[str]) -> dict[str, int]:
    """In which column each thing stands; where several titles fit, in the last: the newest build is the last column."""
    return {
        name: number
        for name, pattern in _COLUMNS.items()
        for number, title in enumerate(titles)
        if pattern.search(title)
    }


def _form(places: Mapping[str, int]) -> Form:
    if "label" in places and "build" in places and ("type" in places or "month" in places):
        return "hotpatch"
    if {"label", "available", "build", "kb"} <= places.keys():
        return "history"
    if {"version", "available", "build"} <= places.keys() and places.keys() & {"home", "enterprise"}:
        return "current"
    return "long-term" if {"version", "available", "build", "mainstream"} <= places.keys() else "other"


def _read(form: Form, table: Table, places: Mapping[str, int], rejected: list[tuple[str, str]]) -> Iterator[Claim]:
    sections = _SECTION.findall(table.before)
    section = (sections[-1][0].upper(), int(sections[-1][1])) if sections else None
    if form == "history" and section is not None:
        yield ReleaseClaim(_product(section[1]), section[0], section[1])
    for row in table.rows:
        cells = {name: row[number] if number < len(row) else "" for name, number in places.items()}
        if form == "current":
            yield from _current(cells, rejected)
        elif form == "history":
            yield from _history(cells, section, rejected)
        elif form == "hotpatch":
            yield from _hotpatch(cells)


def _product(os_build: int) -> str:
    return "Windows 11" if os_build >= _FIRST_BUILD_OF_WINDOWS_11 else "Windows 10"


def _current(cells: Cells, rejected: list[tuple[str, str]]) -> Iterator[Claim]:
    version, build = _VERSION.match(cells["version"]), _build(cells)
    if version is None or build is None:
        rejected.append((_shown(cells), "expected a version such as 26H2 and a build such as 26300.9550"))
        return
    release = ReleaseClaim(_product(build.build), version[1].upper(), build.build, day_of(cells["available"]))
    yield release
    # A past day turns into the words "End of updates": the day that was known before stays.
    for column, group in (("home", HOME_AND_PRO), ("enterprise", ENTERPRISE_AND_EDUCATION)):
        day = day_of(cells.get(column))
        if day is not None:
            yield EndClaim(release.release, group, day)


def _history(cells: Cells, section: tuple[str, int] | None, rejected: list[tuple[str, str]]) -> Iterator[Claim]:
    build, day, label = _build(cells), day_of(cells["available"]), read_label(cells["label"])
    if build is None or day is None or (label is None and cells["label"]):
        rejected.append((_shown(cells), "expected an update type such as 2026-09 B, a day and a build"))
        return
    kb = _KB.search(cells["kb"])
    yield UpdateClaim(
        build,
        f"KB{kb[1]}" if kb else None,
        day,
        label=str(label) if label else "",
        is_in_table=True,
        listed_under=f"{_product(section[1])} {section[0]}" if section else "",
    )


def _hotpatch(cells: Cells) -> Iterator[Claim]:
    """Baselines are the B releases that the history has, too; hotpatches between them are no B releases."""
    kb, day, label = _KB.search(cells.get("kb", "")), day_of(cells.get("available")), read_label(cells["label"])
    if "hotpatch" not in cells.get("type", "").casefold():
        return
    for text in _BUILD.findall(cells["build"]):
        build = build_of(text)
        if build is not None:
            yield UpdateClaim(
                build, f"KB{kb[1]}" if kb else None, day, label=str(label) if label else "", is_hotpatch=True
            )


def _build(cells: Cells) -> Build | None:
    found = _BUILD.search(cells.get("build", ""))
    return build_of(found[0]) if found else None


def _shown(cells: Cells) -> str:
    return " | ".join(cells.values())[:200]
