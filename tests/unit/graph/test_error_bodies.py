"""The JSON shape of errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from osimages.graph.error_bodies import error_body
from osimages.graph.errors import THROTTLED
from osimages.odata.errors import MODEL_VALIDATION, UNKNOWN_KEY, Condition, ErrorDetail, ODataError


def body_of(error: ODataError) -> dict[str, object]:
    """The error object of the body, made at a fixed moment."""
    now = datetime(2026, 11, 23, 8, 5, 1, tzinfo=UTC)
    raw = error_body(error, now=now, request_id="R", client_request_id="C", url="https://localhost/beta/x")
    found: dict[str, object] = json.loads(raw)["error"]
    return found


def test_the_plain_shape() -> None:
    assert body_of(ODataError(Condition("BadRequest", 400, "No {what}."), what="x")) == {
        "code": "BadRequest",
        "message": "No x.",
        "innerError": {"date": "2026-11-23T08:05:01", "request-id": "R", "client-request-id": "C"},
    }


def test_target_and_details() -> None:
    error = ODataError(Condition("a", 400, "b"), target="$filter", details=(ErrorDetail("d", "e"),))
    body = body_of(error)
    assert body["target"] == "$filter"
    assert body["details"] == [{"code": "a", "message": "d", "target": "e"}]


def test_a_validation_failure_repeats_its_message_first() -> None:
    body = body_of(ODataError(MODEL_VALIDATION, reason="bad"))
    inner = body["innerError"]
    assert isinstance(inner, dict)
    assert list(inner) == ["message", "date", "request-id", "client-request-id"]
    assert inner["message"] == "bad"


def test_intunes_message_is_json_with_windows_line_ends() -> None:
    message = body_of(ODataError(UNKNOWN_KEY, key="x"))["message"]
    assert message == (
        '{\r\n  "_version": 3,\r\n  '
        '"Message": "The resource \'x\' does not exist - Operation ID (for customer support): '
        "00000000-0000-0000-0000-000000000000 - Activity ID: C - Url: https://localhost/beta/x?api-version=5026-01-10"
        '",\r\n  "CustomApiErrorPhrase": "",\r\n  "RetryAfter": null,\r\n  "ErrorSourceService": "",\r\n'
        '  "HttpHeaders": "{}"\r\n}'
    )


def test_a_throttled_request_gets_an_empty_list_of_details() -> None:
    assert body_of(ODataError(THROTTLED))["details"] == []
