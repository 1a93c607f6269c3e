"""endoflife.date's API, version 1: GET https://endoflife.date/api/v1/products/windows/ (MIT licence).

A name is product, version and group: `11-24h2-w` (Home and Pro), `11-24h2-e` (Enterprise and Education), `10-22h2`
(both); names with `-lts` and `-iot` are of editions that Graph does not have. New members may come any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from osimages.windows.merge.claims import GROUPS, Claim, EndClaim, Parsed, ReleaseClaim, latest
from osimages.windows.sources.parsing import LayoutError, day_of, json_object, objects, text_of

_EXPECTED = '{"result": {"releases": [{"name": "11-24h2-w", "releaseDate": "...", "eolFrom": "..."}]}}'
_NAME = re.compile(r"(1[01])-(\d{2}(?:h\d|\d{2}))(?:-([we]))?", re.IGNORECASE)
_BUILD = re.compile(r"10\.0\.(\d{5})")
_GROUPS = {"w": GROUPS[:1], "e": GROUPS[1:], "": GROUPS}


def parse(content: bytes) -> Parsed:
    """Return the claims of the product `windows`. Raises LayoutError."""
    document = json_object(content, _EXPECTED)
    result = document.get("result")
    if not isinstance(result, dict):
        raise LayoutError(f"expected 'result' as in {_EXPECTED}")
    releases = objects(result.get("releases"), f"'releases' as in {_EXPECTED}")
    claims: list[Claim] = []
    rejected: list[tuple[str, str]] = []
    for release in releases:
        found = _NAME.fullmatch(text_of(release, "name"))
        if found is not None:
            claims += _claims(release, f"Windows {found[1]}", found[2].upper(), (found[3] or "").lower(), rejected)
    if not claims:
        raise LayoutError(f"expected releases named as in {_EXPECTED}, found none")
    return Parsed(latest(claims), tuple(rejected), day_of(document.get("last_modified")))


def _claims(
    release: dict[str, Any], product: str, version: str, group: str, rejected: list[tuple[str, str]]
) -> Iterator[Claim]:
    newest = release.get("latest")
    build = _BUILD.match(text_of(newest, "name")) if isinstance(newest, dict) else None
    claim = ReleaseClaim(product, version, int(build[1]) if build else None, day_of(release.get("releaseDate")))
    yield claim
    # The end of active support differs from it in one row (10-1803-e), which was prolonged: the later day is right.
    end, extended = day_of(release.get("eolFrom")), day_of(release.get("eoesFrom"))
    if end is None:
        rejected.append((text_of(release, "name"), "it has no day in 'eolFrom'"))
        return
    note = f"ESU (paid) continues to {extended}" if extended else ""
    for name in _GROUPS[group]:
        yield EndClaim(claim.release, name, end, note)
