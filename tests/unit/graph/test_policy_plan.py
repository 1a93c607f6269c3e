"""Which policies are chosen, and what is planned for each by a rule or by a record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from osimages.graph.policies import MINIMUM, RANGES, Policy, PolicyList
from osimages.graph.policy_plan import (
    Plan,
    SelectionError,
    State,
    chosen_policies,
    plan_document,
    plan_for,
    plan_to_create,
    plans_to_restore,
)
from osimages.graph.policy_record import Record
from osimages.windows.facts import bundled
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.update import families_of
from tests.support.compliance_policies import build_range

FACTS = bundled()
RULE = accepted_ranges(FACTS, PolicyRule(day=date(2026, 11, 23)))
OLD = build_range("10.0.26100.4946", "10.0.26100.9999", "24H2")


def policy(identity: str, name: str | None = None, **more: Any) -> Policy:
    """A policy as it was read."""
    return Policy(identity, name, version=1, **more)


def planned(found: Policy, **options: Any) -> Plan:
    """The plan of a policy by the rule."""
    return plan_for(found, RULE, families_of(FACTS), **options)


def listed(*policies: Policy) -> PolicyList:
    """A tenant with these policies, and one for iPads."""
    kind = "#microsoft.graph.iosCompliancePolicy"
    return PolicyList(policies, {kind: 1}, {"9": kind, "iPads": kind})


TENANT = listed(
    policy("1", "Windows", ranges=[OLD]),
    policy("2", "windows ", minimum="10.0.26100.1"),
    policy("3", "BitLocker", ranges=[], minimum=""),
    policy("4", None, ranges=[OLD]),
    policy("5", "Twice", ranges=[OLD]),
    policy("6", "Twice", ranges=[OLD]),
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ["1", "2", "4", "5", "6"]),
        (["Windows"], ["1"]),
        (["windows "], ["2"]),
        (["bitlocker"], ["3"]),
        (["4", "1", "4"], ["4", "1"]),
        (["6"], ["6"]),
    ],
)
def test_chosen_policies(names: list[str], expected: list[str]) -> None:
    assert [each.id for each in chosen_policies(TENANT, names)] == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Twice", r"2 policies have the name 'Twice': name one by its id \(5, 6\)"),
        ("WINDOWS", "2 policies have the name"),
        ("iPads", r"is a #microsoft\.graph\.iosCompliancePolicy"),
        ("9", r"is a #microsoft\.graph\.iosCompliancePolicy"),
        ("x", "no Windows compliance policy is named 'x'; there are: Windows, windows, BitLocker, 4, Twice, Twice"),
        (" ", "no name and no id"),
    ],
)
def test_names_that_choose_nothing(name: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        chosen_policies(TENANT, [name])


def test_states() -> None:
    assert planned(policy("1", ranges=[OLD])).state is State.CHANGE
    done = planned(policy("1", ranges=[OLD])).update.settings[RANGES]
    assert planned(policy("1", ranges=done)).state is State.SAME
    assert planned(policy("1", ranges=[{}])).state is State.UNMATCHED
    strict = policy("1", minimum="10.0.26100.60000")
    assert planned(strict).state is State.REFUSED
    assert planned(strict).refused[0].endswith(": pass --allow-lower to write it")
    assert planned(strict, allow_lower=True).state is State.CHANGE
    partly = planned(policy("1", ranges=[OLD], minimum="10.0.26100.60000"))
    assert (partly.state, list(partly.update.settings), len(partly.refused)) == (State.CHANGE, [RANGES], 1)
    impossible = planned(policy("1", ranges=[OLD], maximum="10.0.26100.5000"))
    assert (impossible.state, impossible.write.settings != {}) == (State.REFUSED, True)


def test_what_is_recorded_is_what_is_replaced() -> None:
    recorded = planned(policy("1", "Windows", ranges=[OLD], minimum="10.0.22631.1")).recorded
    assert (recorded.id, recorded.version, recorded.before) == ("1", 1, {RANGES: [OLD]})
    assert recorded.after.keys() == {RANGES}
    assert plan_to_create("New", RULE).recorded.before is None


def test_a_new_policy_blocks_at_once() -> None:
    body = plan_to_create("New", RULE).write.body
    assert body is not None
    ((action,),) = (each["scheduledActionConfigurations"] for each in body["scheduledActionsForRule"])
    assert (body["displayName"], action["actionType"]) == ("New", "block")
    assert len(body[RANGES]) == len(RULE.ranges)
    document = plan_document(plan_to_create("New", RULE))
    assert (document["id"], document["assignments"], document["state"]) == (None, None, State.CREATE)


def record(*plans: Plan) -> Record:
    """The record of a run."""
    return Record(datetime(2026, 11, 29, tzinfo=UTC), "https://x/beta", None, tuple(each.recorded for each in plans))


def test_restoring() -> None:
    before = policy("1", "Windows", ranges=[OLD], minimum="10.0.26100.1")
    plan = planned(before)
    after = policy("1", "Windows", ranges=plan.update.settings[RANGES], minimum=plan.update.settings[MINIMUM])
    other = policy("1", "Windows", ranges=[], minimum=None)

    def restored(now: Policy | None, *, overwrite: bool = False) -> Plan:
        (found,) = plans_to_restore(listed(*([now] if now else [])), record(plan), overwrite=overwrite)
        return found

    assert restored(after).state is State.CHANGE
    assert restored(after).update.settings == {RANGES: [OLD], MINIMUM: "10.0.26100.1"}
    assert restored(before).state is State.SAME
    assert restored(other).state is State.REFUSED
    assert restored(other, overwrite=True).state is State.CHANGE
    assert restored(None).state is State.UNMATCHED
    (created,) = plans_to_restore(TENANT, record(plan_to_create("New", RULE)))
    assert (created.state, created.update.settings) == (State.SAME, {})


def test_restoring_a_policy_that_had_no_builds() -> None:
    plan = planned(policy("1", ranges=[], minimum=""), is_chosen=True)
    now = policy("1", ranges=plan.update.settings[RANGES])
    (found,) = plans_to_restore(listed(now), record(plan))
    assert found.update.settings == {RANGES: []}
