"""Turns the cells of a row into the evidence about one device."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.spelling import LONGEST_TEXT
from osimages.windows.fleet.columns import SERIAL_NUMBERS, Choice, Columns
from osimages.windows.fleet.dates import date_in
from osimages.windows.fleet.newest import Key, key_of
from osimages.windows.fleet.recognise import is_system
from osimages.windows.fleet.rows import Number

# The version of the hardware abstraction layer keeps the build that a release was made from, as BuildLabEx does.
_LAYER = re.compile(r"\s*10\.0\.(\d{5})\.\d+\s*$")
# Lansweeper marks the builds of servers.
_SERVER_CODE = re.compile(r"\s*(10\.0\.\d{5})S$")
_SERVER_TYPE = "3"
_is_system = lru_cache(1024)(is_system)  # names repeat
# Longer texts are no evidence; one letter more than is read shows that they are too long.
_LONGEST = LONGEST_TEXT + 1
_TEXTS = ("build", "revision", "edition", "version", "product_type", "installation_type", "sku", "lab", "esu")


def evidence_from(columns: Columns) -> Callable[[Sequence[str]], Evidence]:
    """Return the function that reads the evidence from the cells of a row."""
    places = {name: choice.place for name in _TEXTS if (choice := getattr(columns, name)) is not None}
    systems = [each.place for each in columns.system]
    build = places.get("build")

    def read(cells: Sequence[str]) -> Evidence:
        found = {name: cells[place][:_LONGEST] for name, place in places.items()}
        if found.get("lab") and (layer := _LAYER.match(found["lab"])):
            found["lab"] = f"{layer[1]}.1.amd64fre"
        if found.get("build", "")[-1:] == "S" and (code := _SERVER_CODE.match(found["build"])):
            found["build"] = code[1]
            found["product_type"] = found.get("product_type") or _SERVER_TYPE
        system = _system([cells[place][:_LONGEST] for place in systems])
        is_number = build is not None and isinstance(cells[build], Number)
        return Evidence(system=system, build_is_number=is_number, **found)

    return read


def _system(texts: list[str]) -> str:
    """Return the first text that names an operating system: of a Mac, "Sequoia (15)" names none and "Mac" does."""
    stated = [each for each in texts if each.strip()]
    if len(stated) < 2:
        return stated[0] if stated else ""
    return next((each for each in stated if _is_system(each)), stated[0])


def keys_from(columns: Columns) -> Callable[[Sequence[str]], list[Key]]:
    """Return the function that reads what identifies a device from the cells of a row."""
    alone = [(each.place, each.why == SERIAL_NUMBERS) for each in columns.identity]
    together = [each.place for each in columns.identity_together]

    def read(cells: Sequence[str]) -> list[Key]:
        found = [key for place, is_serial in alone if (key := key_of(cells[place], place, is_serial=is_serial))]
        if together and all(cells[place].strip() for place in together):
            whole = "\0".join(cells[place].strip() for place in together)
            found += filter(None, [key_of(whole, -1, is_serial=False)])
        return found

    return read


def name_from(columns: Columns) -> Callable[[Sequence[str]], str]:
    """Return the function that reads the name of a device from the cells of a row; names are cut off at 64 letters."""
    if columns.name is None:
        return lambda cells: ""
    place = columns.name.place
    return lambda cells: cells[place][:64].encode("utf-8", "replace").decode().casefold()


def last_seen_from(columns: Columns) -> Callable[[Sequence[str]], datetime | None]:
    """Return the function that reads the time at which a device was last seen from the cells of a row."""
    choice: Choice | None = columns.last_seen
    if choice is None:
        return lambda cells: None
    place, day_first = choice.place, columns.is_day_first
    return lambda cells: date_in(cells[place], day_first)
