"""Bodies of compliance policies, by the documented JSON of Graph and by the models of the beta SDK."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import json
from datetime import date

import pytest
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_serialization_json.json_serialization_writer_factory import JsonSerializationWriterFactory
from msgraph_beta.generated.models.device_compliance_policy import DeviceCompliancePolicy
from msgraph_beta.generated.models.windows10_compliance_policy import Windows10CompliancePolicy

from osimages.windows import bundled
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.bodies import (
    ALL_RELEASES,
    Body,
    Form,
    NoBodyError,
    compliance_bodies,
    creation_body,
    minimum_notes,
)

TODAY = date(2026, 11, 29)
FOUND = accepted_ranges(bundled(), PolicyRule(day=TODAY, level=1))
# 26200.7092 is a hotpatch; facts that lack the B release of its month on the day split its range, see test_hotpatches.
HOTPATCHED = accepted_ranges(bundled(), PolicyRule(day=date(2026, 8, 30), releases=("Windows 11 25H2",)))


def through_sdk(body: Body) -> Body:
    """A body as the SDK reads and writes it; members that its models do not have are an error."""
    node = JsonParseNodeFactory().get_root_parse_node("application/json", json.dumps(body).encode())
    policy = node.get_object_value(DeviceCompliancePolicy)
    assert isinstance(policy, Windows10CompliancePolicy)
    ranges = policy.valid_operating_system_build_ranges or []
    assert not [each for each in (policy, *ranges) if each.additional_data]
    writer = JsonSerializationWriterFactory().get_serialization_writer("application/json")
    writer.write_object_value(None, policy)
    written: Body = json.loads(writer.get_serialized_content())
    return written


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("one_per_release", [False, True])
def test_bodies_are_those_of_the_sdk(form: Form, one_per_release: bool) -> None:
    for body in compliance_bodies(FOUND, form, one_per_release=one_per_release).values():
        assert through_sdk(body) == body
        assert len(body) == 2, "its type and one property: nothing else is changed"


def test_ranges_have_the_documented_members() -> None:
    body = compliance_bodies(FOUND)[ALL_RELEASES]
    assert body["@odata.type"] == "#microsoft.graph.windows10CompliancePolicy"
    assert body["validOperatingSystemBuildRanges"] == [
        {
            "@odata.type": "microsoft.graph.operatingSystemVersionRange",
            "description": each.description,
            "lowestVersion": str(each.lowest),
            "highestVersion": str(each.highest),
        }
        for each in FOUND.ranges
    ]


def test_one_policy_for_each_release() -> None:
    bodies = compliance_bodies(FOUND, Form.MINIMUM, one_per_release=True)
    assert bodies["Windows 11 25H2"]["osMinimumVersion"] == "10.0.26200.9711"
    assert list(bodies) == list(dict.fromkeys(each.release for each in FOUND.ranges))


def test_the_minimum_over_all_releases_says_what_it_lets_pass() -> None:
    body = compliance_bodies(FOUND, Form.MINIMUM)[ALL_RELEASES]
    assert body["osMinimumVersion"] == "10.0.17763.9376"
    (note,) = minimum_notes(FOUND, one_per_release=False)
    assert "lets every build of a release newer than Windows 10 1809 pass" in note
    assert minimum_notes(FOUND, one_per_release=True) == []


def test_the_minimum_is_compared_as_a_version() -> None:
    # As a text, 10.0.19044.10000 would come before 10.0.19044.7846.
    body = compliance_bodies(HOTPATCHED, Form.MINIMUM)[ALL_RELEASES]
    assert body["osMinimumVersion"] == "10.0.26200.9106"


def test_a_new_policy_has_a_name_and_the_action_that_graph_requires() -> None:
    body = creation_body("Minimum builds", compliance_bodies(FOUND)[ALL_RELEASES])
    assert through_sdk(body) == body
    assert body["displayName"] == "Minimum builds"
    assert body["scheduledActionsForRule"] == [
        {
            "ruleName": "PasswordRequired",
            "scheduledActionConfigurations": [
                {
                    "actionType": "block",
                    "gracePeriodHours": 0,
                    "notificationTemplateId": "",
                    "notificationMessageCCList": [],
                }
            ],
        }
    ]


def test_no_range_is_no_policy() -> None:
    # An empty list would let every build pass.
    empty = accepted_ranges(bundled(), PolicyRule(day=TODAY, releases=("Windows 11 23H2",)))
    with pytest.raises(NoBodyError, match="no release that is supported on 2026-11-29"):
        compliance_bodies(empty)


def test_servers_are_no_part_of_a_policy() -> None:
    with pytest.raises(NoBodyError, match="Intune evaluates no servers"):
        compliance_bodies(accepted_ranges(bundled(), PolicyRule(day=TODAY, servers=True)))
