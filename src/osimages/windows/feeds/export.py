"""The catalogue as JSON and as CSV, for other programs: every release, edition and update with its sources."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import msgspec

from osimages.windows.facts import Catalogue, Esu, HotpatchMonth, Package, Release, SupportGroup, Update
from osimages.windows.feeds.feeds import atom, calendar
from osimages.windows.images import patch_tuesday_of
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups

_LONG_TERM = (Servicing.LTSC, Servicing.IOT_LTSC)
_CSV_COLUMNS = (
    *("release", "product", "version", "buildVersion", "kb", "releaseDate", "kind", "patchTuesday", "isCanonicalB"),
    *("label", "scope", "isExpired", "sources"),
)


class Format(msgspec.Struct, frozen=True):
    """A form in which the catalogue is given: its media type, and what writes it, given the address it is found at.

    `has_address` where that address is part of it, as the value of an XML attribute.
    """

    media_type: str
    write: Callable[[Catalogue, str], bytes]
    has_address: bool = False


def as_json(catalogue: Catalogue, address: str = "") -> bytes:
    """Return one JSON document. `updates` are oldest first, as in the catalogue, those without a build last."""
    sources = [each.name for each in catalogue.sources]
    document = {
        "asOf": catalogue.as_of,
        "completeUntil": catalogue.complete_until,
        "serversCompleteUntil": catalogue.servers_complete_until,
        "sources": [{"name": each.name, "what": each.what, "licence": each.licence} for each in catalogue.sources],
        "releases": [_release(each, sources) for each in catalogue.releases],
        "servers": [_release(each, sources) for each in catalogue.servers],
        "others": [_release(each, sources) for each in catalogue.others],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def as_csv(catalogue: Catalogue, address: str = "") -> bytes:
    """Return a line for each update of each release, below a line with the names; UTF-8, CRLF (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    sources = [each.name for each in catalogue.sources]
    for release in catalogue.every_release:
        for update in release.every_update:
            writer.writerow(
                (
                    release.id,
                    release.product,
                    release.version,
                    update.build if isinstance(update, Update) else "",
                    update.kb or "",
                    update.release_date or "",
                    update.kind,
                    patch_tuesday_of(update) if update.month else "",
                    "true" if update.is_canonical_b else "false",
                    update.label,
                    update.scope,
                    "true" if update.is_expired else "false",
                    " ".join(sources[number] for number in update.sources),
                )
            )
    return text.getvalue().encode()


def _release(release: Release, sources: list[str]) -> dict[str, object]:
    groups = support_groups(release)
    return {
        "id": release.id,
        "product": release.product,
        "version": release.version,
        "osBuild": release.os_build,
        "generalAvailability": release.general_availability,
        "architectures": release.architectures,
        "editions": [
            {"editionType": each.edition_type, "supportEndDate": each.support_end_date, "servicing": each.servicing}
            for each in release.editions
        ],
        "longTermServicing": [
            {"name": each.name, "servicing": each.servicing, "supportEndDate": each.support_end_date}
            for each in groups
            if each.servicing in _LONG_TERM
        ],
        "extendedSecurityUpdatesUntil": max((esu.ends[-1] for esu in release.esu), default=None),
        "support": [_group(each, sources) for each in groups],
        "hotpatchUntil": release.hotpatch_until or None,
        "hotpatchMonths": [_hotpatch_month(each) for each in release.hotpatch_months],
        "note": release.note,
        "updates": [_update(each, sources) for each in release.every_update],
    }


def _group(group: SupportGroup, sources: list[str]) -> dict[str, object]:
    return {
        "servicing": group.servicing,
        "name": group.name,
        "editions": group.editions,
        "mainstreamEndDate": group.mainstream_end,
        "supportEndDate": group.support_end_date,
        "isInferred": group.is_inferred,
        "note": group.note,
        "extendedSecurityUpdates": [_esu(each, sources) for each in group.esu],
        "sources": [sources[number] for number in group.sources],
    }


def _esu(esu: Esu, sources: list[str]) -> dict[str, object]:
    return {
        "program": esu.program,
        "endDates": esu.ends,
        "isInferred": esu.is_inferred,
        "note": esu.note,
        "sources": [sources[number] for number in esu.sources],
    }


def _hotpatch_month(month: HotpatchMonth) -> dict[str, object]:
    return {
        "year": month.year,
        "month": month.month,
        "planned": month.planned,
        "actual": month.actual or None,
        "basis": month.basis,
    }


def _update(update: Update | Package, sources: list[str]) -> dict[str, object]:
    return {
        "buildVersion": str(update.build) if isinstance(update, Update) else None,
        "kb": update.kb,
        "releaseDate": update.release_date,
        "kind": update.kind,
        "patchTuesday": patch_tuesday_of(update) if update.month else None,
        "isCanonicalB": update.is_canonical_b,
        "label": update.label,
        "scope": update.scope,
        "isExpired": update.is_expired,
        "sources": [sources[number] for number in update.sources],
    }


FORMATS: Mapping[str, Format] = {
    "json": Format("application/json", as_json),
    "csv": Format("text/csv;charset=utf-8", as_csv),
    "atom": Format("application/atom+xml", atom, has_address=True),
    "ics": Format("text/calendar;charset=utf-8", calendar),
}
