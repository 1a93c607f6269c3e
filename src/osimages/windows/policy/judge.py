"""Judges devices by a policy as Intune would: is the build within the policy's minimum, maximum and ranges?"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from osimages.windows.builds import Build
from osimages.windows.checks.answers import Answer, Family
from osimages.windows.checks.patch_level import TRUNCATED
from osimages.windows.policy.ranges import AcceptedRanges

# Intune evaluates builds on PCs and Surface Hub; on HoloLens only encryption, on servers nothing.
# https://learn.microsoft.com/intune/intune-service/protect/compliance-policy-create-windows
_EVALUATED = (Family.CLIENT, Family.TEAM)
_VERSION = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10}){1,3}")
_POLICY_TYPE = re.compile(r"#?microsoft\.graph\.windows10CompliancePolicy")
_BUILD_MEMBERS = ("osMinimumVersion", "osMaximumVersion", "validOperatingSystemBuildRanges")
_NAMES_SHOWN = 5
Range = tuple[Build, Build]


class PolicyFileError(ValueError):
    """A file that is no policy; the text says what is wrong with it."""


class Compliance(StrEnum):
    """The verdict of a policy on a device."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "nonCompliant"
    NOT_EVALUATED = "notEvaluated"  # a server, HoloLens, or a release that none of the policies is for
    CANNOT_TELL = "cannotTell"  # no build, a damaged one, or client and server are possible


COMPLIANCE_WORDS = {
    Compliance.COMPLIANT: "compliant with the policy",
    Compliance.NON_COMPLIANT: "would become non-compliant",
    Compliance.NOT_EVALUATED: "not evaluated by the policy",
    Compliance.CANNOT_TELL: "cannot tell whether it is compliant",
}


class Reason(StrEnum):
    """Why a device is not compliant, or is not judged."""

    NONE = ""
    BELOW = "belowLowest"  # its release is accepted, with a higher build
    ABOVE = "aboveHighest"
    RELEASE = "releaseNotAccepted"
    FAMILY = "notEvaluatedByIntune"
    NO_POLICY = "noPolicyForRelease"
    BUILD = "buildNotCertain"


class Judgement(msgspec.Struct, frozen=True):
    """The verdict of a policy on a device, and why. `lowest` is the lowest build of its release that is accepted."""

    compliance: Compliance
    reason: Reason = Reason.NONE
    lowest: Build | None = None


class Limits(msgspec.Struct, frozen=True):
    """The builds that one policy accepts: those that meet every member that it has."""

    minimum: Build | None = None
    maximum: Build | None = None
    ranges: tuple[Range, ...] | None = None  # ascending, without overlaps

    def judge(self, build: Build) -> Judgement:
        """Judge the build of a device."""
        if self.minimum is not None and build < self.minimum:
            return Judgement(Compliance.NON_COMPLIANT, Reason.BELOW, self.minimum)
        if self.maximum is not None and build > self.maximum:
            return Judgement(Compliance.NON_COMPLIANT, Reason.ABOVE)
        if self.ranges is None:
            return Judgement(Compliance.COMPLIANT)
        place = bisect_right(self.ranges, build, key=lambda each: each[0])
        before, after = self.ranges[max(0, place - 1) : place], self.ranges[place : place + 1]
        if any(build <= highest for _, highest in before):
            return Judgement(Compliance.COMPLIANT)
        for lowest, _ in after:
            if _release(lowest) == _release(build):
                return Judgement(Compliance.NON_COMPLIANT, Reason.BELOW, lowest)
        is_above = any(_release(highest) == _release(build) for _, highest in before)
        return Judgement(Compliance.NON_COMPLIANT, Reason.ABOVE if is_above else Reason.RELEASE)


class BuildPolicy(msgspec.Struct, frozen=True):
    """A policy over all releases, or one for each. `name` is what reports call it."""

    name: str
    limits: Limits | None = None
    by_release: Mapping[str, Limits] = {}

    def judge(self, answer: Answer) -> Judgement:
        """Judge the device that an answer is about."""
        if answer.family not in (*_EVALUATED, Family.UNKNOWN):
            return Judgement(Compliance.NOT_EVALUATED, Reason.FAMILY)
        is_damaged = any(note.startswith(TRUNCATED) for note in answer.notes)
        if answer.build_version is None or answer.family is Family.UNKNOWN or is_damaged:
            return Judgement(Compliance.CANNOT_TELL, Reason.BUILD)
        limits = self.limits or self.by_release.get(answer.release or "")
        if limits is None:
            return Judgement(Compliance.NOT_EVALUATED, Reason.NO_POLICY)
        return limits.judge(Build.parse(answer.build_version))


