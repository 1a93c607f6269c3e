"""Adds up what was checked: how many devices are supported, current, behind, and which support ends when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import msgspec

from osimages.windows.checks.answers import Answer, Family, Patch, Support, Verdict
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.freshness import Freshness, freshness
from osimages.windows.checks.products import other_system
from osimages.windows.facts import Catalogue
from osimages.windows.fleet.columns import Columns
from osimages.windows.fleet.devices import Device, Export, Skipped
from osimages.windows.fleet.rows import Broken
from osimages.windows.images import patch_tuesdays_known
from osimages.windows.policy.judge import BuildPolicy, Judgement

_MOST_CACHED = 50_000
_MOST_GROUPS = 20_000
_MOST_BROKEN = 100
_LONGEST_NAME = 128
_NO_BUILD = "(no build)"
_OTHERS = "(other texts)"


class Group(msgspec.Struct):
    """Devices with one answer, and how many there are; with a policy, also what that makes of them."""

    answer: Answer
    devices: int
    judgement: Judgement | None = None


class Facts(msgspec.Struct, frozen=True, rename="camel"):
    """How far the facts reach that the answers come from."""

    as_of: date
    complete_until: date
    newest_patch_tuesday: date | None


class Leaving(msgspec.Struct, frozen=True, rename="camel"):
    """Devices whose support ends (or ended) on a day."""

    support_end_date: date
    days_left: int
    release: str
    servicing: str
    devices: int


class Summary(msgspec.Struct, frozen=True, rename="camel"):
    """The totals of an input.

    `devices` + the sum of `skipped` + `rejected` is `rows_read`. `verdicts`, `families`, `support` and `patch` each add
    up to `devices`; `good` is the verdict of that name. `behind` counts by the number of Patch Tuesdays, `releases` by
    release. `skipped` counts rows that are no device that runs Windows, by reason, and `other_systems` those of them
    that run something else, by its name; `rejected` counts rows that could not be read.
    """

    rows_read: int
    devices: int
    good: int
    verdicts: dict[str, int]
    families: dict[str, int]
    support: dict[str, int]
    patch: dict[str, int]
    behind: dict[int, int]
    releases: dict[str, int]
    skipped: dict[str, int]
    other_systems: dict[str, int]
    rejected: int


class Tally:
    """Counts devices by their answers; `groups` come in the order in which they were first met.

    `columns` are those of the export that was read, `incomplete` says what was missing from it. With `policy`, each
    device is judged by it.
    """

    def __init__(self, checker: Checker, edition: str | None = None, policy: BuildPolicy | None = None) -> None:
        self.checker = checker
        self.policy = policy
        self._edition = edition or ""
        self._cached: dict[Evidence, Group | str] = {}
        self._groups: dict[tuple[object, ...], Group] = {}
        self.skipped: Counter[str] = Counter()
        self.other_systems: Counter[str] = Counter()
        self.broken: list[Broken] = []
        self.rejected = 0
        self.rows_read = 0
        self.columns: Columns | None = None
        self.incomplete: list[str] = []

    def add(self, evidence: Evidence) -> Group | Skipped:
        """Count one device, unless it runs something else than Windows."""
        found = self._cached.get(evidence)
        if found is None:
            if len(self._cached) >= _MOST_CACHED:
                self._cached.clear()
            found = self._cached[evidence] = self._checked(evidence)
        self.rows_read += 1
        if isinstance(found, str):
            self.skipped[Skipped.NOT_WINDOWS] += 1
            self.other_systems[found if found in self.other_systems or len(self.other_systems) < 100 else _OTHERS] += 1
            return Skipped.NOT_WINDOWS
        found.devices += 1
        return found

    def keep(self, build: str) -> Group:
        """Count one build that a user checks, of any system."""
        self.rows_read += 1
        group = self._group(self.checker.check_device(Evidence(build=build, edition=self._edition)), build)
        group.devices += 1
        return group

    def take(self, export: Export) -> Iterator[tuple[Device, Group | Skipped]]:
        """Count what an export holds, and give each device with its group, or the reason why it is skipped."""
        self.columns = export.columns
        for each in export.devices:
            if isinstance(each, Broken):
                self.rows_read += 1
                self.rejected += 1
                if len(self.broken) < _MOST_BROKEN:
                    self.broken.append(each)
            elif each.skipped is not None:
                self.rows_read += 1
                self.skipped[each.skipped] += 1
                yield each, each.skipped
            else:
                yield each, self.add(each.evidence)
        self.incomplete += export.incomplete()

    @property
    def groups(self) -> list[Group]:
        """Each different answer with its number of devices."""
        return list(self._groups.values())

    def summary(self) -> Summary:
        """Return the totals so far."""
        support, patch, behind, releases = (Counter[str](), Counter[str](), Counter[int](), Counter[str]())
        families, verdicts = Counter[str](), Counter[str]()
        for each in self.groups:
            answer, devices = each.answer, each.devices
            support[answer.support] += devices
            patch[answer.patch] += devices
            releases[answer.release or "unknown"] += devices
            if answer.patch_tuesdays_behind is not None:
                behind[answer.patch_tuesdays_behind] += devices
            families[answer.family] += devices
            verdicts[self.checker.verdict(answer)] += devices
        return Summary(
            rows_read=self.rows_read,
            devices=sum(support.values()),
            good=verdicts[Verdict.GOOD],
            verdicts={each.value: verdicts[each] for each in Verdict},
            families={each.value: families[each] for each in Family if families[each]},
            support={state.value: support[state] for state in Support},
            patch={state.value: patch[state] for state in Patch},
            behind=dict(sorted(behind.items())),
            releases=dict(sorted(releases.items())),
            skipped={each.value: self.skipped[each] for each in Skipped if self.skipped[each]},
            other_systems=dict(sorted(self.other_systems.items())),
            rejected=self.rejected,
        )

    def leaving(self) -> list[Leaving]:
        """Whose support ends when, soonest first, for devices whose edition is known or does not matter for it."""
        found: Counter[tuple[date, str, str]] = Counter()
        for each in self.groups:
            answer = each.answer
            if answer.release is not None and answer.support_end_date is not None:
                name = answer.servicing or "edition not stated"
                found[answer.support_end_date, answer.release, name] += each.devices
        today = self.checker.today
        return [
            Leaving(end, (end - today).days, release, name, devices)
            for (end, release, name), devices in sorted(found.items())
        ]

    def freshness(self) -> Freshness:
        """Return the freshness of the facts for the devices so far."""
        checker = self.checker
        return freshness(checker.catalogue, checker.today, checker.age_days, (each.answer for each in self.groups))

    def unknown_patch_tuesdays(self) -> list[date]:
        """Patch Tuesdays whose build the catalogue lacks for a release that is among the devices."""
        return sorted({day for each in self.groups for day in each.answer.unknown_patch_tuesdays})

    def _checked(self, evidence: Evidence) -> Group | str:
        """Return the group of a device, or the name of its operating system where that is not Windows."""
        if self._edition:
            evidence = msgspec.structs.replace(evidence, edition=self._edition)
        answer = self.checker.check_device(evidence)
        other = other_system(evidence.system)
        if answer.family is Family.OTHER or (other is not None and not answer.candidates):
            return other or (evidence.system.strip() or evidence.build.strip())[:_LONGEST_NAME]
        return self._group(answer, _asked(evidence))

    def _group(self, answer: Answer, asked: str) -> Group:
        asked = asked.strip()[:_LONGEST_NAME] or _NO_BUILD
        judgement = self.policy.judge(answer) if self.policy is not None else None
        shown = (answer.build_version if answer.candidates else None) or asked
        key: tuple[object, ...]
        key = (answer.family, answer.candidates, shown, answer.servicing, answer.esu, answer.support, answer.patch)
        if key not in self._groups and len(self._groups) >= _MOST_GROUPS:
            # Memory is bounded: from here on devices with one verdict on one release share a group.
            answer = msgspec.structs.replace(answer, build_version=None, update=None)
            asked = _OTHERS
            key = (
                answer.family,
                answer.candidates,
                _OTHERS,
                answer.support,
                answer.patch,
                answer.patch_tuesdays_behind,
                judgement,
            )
        return self._groups.setdefault(key, Group(msgspec.structs.replace(answer, asked=asked), 0, judgement))


def _asked(evidence: Evidence) -> str:
    """Return the text of the build, or another text of the input that names it."""
    build, revision = evidence.build.strip(), evidence.revision.strip()
    if build and revision:
        return f"{build}.{revision}"
    named = " ".join(filter(None, (evidence.system.strip(), evidence.version.strip())))
    return build or named or evidence.lab.strip()


def facts_of(catalogue: Catalogue, today: date, age_days: int) -> Facts:
    """How far a catalogue reaches on a day."""
    known = patch_tuesdays_known(catalogue, today, age_days)
    return Facts(catalogue.as_of, catalogue.complete_until, known[0] if known else None)


def document(tally: Tally, facts: Facts) -> dict[str, object]:
    """Everything, as the JSON document that `osimages check --json` prints."""
    return {
        "today": tally.checker.today,
        "catalogue": facts,
        "freshness": tally.freshness(),
        "summary": tally.summary(),
        "results": [_result(each) for each in tally.groups],
        "leavingSupport": tally.leaving(),
        "unknownPatchTuesdays": tally.unknown_patch_tuesdays(),
        "columns": {} if tally.columns is None else _columns(tally.columns),
        "incomplete": tally.incomplete,
        "rejected": [{"line": each.line, "lastLine": each.last_line, "reason": each.reason} for each in tally.broken],
    }


def _result(group: Group) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(group.answer)
    found["devices"] = group.devices
    if group.judgement is not None:
        found |= {"compliance": group.judgement.compliance, "complianceReason": group.judgement.reason or None}
    return found


def _columns(columns: Columns) -> dict[str, list[dict[str, str]]]:
    """Return the chosen columns by role, with the reasons."""
    found: dict[str, list[dict[str, str]]] = {}
    for role, choice in columns.listed():
        found.setdefault(role, []).append({"column": choice.column, "why": choice.why})
    return found
