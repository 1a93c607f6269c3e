"""What follows from a release alone: its order, its editions and architectures, the scope of an update."""

from __future__ import annotations

import re
from datetime import date

from osimages.windows.merge.claims import ENTERPRISE_AND_EDUCATION, HOME_AND_PRO

# Windows Server 2025 has had revisions of its own in this family since January 2026 (26100.32230 and up).
# https://learn.microsoft.com/windows/release-health/windows-server-release-info
_SERVER_REVISIONS_FROM = {26100: 30_000}

_VERSION = re.compile(r"(\d{2})(H\d|\d{2})", re.IGNORECASE)
_PRO = ("professional", "professionalN")
_PRO_EDUCATION = ("proEducation", "proEducationN")
_WORKSTATION = ("proWorkstation", "proWorkstationN")
_ENTERPRISE = ("enterprise", "enterpriseN", "education", "educationN")
# The releases that a long-term servicing channel keeps alive after their other editions have ended.
# https://learn.microsoft.com/windows/whats-new/ltsc/overview
_LONG_TERM = frozenset({"Windows 10 1507", "Windows 10 1607", "Windows 10 1809", "Windows 10 21H2", "Windows 11 24H2"})
# https://learn.microsoft.com/windows/whats-new/extended-security-updates
_EXTENDED = frozenset({"Windows 10 22H2"})


def is_server_revision(os_build: int, revision: int) -> bool:
    """Return whether a build belongs to Windows Server although its family is that of a client release."""
    return revision >= _SERVER_REVISIONS_FROM.get(os_build, 2**32)


def has_server_packages(os_build: int) -> bool:
    """Return whether Windows Server and the client release with this build have had packages of their own."""
    return os_build in _SERVER_REVISIONS_FROM


def is_version(text: str) -> bool:
    """Return whether a text has the form of a version: `1507`, `24H2`."""
    return _VERSION.fullmatch(text) is not None


def order_of(product: str, version: str) -> tuple[str, str]:
    """Sorts releases by product and then by age: 1507, 1909, 2004, 20H2, 21H1."""
    return (product, version.upper())


def editions_of(product: str, version: str, group: str) -> tuple[str, ...]:
    """Return the editions of a group, named as Graph does, that a release of Windows has.

    Pro Education came with 1607, Pro for Workstations with 1709:
    https://learn.microsoft.com/windows/deployment/windows-10-editions
    """
    if group == ENTERPRISE_AND_EDUCATION:
        return _ENTERPRISE
    assert group == HOME_AND_PRO, group
    if product != "Windows 10" or version.upper() >= "1709":
        return _PRO + _PRO_EDUCATION + _WORKSTATION
    return _PRO + _PRO_EDUCATION if version >= "1607" else _PRO


def architectures_of(product: str, version: str) -> tuple[str, ...]:
    """Windows 10 runs on x86, and on Arm from 1709; Windows 11 on x64 and Arm alone."""
    if product != "Windows 10":
        return ("x64", "arM64")
    return ("x86", "x64", "arM64") if version.upper() >= "1709" else ("x86", "x64")


def scope_of(release: str, general_availability: date, last_end: date | None, day: date | None) -> str:
    """Who got an update of a day: everybody (GA), or those alone who pay or have a long-term edition."""
    if day is None:
        return ""
    if day < general_availability:
        return "before GA"
    if last_end is None or day <= last_end:
        return "GA"
    if release in _LONG_TERM:
        return "LTSC/ESU only"
    return "ESU only" if release in _EXTENDED else "after end of servicing"


# Releases whose builds come from one source tree, with the same revisions: https://aka.ms/WindowsUpdateHistory
_SHARED = ((18362, 18363), (19041, 19042, 19043, 19044, 19045), (22621, 22631), (26100, 26200, 26300))
_FAMILY = {os_build: family[0] for family in _SHARED for os_build in family}


def family_of(os_build: int) -> int:
    """Return the first of the builds that share their revisions with this one."""
    return _FAMILY.get(os_build, os_build)