def policy_of(found: AcceptedRanges, name: str) -> BuildPolicy:
    """Return the policy of ranges that follow from the facts."""
    return BuildPolicy(name, Limits(ranges=_merged((each.lowest, each.highest) for each in found.ranges)))


def read_policy(text: bytes, name: str) -> BuildPolicy:
    """Read a policy: a Graph body, a list with one, an object of bodies by release, or `policy builds --json`.

    Raises PolicyFileError.
    """
    try:
        document = msgspec.json.decode(_decoded(text))
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise PolicyFileError(f"{name} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise PolicyFileError(f"{name} holds no JSON object, which a policy is")
    if isinstance(document.get("ranges"), list):
        if not document["ranges"]:
            raise PolicyFileError(f"{name} holds no range: its rule accepts no release")
        return BuildPolicy(name, Limits(ranges=_ranges(document["ranges"], "ranges")))
    if isinstance(document.get("value"), list):
        document = _only(document["value"], name)
    if _is_policy(document):
        return BuildPolicy(name, _limits(document, name))
    bodies = {key: value for key, value in document.items() if isinstance(value, dict) and _is_policy(value)}
    if not bodies or len(bodies) != len(document):
        raise PolicyFileError(f"{name} holds no windows10CompliancePolicy with {', '.join(_BUILD_MEMBERS)}")
    return BuildPolicy(name, by_release={key: _limits(value, key) for key, value in bodies.items()})


def _decoded(text: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 as Windows PowerShell writes it."""
    return text.decode("utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _only(values: list[object], name: str) -> dict[str, object]:
    """Return the one policy of a list that is about builds. Raises PolicyFileError."""
    found = [each for each in values if isinstance(each, dict) and _is_policy(each)]
    if len(found) != 1:
        names = ", ".join(str(each.get("displayName") or each.get("id"))[:64] for each in found[:_NAMES_SHOWN])
        shown = f" ({names}{', ...' if len(found) > _NAMES_SHOWN else ''})" if found else ""
        raise PolicyFileError(f"{name} holds {len(found)} policies that set builds{shown}: give a file with one")
    return found[0]


def _is_policy(body: Mapping[str, object]) -> bool:
    kind = body.get("@odata.type", "#microsoft.graph.windows10CompliancePolicy")
    is_windows = isinstance(kind, str) and _POLICY_TYPE.fullmatch(kind) is not None
    return is_windows and any(body.get(name) for name in _BUILD_MEMBERS)


def _limits(body: Mapping[str, object], name: str) -> Limits:
    ranges = body.get("validOperatingSystemBuildRanges") or None
    if ranges is not None and not isinstance(ranges, list):
        raise PolicyFileError(f"{name}: validOperatingSystemBuildRanges is no list")
    minimum, maximum = body.get("osMinimumVersion"), body.get("osMaximumVersion")
    return Limits(
        _build(minimum, "osMinimumVersion") if minimum else None,
        _build(maximum, "osMaximumVersion") if maximum else None,
        _ranges(ranges, "validOperatingSystemBuildRanges") if ranges else None,
    )


def _ranges(values: list[object], name: str) -> tuple[Range, ...]:
    pairs = []
    for number, each in enumerate(values):
        where = f"{name}[{number}]"
        if not isinstance(each, dict):
            raise PolicyFileError(f"{where} is no object")
        lowest = _build(each.get("lowestVersion"), f"{where}.lowestVersion")
        highest = _build(each.get("highestVersion"), f"{where}.highestVersion")
        if highest < lowest:
            raise PolicyFileError(f"{where}: {highest} is below {lowest}")
        pairs.append((lowest, highest))
    return _merged(pairs)


def _merged(pairs: Iterable[Range]) -> tuple[Range, ...]:
    """Return ranges in ascending order, those that overlap as one."""
    found: list[Range] = []
    for lowest, highest in sorted(pairs):
        if found and lowest <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], highest))
        else:
            found.append((lowest, highest))
    return tuple(found)


def _release(build: Build) -> tuple[int, int, int]:
    return build.major, build.minor, build.build


def _build(value: object, where: str) -> Build:
    """Return a version of two to four numbers; those that are left out are 0. Raises PolicyFileError."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value.strip()):
        raise PolicyFileError(f"{where} is no version such as 10.0.26100.9974")
    numbers = [int(each) for each in value.strip().split(".")]
    return Build(*numbers, *(0,) * (4 - len(numbers)))
