"""What is different between two catalogues, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from osimages.windows.facts import Catalogue, Release, Update

NEW, CHANGED, GONE = "new", "changed", "gone"


class Change(msgspec.Struct, frozen=True):
    """A fact that came, changed or went: what it is about, which field, and both values as texts."""

    what: str
    subject: str
    field: str = ""
    before: str = ""
    after: str = ""


def changes(before: Catalogue, after: Catalogue) -> tuple[Change, ...]:
    """Return all differences but those of sources: releases, ends of support, updates."""
    old, new = {each.id: each for each in before.releases}, {each.id: each for each in after.releases}
    found = [Change(GONE, name) for name in old.keys() - new.keys()]
    for name, release in new.items():
        if name not in old:
            found.append(Change(NEW, name, "release", "", f"build {release.os_build}"))
        found += _of_release(old.get(name), release)
    return tuple(found)


def _of_release(old: Release | None, new: Release) -> Iterator[Change]:
    if old is not None and old.general_availability != new.general_availability:
        days = str(old.general_availability), str(new.general_availability)
        yield Change(CHANGED, new.id, "general availability", *days)
    ends = {each.edition_type: str(each.support_end_date) for each in old.editions} if old else {}
    for edition in new.editions:
        end, subject = str(edition.support_end_date), f"{new.id} {edition.edition_type}"
        if edition.edition_type not in ends:
            yield Change(NEW, subject, "support end date", "", end)
        elif ends[edition.edition_type] != end:
            yield Change(CHANGED, subject, "support end date", ends[edition.edition_type], end)
    yield from _of_updates(_updates(old) if old else {}, _updates(new))


def _updates(release: Release) -> dict[tuple[str, str], Update]:
    return {(each.build.short, each.kb or ""): each for each in release.updates}


def _of_updates(old: Mapping[tuple[str, str], Update], new: Mapping[tuple[str, str], Update]) -> Iterator[Change]:
    for (build, kb), update in new.items():
        # An update of which the KB became known is the one that was known without it.
        known = old.get((build, kb)) or (old.get((build, "")) if (build, "") not in new else None)
        subject = f"{build} {kb}".strip()
        if known is None:
            yield Change(NEW, subject, "update", "", _shown(update))
            continue
        for field, one, other in _fields(known, update):
            if one != other:
                yield Change(CHANGED, subject, field, one, other)
    for build, kb in old.keys() - new.keys():
        if kb or not any(each == build for each, _ in new):
            yield Change(GONE, f"{build} {kb}".strip())


def _fields(old: Update, new: Update) -> Iterator[tuple[str, str, str]]:
    yield "KB", old.kb or "", new.kb or ""
    yield "release date", str(old.release_date or ""), str(new.release_date or "")
    yield "kind", old.kind.value, new.kind.value
    yield "published", _month(old), _month(new)
    yield "label", old.label, new.label
    yield "scope", old.scope, new.scope
    yield "expired", str(old.is_expired), str(new.is_expired)


def _month(update: Update) -> str:
    return f"{update.year}-{update.month:02}" if update.is_canonical_b else ""


def _shown(update: Update) -> str:
    return " ".join(each for each in (str(update.release_date or ""), update.kind.value) if each)
