"""The settings that an existing compliance policy should have by a rule, and how they differ from those it has.

A setting that nothing in the rule matches stays as it is, and a note says so: ranges of servers, of several releases at
once, or of builds that no release of Windows for PCs has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from osimages.windows.facts import Catalogue
from osimages.windows.policy.admission import Family, Span, family_of, lowered, version_of
from osimages.windows.policy.bodies import ALL_RELEASES, Form, compliance_bodies
from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges
from osimages.windows.policy.selection import END_UNKNOWN, NOT_YET, LeftOut

RANGES, MINIMUM = "validOperatingSystemBuildRanges", "osMinimumVersion"
_SEVERAL = 2
_FIRST = "; raise or remove osMaximumVersion in Intune first"
_LEAST_PARTS = 3  # osMinimumVersion is often written without a revision: 10.0.22631

Json = dict[str, Any]


class Scope(StrEnum):
    """The releases whose ranges a policy gets."""

    AUTO = "auto"  # with ranges of one release, that one; else those it has, and newer ones that the rule accepts
    RULE = "rule"  # all that the rule accepts
    POLICY = "policy"  # those that the policy has ranges of already


class Kind(StrEnum):
    """The kind of a change of the builds of a release."""

    ADD = "add"
    REMOVE = "remove"
    RAISE = "raise"
    LOWER = "lower"
    CHANGE = "change"  # the lower end stays
    RESTORE = "restore"


class Current(msgspec.Struct, frozen=True):
    """The settings that a policy has. `is_chosen`: it gets ranges even if it has neither ranges nor a minimum."""

    ranges: Sequence[Any]
    minimum: str | None = None
    maximum: str | None = None
    is_chosen: bool = False


class Change(msgspec.Struct, frozen=True):
    """A difference in one setting for one release, in versions as text; empty where there are none.

    `is_refused`: the release keeps what it has, as older builds would pass.
    """

    setting: str
    release: str
    kind: Kind
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_refused: bool = False


class PolicyUpdate(msgspec.Struct, frozen=True):
    """The settings to write, only those that differ, and what that means.

    `refused` are sentences about what is not written because builds would pass that are too old now, `impossible` about
    settings that no device could satisfy, `unmatched` about what no release of the rule matches, and which stays as it
    is, `notes` about releases that are removed and devices that the settings judge wrongly.
    """

    settings: Json
    changes: tuple[Change, ...] = ()
    refused: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_matched: bool = True


def policy_update(
    current: Current,
    found: AcceptedRanges,
    families: Mapping[Family, str],
    scope: Scope = Scope.AUTO,
    *,
    allow_lower: bool = False,
) -> PolicyUpdate:
    """Return what a policy needs to admit the builds that `found` accepts, and no others of the same releases.

    `families` are the known releases of Windows for PCs by the version of their builds. Without `allow_lower`, a
    release keeps what it has if builds would pass that are too old now. Raises NoBodyError if the rule accepts
    nothing, or servers.
    """
    rule = _Rule(found, families)
    updates = []
    if current.ranges or (current.is_chosen and not current.minimum):
        updates.append(_RangesUpdate(current, rule, scope, allow_lower=allow_lower).result())
    if current.minimum:
        updates.append(_minimum_update(current, rule, allow_lower=allow_lower))
    return PolicyUpdate(
        {name: value for each in updates for name, value in each.settings.items()},
        tuple(change for each in updates for change in each.changes),
        tuple(text for each in updates for text in each.refused),
        tuple(text for each in updates for text in each.impossible),
        tuple(text for each in updates for text in each.unmatched),
        tuple(text for each in updates for text in each.notes),
        any(each.is_matched for each in updates),
    )


def families_of(facts: Catalogue) -> dict[Family, str]:
    """Return the releases of Windows for PCs by the version of their builds."""
    return {(*each.nt_version, each.os_build): each.id for each in facts.releases}


class _Rule:
    """The rule by families of builds: the ranges and bodies of those that are accepted, the reasons for others."""

    def __init__(self, found: AcceptedRanges, families: Mapping[Family, str]) -> None:
        self.names = families
        self.accepted: dict[Family, dict[Span, Json]] = {}
        bodies: list[Json] = compliance_bodies(found, Form.RANGES)[ALL_RELEASES][RANGES]  # type: ignore[assignment]
        for each, body in zip(found.ranges, bodies, strict=True):
            self.accepted.setdefault(family_of(each.lowest), {})[Span(each.lowest, each.highest)] = body
        minimums = compliance_bodies(found, Form.MINIMUM, one_per_release=True)
        self.minimums = {family_of(each.lowest): str(minimums[each.release][MINIMUM]) for each in found.ranges}
        self._first: dict[Family, AcceptedRange] = {family_of(each.lowest): each for each in found.ranges}
        self._left_out = {
            each.release: f"{each.reason} (--include-esu accepts it)" if each.has_esu else each.reason
            for each in found.left_out
        }
        self._unknown = {each.release: each.reason for each in found.cannot_tell}
        self._unknown |= {each.release: each.reason for each in found.left_out if _is_open(each)}

    def is_known(self, family: Family | None) -> bool:
        """Return whether a release has builds of a family."""
        return family is not None and (family in self.names or family in self.accepted)

    def name(self, family: Family) -> str:
        """Return the release of a family."""
        return self._first[family].release if family in self._first else self.names[family]

    def reason_to_remove(self, family: Family) -> str | None:
        """Return why a release is not accepted; None if the rule says nothing about it, or cannot tell."""
        name = self.name(family)
        is_ended = name in self._left_out and name not in self._unknown
        return f"{name} is removed: {self._left_out[name]}" if is_ended else None

    def reason_to_keep(self, family: Family) -> str:
        """Return why the builds of a release stay as they are."""
        name = self.name(family)
        reason = self._unknown.get(name) or self._left_out.get(name) or "it is not among the releases of the rule"
        return f"{name} stays as it is: {reason}"


class _RangesUpdate:
    """The new ranges of a policy: those of the rule, with what nothing in the rule matches as it is."""

    def __init__(self, current: Current, rule: _Rule, scope: Scope, *, allow_lower: bool) -> None:
        self._rule = rule
        self._allow_lower = allow_lower
        self._maximum = current.maximum
        self._old = [(raw, _span_of(raw)) for raw in current.ranges]
        self._present: dict[Family, dict[Span, Json]] = {}
        self._unmatched: list[str] = []
        self._notes: list[str] = []
        self._refused: dict[Family, str] = {}
        for raw, span in self._old:
            family = span.family if span else None
            if span is None or family is None or not rule.is_known(family):
                self._unmatched.append(_unmatched(raw, span))
            else:
                self._present.setdefault(family, {})[span] = raw
        self._scope = scope
        if scope is Scope.AUTO and len(self._present) < _SEVERAL:
            self._scope = Scope.POLICY if self._present else Scope.RULE

    def result(self) -> PolicyUpdate:
        """Return the update."""
        target = self._target()
        if not any(family in self._rule.accepted for family in target) or (self._old and not self._present):
            reasons = [self._rule.reason_to_keep(family) for family in self._present]
            return PolicyUpdate({}, unmatched=(*reasons, *self._unmatched), is_matched=False)
        changes = tuple(self._changes(target))
        kept = tuple(self._unmatched)
        written = self._without_refused(target)
        ranges = self._composed(written)
        is_same = all(self._present.get(family, {}).keys() == spans.keys() for family, spans in written.items())
        if is_same and self._present.keys() <= written.keys():
            return PolicyUpdate({}, changes, tuple(self._refused.values()), unmatched=kept)
        impossible = tuple(self._impossible(ranges))
        if not impossible:
            self._notes += self._above_maximum(written)
        refused = tuple(self._refused.values())
        return PolicyUpdate({RANGES: ranges}, changes, refused, impossible, kept, tuple(self._notes))

    def _target(self) -> dict[Family, dict[Span, Json]]:
        """Return the ranges by family that the policy should have by the rule; note those that are refused."""
        target: dict[Family, dict[Span, Json]] = {}
        for family, present in self._present.items():
            if family in self._rule.accepted:
                target[family] = self._rule.accepted[family]
            elif (reason := self._rule.reason_to_remove(family)) is not None:
                self._notes.append(reason)
            else:
                self._unmatched.append(self._rule.reason_to_keep(family))
                target[family] = present
        before = [span for _, span in self._old if span is not None]
        for family, spans in self._rule.accepted.items():
            if family not in target and self._scope is Scope.POLICY:
                continue
            too_old = lowered(before, spans)
            if too_old and family not in target and self._scope is Scope.AUTO:
                self._unmatched.append(f"{self._rule.name(family)} is not added: it is older than what the policy has")
                continue
            target[family] = spans
            if too_old and not self._allow_lower:
                builds = ", ".join(map(str, too_old))
                self._refused[family] = f"{self._rule.name(family)}: too old for the policy now, but accepted: {builds}"
        return target

    def _without_refused(self, target: Mapping[Family, dict[Span, Json]]) -> dict[Family, dict[Span, Json]]:
        """Return the ranges that are written: a release that would be lowered keeps those that it has."""
        kept = {
            family: self._present.get(family, {}) if family in self._refused else each
            for family, each in target.items()
        }
        return {family: each for family, each in kept.items() if each}

    def _changes(self, target: Mapping[Family, Mapping[Span, Json]]) -> Iterable[Change]:
        for family in sorted({*self._present, *target}):
            before, after = sorted(self._present.get(family, ())), sorted(target.get(family, ()))
            if before != after:
                kind = _kind(before, after)
                texts = tuple(map(str, before)), tuple(map(str, after))
                yield Change(RANGES, self._rule.name(family), kind, *texts, is_refused=family in self._refused)

    def _composed(self, target: Mapping[Family, Mapping[Span, Json]]) -> list[Json]:
        """Return the ranges in the order of the policy, with new releases last; equal ones stay as they are."""
        written: set[Family] = set()
        ranges: list[Any] = []

        def write(family: Family) -> None:
            if family not in written:
                written.add(family)
                present = self._present.get(family, {})
                ranges.extend(present.get(span, body) for span, body in target.get(family, {}).items())

        for raw, span in self._old:
            family = span.family if span else None
            if family is not None and family in self._present:
                write(family)
            else:
                ranges.append(raw)
        for family in target:
            write(family)
        return ranges

    def _impossible(self, ranges: Iterable[Any]) -> Iterable[str]:
        maximum = version_of(self._maximum, _LEAST_PARTS)
        spans = [span for raw in ranges if (span := _span_of(raw)) is not None]
        if maximum is not None and all(each.lowest > maximum for each in spans):
            yield f"osMaximumVersion {maximum} is lower than every range: no device could comply{_FIRST}"

    def _above_maximum(self, written: Mapping[Family, Mapping[Span, Json]]) -> Iterable[str]:
        """Yield the releases whose devices can be compliant now, and with the new ranges cannot."""
        maximum = version_of(self._maximum, _LEAST_PARTS)
        for family, spans in written.items():
            before = self._present.get(family, {})
            if maximum is None or not any(each.lowest <= maximum for each in before):
                continue
            if all(each.lowest > maximum for each in spans):
                name = self._rule.name(family)
                yield f"osMaximumVersion {maximum} is lower than the ranges of {name}: none of its devices can comply"


def _minimum_update(current: Current, rule: _Rule, *, allow_lower: bool) -> PolicyUpdate:
    """Return the new minimum, of the release that the present one is a build of."""
    old = version_of(current.minimum, _LEAST_PARTS)
    family = family_of(old) if old is not None else None
    if old is None or family is None or not rule.is_known(family):
        text = f"{MINIMUM} {current.minimum!r} stays as it is: no Windows release for PCs has such builds"
        return PolicyUpdate({}, unmatched=(text,), is_matched=False)
    if family not in rule.accepted:
        text = f"{MINIMUM} {current.minimum}: {rule.reason_to_keep(family)}"
        return PolicyUpdate({}, unmatched=(text,), is_matched=False)
    new = version_of(rule.minimums[family])
    assert new is not None, "a minimum of the rule is a version"
    if new == old:
        return PolicyUpdate({})
    texts = ((str(current.minimum),), (str(new),))
    if new < old and not allow_lower:
        change = Change(MINIMUM, rule.name(family), Kind.LOWER, *texts, is_refused=True)
        return PolicyUpdate({}, (change,), (f"{MINIMUM} {old} is higher than {new}, which the rule asks for",))
    change = Change(MINIMUM, rule.name(family), Kind.RAISE if new > old else Kind.LOWER, *texts)
    maximum = version_of(current.maximum, _LEAST_PARTS)
    impossible: tuple[str, ...] = ()
    if maximum is not None and new > maximum:
        impossible = (f"osMaximumVersion {maximum} is lower than {MINIMUM} {new}: no device could comply{_FIRST}",)
    notes = tuple(
        f"{MINIMUM} does not let the hotpatched build {span.lowest} pass: use ranges"
        for span in rule.accepted[family]
        if span.lowest < new
    )
    return PolicyUpdate({MINIMUM: str(new)}, (change,), (), impossible, notes=notes)


def _kind(before: Sequence[Span], after: Sequence[Span]) -> Kind:
    if not before:
        return Kind.ADD
    if not after:
        return Kind.REMOVE
    if lowered(before, after):
        return Kind.LOWER
    return Kind.RAISE if after[0].lowest > before[0].lowest else Kind.CHANGE


def _is_open(each: LeftOut) -> bool:
    """Return whether a release is not accepted yet, or for what is not known: its devices are no worse for it."""
    return each.reason == END_UNKNOWN or each.reason.startswith(NOT_YET)


def _span_of(raw: object) -> Span | None:
    if not isinstance(raw, dict):
        return None
    lowest, highest = version_of(raw.get("lowestVersion")), version_of(raw.get("highestVersion"))
    return None if lowest is None or highest is None else Span(lowest, highest)


def _unmatched(raw: object, span: Span | None) -> str:
    if not isinstance(raw, dict):
        return f"the range {raw!r} stays as it is: it is no object"
    named = f" ({raw['description']})" if raw.get("description") else ""
    if span is None:
        texts = [str(raw.get(name)) for name in ("lowestVersion", "highestVersion")]
        return f"the range {' to '.join(texts)}{named} stays as it is: these are no versions with four numbers"
    if span.family is None:
        return f"the range {span}{named} stays as it is: it holds builds of several releases"
    return f"the range {span}{named} stays as it is: no Windows release for PCs has such builds"
