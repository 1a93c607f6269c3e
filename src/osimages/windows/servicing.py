"""The groups of editions that are serviced together: their support ends on the same days."""

from __future__ import annotations

from enum import StrEnum


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
