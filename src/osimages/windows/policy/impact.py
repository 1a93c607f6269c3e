"""The impact of a policy on a fleet before it is applied: how many devices would become non-compliant, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from osimages.windows.checks.answers import Answer
from osimages.windows.fleet.tally import Group
from osimages.windows.policy.judge import Compliance, Judgement, Reason

_MONTHS = {1: "one month behind", 2: "two months behind"}
_MORE_MONTHS = "three or more months behind"
# Verbs for one device and for several, and what follows.
_REASONS = {
    Reason.BELOW: ("has", "have", "a build below the lowest one that is accepted"),
    Reason.ABOVE: ("has", "have", "a build above the highest one that is accepted"),
    Reason.RELEASE: ("runs", "run", "a release that the policy does not accept"),
}
_UNJUDGED = {
    Reason.BUILD: ("cannot", "cannot", "be judged, as the build is not certain"),
    Reason.FAMILY: ("is", "are", "not evaluated by Intune: servers and HoloLens"),
    Reason.NO_POLICY: ("runs", "run", "a release that no policy is for"),
}


class ImpactRow(msgspec.Struct, frozen=True, rename="camel"):
    """Devices of one release that would become non-compliant for one reason; `builds` is the number of their builds."""

    release: str
    devices: int
    builds: int
    reason: Reason
    patch_tuesdays_behind: int | None
    lowest_accepted: str | None


class Impact(msgspec.Struct, frozen=True, rename="camel"):
    """The totals of a policy. The four states add up to `devices`.

    `behind` counts the devices that would become non-compliant by the number of Patch Tuesdays that they are behind,
    `reasons` all that are not compliant by the reason. `warnings` say what the policy itself lacks.
    """

    policy: str
    devices: int
    compliant: int
    non_compliant: int
    not_evaluated: int
    cannot_tell: int
    behind: dict[int, int]
    reasons: dict[str, int]
    rows: tuple[ImpactRow, ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def impact(groups: Iterable[Group], policy: str, warnings: Sequence[str] = ()) -> Impact:
    """Return the impact of a policy on the devices of groups that were judged by it."""
    judged = [(each, each.judgement) for each in groups if each.devices and each.judgement is not None]
    states: Counter[Compliance] = Counter()
    reasons: Counter[Reason] = Counter()
    behind: Counter[int] = Counter()
    for group, judgement in judged:
        states[judgement.compliance] += group.devices
        if judgement.reason:
            reasons[judgement.reason] += group.devices
        months = group.answer.patch_tuesdays_behind
        if judgement.reason is Reason.BELOW and months:
            behind[months] += group.devices
    devices = sum(states.values())
    return Impact(
        policy,
        devices,
        states[Compliance.COMPLIANT],
        states[Compliance.NON_COMPLIANT],
        states[Compliance.NOT_EVALUATED],
        states[Compliance.CANNOT_TELL],
        dict(sorted(behind.items())),
        {reason.value: reasons[reason] for reason in Reason if reasons[reason]},
        tuple(_rows(judged)),
        tuple(_sentences(devices, states[Compliance.NON_COMPLIANT], reasons, behind)),
        tuple(warnings),
    )


def _rows(judged: Iterable[tuple[Group, Judgement]]) -> list[ImpactRow]:
    """Return the devices that would become non-compliant by release and reason, most devices first."""
    found: dict[tuple[str, Reason, int | None, str | None], list[Group]] = {}
    for group, judgement in judged:
        if judgement.compliance is Compliance.NON_COMPLIANT:
            lowest = None if judgement.lowest is None else str(judgement.lowest)
            key = (_subject(group.answer), judgement.reason, group.answer.patch_tuesdays_behind, lowest)
            found.setdefault(key, []).append(group)
    rows = [
        ImpactRow(name, sum(each.devices for each in groups), len(groups), reason, behind, lowest)
        for (name, reason, behind, lowest), groups in found.items()
    ]
    return sorted(rows, key=lambda each: (-each.devices, each.release, each.patch_tuesdays_behind or 0))


def _subject(answer: Answer) -> str:
    return answer.release or " or ".join(answer.candidates) or answer.asked


def _sentences(devices: int, bad: int, reasons: Counter[Reason], behind: Counter[int]) -> Iterator[str]:
    """Sentences: "437 of 5,000 devices would become non-compliant; 402 of them are one month behind."."""
    why = list(_causes(reasons, behind))
    causes = f"; {', '.join(why)}" if why else ""
    yield f"{bad:,} of {_counted(devices)} would become non-compliant{causes}."
    for reason, words in _UNJUDGED.items():
        if reasons[reason]:
            yield f"{_clause(reasons[reason], *words)}."


def _causes(reasons: Counter[Reason], behind: Counter[int]) -> Iterator[str]:
    months: Counter[str] = Counter()
    for number, count in behind.items():
        months[_MONTHS.get(number, _MORE_MONTHS)] += count
    found = [(months[text], ("is", "are", text)) for text in (*_MONTHS.values(), _MORE_MONTHS)]
    below = reasons[Reason.BELOW] - sum(behind.values())
    found += [(below if reason is Reason.BELOW else reasons[reason], words) for reason, words in _REASONS.items()]
    of_them = " of them"
    for count, words in found:
        if count:
            yield _clause(count, *words, of_them=of_them)
            of_them = ""


def _clause(count: int, one: str, many: str, rest: str, *, of_them: str = "") -> str:
    return f"{count:,}{of_them} {one if count == 1 else many} {rest}"


def _counted(devices: int) -> str:
    return f"{devices:,} device{'s' * (devices != 1)}"
