"""The settings that an existing policy gets by a rule: what changes, what stays, what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.windows.facts import bundled
from osimages.windows.policy import AcceptedRanges, PolicyRule, accepted_ranges
from osimages.windows.policy.admission import Span, lowered, version_of
from osimages.windows.policy.bodies import ALL_RELEASES, NoBodyError, compliance_bodies
from osimages.windows.policy.ranges import CannotTell
from osimages.windows.policy.selection import END_UNKNOWN, NOT_YET, LeftOut
from osimages.windows.policy.update import (
    MINIMUM,
    RANGES,
    Current,
    Kind,
    PolicyUpdate,
    Scope,
    families_of,
    policy_update,
)

FACTS = bundled()
FAMILIES = families_of(FACTS)
DAY = date(2026, 11, 23)
RULE = accepted_ranges(FACTS, PolicyRule(day=DAY))
OLDER = accepted_ranges(FACTS, PolicyRule(day=DAY, level=1))
TOO_OLD = "too old for the policy now, but accepted: "


NEWER = ("Windows 11 24H2", "Windows 11 25H2")


def build_range(lowest: str, highest: str, description: str | None = None) -> dict[str, Any]:
    """A range as Graph returns it."""
    return {"description": description, "lowestVersion": lowest, "highestVersion": highest}


OLD_24H2 = build_range("10.0.26100.4946", "10.0.26100.9999", "24H2")
OLD_25H2 = build_range("10.0.26200.6584", "10.0.26200.65535")
SERVER = build_range("10.0.20348.1", "10.0.20348.9999", "Windows Server 2022")


def update(
    *ranges: Any,
    rule: AcceptedRanges = RULE,
    scope: Scope = Scope.AUTO,
    allow_lower: bool = False,
    **more: Any,
) -> PolicyUpdate:
    """The update of a policy with these ranges."""
    return policy_update(Current(ranges, **more), rule, FAMILIES, scope, allow_lower=allow_lower)


def accepted(rule: AcceptedRanges, *releases: str) -> list[tuple[str, str]]:
    """The ends of the ranges of a rule, of all releases or of some."""
    return [(str(each.lowest), str(each.highest)) for each in rule.ranges if not releases or each.release in releases]


def written(found: PolicyUpdate) -> list[tuple[str, str]]:
    """The ends of the ranges that an update writes."""
    return [(each["lowestVersion"], each["highestVersion"]) for each in found.settings[RANGES]]


def test_a_policy_of_one_release_gets_that_one() -> None:
    found = update(OLD_24H2)
    assert written(found) == accepted(RULE, "Windows 11 24H2")
    assert [(each.release, each.kind) for each in found.changes] == [("Windows 11 24H2", Kind.RAISE)]
    assert found.settings[RANGES][0]["@odata.type"] == "microsoft.graph.operatingSystemVersionRange"
    assert not found.refused
    assert not found.unmatched


def test_a_policy_of_several_releases_gets_newer_ones_too() -> None:
    found = update(OLD_25H2, OLD_24H2)
    names = ("Windows 11 25H2", "Windows 11 24H2", "Windows 11 26H1", "Windows 11 26H2")
    assert written(found) == [each for name in names for each in accepted(RULE, name)]
    assert found.unmatched == (
        "Windows 10 1809 is not added: it is older than what the policy has",
        "Windows 10 21H2 is not added: it is older than what the policy has",
    )
    assert not found.refused


def test_the_scope_decides_which_releases_are_written() -> None:
    assert written(update(OLD_24H2, OLD_25H2, scope=Scope.POLICY)) == accepted(
        RULE, "Windows 11 24H2", "Windows 11 25H2"
    )
    found = update(OLD_24H2, scope=Scope.RULE)
    assert [each.release for each in found.changes if each.is_refused] == ["Windows 10 1809", "Windows 10 21H2"]
    assert all(TOO_OLD in each for each in found.refused)
    assert len(written(found)) == len(accepted(RULE)) - 2
    allowed = update(OLD_24H2, scope=Scope.RULE, allow_lower=True)
    assert sorted(written(allowed)) == sorted(accepted(RULE))
    assert not allowed.refused


def test_what_the_tool_wrote_is_as_wanted() -> None:
    ranges = compliance_bodies(RULE)[ALL_RELEASES][RANGES]
    assert isinstance(ranges, list)
    assert update(*ranges) == PolicyUpdate({})
    assert update(*reversed(ranges)) == PolicyUpdate({}), "the order means nothing"
    assert update(*({**each, "description": None} for each in ranges)) == PolicyUpdate({}), "nor do descriptions"


@pytest.mark.parametrize("level", [1, 2])
def test_a_lower_level_is_lowering(level: int) -> None:
    ranges = compliance_bodies(RULE)[ALL_RELEASES][RANGES]
    assert isinstance(ranges, list)
    rule = accepted_ranges(FACTS, PolicyRule(day=DAY, level=level, releases=tuple(NEWER)))
    found = update(*ranges, rule=rule)
    assert (found.settings, len(found.refused)) == ({}, len(NEWER))
    assert {(each.kind, each.is_refused) for each in found.changes} == {(Kind.LOWER, True)}
    allowed = update(*ranges, rule=rule, allow_lower=True)
    assert set(accepted(rule)) <= set(written(allowed))
    assert not any(each.is_refused for each in allowed.changes)


def test_a_release_that_is_stricter_does_not_keep_the_others_back() -> None:
    strict = build_range("10.0.26100.60000", "10.0.26100.65535", "an out-of-band update that we want")
    found = update(strict, OLD_25H2, scope=Scope.POLICY)
    assert found.settings[RANGES][0] is strict
    assert written(found)[1:] == accepted(RULE, "Windows 11 25H2")
    assert [(each.release, each.kind, each.is_refused) for each in found.changes] == [
        ("Windows 11 24H2", Kind.LOWER, True),
        ("Windows 11 25H2", Kind.RAISE, False),
    ]
    ((lowest, _),) = accepted(RULE, "Windows 11 24H2")
    assert found.refused == (f"Windows 11 24H2: {TOO_OLD}{lowest} to 10.0.26100.59999",)


def test_a_release_that_has_ended_is_removed_from_a_policy_with_others() -> None:
    found = update(build_range("10.0.22621.1", "10.0.22621.9999"), OLD_24H2, scope=Scope.POLICY)
    assert written(found) == accepted(RULE, "Windows 11 24H2")
    assert found.changes[0].kind is Kind.REMOVE
    assert found.notes == ("Windows 11 22H2 is removed: support ended on 2025-10-14",)


def test_a_release_that_gets_extended_updates_is_kept_by_the_rule_alone() -> None:
    windows_10 = build_range("10.0.19045.6456", "10.0.19045.9999")
    (note,) = update(windows_10, OLD_24H2, scope=Scope.POLICY).notes
    assert note.startswith("Windows 10 22H2 is removed: support ended on 2025-10-14, Extended Security Updates until ")
    assert note.endswith(" (--include-esu accepts it)")
    rule = accepted_ranges(FACTS, PolicyRule(day=DAY, include_esu=True))
    found = update(windows_10, OLD_24H2, rule=rule, scope=Scope.POLICY)
    assert {each.kind for each in found.changes} == {Kind.RAISE}
    assert not found.notes


def test_a_policy_never_loses_its_last_range() -> None:
    found = update(build_range("10.0.22621.1", "10.0.22621.9999"))
    assert (found.settings, found.is_matched) == ({}, False)
    assert found.unmatched == ("Windows 11 22H2 stays as it is: support ended on 2025-10-14",)
    ended = [build_range("10.0.22621.1", "10.0.22621.9"), build_range("10.0.22000.1", "10.0.22000.9")]
    assert update(*ended, scope=Scope.POLICY).settings == {}


def test_releases_outside_the_rule_stay() -> None:
    rule = accepted_ranges(FACTS, PolicyRule(day=DAY, releases=("Windows 11 24H2",)))
    found = update(OLD_24H2, OLD_25H2, rule=rule)
    assert written(found)[1] == ("10.0.26200.6584", "10.0.26200.65535")
    assert found.unmatched == ("Windows 11 25H2 stays as it is: it is not among the releases of the rule",)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (SERVER, "no Windows release for PCs has such builds"),
        (build_range("10.0.26100.1", "10.0.26200.9"), "it holds builds of several releases"),
        (build_range("10.0.26100", "10.0.26100.9"), "these are no versions with four numbers"),
        (build_range("latest", ""), "these are no versions with four numbers"),
        ({"lowestVersion": None, "highestVersion": None, "description": None}, "these are no versions"),
        ({}, "these are no versions with four numbers"),
        (None, "it is no object"),
        (build_range("10.0.99999.1", "10.0.99999.9", "our own"), "no Windows release for PCs has such builds"),
    ],
)
def test_what_matches_nothing_stays_as_it_is(kept: Any, reason: str) -> None:
    found = update(kept, OLD_24H2)
    assert found.settings[RANGES][0] is kept
    assert len(found.settings[RANGES]) == 2
    assert reason in found.unmatched[0]
    alone = update(kept)
    assert (alone.settings, alone.is_matched) == ({}, False)
    assert reason in alone.unmatched[0]


def test_ranges_of_one_release_are_replaced_together() -> None:
    found = update(build_range("10.0.26100.1", "10.0.26100.2"), SERVER, build_range("10.0.26100.4", "10.0.26100.9"))
    assert written(found) == [*accepted(RULE, "Windows 11 24H2"), ("10.0.20348.1", "10.0.20348.9999")]
    assert found.changes[0].before == ("10.0.26100.1 to 10.0.26100.2", "10.0.26100.4 to 10.0.26100.9")


def test_the_minimum_version_is_of_its_release() -> None:
    found = update(minimum="10.0.26100")
    ((lowest, _),) = accepted(RULE, "Windows 11 24H2")[-1:]
    assert found.settings == {MINIMUM: lowest}
    assert found.changes[0].kind is Kind.RAISE
    assert update(minimum=lowest) == PolicyUpdate({})
    later = update(minimum="10.0.26100.60000")
    assert (later.settings, later.changes[0].kind, later.changes[0].is_refused) == ({}, Kind.LOWER, True)
    assert later.refused == (f"osMinimumVersion 10.0.26100.60000 is higher than {lowest}, which the rule asks for",)
    assert update(minimum="10.0.26100.60000", allow_lower=True).settings == {MINIMUM: lowest}


@pytest.mark.parametrize("minimum", ["10.0.22631.1", "10.0.20348.1", "10.0", "Windows 11", "6.3.9600.1"])
def test_a_minimum_that_matches_nothing_stays(minimum: str) -> None:
    found = update(minimum=minimum)
    assert (found.settings, found.is_matched) == ({}, False)
    assert minimum in found.unmatched[0]


def test_a_policy_may_have_both() -> None:
    found = update(OLD_24H2, minimum="10.0.26100.4946")
    assert found.settings.keys() == {RANGES, MINIMUM}


def test_settings_that_no_device_can_satisfy() -> None:
    found = update(OLD_24H2, minimum="10.0.26100.1", maximum="10.0.26100.5000")
    assert len(found.impossible) == 2
    assert "no device could comply; raise or remove osMaximumVersion" in found.impossible[0]
    assert not update(OLD_24H2, OLD_25H2, maximum="10.0.26200.9999").impossible


def test_a_maximum_below_the_new_ranges_of_one_release_is_noted() -> None:
    text = "osMaximumVersion 10.0.26200.9000 is lower than the ranges of Windows 11 25H2"
    found = update(OLD_24H2, OLD_25H2, maximum="10.0.26200.9000")
    assert [each for each in found.notes if "osMaximumVersion" in each] == [f"{text}: none of its devices can comply"]
    # A release that the maximum keeps out already is no news.
    assert not any("26H2" in each for each in found.notes)
    assert not any("osMaximumVersion" in each for each in update(OLD_24H2, OLD_25H2, maximum="10.0.26200.9999").notes)


def test_a_policy_without_builds_gets_them_only_if_it_is_chosen() -> None:
    assert update() == PolicyUpdate({}, is_matched=False)
    assert written(update(is_chosen=True)) == accepted(RULE)


def test_a_release_without_a_known_build_stays() -> None:
    """Its ranges are not removed: the rule cannot tell."""
    rule = msgspec.structs.replace(
        RULE,
        ranges=tuple(each for each in RULE.ranges if each.release != "Windows 11 25H2"),
        cannot_tell=(CannotTell("Windows 11 25H2", "no build is known"),),
    )
    found = update(OLD_25H2, OLD_24H2, rule=rule)
    assert found.settings[RANGES][0] is OLD_25H2
    assert found.unmatched[0] == "Windows 11 25H2 stays as it is: no build is known"


def test_a_hotpatch_with_a_range_of_its_own() -> None:
    (usual,) = [each for each in RULE.ranges if each.release == "Windows 11 24H2"]
    build = msgspec.structs.replace(usual.lowest, revision=usual.lowest.revision - 100)
    hotpatch = msgspec.structs.replace(usual, lowest=build, highest=build, description="hotpatch")
    rule = msgspec.structs.replace(RULE, ranges=(hotpatch, usual))
    assert written(update(OLD_24H2, rule=rule)) == [(str(build), str(build)), (str(usual.lowest), str(usual.highest))]
    found = update(minimum="10.0.26100.4946", rule=rule)
    assert found.settings[MINIMUM] == str(usual.lowest)
    assert found.notes == (f"osMinimumVersion does not let the hotpatched build {build} pass: use ranges",)


versions = st.builds(
    "10.0.{}.{}".format,
    st.sampled_from([17763, 19045, 20348, 22631, 26100, 26200, 26300, 28000]),
    st.integers(0, 65535),
)
some_ranges = st.lists(st.builds(build_range, versions, versions), max_size=6)


@settings(deadline=None)
@given(some_ranges, st.sampled_from(Scope), st.sampled_from([0, 1, 2]))
def test_without_allow_lower_nothing_older_ever_passes(ranges: list[dict[str, Any]], scope: Scope, level: int) -> None:
    rule = accepted_ranges(FACTS, PolicyRule(day=DAY, level=level))
    found = update(*ranges, rule=rule, scope=scope, is_chosen=True)
    if RANGES in found.settings:
        assert found.settings[RANGES], "an empty list lets every build pass"
        before, after = (list(map(span_of, each)) for each in (ranges, found.settings[RANGES]))
        assert not lowered(before, after)
        again = update(*found.settings[RANGES], rule=rule, scope=scope, is_chosen=True)
        assert RANGES not in again.settings, "a second run finds nothing to write"


@pytest.mark.parametrize("reason", [END_UNKNOWN, f"{NOT_YET} 2027-01-01"])
def test_a_release_that_is_not_accepted_yet_stays(reason: str) -> None:
    """An administrator admitted it, and nothing says that it is worse than others."""
    rule = msgspec.structs.replace(
        RULE,
        ranges=tuple(each for each in RULE.ranges if each.release != "Windows 11 25H2"),
        left_out=(LeftOut("Windows 11 25H2", reason),),
    )
    found = update(OLD_25H2, OLD_24H2, rule=rule)
    assert found.settings[RANGES][0] is OLD_25H2
    assert found.unmatched[0] == f"Windows 11 25H2 stays as it is: {reason}"
    assert not found.notes


def test_servers_and_an_empty_rule_have_no_body() -> None:
    with pytest.raises(NoBodyError, match="servers"):
        update(OLD_24H2, rule=accepted_ranges(FACTS, PolicyRule(day=DAY, servers=True)))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_month_by_month_a_policy_is_never_lowered_and_has_the_ranges_of_the_rule(level: int) -> None:
    """What a scheduled run does to a policy over all releases, since 2024."""
    first = accepted_ranges(FACTS, PolicyRule(day=date(2024, 1, 9), level=level, newest=2))
    ranges: list[Any] = list(compliance_bodies(first)[ALL_RELEASES][RANGES])  # type: ignore[call-overload]
    for month in range(1, 35):
        day = date(2024 + month // 12, month % 12 + 1, 20)
        rule = accepted_ranges(FACTS, PolicyRule(day=day, level=level, newest=2))
        found = update(*ranges, rule=rule)
        assert not found.refused, (day, found.refused)
        ranges = found.settings.get(RANGES, ranges)
        assert update(*ranges, rule=rule) == PolicyUpdate({}, unmatched=found.unmatched), f"idempotent on {day}"
        held = {span_of(each) for each in ranges}
        assert {Span(each.lowest, each.highest) for each in rule.ranges} <= held, day
        assert not lowered(held, [Span(each.lowest, each.highest) for each in rule.ranges])


def span_of(raw: dict[str, Any]) -> Span:
    """The span of a range."""
    lowest, highest = version_of(raw["lowestVersion"]), version_of(raw["highestVersion"])
    assert lowest is not None
    assert highest is not None
    return Span(lowest, highest)
