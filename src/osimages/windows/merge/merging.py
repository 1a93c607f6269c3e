"""From the shipped facts and what sources say to one catalogue: a pure function, so that the same claims always give
the same facts, in whatever order the sources were asked.

What counts where sources differ: Microsoft's label before the title before the calendar; for days and ends of support
the weight of the source (`claims.Weight`); a choice in the overrides file before all. Every difference is listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import msgspec

from osimages.windows.facts import Catalogue, Kind, Release, Source, Update
from osimages.windows.merge.claims import Origin, Rejection, Statement, Title, Weight
from osimages.windows.merge.disagreements import Disagreement, among, choose_day, shipped
from osimages.windows.merge.evidence_groups import Pool, gather
from osimages.windows.merge.kinds import (
    LABEL_OF_SIBLING,
    NO_KB,
    OWN_LABELS,
    SIBLING,
    TITLE,
    TUESDAY_AND_TITLE,
    TUESDAY_BEFORE_LABEL_A,
    Decision,
    Evidence,
    Label,
    b_of_another_day,
    decide,
    neighbours,
    read_label,
)
from osimages.windows.merge.lifecycle import Outline, lifecycle
from osimages.windows.merge.overrides import KIND, NO_OVERRIDES, Overrides
from osimages.windows.merge.rules import scope_of

NOTHING = Catalogue(date.min, date.min, (), ())
_PINNED = Source("pinned", "A choice in the overrides file", "facts only", "")
_PRODUCTS = ("Windows 10", "Windows 11")
_TITLES = {
    Kind.PREVIEW: Title.PREVIEW,
    Kind.OUT_OF_BAND: Title.OUT_OF_BAND,
    Kind.HOTPATCH: Title.HOTPATCH,
    Kind.HOTPATCH_OUT_OF_BAND: Title.HOTPATCH_OUT_OF_BAND,
}


class Merged(msgspec.Struct, frozen=True):
    """The catalogue, where sources differ on it, and what was not taken up."""

    catalogue: Catalogue
    disagreements: tuple[Disagreement, ...]
    rejected: tuple[Rejection, ...]


class _Draft(msgspec.Struct):
    """One update while it is decided; `sources` by name."""

    pool: Pool
    release: Outline
    day: date | None
    sources: set[str]
    label: str
    decision: Decision
    is_sibling_day: bool = False
    is_canonical: bool = False


def merge(base: Catalogue, statements: Sequence[Statement], overrides: Overrides = NO_OVERRIDES) -> Merged:
    """Return the catalogue that follows from `base` and from what sources say; `base` itself where they add nothing."""
    statements = sorted(statements, key=lambda each: each.origin.name)
    cycle = lifecycle(base, statements, overrides)
    families = {each.os_build: name for name, each in cycle.outlines.items()}
    known = [update for release in base.releases for update in release.updates]
    servers = [update.build for release in base.servers for update in release.updates]
    pools = gather(known, statements, families, overrides.dropped, servers)
    disagreements = list(cycle.disagreements)
    drafts = [
        _draft(pool, cycle.outlines[families[pool.build.build]], base, overrides, disagreements)
        for pool in pools.by_key.values()
    ]
    _fill_days(drafts)
    _decide(drafts, overrides, disagreements)
    _choose_canonical(drafts, overrides)
    catalogue = _catalogue(base, cycle.outlines, drafts, [each.origin for each in statements])
    disagreements += among(catalogue.releases, [each.name for each in catalogue.sources])
    rejected = _unique([*cycle.rejected, *pools.rejected])
    disagreements += _misprints(pools.rejected)
    listed = {(each.subject, each.field) for each in disagreements}
    disagreements += [each for each in shipped() if base.releases and (each.subject, each.field) not in listed]
    return Merged(catalogue, tuple(disagreements), rejected)


def _draft(
    pool: Pool, release: Outline, base: Catalogue, overrides: Overrides, disagreements: list[Disagreement]
) -> _Draft:
    days = {day: list(votes) for day, votes in pool.days().items()}
    for voice in pool.voices:  # where a build came with general availability the table has that day instead
        label = read_label(voice.claim.label)
        if label is not None and label.letter == "A" and voice.claim.day is not None and len(days) > 1:
            days[voice.claim.day] = [(Weight.COPY, name) for _, name in days[voice.claim.day]]
    known_sources = {base.sources[number].name for number in pool.known.sources} if pool.known else set()
    if pool.known is not None and pool.known.release_date is not None:
        votes = [(Weight.DECIDED, name) for name in sorted(known_sources)]
        days.setdefault(pool.known.release_date, []).extend(votes)
    pinned = overrides.days.get(pool.build)
    if pinned is not None:
        days.setdefault(pinned, []).append((Weight.PINNED, _PINNED.name))
    voted = choose_day(days)
    if voted is not None and len(days) > 1:
        disagreements.append(
            Disagreement(pool.build.short, "date", voted.said, str(voted.day), voted.why, pinned is not None)
        )
    labels = _labels(pool)
    text = str(labels[0]) if labels else pool.known.label if pool.known else ""
    sources = known_sources | pool.sources()
    return _Draft(pool, release, voted.day if voted else None, sources, text, _known_decision(pool))


def _labels(pool: Pool) -> list[Label]:
    """Microsoft's labels of an update, the weightiest source's first; those of the hotpatch calendar name its month."""
    ranked = sorted(pool.voices, key=lambda each: (-each.origin.weight, each.origin.name))
    read = [read_label(each.claim.label) for each in ranked if not each.claim.is_hotpatch]
    return [each for each in read if each is not None]


def _known_decision(pool: Pool) -> Decision:
    if pool.known is None:
        return Decision(Kind.UNKNOWN, "")
    return Decision(pool.known.kind, pool.known.basis, pool.known.year, pool.known.month)


def _fill_days(drafts: Iterable[_Draft]) -> None:
    """An update of which nobody says the day came out with the other build of its KB."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for draft in drafts:
        if draft.day is not None and draft.pool.kb is not None:
            days[draft.pool.kb].add(draft.day)
    for draft in drafts:
        if draft.day is None and draft.pool.kb is not None and len(days[draft.pool.kb]) == 1:
            draft.day, draft.is_sibling_day = next(iter(days[draft.pool.kb])), True


