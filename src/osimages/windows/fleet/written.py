"""Writes every device of an export again, with what was found about it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from osimages.windows.checks.answers import Answer, Verdict, verdict
from osimages.windows.fleet.attention import action
from osimages.windows.fleet.devices import Device, Skipped
from osimages.windows.fleet.tally import Group

_ADDED = (
    "release",
    "servicing",
    "support",
    "supportEndDate",
    "daysLeft",
    "updates",
    "patchTuesdaysBehind",
    "latestBuild",
    "skipped",
    "family",
    "candidates",
    "patchLevel",
    "verdict",
    "action",
    "notes",
)
_SKIPPED_AT = _ADDED.index("skipped")
_OF_POLICY = ("compliance", "complianceReason", "lowestAccepted")


# What a spreadsheet may take for the start of a formula, also after spaces, and in full width (OWASP, CSV injection:
# https://owasp.org/www-community/attacks/CSV_Injection). A sum without a letter can do nothing: numbers, telephone
# numbers and dashes stay what they are.
_MAY_START = frozenset("=+-@\t\r\n \uff1d\uff0b\uff0d\uff20")
_FORMULA = re.compile(r"[\t\r\n]|\s*[=@\uff1d\uff20]|\s*[+\-\uff0b\uff0d](?=.*[^\W\d_])", re.DOTALL)
_NUMBER = re.compile(r"\s*[+-]\d+(?:[.,]\d+)?[eE][+-]?\d+\s*", re.ASCII)


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that it might take for one gets an apostrophe before it."""
    if cell[:1] not in _MAY_START or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


class Writable(Protocol):
    """A file to write text to."""

    def write(self, text: str, /) -> int:
        """Write a text."""


def device_writer(
    file: Writable,
    names: Sequence[str],
    *,
    as_it_is: bool = False,
    allow_stale: bool = False,
    has_policy: bool = False,
) -> Callable[[Device, Group | Skipped], None]:
    """What writes one device, after the line with the names of all columns; ours come last, as `osimages...`.

    Cells that a spreadsheet might take for formulas are made inert, unless all are to be written `as_it_is`. With
    `has_policy`, the last columns say what the policy makes of the device.
    """
    written: Callable[[str], str] = str if as_it_is else inert
    writer = csv.writer(file)
    width = len(names)
    added = (*_ADDED, *_OF_POLICY) if has_policy else _ADDED
    writer.writerow([*map(written, names), *(f"osimages.{name}" for name in added)])
    # By identity, as devices share groups; the group is kept, so that no other one gets its identity.
    columns: dict[int, tuple[Group | Skipped, tuple[object, ...]]] = {}

    def write(device: Device, group: Group | Skipped) -> None:
        found = columns.get(id(group))
        if found is None:
            found = columns[id(group)] = group, _cells(group, len(added), allow_stale)
        writer.writerow((*map(written, device.values[:width]), *found[1]))

    return write


def _cells(group: Group | Skipped, number: int, allow_stale: bool) -> tuple[object, ...]:
    if isinstance(group, Skipped):
        return ("", "", "skipped", *("",) * (_SKIPPED_AT - 3), group.value, *("",) * (number - _SKIPPED_AT - 1))
    judgement = group.judgement
    if judgement is None:
        return _columns(group.answer, allow_stale)
    return (*_columns(group.answer, allow_stale), judgement.compliance, judgement.reason, judgement.lowest or "")


def _columns(answer: Answer, allow_stale: bool) -> tuple[object, ...]:
    state = verdict(answer, allow_stale)
    return (
        answer.release or "",
        answer.servicing or "",
        answer.support.value,
        answer.support_end_date or "",
        "" if answer.days_left is None else answer.days_left,
        answer.patch.value,
        "" if answer.patch_tuesdays_behind is None else answer.patch_tuesdays_behind,
        answer.latest.build_version if answer.latest else "",
        "",
        answer.family.value,
        " or ".join(answer.candidates),
        answer.patch_level or "",
        state.value,
        "" if state is Verdict.GOOD else inert(action(answer)),
        inert("; ".join(answer.notes)),
    )
