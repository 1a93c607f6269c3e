"""The stand-in for compliance policies, as Microsoft's own SDK sees it: whether it is one."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import importlib
import ssl
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme
from msgraph_beta.generated.models.device_compliance_action_item import DeviceComplianceActionItem
from msgraph_beta.generated.models.device_compliance_action_type import DeviceComplianceActionType
from msgraph_beta.generated.models.device_compliance_policy_assignment import DeviceCompliancePolicyAssignment
from msgraph_beta.generated.models.device_compliance_scheduled_action_for_rule import (
    DeviceComplianceScheduledActionForRule,
)
from msgraph_beta.generated.models.group_assignment_target import GroupAssignmentTarget
from msgraph_beta.generated.models.ios_compliance_policy import IosCompliancePolicy
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.operating_system_version_range import OperatingSystemVersionRange
from msgraph_beta.generated.models.windows10_compliance_policy import Windows10CompliancePolicy

from osimages.graph.client import GraphClient
from osimages.graph.client_tokens import FixedToken
from osimages.graph.policies import list_policies
from osimages.graph.policy_apply import Outcome, Writer
from osimages.graph.policy_plan import plan_for, plan_to_create
from osimages.windows.facts import bundled
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.update import families_of
from tests.sdk.graph import Client, Configuration, Sdk, iterator
from tests.support.compliance_policies import PolicyStandIn, build_range, policy_stand_in, throttled
from tests.support.graph import TOKEN

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(kiota_abstractions|msgraph_beta)\.")
    _POLICIES = "msgraph_beta.generated.device_management.device_compliance_policies"
    _LIST = importlib.import_module(f"{_POLICIES}.device_compliance_policies_request_builder")
    _ITEM = importlib.import_module(f"{_POLICIES}.item.device_compliance_policy_item_request_builder")
    _ASSIGN = importlib.import_module(f"{_POLICIES}.item.assign.assign_post_request_body")
    importlib.import_module(f"{_POLICIES}.item.assign.assign_request_builder")


@pytest.fixture
def authority() -> trustme.CA:
    """Whose certificate the stand-in has."""
    return trustme.CA()


@pytest.fixture
def stand_in(authority: trustme.CA) -> Iterator[PolicyStandIn]:
    """A stand-in over HTTPS with five policies on three pages, the last of them of another platform."""
    with policy_stand_in(authority=authority, page_size=2) as found:
        for number in range(4):
            ranges = [build_range("10.0.26100.1", f"10.0.26100.{number + 2}", None)]
            found.assign(found.add(f"Windows {number}", validOperatingSystemBuildRanges=ranges), "g1", "g2")
        found.add("iPads", "#microsoft.graph.iosCompliancePolicy", osMinimumVersion="18.7")
        yield found


def sdk(stand_in: PolicyStandIn, authority: trustme.CA) -> Sdk:
    """The SDK's client of it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return Sdk(stand_in.web.url, Path(), context, "")


def new_policy(*actions: DeviceComplianceActionType) -> Any:
    """A policy as the SDK writes it, with its scheduled actions."""
    items = [DeviceComplianceActionItem(action_type=each, grace_period_hours=0) for each in actions]
    rule = DeviceComplianceScheduledActionForRule(rule_name="PasswordRequired", scheduled_action_configurations=items)
    return Windows10CompliancePolicy(
        odata_type="#microsoft.graph.windows10CompliancePolicy",
        display_name="Made by the SDK",
        bit_locker_enabled=True,
        scheduled_actions_for_rule=[rule],
    )


def test_the_sdk_reads_pages_types_and_assignments(stand_in: PolicyStandIn, authority: trustme.CA) -> None:
    async def steps(client: Client) -> list[Any]:
        found: list[Any] = []
        options = _LIST.DeviceCompliancePoliciesRequestBuilder.DeviceCompliancePoliciesRequestBuilderGetQueryParameters(
            expand=["assignments"]
        )
        first = await client.device_management.device_compliance_policies.get(Configuration(query_parameters=options))
        await iterator(first, client).iterate(lambda each: not found.append(each))  # type: ignore[func-returns-value]
        return found

    stand_in.faults = [throttled()]
    found = sdk(stand_in, authority).run(steps, bearer=TOKEN)
    assert [type(each) for each in found] == [Windows10CompliancePolicy] * 4 + [IosCompliancePolicy]
    assert [each.valid_operating_system_build_ranges[0].highest_version for each in found[:4]] == [
        f"10.0.26100.{number + 2}" for number in range(4)
    ]
    assert [each.target.group_id for each in found[0].assignments] == ["g1", "g2"]
    assert found[4].os_minimum_version == "18.7"
    assert found[0].version == 1
    assert found[0].last_modified_date_time.year == 2026


