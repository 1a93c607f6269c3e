"""What a text says about a device's Windows: its release, its build and its edition, in every spelling in use.

Admins copy builds from winver (`Version 24H2 (OS Build 26100.9445)`), `ver` (`[Version 10.0.26100.9445]`), Intune
(`10.0.26100.9445`), Active Directory (`10.0 (26100)`), Microsoft's pages (`26100.9445`, `Windows 11, version 24H2`) and
the registry's BuildLabEx (`26100.1.amd64fre.ge_release.240331-1435`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from osimages.catalogue.builds import Build
from osimages.catalogue.facts import Catalogue, Release
from osimages.catalogue.servicing import FIRST_SERVER_REVISION, LONG_TERM_YEARS, Servicing, servicing_of

LONGEST_TEXT = 512
_LAB = re.compile(r"(?<![\d.])(?:10\.0\.)?(\d{4,5})\.\d{1,6}\.(?:amd64|x86|arm64|arm|woa)\w*\.", re.IGNORECASE)
_FULL = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,10})(?:\.(\d{1,10}))?(?![\d.]*\d)")
_SHORT = re.compile(r"(?<![\w.])(\d{5})(?:\.(\d{1,10}))?(?![\d.]*\d)")
_PRODUCT = re.compile(r"\bw(?:in(?:dows)?)?\W*(\d{1,4}(?:\.\d)?)(?![\d.])", re.IGNORECASE)
_VERSION = re.compile(r"(?<![\w.])(\d\dH[12]|1[5-9]\d\d|2004)(?![\w.])", re.IGNORECASE)
_LONG_TERM = re.compile(r"\blts[bc]\W*(20\d\d)\b|\b(20\d\d)\W*lts[bc]\b", re.IGNORECASE)
_SERVER = re.compile(r"\bserver(?!\W*rdsh)\b", re.IGNORECASE)
# Builds that are asked for although no release of Windows 10 or 11 has them.
_OTHER_SYSTEMS: Mapping[int, str] = {
    6002: "Windows Vista",
    7600: "Windows 7",
    7601: "Windows 7 SP1",
    9200: "Windows 8",
    9600: "Windows 8.1",
    20348: "Windows Server 2022",
    25398: "Windows Server, version 23H2",
}
_SERVER_BUILDS = frozenset((20348, 25398))


class Stated(msgspec.Struct, frozen=True):
    """What a text states. `build` is None where it names no revision; `release` None where nothing known is named.

    `problem` says why there is no release; `notes` what is odd about a text that was understood.
    """

    release: Release | None = None
    build: Build | None = None
    servicing: Servicing | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    is_server: bool = False


class Speller:
    """Reads texts against the releases of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._by_build = {each.os_build: each for each in catalogue.releases}
        self._releases = catalogue.releases

    def read(self, text: str) -> Stated:
        """What a text states; never raises: what is not understood is a `problem`."""
        if len(text) > LONGEST_TEXT:
            return Stated(problem=f"the text has more than {LONGEST_TEXT} characters")
        if _SERVER.search(text):
            return Stated(problem="Windows Server is not in this catalogue", is_server=True)
        numbers = _numbers(text)
        if numbers is None:
            return self._by_name(text)
        major, minor, build, revision, is_lab = numbers
        found = self._by_build.get(build) if (major, minor) == (10, 0) else None
        if found is None:
            is_server = build in _SERVER_BUILDS
            problem = self._unknown_build(major, minor, build)
            return Stated(problem=problem, servicing=servicing_of(text), is_server=is_server)
        if build == 26100 and revision is not None and revision >= FIRST_SERVER_REVISION:
            return Stated(problem=f"{build}.{revision} is a build of Windows Server 2025", is_server=True)
        notes = _contradictions(text, found)
        if is_lab:
            notes += ("BuildLabEx names the build that Windows was made from, not its updates",)
        stated = Build(major, minor, build, revision) if revision and not is_lab and revision < 2**32 else None
        return Stated(found, stated, servicing_of(text), notes=notes)

    def _by_name(self, text: str) -> Stated:
        servicing = servicing_of(text)
        if (year := _LONG_TERM.search(text)) is not None:
            found = self._by_build.get(LONG_TERM_YEARS.get(year[1] or year[2], 0))
            if found is not None:
                return Stated(found, servicing=servicing)
        version, product = _VERSION.search(text), _PRODUCT.search(text)
        if version is None:
            named = f": '{text.strip()}' names no version" if product else ""
            return Stated(problem=f"there is no build or version in it{named}", servicing=servicing)
        named_product = f"Windows {product[1]}" if product and product[1] in ("10", "11") else None
        found_by_name = [
            each
            for each in self._releases
            if each.version.lower() == version[1].lower() and named_product in (None, each.product)
        ]
        if len(found_by_name) == 1:
            return Stated(found_by_name[0], servicing=servicing)
        if found_by_name:
            either = " or ".join(each.id for each in found_by_name)
            return Stated(problem=f"it could be {either}; say which", servicing=servicing)
        return Stated(problem=f"the catalogue knows no {named_product or 'Windows'} {version[1]}", servicing=servicing)

    def _unknown_build(self, major: int, minor: int, build: int) -> str:
        if (name := _OTHER_SYSTEMS.get(build)) is not None:
            return f"build {build} is {name}, which is not in this catalogue"
        if (major, minor) != (10, 0):
            return f"{major}.{minor} is neither Windows 10 nor Windows 11"
        newest = max(self._by_build, default=0)
        if build > newest:
            return f"build {build} is newer than every release that the catalogue knows (up to {newest})"
        return f"no release has build {build}; it may be an Insider build"


def _numbers(text: str) -> tuple[int, int, int, int | None, bool] | None:
    """Major, minor, build, revision where one is stated, and whether it is a build of BuildLabEx."""
    if (lab := _LAB.search(text)) is not None:
        return 10, 0, int(lab[1]), None, True
    if (full := _FULL.search(text)) is not None:
        return int(full[1]), int(full[2]), int(full[3]), _revision(full[4]), False
    if (short := _SHORT.search(text)) is not None:
        return 10, 0, int(short[1]), _revision(short[2]), False
    return None


def _revision(text: str | None) -> int | None:
    """A revision of 0 is none: .NET's OSVersion and others, which do not know it, say 10.0.26100.0."""
    return int(text) or None if text else None


def _contradictions(text: str, found: Release) -> tuple[str, ...]:
    """The build decides: the registry of Windows 11 itself says `Windows 10` in ProductName."""
    version = _VERSION.search(text)
    if version is not None and version[1].lower() != found.version.lower():
        return (f"it says {version[1]}, but build {found.os_build} is {found.id}",)
    return ()
