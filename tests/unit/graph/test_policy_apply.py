"""Writing policies under throttling, faults and broken connections: nothing is lost, and the report is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from osimages.graph.client import GraphClient
from osimages.graph.client_tokens import FixedToken
from osimages.graph.policies import MINIMUM, RANGES, TYPE, read_policy
from osimages.graph.policy_apply import Outcome, Write, Writer, Written
from tests.support.compliance_policies import (
    READ,
    Fault,
    PolicyStandIn,
    build_range,
    cut_after,
    cut_before,
    policy_stand_in,
    throttled,
    unavailable,
)
from tests.support.graph import TOKEN, error
from tests.support.web import Given, Reply

OLD, NEW = build_range("10.0.26100.1", "10.0.26100.9", "old"), build_range("10.0.26100.5", "10.0.26100.65535", "new")
SETTINGS: dict[str, Any] = {RANGES: [NEW]}


@pytest.fixture
def stand_in() -> Iterator[PolicyStandIn]:
    """A tenant with three policies of one kind."""
    with policy_stand_in() as found:
        for number in range(3):
            found.add(f"Windows {number}", validOperatingSystemBuildRanges=[OLD], bitLockerEnabled=True)
        yield found


@pytest.fixture
def client(stand_in: PolicyStandIn) -> Iterator[GraphClient]:
    """A client that never waits."""
    with GraphClient(stand_in.url, FixedToken(TOKEN, "test"), pause=lambda seconds: None) as found:
        yield found


def writes(client: GraphClient, stand_in: PolicyStandIn) -> list[Write]:
    """The same change of each policy, as they are now."""
    return [
        Write(each["displayName"], SETTINGS, read_policy(client, each["id"])) for each in stand_in.policies.values()
    ]


def results(client: GraphClient, planned: list[Write]) -> list[Written]:
    """What becomes of the writes."""
    return list(Writer(client, pause=lambda seconds: None).results(planned))


def held(stand_in: PolicyStandIn) -> list[Any]:
    """The ranges that each policy has."""
    return [each[RANGES] for each in stand_in.policies.values()]


def test_every_policy_is_changed_once(stand_in: PolicyStandIn, client: GraphClient) -> None:
    found = results(client, writes(client, stand_in))
    assert [each.outcome for each in found] == [Outcome.APPLIED] * 3
    assert held(stand_in) == [[NEW]] * 3
    assert stand_in.sent("PATCH") == [{"@odata.type": TYPE, RANGES: [NEW]}] * 3
    assert [each["version"] for each in stand_in.policies.values()] == [2] * 3


@pytest.mark.parametrize(
    ("faults", "changes"),
    [
        ([throttled("PATCH"), throttled("PATCH", None), throttled("GET")], 1),
        ([unavailable("PATCH"), unavailable("PATCH")], 1),
        ([cut_before()], 1),
        ([cut_before(), cut_before()], 1),
        ([cut_after()], 1),
        ([Fault(Reply(b"{" + b" " * 2000, cut=500), "PATCH", is_processed=True)], 1),
        ([Fault(Reply(b"<html>", 200), "PATCH", is_processed=True)], 1),
        ([unavailable("PATCH", 504, is_processed=True)], 1),
        ([unavailable("PATCH", 500)], 1),
        ([cut_after(), Fault(error(503, "ServiceUnavailable", "x"), "GET")], 1),
        # What a gateway answers 503 to should not have been processed; if it was, it is processed twice.
        ([unavailable("PATCH", 503, is_processed=True)], 2),
    ],
)
def test_whatever_breaks_the_settings_arrive(
    stand_in: PolicyStandIn, client: GraphClient, faults: list[Fault], changes: int
) -> None:
    planned = writes(client, stand_in)[:1]
    stand_in.faults = list(faults)
    (written,) = results(client, planned)
    assert written.outcome is Outcome.APPLIED
    assert not stand_in.faults
    assert held(stand_in) == [[NEW], [OLD], [OLD]]
    assert next(iter(stand_in.policies.values()))["version"] == 1 + changes, "changed no oftener than needed"


def test_an_answer_that_was_lost_is_confirmed_by_reading(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)[:1]
    stand_in.faults = [cut_after()]
    (written,) = results(client, planned)
    assert written.detail.startswith("confirmed by reading the policy again, after http")
    assert len(stand_in.sent("PATCH")) == 1, "nothing is sent twice"


def test_with_an_etag_a_repeated_request_does_no_harm(stand_in: PolicyStandIn, client: GraphClient) -> None:
    stand_in.has_etags = True
    planned = writes(client, stand_in)[:1]
    stand_in.faults = [unavailable("PATCH", 503, is_processed=True)]
    (written,) = results(client, planned)
    assert written.outcome is Outcome.APPLIED
    assert "answers 412" in written.detail


def test_a_connection_that_stays_down(stand_in: PolicyStandIn, client: GraphClient) -> None:
    """The one that was sent is unknown, and the rest is not tried."""
    planned = writes(client, stand_in)

    def breaks(given: Given) -> None:
        if given.method == "PATCH":
            stand_in.faults = [cut_before("GET")] * 50

    stand_in.on_request = breaks
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.UNKNOWN, Outcome.NOT_TRIED, Outcome.NOT_TRIED]
    assert found[0].detail.startswith("the settings were sent, but the policy cannot be read: ")


def test_a_policy_that_never_takes_the_settings(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)
    stand_in.faults = [cut_before()] * 3
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.FAILED, Outcome.NOT_TRIED, Outcome.NOT_TRIED]
    assert len(stand_in.sent("PATCH")) == 3


@pytest.mark.parametrize(
    "fault", [Fault(error(400, "BadRequest", "no"), "PATCH"), Fault(error(404, "ResourceNotFound", "no"), "PATCH")]
)
def test_an_error_of_one_policy_does_not_stop_the_others(
    stand_in: PolicyStandIn, client: GraphClient, fault: Fault
) -> None:
    planned = writes(client, stand_in)
    stand_in.faults = [fault]
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.FAILED, Outcome.APPLIED, Outcome.APPLIED]
    assert held(stand_in) == [[OLD], [NEW], [NEW]]


def test_a_missing_permission_stops_the_run(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)
    stand_in.scopes = (READ,)
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.FAILED, Outcome.NOT_TRIED, Outcome.NOT_TRIED]
    assert "DeviceManagementConfiguration.ReadWrite.All" in found[0].detail
    assert held(stand_in) == [[OLD]] * 3


def test_throttling_beyond_patience_stops_the_run(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)
    stand_in.faults = [throttled("PATCH", "3600")]
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.FAILED, Outcome.NOT_TRIED, Outcome.NOT_TRIED]
    assert "asks to wait 3600 s" in found[0].detail


@pytest.mark.parametrize(
    "changed", [{"bitLockerEnabled": False}, {"validOperatingSystemBuildRanges": []}, {"osMaximumVersion": "10.0.1.1"}]
)
def test_a_policy_that_somebody_changed_meanwhile_is_left_alone(
    stand_in: PolicyStandIn, client: GraphClient, changed: dict[str, Any]
) -> None:
    planned = writes(client, stand_in)
    first = next(iter(stand_in.policies))
    stand_in.change(first, **changed)
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.CONFLICT, Outcome.APPLIED, Outcome.APPLIED]
    assert "somebody changed it since it was read (version 1 is now 2" in found[0].detail
    assert all(stand_in.policies[first][name] == value for name, value in changed.items())
    assert len(stand_in.sent("PATCH")) == 2


def test_a_server_without_versions(stand_in: PolicyStandIn, client: GraphClient) -> None:
    """Then the settings themselves show a change."""
    for each in stand_in.policies.values():
        each |= {"version": None, "lastModifiedDateTime": None}
    stand_in._touch = lambda identity: None  # type: ignore[method-assign]
    planned = writes(client, stand_in)
    first, second, _ = stand_in.policies
    stand_in.policies[first][RANGES] = []
    stand_in.policies[second][RANGES] = [NEW]
    found = results(client, planned)
    assert [each.outcome for each in found] == [Outcome.CONFLICT, Outcome.ALREADY, Outcome.APPLIED]


def test_somebody_changes_it_while_the_answer_is_lost(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)[:1]
    first = next(iter(stand_in.policies))
    stand_in.faults = [cut_before()]
    seen: list[str] = []

    def other(given: Given) -> None:
        seen.append(given.method)
        if seen.count("GET") == 2:
            stand_in.change(first, osMinimumVersion="10.0.26100.7")

    stand_in.on_request = other
    (written,) = results(client, planned)
    assert written.outcome is Outcome.CONFLICT
    assert stand_in.policies[first][RANGES] == [OLD]


def test_graph_accepts_and_does_not_store(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)[:1]
    stand_in._patch = lambda given, identity, version: error(200, "", "")  # type: ignore[method-assign]
    (written,) = results(client, planned)
    assert (written.outcome, written.detail) == (
        Outcome.FAILED,
        "Graph accepted the settings, but the policy does not have them",
    )


def test_a_write_that_is_seen_late(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)[:1]
    policy = next(iter(stand_in.policies.values()))
    stale: list[Any] = [dict(policy)] * 3
    entity: Callable[..., Any] = stand_in._entity
    stand_in._entity = lambda *given: stale.pop() if stale else entity(*given)  # type: ignore[method-assign]
    (written,) = results(client, planned)
    assert (written.outcome, len(stand_in.sent("PATCH"))) == (Outcome.APPLIED, 1)


def test_a_policy_that_is_gone(stand_in: PolicyStandIn, client: GraphClient) -> None:
    planned = writes(client, stand_in)
    del stand_in.policies[next(iter(stand_in.policies))]
    found = results(client, planned)
    assert (found[0].outcome, found[0].detail) == (Outcome.FAILED, "nothing was sent: it is not there any more")
    assert [each.outcome for each in found[1:]] == [Outcome.APPLIED] * 2


def new_policy(name: str = "New") -> Write:
    """A policy to create."""
    action = {"actionType": "block", "gracePeriodHours": 0}
    rule = {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [action]}
    body = {"@odata.type": TYPE, "displayName": name, **SETTINGS, "scheduledActionsForRule": [rule]}
    return Write(name, SETTINGS, body=body)


@pytest.mark.parametrize(
    ("faults", "outcome", "policies"),
    [
        ([], Outcome.CREATED, 4),
        ([throttled("POST")], Outcome.CREATED, 4),
        ([cut_after("POST")], Outcome.CREATED, 4),
        ([cut_before("POST")], Outcome.FAILED, 3),
        ([Fault(error(400, "BadRequest", "no"), "POST")], Outcome.FAILED, 3),
        ([cut_after("POST"), *[cut_before("GET")] * 50], Outcome.UNKNOWN, 4),
    ],
)
def test_a_new_policy_is_created_once(
    stand_in: PolicyStandIn, client: GraphClient, faults: list[Fault], outcome: Outcome, policies: int
) -> None:
    stand_in.faults = list(faults)
    (written,) = results(client, [new_policy()])
    assert (written.outcome, len(stand_in.policies)) == (outcome, policies), written
    if outcome is Outcome.CREATED:
        assert written.id in stand_in.policies


def test_a_minimum_version(stand_in: PolicyStandIn, client: GraphClient) -> None:
    identity = stand_in.add("Minimum", osMinimumVersion="10.0.26100.1")
    write = Write("Minimum", {MINIMUM: "10.0.26100.5"}, read_policy(client, identity))
    assert [each.outcome for each in results(client, [write])] == [Outcome.APPLIED]
    assert stand_in.sent("PATCH") == [{"@odata.type": TYPE, MINIMUM: "10.0.26100.5"}]