def test_the_sdk_writes(stand_in: PolicyStandIn, authority: trustme.CA) -> None:
    ranges = [
        OperatingSystemVersionRange(
            description="24H2", lowest_version="10.0.26100.5", highest_version="10.0.26100.65535"
        )
    ]

    async def steps(client: Client) -> Any:
        policies = client.device_management.device_compliance_policies
        with pytest.raises(ODataError, match="one and only one block scheduled action"):
            await policies.post(new_policy())
        with pytest.raises(ODataError, match="one and only one block scheduled action"):
            await policies.post(new_policy(*[DeviceComplianceActionType.Block] * 2))
        made = await policies.post(
            new_policy(DeviceComplianceActionType.Block, DeviceComplianceActionType.Notification)
        )
        item = policies.by_device_compliance_policy_id(made.id)
        changed = await item.patch(
            Windows10CompliancePolicy(
                odata_type="#microsoft.graph.windows10CompliancePolicy", valid_operating_system_build_ranges=ranges
            )
        )
        assert changed.version == made.version + 1
        assert changed.bit_locker_enabled
        target = GroupAssignmentTarget(odata_type="#microsoft.graph.groupAssignmentTarget", group_id="g3")
        body = _ASSIGN.AssignPostRequestBody(assignments=[DeviceCompliancePolicyAssignment(target=target)])
        await item.assign.post(body)
        parameters = _ITEM.DeviceCompliancePolicyItemRequestBuilder
        options = parameters.DeviceCompliancePolicyItemRequestBuilderGetQueryParameters(
            expand=["assignments", "scheduledActionsForRule($expand=scheduledActionConfigurations)"]
        )
        found = await item.get(Configuration(query_parameters=options))
        await item.delete()
        with pytest.raises(ODataError, match="An error has occurred"):
            await item.get()
        return found

    found = sdk(stand_in, authority).run(steps, bearer=TOKEN)
    assert found.assignments[0].target.group_id == "g3"
    assert found.valid_operating_system_build_ranges[0].lowest_version == "10.0.26100.5"
    kinds = [each.action_type for each in found.scheduled_actions_for_rule[0].scheduled_action_configurations]
    assert kinds == [DeviceComplianceActionType.Block, DeviceComplianceActionType.Notification]
    assert len(stand_in.policies) == 5


def test_the_sdk_reads_the_errors(stand_in: PolicyStandIn, authority: trustme.CA) -> None:
    first = next(iter(stand_in.policies))

    async def steps(client: Client) -> None:
        item = client.device_management.device_compliance_policies.by_device_compliance_policy_id(first)
        with pytest.raises(ODataError, match=r"DeviceManagementConfiguration\.ReadWrite\.All"):
            await item.patch(Windows10CompliancePolicy(os_minimum_version="10.0.26100.1"))

    stand_in.scopes = ("DeviceManagementConfiguration.Read.All",)
    sdk(stand_in, authority).run(steps, bearer=TOKEN)


def test_the_sdk_reads_what_the_tool_writes(
    stand_in: PolicyStandIn, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = accepted_ranges(bundled(), PolicyRule(day=date(2026, 11, 23), releases=("Windows 11 24H2",)))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with GraphClient(stand_in.url, FixedToken(TOKEN, "test")) as client:
        policies = list_policies(client).policies
        plans = [plan_for(each, rule, families_of(bundled())) for each in policies]
        plans.append(plan_to_create("New", rule))
        results = list(Writer(client).results([each.write for each in plans]))
    assert [each.outcome for each in results] == [Outcome.APPLIED] * 4 + [Outcome.CREATED]

    async def steps(client: Client) -> list[Any]:
        item = client.device_management.device_compliance_policies.by_device_compliance_policy_id
        return [await item(each.id).get() for each in results]

    for found in sdk(stand_in, authority).run(steps, bearer=TOKEN):
        assert isinstance(found, Windows10CompliancePolicy)
        ranges = found.valid_operating_system_build_ranges
        assert [(each.lowest_version, each.highest_version, each.description) for each in ranges] == [
            (str(each.lowest), str(each.highest), each.description) for each in rule.ranges
        ]
