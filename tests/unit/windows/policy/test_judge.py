"""Devices judged by a policy, from a file or from a rule."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows import bundled
from osimages.windows.builds import Build
from osimages.windows.checks.checker import Checker
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.bodies import Form, compliance_bodies
from osimages.windows.policy.documents import ranges_json
from osimages.windows.policy.judge import (
    BuildPolicy,
    Compliance,
    Judgement,
    PolicyFileError,
    Reason,
    policy_of,
    read_policy,
)

TODAY = date(2026, 11, 29)
FOUND = accepted_ranges(bundled(), PolicyRule(day=TODAY, level=1))
CHECKER = Checker(bundled(), TODAY)
BODY = compliance_bodies(FOUND)["Windows"]


def judged(policy: BuildPolicy, build: str, edition: str = "Enterprise") -> Judgement:
    return policy.judge(CHECKER.check(build, edition))


def policy(**members: object) -> BuildPolicy:
    """A policy in a file with these members."""
    body = {"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "id": "1", "version": 3, **members}
    return read_policy(json.dumps(body).encode(), "policy.json")


def accepted(lowest: str, highest: str) -> dict[str, str]:
    return {"description": "", "lowestVersion": lowest, "highestVersion": highest}


@pytest.mark.parametrize(
    ("build", "edition", "compliance", "reason", "lowest"),
    [
        ("26200.9711", "Pro", Compliance.COMPLIANT, Reason.NONE, None),
        ("26200.9974", "Pro", Compliance.COMPLIANT, Reason.NONE, None),
        ("26200.50000", "Pro", Compliance.COMPLIANT, Reason.NONE, None),
        ("26200.9445", "Pro", Compliance.NON_COMPLIANT, Reason.BELOW, "10.0.26200.9711"),
        ("22631.7711", "Pro", Compliance.NON_COMPLIANT, Reason.RELEASE, None),
        ("26200", "Pro", Compliance.CANNOT_TELL, Reason.BUILD, None),
        ("26200.955", "Pro", Compliance.CANNOT_TELL, Reason.BUILD, None),  # 26200.9550, if a zero was lost
        ("nonsense", "Pro", Compliance.CANNOT_TELL, Reason.BUILD, None),
        ("14393.9688", "", Compliance.CANNOT_TELL, Reason.BUILD, None),  # Windows 10 or Windows Server 2016
        ("20348.5870", "Datacenter", Compliance.NOT_EVALUATED, Reason.FAMILY, None),
        ("22621.1244", "Holographic", Compliance.NOT_EVALUATED, Reason.FAMILY, None),
        ("19045.7000", "PPIPro", Compliance.NON_COMPLIANT, Reason.RELEASE, None),  # Surface Hub
    ],
)
def test_devices(build: str, edition: str, compliance: Compliance, reason: Reason, lowest: str | None) -> None:
    result = judged(policy_of(FOUND, "level 1"), build, edition)
    assert (result.compliance, result.reason) == (compliance, reason)
    assert (None if result.lowest is None else str(result.lowest)) == lowest


def test_every_form_of_a_policy_is_read() -> None:
    one = policy_of(FOUND, "x").limits
    assert read_policy(json.dumps(BODY).encode(), "x").limits == one
    assert read_policy(ranges_json(FOUND), "x").limits == one
    other = {"@odata.type": "#microsoft.graph.iosCompliancePolicy", "osMinimumVersion": "17.0"}
    without = {"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "passwordRequired": True}
    assert read_policy(json.dumps({"value": [other, BODY, without]}).encode(), "x").limits == one
    # Windows PowerShell writes UTF-16, and UTF-8 with a byte order mark.
    for encoding in ("utf-16", "utf-8-sig"):
        assert read_policy(json.dumps(BODY).encode(encoding), "x").limits == one


def test_one_policy_for_each_release() -> None:
    bodies = compliance_bodies(FOUND, Form.MINIMUM, one_per_release=True)
    found = read_policy(json.dumps(bodies).encode(), "x")
    assert judged(found, "26200.9711").compliance is Compliance.COMPLIANT
    assert judged(found, "26100.9445").reason is Reason.BELOW
    assert judged(found, "22631.7711").reason is Reason.NO_POLICY


def test_a_policy_accepts_what_meets_all_of_its_members() -> None:
    found = policy(osMinimumVersion="10.0.22631", osMaximumVersion="10.0.26200.9974")
    assert judged(found, "22631.1").compliance is Compliance.COMPLIANT
    assert judged(found, "22621.6060").reason is Reason.BELOW
    assert judged(found, "26300.9974").reason is Reason.ABOVE
    found = policy(
        osMinimumVersion="10.0.26100.9711",
        validOperatingSystemBuildRanges=[accepted("10.0.26100.1", "10.0.26100.65535")],
    )
    assert judged(found, "26100.9445").compliance is Compliance.NON_COMPLIANT
    assert judged(found, "26100.9711").compliance is Compliance.COMPLIANT


def test_ranges_of_administrators() -> None:
    ranges = [
        accepted("10.0.26100.9711", "10.0.26100.9974"),
        accepted("10.0.19041.0", "10.0.19045.9999"),  # over several releases
        accepted("10.0.26100.9800", "10.0.26100.9999"),  # overlaps
        accepted("10.0.26100.9106", "10.0.26100.9106"),
    ]
    found = policy(validOperatingSystemBuildRanges=ranges)
    assert judged(found, "19044.7846", "EnterpriseS").compliance is Compliance.COMPLIANT
    assert judged(found, "26100.9106").compliance is Compliance.COMPLIANT
    assert judged(found, "26100.9999").compliance is Compliance.COMPLIANT
    assert judged(found, "26100.9445").lowest == Build(10, 0, 26100, 9711)
    assert judged(found, "26100.12345").reason is Reason.ABOVE
    assert judged(found, "22631.7711").reason is Reason.RELEASE


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=8), st.integers(0, 90))
def test_merged_ranges_accept_what_any_of_them_holds(pairs: list[tuple[int, int]], revision: int) -> None:
    ranges = [accepted(f"10.0.26100.{low}", f"10.0.26100.{low + length}") for low, length in pairs]
    limits = policy(validOperatingSystemBuildRanges=ranges).limits
    assert limits is not None
    expected = any(low <= revision <= low + length for low, length in pairs)
    assert (limits.judge(Build(10, 0, 26100, revision)).compliance is Compliance.COMPLIANT) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"\x80", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "holds no windows10CompliancePolicy"),
        (b'{"ranges": []}', "holds no range: its rule accepts no release"),
        (b'{"value": []}', "holds 0 policies"),
        (
            json.dumps({"value": [{**BODY, "displayName": "A"}, {**BODY, "id": "7"}]}).encode(),
            "2 policies that set builds (A, 7)",
        ),
        (json.dumps({"A": BODY, "B": {}}).encode(), "holds no windows10CompliancePolicy"),
        (b'{"osMinimumVersion": "eleven"}', "osMinimumVersion is no version"),
        (b'{"osMinimumVersion": 10}', "osMinimumVersion is no version"),
        (b'{"osMinimumVersion": "10.0.1.2.3"}', "osMinimumVersion is no version"),
        (b'{"@odata.type": "#microsoft.graph.iosCompliancePolicy", "osMinimumVersion": "17.0"}', "holds no windows10"),
        (b'{"validOperatingSystemBuildRanges": {"a": 1}}', "is no list"),
        (b'{"validOperatingSystemBuildRanges": [1]}', "validOperatingSystemBuildRanges[0] is no object"),
        (
            b'{"validOperatingSystemBuildRanges": [{}]}',
            "validOperatingSystemBuildRanges[0].lowestVersion is no version",
        ),
        (
            b'{"validOperatingSystemBuildRanges": [{"lowestVersion": "10.0.2", "highestVersion": "10.0.1"}]}',
            "validOperatingSystemBuildRanges[0]: 10.0.1.0 is below 10.0.2.0",
        ),
    ],
)
def test_a_file_that_is_no_policy(text: bytes, says: str) -> None:
    with pytest.raises(PolicyFileError) as raised:
        read_policy(text, "policy.json")
    assert says in str(raised.value)
