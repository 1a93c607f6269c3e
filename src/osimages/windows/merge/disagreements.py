"""Where sources differ, or a rule has to choose: what was said by whom, what was chosen, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files

import msgspec

from osimages.windows.facts import Kind, Release, Update
from osimages.windows.merge.claims import Weight
from osimages.windows.merge.kinds import OWN_LABELS, is_patch_tuesday, read_label
from osimages.windows.merge.rules import family_of

Said = Mapping[str, tuple[str, ...]]  # each value, with the names of those who say it


class Disagreement(msgspec.Struct, frozen=True, rename="camel"):
    """What is about (`subject`), in which respect (`field`), who says what, and what is in the catalogue."""

    subject: str
    field: str
    values: Said
    chosen: str
    why: str
    is_pinned: bool = False


@lru_cache(1)
def shipped() -> tuple[Disagreement, ...]:
    """Those of the shipped facts that these do not show themselves, as they hold what was chosen alone."""
    text = files("osimages.windows").joinpath("windows.disagreements.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[Disagreement, ...])


class Voted(msgspec.Struct, frozen=True):
    """A day that was chosen, those who name it, and all that was said where it was not the same."""

    day: date
    sources: tuple[str, ...]
    why: str
    said: Said


def choose_day(days: Mapping[date, Sequence[tuple[Weight, str]]]) -> Voted | None:
    """The day of the weightiest source; of equal ones that which more name, then the earlier. None without days."""
    if not days:
        return None
    ranked = sorted(days.items(), key=lambda item: (-max(weight for weight, _ in item[1]), -len(item[1]), item[0]))
    day, votes = ranked[0]
    weight = max(weight for weight, _ in votes)
    rivals = [other for _, others in ranked[1:] for other, _ in others]
    why = "more sources, or the earlier day" if weight in rivals else f"the weightiest source ({weight.name.lower()})"
    said = {str(each): tuple(sorted({name for _, name in given})) for each, given in sorted(days.items())}
    return Voted(day, said[str(day)], "pinned" if weight is Weight.PINNED else why, said)


def among(releases: Iterable[Release], names: Sequence[str]) -> list[Disagreement]:
    """Return all that the decided facts themselves show; `names` are those of the sources, by position."""
    found: list[Disagreement] = []
    kbs: defaultdict[tuple[str, int], list[Update]] = defaultdict(list)
    for release in releases:
        found += _off_tuesday(release)
        found += _two_kbs(release, names)
        found += _several_b(release)
        for update in release.updates:
            if update.kb is not None and update.kind not in (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND):
                kbs[update.kb, family_of(release.os_build)].append(update)
    for (kb, _), updates in kbs.items():
        found += _different_days(kb, updates)
        found += _several_revisions(kb, updates, names)
    return found


def _off_tuesday(release: Release) -> Iterable[Disagreement]:
    for update in release.updates:
        label, day = read_label(update.label), update.release_date
        if label is None or day is None or update.basis not in OWN_LABELS:
            continue
        if label.kind is Kind.B and not is_patch_tuesday(day) and update.kind is Kind.B:
            why = "Microsoft's label goes before the calendar"
            yield Disagreement(update.build.short, "B-label off second Tuesday", {str(label): ()}, str(day), why)
        elif label.letter in "CDE" and is_patch_tuesday(day):
            why = "Microsoft's label goes before the calendar"
            field = "second Tuesday but MS label is not B"
            yield Disagreement(update.build.short, field, {str(label): ()}, str(day), why)


def _two_kbs(release: Release, names: Sequence[str]) -> Iterable[Disagreement]:
    by_build: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for update in release.updates:
        by_build[update.build.short][update.kb or "no KB"] = _names(update, names)
    for build, kbs in by_build.items():
        if len(kbs) > 1:
            why = "one build was offered by more than one KB"
            yield Disagreement(build, "one build, two KBs", kbs, "both kept as two rows", why)


def _several_b(release: Release) -> Iterable[Disagreement]:
    months: defaultdict[tuple[int, int], list[Update]] = defaultdict(list)
    for update in release.updates:
        if update.year is not None and update.month is not None:
            months[update.year, update.month].append(update)
    for (year, month), updates in sorted(months.items()):
        if len(updates) > 1:
            canonical = next(each for each in updates if each.is_canonical_b)
            values: dict[str, tuple[str, ...]] = {_line(each): () for each in updates}
            why = "the labelled one, else the one that more sources have, else the higher"
            subject = f"{release.id} {year}-{month:02}"
            yield Disagreement(subject, "more than one B build in a month", values, canonical.build.short, why)


def _different_days(kb: str, updates: Sequence[Update]) -> Iterable[Disagreement]:
    days = {each.build.short: (str(each.release_date),) for each in updates if each.release_date is not None}
    if len({day for (day,) in days.values()}) > 1:
        why = "a KB reaches releases, and revisions, on days of their own"
        yield Disagreement(kb, "one KB, different dates by version", days, "kept per version", why)


def _several_revisions(kb: str, updates: Sequence[Update], names: Sequence[str]) -> Iterable[Disagreement]:
    values = {each.build.short: _names(each, names) for each in updates}
    if len({each.build.revision for each in updates}) > 1:
        why = "Microsoft named several"
        yield Disagreement(kb, "one KB, several revisions in a build family", values, "all kept", why)


def _names(update: Update, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[number] for number in update.sources)


def _line(update: Update) -> str:
    return " ".join(str(part) for part in (update.build.short, update.kb, update.release_date) if part)
