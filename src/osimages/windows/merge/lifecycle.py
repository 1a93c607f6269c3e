"""Which releases there are and when support of their editions ends, from the shipped facts and what sources say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from osimages.windows.facts import Catalogue, Edition, Release
from osimages.windows.merge.claims import GROUPS, EndClaim, Rejection, ReleaseClaim, Statement, Weight
from osimages.windows.merge.disagreements import Disagreement, Voted, choose_day
from osimages.windows.merge.overrides import END, Overrides
from osimages.windows.merge.rules import architectures_of, editions_of, is_version, order_of

_PRODUCTS = ("Windows 10", "Windows 11")
_TUESDAY = 1
Votes = dict[date, list[tuple[Weight, str]]]


class Outline(msgspec.Struct, frozen=True):
    """A release without its updates; sources by name."""

    product: str
    version: str
    os_build: int
    general_availability: date
    architectures: tuple[str, ...]
    sources: tuple[str, ...]
    editions: tuple[tuple[Edition, tuple[str, ...]], ...] = ()

    @property
    def id(self) -> str:
        """Such as `Windows 11 26H2`."""
        return f"{self.product} {self.version}"

    @property
    def last_end(self) -> date | None:
        """When the last of its editions ends; None where no end is known."""
        return max((edition.support_end_date for edition, _ in self.editions), default=None)


class Lifecycle(msgspec.Struct, frozen=True):
    """Every release by its id, in order; what differed, and what was not taken up."""

    outlines: dict[str, Outline]
    disagreements: list[Disagreement]
    rejected: list[Rejection]


def lifecycle(base: Catalogue, statements: Sequence[Statement], overrides: Overrides) -> Lifecycle:
    """Return the releases of `base` and those that sources add, with the ends of support that count."""
    return _Builder(base, statements, overrides).built()


class _Builder:
    """Goes through the releases one by one."""

    def __init__(self, base: Catalogue, statements: Sequence[Statement], overrides: Overrides) -> None:
        self._base = base
        self._overrides = overrides
        self._result = Lifecycle({}, [], [])
        self._releases: defaultdict[str, list[tuple[Weight, str, ReleaseClaim]]] = defaultdict(list)
        self._ends: defaultdict[tuple[str, str], Votes] = defaultdict(dict)
        self._notes: dict[tuple[str, str], str] = {}
        for statement in statements:
            for claim in statement.claims:
                if isinstance(claim, ReleaseClaim):
                    self._add_release(statement, claim)
                elif isinstance(claim, EndClaim):
                    self._add_end(statement, claim)

    def built(self) -> Lifecycle:
        """Return the result."""
        known = {each.id: each for each in self._base.releases}
        for name in sorted(known.keys() | self._releases.keys(), key=lambda each: order_of(*_parts(each))):
            outline = self._outline(name, known.get(name))
            if outline is not None:
                self._result.outlines[name] = self._with_editions(outline, known.get(name))
        for (name, _), votes in sorted(self._ends.items()):
            if name not in self._result.outlines:
                why = "no source says its build and the day of its general availability"
                tellers = (source for given in votes.values() for _, source in given)
                self._reject(tellers, f"end of support of {name}", why)
        return self._result

    def _add_release(self, statement: Statement, claim: ReleaseClaim) -> None:
        if claim.product not in _PRODUCTS or not is_version(claim.version):
            self._reject([statement.origin.name], claim.release, "no client release of Windows")
        else:
            self._releases[claim.release].append((statement.origin.weight, statement.origin.name, claim))

    def _add_end(self, statement: Statement, claim: EndClaim) -> None:
        weight, name = statement.origin.weight, statement.origin.name
        # Support ends on a Patch Tuesday; copies are a day off where a time zone got into them.
        if claim.day.weekday() != _TUESDAY:
            what = f"end of support of {claim.release} {claim.group} on {claim.day}"
            self._reject([name], what, "that day is no Tuesday")
            return
        self._ends[claim.release, claim.group].setdefault(claim.day, []).append((weight, name))
        if claim.note:
            self._notes.setdefault((claim.release, claim.group), claim.note)

    def _outline(self, name: str, known: Release | None) -> Outline | None:
        product, version = _parts(name)
        claims = self._releases.get(name, [])
        days: Votes = {}
        if known is not None:
            days[known.general_availability] = self._shipped(known.sources)
        for weight, source, claim in claims:
            if claim.general_availability is not None:
                days.setdefault(claim.general_availability, []).append((weight, source))
        voted, os_build = choose_day(days), self._os_build(name, known)
        if voted is None or os_build is None:
            lacking = "the day of its general availability" if voted is None else "a build that is its own"
            self._reject((source for _, source, _ in claims), name, f"no source says {lacking}")
            return None
        self._list_days(name, "general availability", voted)
        architectures = known.architectures if known else architectures_of(product, version)
        return Outline(product, version, os_build, voted.day, architectures, voted.sources)

    def _os_build(self, name: str, known: Release | None) -> int | None:
        """The build of a release is what it is known by: it never changes, and belongs to one release alone."""
        builds: dict[int, tuple[int, str]] = {}
        for weight, source, claim in self._releases.get(name, []):
            if claim.os_build is not None:
                builds[claim.os_build] = max((weight, source), builds.get(claim.os_build, (0, "")))
        taken = {each.os_build for each in self._base.releases if each.id != name}
        taken |= {each.os_build for each in self._result.outlines.values()}
        free = {each: weight for each, weight in builds.items() if each not in taken}
        chosen = known.os_build if known else max(free, key=lambda each: (free[each], each), default=None)
        if chosen is not None and builds.keys() - {chosen}:
            said: dict[str, tuple[str, ...]] = {str(each): (source,) for each, (_, source) in sorted(builds.items())}
            why = "the build of a release never changes" if known else "the weightiest source"
            self._result.disagreements.append(Disagreement(name, "build", said, str(chosen), why))
        return chosen

    def _with_editions(self, outline: Outline, known: Release | None) -> Outline:
        editions = [pair for group in GROUPS for pair in self._editions(outline, group, known)]
        if known is not None:
            order = {each.edition_type: number for number, each in enumerate(known.editions)}
            editions.sort(key=lambda pair: order.get(pair[0].edition_type, len(order)))
        return msgspec.structs.replace(outline, editions=tuple(editions))

    def _editions(
        self, outline: Outline, group: str, known: Release | None
    ) -> Iterable[tuple[Edition, tuple[str, ...]]]:
        old = [each for each in known.editions if each.servicing == group] if known else []
        key = (outline.id, group)
        votes: Votes = {day: list(given) for day, given in self._ends.get(key, {}).items()}
        for edition in old[:1]:  # those of a group end together
            votes.setdefault(edition.support_end_date, []).extend(self._shipped(edition.sources))
        if key in self._overrides.ends:
            votes.setdefault(self._overrides.ends[key], []).append((Weight.PINNED, "pinned"))
        voted = choose_day(votes)
        if voted is None:
            return ()
        self._list_days(f"{outline.id} {group}", END, voted, key in self._overrides.ends)
        names = [each.edition_type for each in old] or editions_of(outline.product, outline.version, group)
        notes = {each.edition_type: each.note for each in old if each.note}
        note = self._notes.get(key, "")
        return [(Edition(each, voted.day, group, notes.get(each, note), ()), voted.sources) for each in names]

    def _shipped(self, sources: Iterable[int]) -> list[tuple[Weight, str]]:
        return [(Weight.DECIDED, self._base.sources[number].name) for number in sources]

    def _list_days(self, subject: str, field: str, voted: Voted, is_pinned: bool = False) -> None:
        if len(voted.said) > 1:
            self._result.disagreements.append(
                Disagreement(subject, field, voted.said, str(voted.day), voted.why, is_pinned)
            )

    def _reject(self, sources: Iterable[str], what: str, why: str) -> None:
        self._result.rejected.extend(Rejection(source, what, why) for source in sorted(set(sources)))


def _parts(release: str) -> tuple[str, str]:
    product, _, version = release.rpartition(" ")
    return product, version
