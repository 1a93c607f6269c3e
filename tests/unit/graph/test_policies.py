"""Reading and changing compliance policies against a stand-in of Graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError
from osimages.graph.client_tokens import FixedToken, tenant_in
from osimages.graph.policies import (
    MINIMUM,
    RANGES,
    TYPE,
    Policy,
    change_policy,
    create_policy,
    is_beta,
    list_policies,
    read_policy,
)
from tests.support.compliance_policies import (
    READ,
    PolicyStandIn,
    build_range,
    policy_stand_in,
    throttled,
    unavailable,
    unsigned_token,
)
from tests.support.graph import TOKEN

RANGE = build_range("10.0.26100.1", "10.0.26100.2")


@pytest.fixture
def stand_in() -> Iterator[PolicyStandIn]:
    """A tenant without policies, two on each page."""
    with policy_stand_in(page_size=2) as found:
        yield found


@pytest.fixture
def client(stand_in: PolicyStandIn) -> Iterator[GraphClient]:
    """A client that never waits."""
    with GraphClient(stand_in.url, FixedToken(TOKEN, "test"), pause=lambda seconds: None) as found:
        yield found


def test_all_pages_and_other_types(stand_in: PolicyStandIn, client: GraphClient) -> None:
    ids = [stand_in.add(f"Windows {number}", validOperatingSystemBuildRanges=[RANGE]) for number in range(5)]
    stand_in.assign(ids[1], "g1", "g2")
    ipad = stand_in.add("iPads", "#microsoft.graph.iosCompliancePolicy", osMinimumVersion="18")
    stand_in.faults = [throttled(), unavailable()]
    listed = list_policies(client)
    assert [each.id for each in listed.policies] == ids
    assert [len(each.assignments or ()) for each in listed.policies] == [0, 2, 0, 0, 0]
    assert listed.others == {"#microsoft.graph.iosCompliancePolicy": 1}
    assert listed.types_of_others[ipad] == listed.types_of_others["iPads"] == "#microsoft.graph.iosCompliancePolicy"
    assert all("$expand=assignments" in each.path for each in stand_in.web.asked)


def test_policies_that_are_not_of_graphs_form(stand_in: PolicyStandIn, client: GraphClient) -> None:
    oddities: list[dict[str, Any]] = [{"osMinimumVersion": 5}, {"validOperatingSystemBuildRanges": "x"}, {"id": None}]
    for number, odd in enumerate(oddities):
        stand_in.policies[f"odd-{number}"] = stand_in.policies[stand_in.add("odd")] | odd
    for identity in [each for each in stand_in.policies if not each.startswith("odd")]:
        del stand_in.policies[identity]
    stand_in.policies["text"] = "not an object"  # type: ignore[assignment]
    stand_in.policies["base"] = {"id": "base", "displayName": "Android Compliance"}
    good = stand_in.add("good", validOperatingSystemBuildRanges=None, osMinimumVersion="")
    stand_in.page_size = 1000
    stand_in._entity = lambda identity, version, options: stand_in.policies[identity]  # type: ignore[method-assign]
    listed = list_policies(client)
    assert [each.id for each in listed.policies] == [good]
    assert not listed.policies[0].has_builds
    assert len(listed.unreadable) == 3
    assert "the policy 'odd' is not of Graph's form" in listed.unreadable[0]
    assert listed.others == {"not an object": 1, "deviceCompliancePolicy": 1}


def test_only_the_settings_are_sent(stand_in: PolicyStandIn, client: GraphClient) -> None:
    identity = stand_in.add("Windows", bitLockerEnabled=True)
    before = read_policy(client, identity)
    change_policy(client, before, {RANGES: [RANGE]})
    assert stand_in.sent("PATCH") == [{"@odata.type": TYPE, RANGES: [RANGE]}]
    assert "if-match" not in stand_in.web.asked[-1].headers, "Intune has no ETags for policies"
    after = read_policy(client, identity)
    assert after.holds({RANGES: [RANGE]})
    assert not before.is_unchanged(after)
    assert stand_in.policies[identity]["bitLockerEnabled"]


def test_an_etag_is_a_condition(stand_in: PolicyStandIn, client: GraphClient) -> None:
    stand_in.has_etags = True
    identity = stand_in.add("Windows")
    before = read_policy(client, identity)
    stand_in.change(identity, description="somebody else")
    with pytest.raises(GraphError, match="answers 412") as caught:
        change_policy(client, before, {RANGES: [RANGE]})
    assert caught.value.status == 412
    change_policy(client, read_policy(client, identity), {RANGES: [RANGE]})


def test_a_new_policy_needs_a_block_action(stand_in: PolicyStandIn, client: GraphClient) -> None:
    with pytest.raises(GraphError, match="must have one and only one block scheduled action"):
        create_policy(client, {"@odata.type": TYPE, "displayName": "x"})
    action = {"actionType": "block", "gracePeriodHours": 0}
    rule = {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [action]}
    made = create_policy(client, {"@odata.type": TYPE, "displayName": "x", "scheduledActionsForRule": [rule]})
    assert stand_in.policies[made.id]["displayName"] == "x"


def test_a_missing_permission_is_named(stand_in: PolicyStandIn, client: GraphClient) -> None:
    identity = stand_in.add("Windows")
    stand_in.scopes = (READ,)
    with pytest.raises(GraphError, match=r"lacks a permission: DeviceManagementConfiguration\.ReadWrite\.All"):
        change_policy(client, read_policy(client, identity), {MINIMUM: "10.0.26100.1"})
    stand_in.scopes = ()
    with pytest.raises(GraphError, match=r"lacks a permission: DeviceManagementConfiguration\.Read\.All"):
        list_policies(client)


def test_ids_are_encoded(stand_in: PolicyStandIn, client: GraphClient) -> None:
    with pytest.raises(GraphError) as caught:
        read_policy(client, "../x?y#z")
    assert caught.value.status == 404
    assert stand_in.web.asked[-1].path.endswith("/deviceCompliancePolicies/..%2Fx%3Fy%23z")


def test_another_type_is_not_read(stand_in: PolicyStandIn, client: GraphClient) -> None:
    identity = stand_in.add("iPads", "#microsoft.graph.iosCompliancePolicy")
    with pytest.raises(GraphError, match=r"is a #microsoft\.graph\.iosCompliancePolicy and no Windows"):
        read_policy(client, identity)


def test_equal_settings() -> None:
    policy = Policy("1", ranges=[RANGE], minimum=None)
    assert policy.holds({RANGES: [RANGE | {"@odata.type": "x", "description": "another"}], MINIMUM: ""})
    assert not policy.holds({RANGES: []})
    assert not policy.holds({MINIMUM: "10.0.26100.1"})
    assert Policy("1").holds({RANGES: None, MINIMUM: None})


def test_api_versions() -> None:
    for url, expected in (
        ("http://localhost/beta", True),
        ("http://localhost", True),
        ("http://localhost/v1.0/", False),
    ):
        with GraphClient(url, FixedToken("x", "test")) as client:
            assert is_beta(client) is expected


def test_the_tenant_of_a_token() -> None:
    assert tenant_in(unsigned_token({"tid": "a"})) == "a"
    for other in ("opaque", "a.b.c", unsigned_token({}), unsigned_token({"tid": 5}), "a.bnVsbA.c", "..", "a.\u0142.c"):
        assert tenant_in(other) is None
