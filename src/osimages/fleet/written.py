"""Writes every device of an export again, with what was found about it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import TextIO

from osimages.catalogue.check import Answer
from osimages.fleet.devices import Device

_ADDED = (
    "release",
    "servicing",
    "support",
    "supportEndDate",
    "daysLeft",
    "updates",
    "patchTuesdaysBehind",
    "latestBuild",
)


def device_writer(file: TextIO, names: Sequence[str]) -> Callable[[Device, Answer | None], None]:
    """What writes one device, after the line with the names of all columns; ours come last, as `osimages...`."""
    writer = csv.writer(file)
    width = len(names)
    writer.writerow([*names, *(f"osimages.{name}" for name in _ADDED)])
    columns: dict[int, tuple[object, ...]] = {}

    def write(device: Device, answer: Answer | None) -> None:
        # Answers are shared by thousands of devices, and live as long as what is written.
        found = columns.get(id(answer))
        if found is None:
            found = columns[id(answer)] = _columns(answer)
        writer.writerow((*device.values[:width], *found))

    return write


def _columns(answer: Answer | None) -> tuple[object, ...]:
    if answer is None:
        return ("", "", "skipped", *("",) * (len(_ADDED) - 3))
    return (
        answer.release or "",
        answer.servicing or "",
        answer.support.value,
        answer.support_end_date or "",
        "" if answer.days_left is None else answer.days_left,
        answer.patch.value,
        "" if answer.patch_tuesdays_behind is None else answer.patch_tuesdays_behind,
        answer.latest.build_version if answer.latest else "",
    )