def _evidence(draft: _Draft) -> Evidence:
    pool, known = draft.pool, draft.pool.known
    titles = {voice.claim.title for voice in pool.voices}
    if known is not None and known.basis == TITLE and known.kind in _TITLES:
        titles.add(_TITLES[known.kind])
    elif known is not None and known.basis in (TUESDAY_AND_TITLE, TUESDAY_BEFORE_LABEL_A):
        titles.add(Title.PLAIN)
    has_own_label = bool(_labels(pool)) or (known is not None and known.basis in OWN_LABELS)
    return Evidence(
        product=draft.release.product,
        kb=pool.kb,
        day=draft.day,
        label=read_label(draft.label) if has_own_label else None,
        titles=frozenset(titles),
        is_hotpatch=any(each.claim.is_hotpatch for each in pool.voices),
        is_in_msrc=_is_in_msrc(pool),
        is_in_table=any(each.claim.is_in_table for each in pool.voices) or (known is not None and known.basis == NO_KB),
        month=next((each.claim.month for each in pool.voices if each.claim.month is not None), None),
    )


def _is_in_msrc(pool: Pool) -> bool:
    known = pool.known is not None and pool.known.is_in_msrc
    return known or bool(pool.bulletins) or any(each.claim.is_in_msrc for each in pool.voices)


