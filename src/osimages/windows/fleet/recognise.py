"""Recognises what a cell holds, whatever its heading: a build, a revision, a version, an edition, a system, a date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from osimages.windows.checks.editions import named_edition
from osimages.windows.checks.products import other_system
from osimages.windows.checks.spelling import GROUPED
from osimages.windows.facts import Catalogue
from osimages.windows.fleet.dates import date_in

_DOTTED = re.compile(r"(?<![\d.,])10[.,]0[.,] ?(\d{5})(?:[.,] ?(\d{1,5}))?(?![\d.,]*\d)")
_OLDER = re.compile(r"(?<![\d.])6\.[0-3]\.(?:6000|6001|6002|7600|7601|9200|9600)\b")
_SHORT = re.compile(r"(?<![\w.,-])(\d{5})(?:[.,](\d{1,5}))?S?(?![\w.,-]*\d)")
_BARE = re.compile(r"\d{5}S?$")
_LAB = re.compile(r"(?:10\.0\.)?\d{5}\.\d{1,6}\.(?:amd64|x86|arm64|arm|woa)\w*\.", re.IGNORECASE)
_VERSION = re.compile(r"\s*(?:version\s*)?(\d\dH[12]|1[5-9]\d\d|200[49])\s*$", re.IGNORECASE)
_HALF_YEAR = re.compile(r"\d\dH[12]$", re.IGNORECASE)
_REVISION = re.compile(r"\d{1,5}$")
_SYSTEM = re.compile(
    r"\s*(?:microsoft|майкрософт|®|\(r\)|\s)*win(?:dows)?[\s_.]*(?:®|™|\(r\)|nt|server|desktop|holographic|team|iot|\d|pe\b|$|"
    r"[\s_]+(?:\W|\w)*\d|$)",
    re.IGNORECASE,
)
_SERVER = re.compile(r"\s*(?:ms\s*)?server\s*(?:20\d\d|$)", re.IGNORECASE)
_OTHER_SYSTEM = re.compile(r"[\w ./-]{2,40}(?:\([\w. ]*\))?$")
_NEUTRAL = frozenset(
    ("", "unknown", "n/a", "na", "none", "null", "-", "--", "other", "?", "undefined", "not available")
)
# Words that are no edition in other columns; one that has nothing else is not taken for one.
_WEAK_EDITIONS = frozenset(
    ("education", "business", "home", "core", "standard", "team", "corporate", "se", "enterprise")
)
_EDITION_FILLERS = re.compile(
    r"(?:microsoft|windows|nt|edition|editions|n|kn|s|e|k|for|workstations?|single|language|country|specific|eval\w*|iot"
    r"|ltsc|ltsb|multi|session|virtual|desktops|server|azure|r2|\d+)$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w+")
_INSTALLATION_TYPES = frozenset(
    ("client", "server", "server core", "nano server", "servercore", "embedded", "windowspe")
)
_PRODUCT_TYPES = frozenset(("winnt", "servernt", "lanmannt", "workstation", "domaincontroller", "domain controller"))
_GUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$", re.IGNORECASE)
_TOKEN = re.compile(r"(?=\S*[a-z])(?=\S*\d)[\w.-]{3,64}$", re.IGNORECASE)
_NO_TOKEN = re.compile(
    r"[\d.]+$|(?:\d{1,3}\.){3}\d{1,3}$|[0-9a-f:]+:[0-9a-f:]+$|\d\dH[12]$|x64$|x86$|arm64$", re.IGNORECASE
)
_LONGEST = 256


class Recogniser:
    """Recognises cells by the builds and versions of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        every = (*catalogue.releases, *catalogue.servers, *catalogue.others)
        self._majors = {str(each.os_build) for each in every}
        self._revisions = {
            (str(each.os_build), str(update.build.revision)) for each in every for update in each.updates
        }
        self._versions = {each.version.lower() for each in every} | {"2009"}

    def build(self, text: str) -> int:
        """Return how much of a build a cell states: 0 nothing, 1 an unknown build, 2 a known one, 4 a revision, too."""
        if not (5 <= len(text) <= _LONGEST) or _LAB.search(text):
            return 0
        if found := GROUPED.match(text):
            return 4 if found[1] + found[2] in self._majors else 0
        if found := _DOTTED.search(text):
            return 4 if found[2] and found[2] != "0" else 2 if found[1] in self._majors else 1
        if (found := _SHORT.search(text)) and found[1] in self._majors:
            return 4 if found[2] else 2
        return 2 if _OLDER.search(text) or "10.0 (" in text else 0

    def is_bare(self, text: str) -> bool:
        """Return whether a cell is only a number, which can mean anything."""
        return _BARE.match(text) is not None

    def is_known(self, build: str, revision: str) -> bool:
        """Return whether there is an update of that build and revision."""
        found = _DOTTED.search(build) or _SHORT.search(build)
        return found is not None and (found[1], revision.strip()) in self._revisions

    def version(self, text: str) -> int:
        """Return 2 for a version with its half-year in it (24H2), 1 for one that can be a number (1809), else 0."""
        found = _VERSION.match(text) if len(text) <= _LONGEST else None
        if found is None or (found[1].lower() not in self._versions and not _HALF_YEAR.match(found[1])):
            return 0
        return 2 if _HALF_YEAR.match(found[1]) else 1

    def is_full_version(self, text: str) -> bool:
        """Return whether a cell is a version that no number can be."""
        return self.version(text) == 2


