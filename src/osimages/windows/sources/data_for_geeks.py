"""DataForGeeks' JSON: builds read from Microsoft's update history, versions, and ends of support (MIT licence).

Its ends of support are a day late throughout: they are 23:59 in Pacific Time, read as UTC.
https://github.com/altrhombus/DataForGeeks, content/ms/mswin
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

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
from osimages.windows.sources.parsing import LayoutError, build_of, day_of, json_object, objects, text_of
from osimages.windows.sources.titles import OutOfScopeError, UnreadableError, read_title

_EXPECTED = '{"DataForGeeks": {"LastUpdatedUTC"}, "Data": [...]}'
_ROWS = (
    "rows with 'Version', 'ReleaseDate' and 'KBTitle' (builds), 'SKU' and 'EndDate' (lifecycle), "
    "or 'FullVersion' and 'Build' (releases)"
)
_SKU = re.compile(r"(Windows 1[01]) (Home and Pro|Enterprise and Education)")
_GROUPS = {"Home and Pro": HOME_AND_PRO, "Enterprise and Education": ENTERPRISE_AND_EDUCATION}
_VERSION = re.compile(r"(\d{2}(?:H\d|\d{2}))\b", re.IGNORECASE)
_KB = re.compile(r"\d{6,8}")
_A_DAY = timedelta(days=1)
_MOST_UNREADABLE = 0.2
_FIRST_BUILD_OF_WINDOWS_11 = 22000
_LONG_TERM = "ServicingOption"  # ends of LTSC editions, which Graph does not have


def parse(content: bytes) -> Parsed:
    """Return the claims of one of its files: builds, lifecycle or releases. Raises LayoutError."""
    document = json_object(content, _EXPECTED)
    rows = objects(document.get("Data"), f"'Data' as in {_EXPECTED}")
    about = document.get("DataForGeeks")
    as_of = day_of(about.get("LastUpdatedUTC")) if isinstance(about, dict) else None
    claims: list[Claim] = []
    rejected: list[tuple[str, str]] = []
    known = 0
    for row in rows:
        for mark, read in (("KBTitle", _build), ("SKU", _end), ("FullVersion", _release)):
            if mark in row:
                known += 1
                claims += read(row, rejected)
                break
        else:
            known += _LONG_TERM in row
    if known < len(rows) or not rows or len(rejected) > _MOST_UNREADABLE * len(rows):
        raise LayoutError(f"expected {_ROWS}; {len(rows) - known + len(rejected)} of {len(rows)} are of another form")
    return Parsed(latest(_first_of_a_title(claims)), tuple(rejected), as_of)


def _build(row: dict[str, Any], rejected: list[tuple[str, str]]) -> Sequence[Claim]:
    """One build of a title; the row says which, and on which day."""
    title, build, day = text_of(row, "KBTitle"), build_of(text_of(row, "Version")), day_of(row.get("ReleaseDate"))
    try:
        read = read_title(f"{title} {text_of(row, 'Comment')}")  # a comment alone tells of hotpatches
    except OutOfScopeError:
        return ()
    except UnreadableError as error:
        rejected.append((title[:200], f"this title cannot be read: {error}"))
        return ()
    if build is None or day is None:
        rejected.append((title[:200], "expected 'Version' such as 26200.8875 and 'ReleaseDate' such as 2026-07-14"))
        return ()
    kb = _KB.search(text_of(row, "Article"))
    named = [each.build for each in read.claims() if each.build.build == build.build]
    return (
        UpdateClaim(
            build,
            f"KB{kb[0]}" if kb else read.kb,
            day,
            title=read.title,
            is_expired=read.is_expired,
            position=named.index(build) if build in named else len(named),
        ),
    )


def _first_of_a_title(claims: Sequence[Claim]) -> Sequence[Claim]:
    """A title is there in several states ("- EXPIRED" came later): what one of them says of an update holds."""
    expired: defaultdict[tuple[object, ...], bool] = defaultdict(bool)
    for claim in claims:
        if isinstance(claim, UpdateClaim):
            expired[claim.build, claim.kb] |= claim.is_expired
    return [
        msgspec.structs.replace(claim, is_expired=expired[claim.build, claim.kb])
        if isinstance(claim, UpdateClaim)
        else claim
        for claim in claims
    ]


def _end(row: dict[str, Any], rejected: list[tuple[str, str]]) -> Sequence[Claim]:
    sku, end = _SKU.fullmatch(text_of(row, "SKU")), day_of(row.get("EndDate"))
    version = _VERSION.match(text_of(row, "Version"))
    if sku is None or version is None or end is None:
        rejected.append((str(row)[:200], "expected 'SKU' such as Windows 11 Home and Pro, a version and a day"))
        return ()
    claim = ReleaseClaim(sku[1], version[1].upper(), None, day_of(row.get("StartDate")))
    return (claim, EndClaim(claim.release, _GROUPS[sku[2]], end - _A_DAY))


def _release(row: dict[str, Any], rejected: list[tuple[str, str]]) -> Sequence[Claim]:
    version, os_build = _VERSION.match(text_of(row, "Build")), text_of(row, "Version")
    if version is None or not re.fullmatch(r"\d{5}", os_build):
        rejected.append((str(row)[:200], "expected 'Version' such as 26200 and 'Build' such as 25H2"))
        return ()
    product = "Windows 11" if int(os_build) >= _FIRST_BUILD_OF_WINDOWS_11 else "Windows 10"
    return (ReleaseClaim(product, version[1].upper(), int(os_build)),)