def _decide(drafts: Sequence[_Draft], overrides: Overrides, disagreements: list[Disagreement]) -> None:
    evidence = [_evidence(draft) for draft in drafts]
    others = neighbours(evidence)
    for draft, each in zip(drafts, evidence, strict=True):
        decision = decide(each, others)
        if draft.is_sibling_day and decision.kind in (Kind.PREVIEW, Kind.OUT_OF_BAND, Kind.B):
            decision = msgspec.structs.replace(decision, basis=decision.basis if draft.label else SIBLING)
        draft.decision = _stronger(draft, decision, disagreements)
        if draft.decision.basis == LABEL_OF_SIBLING and not draft.label:
            draft.label = str(others.by_kb[draft.pool.kb or "", draft.day])
    months: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for draft in drafts:
        if draft.decision.year is not None and draft.decision.month is not None:
            months[draft.release.id].add((draft.decision.year, draft.decision.month))
    for draft, each in zip(drafts, evidence, strict=True):
        draft.decision = b_of_another_day(each, draft.decision, others, months[draft.release.id])
        _pin_kind(draft, overrides, disagreements)


def _stronger(draft: _Draft, decision: Decision, disagreements: list[Disagreement]) -> Decision:
    """Return the new decision, or what the shipped facts have where that stands on no weaker ground."""
    known = draft.decision
    if draft.pool.known is None:
        return decision
    same = (known.kind, known.year, known.month) == (decision.kind, decision.year, decision.month)
    if same and not draft.pool.voices:
        return known
    kept = known if known.strength >= decision.strength else decision
    # A label of today goes before one of the time when the facts were compiled.
    if not same and _labels(draft.pool) and decision.strength == known.strength:
        kept = decision
    if not same and decision.strength == known.strength:
        values = {known.kind.value: (), decision.kind.value: tuple(sorted(draft.pool.sources()))}
        why = "Microsoft's label goes before the title, the title before the calendar"
        subject = f"{draft.pool.build.short} {draft.pool.kb or ''}".strip()
        disagreements.append(Disagreement(subject, KIND, values, kept.kind.value, why))
    return kept


def _pin_kind(draft: _Draft, overrides: Overrides, disagreements: list[Disagreement]) -> None:
    pinned = overrides.kinds.get(draft.pool.build)
    if pinned is None or (pinned is Kind.B and draft.day is None):
        return
    if pinned is not draft.decision.kind:
        values: dict[str, tuple[str, ...]] = {
            draft.decision.kind.value: (draft.decision.basis,),
            pinned.value: ("pinned",),
        }
        disagreements.append(Disagreement(draft.pool.build.short, KIND, values, pinned.value, "pinned", True))
    month = (draft.day.year, draft.day.month) if pinned is Kind.B and draft.day is not None else (None, None)
    draft.decision = Decision(pinned, "pinned", *month)


