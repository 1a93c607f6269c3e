"""The answer of a check: what is known about the Windows of one device on a day, and the verdict on it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec


class Family(StrEnum):
    """The kind of operating system."""

    CLIENT = "client"
    SERVER = "server"
    HOLOGRAPHIC = "holographic"
    TEAM = "team"  # Surface Hub
    IOT_CORE = "iotCore"
    PE = "windowsPE"
    OTHER = "otherSystem"  # macOS, Linux, iOS...
    UNKNOWN = "unknown"


class Support(StrEnum):
    """Whether a device is supported."""

    SUPPORTED = "supported"
    EXTENDED = "extendedSecurityUpdates"  # ended, but those who have Extended Security Updates still get them
    DEPENDS = "dependsOnEdition"  # some editions of the release have ended, and no edition was stated
    ENDED = "ended"
    NOT_RELEASED = "notReleased"  # the release is not generally available on that day
    UNKNOWN = "unknown"


class Patch(StrEnum):
    """The state of a build, compared with the newest B release."""

    CURRENT = "current"
    CURRENT_AS_FAR_AS_KNOWN = "currentAsFarAsKnown"  # a Patch Tuesday is due whose build is not known
    NEWER = "newerThanCatalogue"  # newer than every build of that release in the catalogue
    BEHIND = "behind"
    FINAL = "finalUpdate"  # the last update that the edition gets is installed
    NOT_STATED = "notStated"  # only a version was stated, no build with its revision
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """The one state in which a device is counted."""

    GOOD = "good"
    BEHIND = "behind"
    OUT_OF_SUPPORT = "outOfSupport"
    CANNOT_TELL = "cannotTell"


class End(msgspec.Struct, frozen=True, rename="camel"):
    """The end of support of a group of editions of a release.

    `days_left` is 0 on the last day, and negative after it. `mainstream_end` is the end of mainstream support, where
    extended support follows it.
    """

    release: str
    servicing: str
    support_end_date: date
    days_left: int
    mainstream_end: date | None = None


class Fact(msgspec.Struct, frozen=True, rename="camel"):
    """An update in the answer to a check; `patch_tuesday` is that of a B release, and None for other kinds."""

    build_version: str
    kb: str | None
    release_date: date | None
    kind: str
    patch_tuesday: date | None
    scope: str


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a check of one device on a day.

    `candidates` are the releases that it can be; `release` is None unless there is exactly one. With several, each
    other member is what all of them agree on; `ends` lists the groups of editions of all.
    `support_end_date` is that of the stated edition; with no edition stated, the first that is still to come, or the
    last where all have passed, and None where it depends on the edition.
    `extended_until` is the last day of Extended Security Updates, where there are any, and `esu` the programme that was
    counted for the device. `patch_level` is the month of the Patch Tuesday whose fixes the build has ("2026-08"),
    `current_as_of` the newest Patch Tuesday of the release that the catalogue knows. `update` is the build itself,
    where the catalogue knows it, `latest` the newest B release, `missing` every B release since, newest first.
    `unknown_patch_tuesdays` are those that are due and whose builds the catalogue does not know. `upgrade` names the
    release to move to where support has ended or ends within six months.
    """

    asked: str
    family: Family
    release: str | None
    candidates: tuple[str, ...]
    build_version: str | None
    servicing: str | None
    support: Support
    is_supported: bool
    support_end_date: date | None
    days_left: int | None
    ends: tuple[End, ...]
    extended_until: date | None
    esu: str | None
    patch: Patch
    is_current: bool
    patch_tuesdays_behind: int | None
    patch_level: str | None
    current_as_of: date | None
    update: Fact | None
    latest: Fact | None
    missing: tuple[Fact, ...]
    unknown_patch_tuesdays: tuple[date, ...]
    upgrade: str | None
    notes: tuple[str, ...]


_STALE = (Patch.CURRENT_AS_FAR_AS_KNOWN, Patch.NEWER)


def verdict(answer: Answer, allow_stale: bool = False) -> Verdict:
    """Return the one state in which a device is counted.

    With `allow_stale` a build that is current as far as the catalogue knows is good.
    """
    if answer.support is Support.ENDED or (answer.support is Support.EXTENDED and not answer.is_supported):
        return Verdict.OUT_OF_SUPPORT
    if not answer.is_supported:
        return Verdict.CANNOT_TELL
    if answer.is_current or (allow_stale and answer.patch in _STALE):
        return Verdict.GOOD
    return Verdict.BEHIND if answer.patch is Patch.BEHIND else Verdict.CANNOT_TELL
