"""Microsoft's security guide: CVRF 3.0 as JSON, an index of months and a document for each.

    GET https://api.msrc.microsoft.com/cvrf/v3.0/updates            {"value": [{"ID": "2026-Sep", "CvrfUrl": ...}]}
    GET https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Sep      with Accept: application/json

It has security updates alone. Old documents name new KBs, as fixes are posted again; and some of its builds are those
of another release, which the merging finds out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from osimages.windows.merge.claims import BulletinClaim, Claim, Parsed, UpdateClaim, latest
from osimages.windows.sources.parsing import LayoutError, build_of, day_of, json_object, objects, text_of

_EXPECTED = (
    '{"ProductTree": {"FullProductName": [...]}, "Vulnerability": [{"Remediations": [...]}], '
    '"DocumentTracking": {"InitialReleaseDate": ...}}'
)
_EXPECTED_INDEX = (
    '{"value": [{"ID": "2026-Sep", "InitialReleaseDate": ..., "CurrentReleaseDate": ..., "CvrfUrl": ...}]}'
)
_PRODUCT = re.compile(r"(Windows 1[01])(?: Version (\w{4}))? for ", re.IGNORECASE)
_KB = re.compile(r"\s*(?:KB)?(\d{6,8})\s*", re.IGNORECASE)
_MONTH = re.compile(r"(20\d\d)-([A-Z][a-z]{2})")
_VENDOR_FIX = 2
_FIRST_VERSION = {"Windows 10": "1507", "Windows 11": "21H2"}


def parse(content: bytes) -> Parsed:
    """Return the claims of the document of a month; an index has none, and says so. Raises LayoutError."""
    document = json_object(content, f"{_EXPECTED} (ask for it with Accept: application/json)")
    tree, tracking = document.get("ProductTree"), document.get("DocumentTracking")
    if not isinstance(tree, dict) or not isinstance(tracking, dict):
        raise LayoutError(f"expected {_EXPECTED}")
    products = _products(objects(tree.get("FullProductName"), f"'FullProductName' as in {_EXPECTED}"))
    day = day_of(tracking.get("InitialReleaseDate"))
    if day is None:
        raise LayoutError(f"expected a day in 'InitialReleaseDate' as in {_EXPECTED}")
    claims: list[Claim] = []
    for vulnerability in objects(document.get("Vulnerability") or [], f"'Vulnerability' as in {_EXPECTED}"):
        remediations = objects(vulnerability.get("Remediations") or [], f"'Remediations' as in {_EXPECTED}")
        for remediation in remediations:
            claims += _claims(remediation, products, day)
    return Parsed(latest(claims), (), day)


def months(content: bytes, least: date) -> tuple[str, ...]:
    """The documents of an index that reach back to the month of `least`, newest first, as references from the index.

    Their addresses (`CvrfUrl`) stand in the index, too; those that are relative to it also hold for a copy of both.
    Raises LayoutError.
    """
    items = objects(json_object(content, _EXPECTED_INDEX).get("value"), f"'value' as in {_EXPECTED_INDEX}")
    days = {text_of(each, "ID"): day_of(each.get("InitialReleaseDate")) for each in items}
    known = {name: day for name, day in days.items() if _MONTH.fullmatch(name) and day is not None}
    if not known:
        raise LayoutError(f"expected months as in {_EXPECTED_INDEX}, found none")
    wanted = [(day, name) for name, day in known.items() if (day.year, day.month) >= (least.year, least.month)]
    return tuple(f"cvrf/{name}" for _, name in sorted(wanted, reverse=True))


def _products(items: list[dict[str, Any]]) -> dict[str, str]:
    """Return the releases of Windows by product id: `20438` is Windows 11 25H2 (for x64)."""
    found = {}
    for item in items:
        release = release_of_product(text_of(item, "Value"))
        if release:
            found[text_of(item, "ProductID")] = release
    return found


def release_of_product(name: str) -> str:
    """`Windows 11 25H2` of "Windows 11 Version 25H2 for x64-based Systems"; empty for all but Windows 10 and 11."""
    found = _PRODUCT.match(name)
    if found is None:
        return ""
    product = f"Windows {found[1][-2:]}"
    return f"{product} {(found[2] or _FIRST_VERSION[product]).upper()}"


def _claims(remediation: dict[str, Any], products: dict[str, str], day: date) -> Iterator[Claim]:
    described = remediation.get("Description")
    kb = _KB.fullmatch(text_of(described, "Value")) if isinstance(described, dict) else None
    if remediation.get("Type") != _VENDOR_FIX or kb is None:
        return
    given = remediation.get("ProductID")
    ids = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    releases = {products[each] for each in ids if isinstance(each, str) and each in products}
    build = build_of(text_of(remediation, "FixedBuild"))
    is_hotpatch = "hotpatch" in text_of(remediation, "SubType").casefold().replace(" ", "")
    for release in sorted(releases):
        yield BulletinClaim(f"KB{kb[1]}", release, day)
        if build is not None:
            yield UpdateClaim(build, f"KB{kb[1]}", day, is_hotpatch=is_hotpatch, is_in_msrc=True, listed_under=release)
