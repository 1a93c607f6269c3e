"""CVE records, JSON 5: in which build Microsoft fixed a vulnerability. They name no KB, and only security fixes.

One record or an array of them: https://github.com/CVEProject/cvelistV5
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from osimages.windows.merge.claims import Claim, Parsed, UpdateClaim, latest
from osimages.windows.sources.parsing import LayoutError, build_of, day_of, decoded, objects, text_of

_EXPECTED = (
    '{"cveMetadata": {...}, "containers": {"cna": {"datePublic": ..., "cpeApplicability": '
    '[{"nodes": [{"cpeMatch": [...]}]}]}}}'
)
# windows_11_25H2, windows_10_1607, and windows_11_version_26h2_for_arm64-based_systems as 26H2 was first called
_CPE = re.compile(r"cpe:2\.3:[oa]:microsoft:windows_(1[01])(?:_version)?_(\d{2}(?:h\d|\d{2}))(?![0-9])", re.IGNORECASE)
_PRODUCT = re.compile(r"Windows (1[01]) version (\d{2}(?:H\d|\d{2}))\b", re.IGNORECASE)


def parse(content: bytes) -> Parsed:
    """The claims of a record or of an array of records; those of other products have none. Raises LayoutError."""
    try:
        found = msgspec.json.decode(decoded(content))
    except (msgspec.DecodeError, RecursionError):
        raise LayoutError(f"expected {_EXPECTED}, found no JSON") from None
    claims: list[Claim] = []
    days: list[date] = []
    for record in objects(found if isinstance(found, list) else [found], f"records as {_EXPECTED}"):
        day, container = _container(record)
        days.append(day)
        claims += _applicable(container, day)
        claims += _affected(container, day)
    return Parsed(latest(claims), (), max(days) if days else None)


def _container(record: dict[str, Any]) -> tuple[date, dict[str, Any]]:
    containers, metadata = record.get("containers"), record.get("cveMetadata")
    container = containers.get("cna") if isinstance(containers, dict) else None
    if not isinstance(container, dict) or not isinstance(metadata, dict):
        raise LayoutError(f"expected {_EXPECTED}")
    day = day_of(container.get("datePublic")) or day_of(metadata.get("datePublished"))
    if day is None:
        raise LayoutError(f"expected a day in 'datePublic' as in {_EXPECTED}")
    return day, container


def _applicable(container: dict[str, Any], day: date) -> Iterator[Claim]:
    for applicable in objects(container.get("cpeApplicability") or [], f"'cpeApplicability' as in {_EXPECTED}"):
        for node in objects(applicable.get("nodes") or [], f"'nodes' as in {_EXPECTED}"):
            for match in objects(node.get("cpeMatch") or [], f"'cpeMatch' as in {_EXPECTED}"):
                named = _CPE.match(text_of(match, "criteria"))
                if named is not None:
                    yield from _fixed(named, text_of(match, "versionEndExcluding"), day)


def _affected(container: dict[str, Any], day: date) -> Iterator[Claim]:
    for affected in objects(container.get("affected") or [], "'affected' with an array of objects"):
        named = _PRODUCT.match(text_of(affected, "product"))
        versions = objects(affected.get("versions") or [], "'versions' with an array of objects")
        for version in versions if named is not None else ():
            assert named is not None
            yield from _fixed(named, text_of(version, "lessThan"), day)


def _fixed(named: re.Match[str], build: str, day: date) -> Iterator[Claim]:
    fixed = build_of(build)
    if fixed is not None:
        yield UpdateClaim(fixed, None, day, listed_under=f"Windows {named[1]} {named[2].upper()}")
