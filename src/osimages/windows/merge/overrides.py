"""Choices that somebody made where sources are wrong or differ: pins, in a file for people, each with its reason.

[[pin]]
build = "26100.1742"            # or release = "Windows 11 24H2" and group = "Home/Pro"
field = "release date"          # or "kind", "canonical", "dropped"; "support end date" of a group
value = 2024-09-10
reason = "The table lists the day of general availability."
source = "https://support.microsoft.com/help/5043080"
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from osimages.windows.builds import Build
from osimages.windows.facts import Kind
from osimages.windows.merge.claims import GROUPS

FILE_NAME = "catalogue.toml"
DAY, KIND, CANONICAL, DROPPED, END = "release date", "kind", "canonical", "dropped", "support end date"
_BUILD_FIELDS = (DAY, KIND, CANONICAL, DROPPED)


class OverridesError(Exception):
    """The overrides file cannot be used; the text says what is wrong, and with which pin."""


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One choice: for a build, or for a group of editions of a release."""

    field: str
    reason: str
    value: Any = True  # a day, a kind, or true
    build: str = ""
    release: str = ""
    group: str = ""
    source: str = ""


class SourceSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other addresses of a source (a mirror of one's own), in the place of those that are built in; and whether it is
    asked without being named (None: as is usual for it).
    """

    urls: tuple[str, ...] = ()
    asked: bool | None = None


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pin: tuple[Pin, ...] = ()
    sources: dict[str, SourceSetting] = {}


class Overrides(msgspec.Struct, frozen=True):
    """The pins of the file by what they are about, its other addresses of sources, and which are asked or not."""

    days: dict[Build, date] = {}
    kinds: dict[Build, Kind] = {}
    canonical: frozenset[Build] = frozenset()
    dropped: frozenset[Build] = frozenset()
    ends: dict[tuple[str, str], date] = {}
    urls: dict[str, tuple[str, ...]] = {}
    asked: dict[str, bool] = {}
    pins: tuple[Pin, ...] = ()


NO_OVERRIDES = Overrides()


def read_overrides(file: Path) -> Overrides:
    """Return the overrides in a file; none where there is no file.

    Raises OverridesError.
    """
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return NO_OVERRIDES
    except OSError as error:
        raise OverridesError(f"{file} cannot be read: {error.strerror}.") from None
    return parse_overrides(text, str(file))


def parse_overrides(text: bytes, where: str) -> Overrides:
    """Read the text of an overrides file; `where` is how errors call it.

    Raises OverridesError.
    """
    try:
        form = msgspec.convert(tomllib.loads(text.decode("utf-8")), _Form)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise OverridesError(f"{where}: {error}. See docs/catalogue.md for the form of pins.") from None
    found: dict[str, Any] = {"days": {}, "kinds": {}, "ends": {}, "canonical": set(), "dropped": set()}
    for number, pin in enumerate(form.pin, start=1):
        try:
            _add(pin, found)
        except ValueError as error:
            raise OverridesError(f"{where}, pin {number}: {error}.") from None
    return Overrides(
        days=found["days"],
        kinds=found["kinds"],
        canonical=frozenset(found["canonical"]),
        dropped=frozenset(found["dropped"]),
        ends=found["ends"],
        urls={name: each.urls for name, each in form.sources.items() if each.urls},
        asked={name: each.asked for name, each in form.sources.items() if each.asked is not None},
        pins=form.pin,
    )


def _add(pin: Pin, found: dict[str, Any]) -> None:
    if not pin.reason.strip():
        raise ValueError("a pin needs a reason")
    if pin.field == END:
        if not pin.release or pin.group not in GROUPS:
            raise ValueError(f"'{END}' needs a release and a group, one of {', '.join(GROUPS)}")
        found["ends"][pin.release, pin.group] = _day(pin)
        return
    if pin.field not in _BUILD_FIELDS:
        raise ValueError(f"there is no field '{pin.field}'; there are {', '.join((*_BUILD_FIELDS, END))}")
    build = Build.parse(pin.build)
    if pin.field == DAY:
        found["days"][build] = _day(pin)
    elif pin.field == KIND:
        kinds = [each.value for each in Kind]
        if not isinstance(pin.value, str) or pin.value not in kinds:
            raise ValueError(f"there is no kind '{pin.value}'; there are {', '.join(kinds)}")
        found["kinds"][build] = Kind(pin.value)
    elif pin.value is not True:
        raise ValueError(f"the value of '{pin.field}' is true, or left out")
    else:
        found[pin.field].add(build)


def _day(pin: Pin) -> date:
    if not isinstance(pin.value, date):
        raise ValueError(f"the value of '{pin.field}' is a day, such as 2027-10-12 without quotes")
    return pin.value
