"""Which editions are served together, how people spell them, and the support that goes on after the editions of Graph.

Graph's enumeration has no word for LTSC and IoT LTSC editions, and none for Extended Security Updates (ESU); yet a
build that is asked about may be theirs. Their end dates stand here, with the page that names each, and not among the
facts that sources renew: they are set for five to ten years when such a release comes out, every third year, and most
sources that are read name the editions of Graph alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

_LIFECYCLE = "https://learn.microsoft.com/lifecycle/products/"


class Servicing(StrEnum):
    """Editions that end together; the first two are those of Graph's editions."""

    HOME_PRO = "Home/Pro"
    ENTERPRISE = "Enterprise/Education"
    LTSC = "Enterprise LTSC"
    IOT_LTSC = "IoT Enterprise LTSC"
    SE = "Windows 11 SE"
    TEAM = "Team (Surface Hub)"
    HOLOGRAPHIC = "Holographic"
    IOT_CORE = "IoT Core"
    SERVER_LTSC = "Server LTSC"
    SERVER_ANNUAL = "Server Annual Channel"
    SERVER_SEMI_ANNUAL = "Server Semi-Annual Channel"


class LongTerm(msgspec.Struct, frozen=True):
    """A long-term servicing release: its name, who it is for, and its last day of (extended) support."""

    name: str
    servicing: Servicing
    support_end_date: date
    source: str


class Extension(msgspec.Struct, frozen=True):
    """Extended Security Updates for those who have bought or enrolled them, until their last day."""

    name: str
    support_end_date: date
    source: str


# By the build that the release shares with the version of Windows it was made from.
LONG_TERM: Mapping[int, tuple[LongTerm, ...]] = {
    10240: (LongTerm("2015 LTSB", Servicing.LTSC, date(2025, 10, 14), f"{_LIFECYCLE}windows-10-2015-ltsb"),),
    14393: (LongTerm("2016 LTSB", Servicing.LTSC, date(2026, 10, 13), f"{_LIFECYCLE}windows-10-2016-ltsb"),),
    17763: (
        LongTerm("LTSC 2019", Servicing.LTSC, date(2029, 1, 9), f"{_LIFECYCLE}windows-10-enterprise-ltsc-2019"),
        LongTerm("LTSC 2019", Servicing.IOT_LTSC, date(2029, 1, 9), f"{_LIFECYCLE}windows-10-iot-enterprise-ltsc-2019"),
    ),
    19044: (
        LongTerm("LTSC 2021", Servicing.LTSC, date(2027, 1, 12), f"{_LIFECYCLE}windows-10-enterprise-ltsc-2021"),
        LongTerm(
            "LTSC 2021", Servicing.IOT_LTSC, date(2032, 1, 13), f"{_LIFECYCLE}windows-10-iot-enterprise-ltsc-2021"
        ),
    ),
    26100: (
        LongTerm("LTSC 2024", Servicing.LTSC, date(2029, 10, 9), f"{_LIFECYCLE}windows-11-enterprise-ltsc-2024"),
        LongTerm(
            "LTSC 2024", Servicing.IOT_LTSC, date(2034, 10, 10), f"{_LIFECYCLE}windows-11-iot-enterprise-ltsc-2024"
        ),
    ),
}
LONG_TERM_YEARS: Mapping[str, int] = {"2015": 10240, "2016": 14393, "2019": 17763, "2021": 19044, "2024": 26100}

EXTENSIONS: Mapping[int, Extension] = {
    19045: Extension(
        "Windows 10 Extended Security Updates",
        date(2028, 10, 10),
        "https://learn.microsoft.com/windows/whats-new/extended-security-updates",
    )
}

# Windows Server 2025 shares build 26100 and has had revisions of its own from 32230 on, since January 2026.
FIRST_SERVER_REVISION = 30_000

# OperatingSystemSKU of Win32_OperatingSystem:
# https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-getproductinfo
_SKU_NUMBERS: Mapping[str, Servicing] = {
    **dict.fromkeys(("48", "49", "98", "99", "100", "101", "103", "161", "162", "164", "165"), Servicing.HOME_PRO),
    **dict.fromkeys(("4", "27", "70", "72", "84", "121", "122", "175", "188"), Servicing.ENTERPRISE),
    **dict.fromkeys(("125", "126", "129"), Servicing.LTSC),
    "191": Servicing.IOT_LTSC,
}
# In this order: "IoT Enterprise LTSC" is also an Enterprise.
_SPELLINGS: tuple[tuple[re.Pattern[str], Servicing], ...] = (
    (re.compile(r"iot\W*enterprise\W*(?:s(?:k)?\b|.*\bltsc)|ltsc.*\biot", re.IGNORECASE), Servicing.IOT_LTSC),
    (re.compile(r"\blts[bc]\b|enterprise\W*sn?\b|enterprisesn?(?:eval)?\b", re.IGNORECASE), Servicing.LTSC),
    (re.compile(r"pro\W*education|pro\W*(?:for\W*)?workstation", re.IGNORECASE), Servicing.HOME_PRO),
    (re.compile(r"enterprise|education|multi-?session|server\W*rdsh", re.IGNORECASE), Servicing.ENTERPRISE),
    (
        re.compile(
            r"\bpro(?:fessional)?n?\b|\bhome\b|\bbusiness\b|\bcore(?:n|singlelanguage|countryspecific)?\b",
            re.IGNORECASE,
        ),
        Servicing.HOME_PRO,
    ),
)


def servicing_of(text: str) -> Servicing | None:
    """The group of an edition as people and systems write it, or None where the text names no edition.

    Graph's `professionalN`, Intune's SKU family `Pro`, the registry's `EnterpriseS`, WMI's number 48, a caption such
    as `Microsoft Windows 11 Enterprise LTSC`, and the groups' own names.
    """
    stripped = text.strip()
    if stripped in _SKU_NUMBERS:
        return _SKU_NUMBERS[stripped]
    if stripped in tuple(Servicing):
        return Servicing(stripped)
    return next((group for pattern, group in _SPELLINGS if pattern.search(stripped)), None)
