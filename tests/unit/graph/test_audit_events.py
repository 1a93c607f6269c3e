"""What events say, and that their ids ascend with time."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.audit_events import Event, changed, dated, event_id, first_id, refused, refused_further
from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.model import GRAPH
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import resolve
from osimages.odata.service.request import ApiRequest

TARGET = resolve(GRAPH, "/deviceManagement/managedDeviceWindowsOSImages/a")
ACTOR = VerifiedToken("t", "app", "user", frozenset({"b", "a"}), user_name="megan@contoso.example")
NOW = datetime(2026, 11, 24, 7, 0, 0, 123456, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


GUID = "5de3528c-c136-4c47-a7c7-16583d929d30"


def request(method: str = "PATCH", client_request_id: str = "C") -> ApiRequest:
    given_id = "00000000-0000-4000-a000-000000000000"
    return ApiRequest(method, "/beta/x", "", {}, "https://localhost", given_id, client_request_id, client="10.0.0.1")


def stored(text: str) -> Stored:
    return Stored(1, text.encode())


def modified(event: Event) -> list[Any]:
    """What an event says was changed."""
    resources: Any = event["resources"]
    [resource] = resources
    found: list[Any] = resource["modifiedProperties"]
    return found


@given(MOMENTS, st.integers(1, 10**12))
def test_ids_are_guids_that_ascend_with_time(moment: datetime, later: int) -> None:
    first, second = event_id(moment), event_id(moment + timedelta(microseconds=later))
    assert uuid.UUID(first).version == 7
    assert str(uuid.UUID(first)) == first
    assert first < second or later == 0
    assert first_id(moment) <= first
    assert first_id(moment + timedelta(milliseconds=1)) > first


def test_a_change_tells_what_it_changed_and_no_annotation() -> None:
    before = stored('{"@odata.type":"#a","id":"a","kept":1,"items":[{"@odata.type":"b","n":1}],"gone":null}')
    after = stored('{"@odata.type":"#a","id":"a","kept":1,"items":[{"@odata.type":"b","n":2}]}')
    event = changed(request(), ACTOR, TARGET, "a", before, after)
    assert modified(event) == [
        {"displayName": "items", "oldValue": '[{"n":1}]', "newValue": '[{"n":2}]'},
        {"displayName": "gone", "oldValue": "null", "newValue": None},
    ]


@given(st.text())
def test_a_text_is_told_as_it_is_whatever_it_says(text: str) -> None:
    name = f'"@odata.type":"x",{text}'
    document = msgspec.json.encode({"place": {"@odata.type": "y", "name": name}})
    [told] = modified(changed(request(), ACTOR, TARGET, "a", None, Stored(1, document)))
    assert json.loads(told["newValue"]) == {"name": name}


def test_a_very_long_value_is_cut() -> None:
    event = changed(request(), ACTOR, TARGET, "a", None, stored(json.dumps({"name": "x" * 100_000})))
    assert len(modified(event)[0]["newValue"]) == 32_771


@pytest.mark.parametrize(("given_id", "told"), [("C", request().request_id), (GUID, GUID), (GUID.upper(), GUID)])
def test_the_correlation_id_is_the_clients_if_it_is_a_guid(given_id: str, told: str) -> None:
    event = changed(request(client_request_id=given_id), ACTOR, TARGET, "a", None, None)
    assert event["correlationId"] == told


def test_every_event_fits_the_declared_type() -> None:
    check = EntityValidator(GRAPH, AUDIT_EVENT)
    for event in (
        changed(request(), ACTOR, TARGET, "a", None, stored('{"id":"a"}')),
        refused(request("GET"), ACTOR, 403, "no"),
        refused_further(7),
    ):
        key, whole = dated(event, NOW)
        checked = check.create(whole | {"id": key})
        assert checked["activityDateTime"] == "2026-11-24T07:00:00.123Z"
