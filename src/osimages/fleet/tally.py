"""Adds up what was checked: how many devices are supported, current, behind, and which support ends when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import msgspec

from osimages.catalogue.answers import Answer, Patch, Support
from osimages.catalogue.check import Checker
from osimages.catalogue.facts import Catalogue
from osimages.catalogue.publishing import patch_tuesdays_known
from osimages.catalogue.servicing import servicing_of
from osimages.fleet.devices import Broken, Device

_MOST_REMEMBERED = 50_000
_MOST_GROUPS = 20_000
_MOST_BROKEN = 100
_NO_BUILD = "(no build)"
_OTHERS = "(other texts)"


class Group(msgspec.Struct):
    """Devices with one answer, and how many there are."""

    answer: Answer
    devices: int


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
    """The totals of all devices that were checked; `good` ones are supported and current.

    `support` and `patch` count by state, `behind` by the number of Patch Tuesdays, `releases` by release.
    `skipped` counts what is no Windows client, which is not among the devices; `rejected` lines that could not be read.
    """

    devices: int
    good: int
    support: dict[str, int]
    patch: dict[str, int]
    behind: dict[int, int]
    releases: dict[str, int]
    skipped: dict[str, int]
    rejected: int


class Tally:
    """Takes devices in, remembers only what differs. `groups` come in the order in which they were first met."""

    def __init__(self, checker: Checker, edition: str | None = None) -> None:
        self.checker = checker
        self._edition = edition
        self._remembered: dict[tuple[str, str, str], Group | str] = {}
        self._groups: dict[tuple[str | None, str | None, str | None], Group] = {}
        self.skipped: Counter[str] = Counter()
        self.broken: list[Broken] = []
        self.incomplete: list[str] = []  # what is missing from the input
        self.rejected = 0

    def add(self, build: str, edition: str = "", system: str = "") -> Answer | None:
        """Counts one device; None where it is no Windows client."""
        key = (build, edition, system)
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[key] = self._look(build, edition, system)
        if isinstance(found, str):
            self.skipped[found] += 1
            return None
        found.devices += 1
        return found.answer

    def keep(self, answer: Answer, build: str) -> Answer:
        """Counts a build whose answer is known already."""
        group = self._group(answer, build)
        group.devices += 1
        return group.answer

    def take(self, devices: Iterable[Device | Broken]) -> Iterator[tuple[Device, Answer | None]]:
        """Counts what an export holds, and gives each device with its answer."""
        for each in devices:
            if isinstance(each, Broken):
                self.rejected += 1
                if len(self.broken) < _MOST_BROKEN:
                    self.broken.append(each)
            else:
                yield each, self.add(each.build, each.edition, each.system)

    @property
    def groups(self) -> list[Group]:
        """Each different answer with its number of devices."""
        return list(self._groups.values())

    def summary(self) -> Summary:
        """The totals so far."""
        support, patch, behind, releases = (Counter[str](), Counter[str](), Counter[int](), Counter[str]())
        good = 0
        for each in self.groups:
            answer, devices = each.answer, each.devices
            support[answer.support] += devices
            patch[answer.patch] += devices
            releases[answer.release or "unknown"] += devices
            if answer.patch_tuesdays_behind is not None:
                behind[answer.patch_tuesdays_behind] += devices
            good += devices * is_good(answer)
        return Summary(
            devices=sum(support.values()),
            good=good,
            support={state.value: support[state] for state in Support},
            patch={state.value: patch[state] for state in Patch},
            behind=dict(sorted(behind.items())),
            releases=dict(sorted(releases.items())),
            skipped=dict(self.skipped),
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

    def measured_against(self) -> date | None:
        """The Patch Tuesday of the newest build that is known for most of the devices."""
        found: Counter[date] = Counter()
        for each in self.groups:
            if each.answer.latest is not None and each.answer.latest.patch_tuesday is not None:
                found[each.answer.latest.patch_tuesday] += each.devices
        return max(found, key=lambda day: found[day], default=None)

    def unknown_patch_tuesdays(self) -> list[date]:
        """Patch Tuesdays whose build the catalogue lacks for a release that is among the devices."""
        return sorted({day for each in self.groups for day in each.answer.unknown_patch_tuesdays})

    def _look(self, build: str, edition: str, system: str) -> Group | str:
        if _is_other_system(system.lower()):
            return "notWindows"
        text = build.strip()
        if not any(letter.isdigit() for letter in text):
            text = f"{system} {text}".strip() if any(letter.isdigit() for letter in system) else text
        elif len(text) <= 8 and "." not in text:
            # A version alone (24H2, as Defender has it) needs its product.
            text = f"{system} {text}".strip()
        if self.checker.is_server(text) or self.checker.is_server(system):
            return "windowsServer"
        named = edition if servicing_of(edition) else system if servicing_of(system) else edition
        return self._group(self.checker.check(text, self._edition or named or None), build)

    def _group(self, answer: Answer, build: str) -> Group:
        asked = build.strip()[:128] or _NO_BUILD
        key = (answer.release, answer.build_version if answer.release else asked, answer.servicing)
        if key not in self._groups and len(self._groups) >= _MOST_GROUPS:
            # Memory is bounded: from here on what has no answer yet is lumped together by its release.
            answer = msgspec.structs.replace(answer, build_version=None, update=None)
            asked, key = _OTHERS, (answer.release, _OTHERS, f"{answer.support} {answer.patch_tuesdays_behind}")
        return self._groups.setdefault(key, Group(msgspec.structs.replace(answer, asked=asked), 0))


def _is_other_system(system: str) -> bool:
    """Whether the name of an operating system, in lower case, is not one of Windows. A bare number says nothing."""
    return any(letter.isalpha() for letter in system) and ("win" not in system or "darwin" in system)


def is_good(answer: Answer) -> bool:
    """Supported and current."""
    return answer.is_supported and answer.is_current


def facts_of(catalogue: Catalogue, today: date, age_days: int) -> Facts:
    """How far a catalogue reaches on a day."""
    known = patch_tuesdays_known(catalogue, today, age_days)
    return Facts(catalogue.as_of, catalogue.complete_until, known[0] if known else None)


def document(tally: Tally, facts: Facts) -> Mapping[str, object]:
    """Everything, as the JSON document that `osimages check --json` prints."""
    return {
        "today": tally.checker.today,
        "catalogue": facts,
        "summary": tally.summary(),
        "results": [msgspec.to_builtins(each.answer) | {"devices": each.devices} for each in tally.groups],
        "leavingSupport": tally.leaving(),
        "unknownPatchTuesdays": tally.unknown_patch_tuesdays(),
        "incomplete": tally.incomplete,
        "rejected": [{"line": each.line, "lastLine": each.last_line, "reason": each.reason} for each in tally.broken],
    }
