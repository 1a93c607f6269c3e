"""The images of another server, Microsoft Graph or osimages: what its tenant sees, taken as a copy of a catalogue.

    GET /beta/deviceManagement/managedDeviceWindowsOSImages

An image says nothing of days and KBs, so that all that it has is the month of a build and the end of an edition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

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
from osimages.windows.sources.parsing import build_of, day_of, json_object, objects, text_of

PERMISSION = "DeviceManagementConfiguration.Read.All"
_EXPECTED = (
    '{"value": [{"id": "Windows 11 25H2", "supportedEditions": [{"editionType", "supportEndDate"}], '
    '"availableUpdates": [{"buildVersion", "releaseMonth", "releaseYear"}]}]}'
)
_ID = re.compile(r"(Windows 1[01]) (\d{2}(?:H\d|\d{2}))", re.IGNORECASE)


def parse(content: bytes) -> Parsed:
    """The claims of a page of images; one with another id than a release's is its tenant's own. Raises LayoutError."""
    claims: list[Claim] = []
    rejected: list[tuple[str, str]] = []
    for image in objects(json_object(content, _EXPECTED).get("value"), f"'value' as in {_EXPECTED}"):
        named = _ID.fullmatch(text_of(image, "id"))
        if named is None:
            rejected.append((text_of(image, "id")[:100] or "an image without id", "its id is not that of a release"))
            continue
        claims += _claims(named[1].title(), named[2].upper(), image, rejected)
    return Parsed(latest(claims), tuple(rejected))


def _claims(product: str, version: str, image: dict[str, Any], rejected: list[tuple[str, str]]) -> Iterator[Claim]:
    release = f"{product} {version}"
    builds: set[int] = set()
    for update in objects(image.get("availableUpdates") or [], f"'availableUpdates' as in {_EXPECTED}"):
        build, month = build_of(text_of(update, "buildVersion")), _month(update)
        if build is None or month is None:
            rejected.append((f"{release}: {text_of(update, 'buildVersion')}"[:100], "no build, or no month of one"))
            continue
        builds.add(build.build)
        yield UpdateClaim(build, month=month, listed_under=release)
    yield ReleaseClaim(product, version, min(builds) if len(builds) == 1 else None)
    for group, days in _ends(image).items():
        if len(days) > 1:
            shown = ", ".join(str(each) for each in sorted(days))
            rejected.append((f"{release} {group}: {shown}", "editions of a group end on different days"))
        else:
            yield EndClaim(release, group, min(days))


def _month(update: dict[str, Any]) -> tuple[int, int] | None:
    year, month = update.get("releaseYear"), update.get("releaseMonth")
    if not isinstance(year, int) or not isinstance(month, int):
        return None
    return (year, month) if 2015 <= year <= 9999 and 1 <= month <= 12 else None


def _ends(image: dict[str, Any]) -> dict[str, set[date]]:
    found: dict[str, set[date]] = {}
    for edition in objects(image.get("supportedEditions") or [], f"'supportedEditions' as in {_EXPECTED}"):
        name, day = text_of(edition, "editionType"), day_of(edition.get("supportEndDate"))
        group = HOME_AND_PRO if name.startswith("pro") else ENTERPRISE_AND_EDUCATION
        if name and day is not None:
            found.setdefault(group, set()).add(day)
    return found
