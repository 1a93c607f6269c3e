"""Microsoft Graph's windowsUpdates catalogue, which needs a tenant with a licence and consent:

    GET /beta/admin/windows/updates/products?$expand=revisions($expand=catalogEntry,knowledgeBaseArticle),editions

Names of members are read in any case of letters, as Microsoft's own example mixes them.
https://learn.microsoft.com/graph/api/resources/windowsupdates-product
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

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
from osimages.windows.sources.parsing import LayoutError, build_of, day_of, json_object, objects, release_of, text_of

_EXPECTED = '{"value": [{"name": "Windows 11, version 25H2", "revisions": [...], "editions": [...]}]}'
_GROUPS = (
    (re.compile(r"\b(?:enterprise|education)\b", re.IGNORECASE), ENTERPRISE_AND_EDUCATION),
    (re.compile(r"\b(?:pro|professional|home|core)\b", re.IGNORECASE), HOME_AND_PRO),
)
# Pro Education belongs to the group of Pro; editions of long-term channels and of IoT to none that Graph's images have.
_PRO_EDUCATION = re.compile(r"\bpro(?:fessional)? education\b", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:ltsc|ltsb|iot|server|team)\b", re.IGNORECASE)
_DEEPEST = 6
_KB = re.compile(r"KB(\d{6,8})", re.IGNORECASE)


def parse(content: bytes) -> Parsed:
    """Return the claims of a page of products. Raises LayoutError."""
    items = objects(json_object(content, _EXPECTED).get("value"), f"'value' as in {_EXPECTED}")
    claims: list[Claim] = []
    for item in [_lowered(each, _DEEPEST) for each in items]:
        release = release_of(text_of(item, "name"))
        if release:
            claims += _claims(release, item)
    if items and not claims:
        raise LayoutError(f"expected products as in {_EXPECTED} with revisions and editions, found none")
    return Parsed(latest(claims))


def _lowered(value: Any, levels: int) -> Any:
    """Return a value with names in small letters, as deep as anything that is read lies."""
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {name.casefold(): _lowered(each, levels - 1) for name, each in value.items()}
    return [_lowered(each, levels - 1) for each in value] if isinstance(value, list) else value


def _claims(release: str, product: dict[str, Any]) -> Iterator[Claim]:
    builds: set[int] = set()
    for revision in objects(product.get("revisions") or [], f"'revisions' as in {_EXPECTED}"):
        build = _build(revision)
        if build is not None:
            builds.add(build.build)
            yield _update(release, build, revision)
    starts: list[date] = []
    for edition in objects(product.get("editions") or [], f"'editions' as in {_EXPECTED}"):
        group, end = _group(edition), day_of(edition.get("endofservicedatetime"))
        start = day_of(edition.get("generalavailabilitydatetime"))
        starts += [start] if start is not None else []
        if group and end is not None:
            yield EndClaim(release, group, end)
    name, _, version = release.rpartition(" ")
    yield ReleaseClaim(name, version, min(builds) if len(builds) == 1 else None, min(starts, default=None))


def _build(revision: dict[str, Any]) -> Build | None:
    parts = revision.get("osbuild")
    if isinstance(parts, dict):
        numbers = [parts.get(name) for name in ("majorversion", "minorversion", "buildnumber", "updatebuildrevision")]
        if all(isinstance(each, int) for each in numbers):
            return build_of(".".join(str(each) for each in numbers))
    return build_of(text_of(revision, "id"))


def _update(release: str, build: Build, revision: dict[str, Any]) -> UpdateClaim:
    entry, article = revision.get("catalogentry"), revision.get("knowledgebasearticle")
    label = read_label(text_of(entry, "shortname")) if isinstance(entry, dict) else None
    kb = _KB.search(text_of(article, "id")) if isinstance(article, dict) else None
    return UpdateClaim(
        build,
        f"KB{kb[1]}" if kb else None,
        day_of(revision.get("releasedatetime")),
        label=str(label) if label else "",
        is_hotpatch=revision.get("ishotpatchupdate") is True,
        listed_under=release,
    )


def _group(edition: dict[str, Any]) -> str:
    name = f"{text_of(edition, 'name')} {text_of(edition, 'releasedname')}"
    if _OTHERS.search(name):
        return ""
    if _PRO_EDUCATION.search(name):
        return HOME_AND_PRO
    return next((group for sign, group in _GROUPS if sign.search(name)), "")