def is_revision(text: str) -> bool:
    """Return whether a cell can be the revision of a build."""
    return _REVISION.match(text.strip()) is not None


def is_system(text: str) -> bool:
    """Return whether a cell names an operating system, and not merely something about one."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return False
    if _SYSTEM.match(text) or _SERVER.match(text):
        return True
    return _OTHER_SYSTEM.match(text) is not None and other_system(text) is not None


def is_neutral(text: str) -> bool:
    """Return whether a cell says that something is not known."""
    return text.strip().lower() in _NEUTRAL


def is_edition(text: str) -> bool:
    """Return whether a cell is an edition and nothing else: "Pro", "Windows 11 Enterprise", and not "Surface Pro"."""
    if not text or len(text) > 64 or text.strip().isdigit() or named_edition(text) is None:
        return False
    words = _WORDS.findall(text)
    return all(_EDITION_FILLERS.match(word) or named_edition(word) for word in words)


def is_strong_edition(text: str) -> bool:
    """Return whether a cell is an edition and no word of other columns, such as a department called Education."""
    return is_edition(text) and text.strip().lower() not in _WEAK_EDITIONS


def is_lab(text: str) -> bool:
    """Return whether a cell is BuildLabEx."""
    return _LAB.match(text.strip()) is not None


def is_installation_type(text: str) -> bool:
    """Return whether a cell is InstallationType of the registry."""
    return text.strip().lower() in _INSTALLATION_TYPES


def is_product_type(text: str) -> bool:
    """Return whether a cell is ProductType in words."""
    return text.strip().lower() in _PRODUCT_TYPES


def is_small_number(text: str) -> bool:
    """Return whether a cell is a number of up to three digits, as OperatingSystemSKU and ProductType are."""
    return text.strip().isdigit() and len(text.strip()) <= 3


def is_date(text: str) -> bool:
    """Return whether a cell is a date."""
    return date_in(text) is not None or date_in(text, day_first=True) is not None


def is_identifier(text: str) -> bool:
    """Return whether a cell looks like a GUID, a serial number or a name of a device."""
    text = text.strip()
    return _GUID.match(text) is not None or (_TOKEN.match(text) is not None and _NO_TOKEN.match(text) is None)


def is_guid(text: str) -> bool:
    """Return whether a cell is a GUID."""
    return _GUID.match(text.strip()) is not None


def share(values: Sequence[str], test: Callable[[str], object]) -> float:
    """Return the share of values that pass a test; 0 where there are none."""
    return sum(1 for each in values if test(each)) / len(values) if values else 0.0


def count(values: Iterable[str], test: Callable[[str], object]) -> int:
    """Return the number of values that pass a test."""
    return sum(1 for each in values if test(each))