def _choose_canonical(drafts: Iterable[_Draft], overrides: Overrides) -> None:
    """Of the B updates of a release and month one is published: the labelled one, else the one that more sources have,
    else the higher."""
    months: defaultdict[tuple[str, int, int], list[_Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.decision.year is not None and draft.decision.month is not None:
            months[draft.release.id, draft.decision.year, draft.decision.month].append(draft)
    for rivals in months.values():
        best = max(rivals, key=lambda each: _rank(each, overrides))
        best.is_canonical = True


def _rank(draft: _Draft, overrides: Overrides) -> tuple[object, ...]:
    pool = draft.pool
    return (
        pool.build in overrides.canonical,
        draft.decision.basis in OWN_LABELS,
        pool.known is not None and pool.known.is_canonical_b,
        -min((each.claim.position for each in pool.voices), default=0),
        len(draft.sources),
        pool.build,
        draft.day or date.min,
        pool.kb or "",
    )


def _catalogue(
    base: Catalogue, releases: Mapping[str, Outline], drafts: Iterable[_Draft], origins: Sequence[Origin]
) -> Catalogue:
    by_release: defaultdict[str, list[_Draft]] = defaultdict(list)
    for draft in drafts:
        by_release[draft.release.id].append(draft)
    used = {name for release in releases.values() for name in _names(release)}
    used |= {name for found in by_release.values() for draft in found for name in draft.sources}
    sources = _sources(base, origins, used)
    numbers = {each.name: number for number, each in enumerate(sources)}
    days = [each.as_of for each in origins]
    known = {each.id: each for each in base.releases}
    return Catalogue(
        as_of=max([base.as_of, *days]),
        complete_until=max(base.complete_until, _complete_until(origins)),
        sources=sources,
        releases=tuple(
            _release(
                each, known.get(name), by_release[name], lambda names: tuple(sorted(numbers[name] for name in names))
            )
            for name, each in releases.items()
        ),
        servers=base.servers,
        others=base.others,
        servers_complete_until=base.servers_complete_until,
    )


def _names(release: Outline) -> set[str]:
    return {*release.sources, *(name for _, names in release.editions for name in names)}


def _sources(base: Catalogue, origins: Sequence[Origin], used: set[str]) -> tuple[Source, ...]:
    """Those of `base` in their places, then those that came to it; one that is asked again stands with its new day."""
    asked = {each.name: Source(each.name, each.what, each.licence, str(each.as_of)) for each in origins}
    kept = [asked.get(each.name, each) if each.name in used else each for each in base.sources]
    known = {each.name for each in kept}
    added = [asked.get(name, _PINNED) for name in sorted(used - known)]
    return (*kept, *added)


def _complete_until(origins: Sequence[Origin]) -> date:
    """Return the day up to which some source lists every update of Windows 10, and some of Windows 11."""
    told = [pair for each in origins for pair in each.complete_until]
    return min(max((day for name, day in told if name == product), default=date.min) for product in _PRODUCTS)


def _release(
    outline: Outline,
    known: Release | None,
    drafts: Iterable[_Draft],
    numbered: Callable[[Iterable[str]], tuple[int, ...]],
) -> Release:
    """Return the release as decided. Without a claim, a value is that of `known`, the release in the shipped facts."""
    ordered = sorted(drafts, key=lambda each: (each.pool.build, each.day or date.min, each.pool.kb or ""))
    release = Release(
        id=outline.id,
        product=outline.product,
        version=outline.version,
        os_build=outline.os_build,
        general_availability=outline.general_availability,
        architectures=outline.architectures,
        editions=tuple(
            msgspec.structs.replace(edition, sources=numbered(names)) for edition, names in outline.editions
        ),
        updates=tuple(_update(draft, outline, numbered) for draft in ordered),
        sources=numbered(outline.sources),
    )
    if known is None:
        return release
    kbs = {each.kb for each in release.updates}
    return msgspec.structs.replace(
        release,
        mainstream_end=known.mainstream_end,
        groups=known.groups,
        esu=known.esu,
        packages=tuple(each for each in known.packages if each.kb not in kbs),
        hotpatch_until=known.hotpatch_until,
        hotpatch_months=known.hotpatch_months,
        note=known.note,
    )


def _update(draft: _Draft, outline: Outline, numbered: Callable[[Iterable[str]], tuple[int, ...]]) -> Update:
    pool, decision = draft.pool, draft.decision
    return Update(
        build=pool.build,
        kb=pool.kb,
        release_date=draft.day,
        kind=decision.kind,
        is_canonical_b=draft.is_canonical,
        year=decision.year,
        month=decision.month,
        label=draft.label,
        scope=scope_of(outline.id, outline.general_availability, outline.last_end, draft.day),
        basis=decision.basis,
        is_in_msrc=_is_in_msrc(pool),
        is_expired=any(each.claim.is_expired for each in pool.voices) or bool(pool.known and pool.known.is_expired),
        sources=numbered(draft.sources),
    )


def _unique(rejected: Iterable[Rejection]) -> tuple[Rejection, ...]:
    return tuple(dict.fromkeys(rejected))


def _misprints(rejected: Iterable[Rejection]) -> list[Disagreement]:
    """A build that a page prints wrong is a difference, too, and not only something that was left out."""
    return [
        Disagreement(
            each.what.split()[0],
            "build typo on a Microsoft page (row dropped)",
            {each.why: (each.source,)},
            "dropped",
            each.why,
        )
        for each in _unique(rejected)
        if each.is_misprint
    ]
