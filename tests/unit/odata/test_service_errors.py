"""Every row of the table can be raised, with its named places filled and nothing left of them."""

from __future__ import annotations

import string
from http import HTTPStatus
from typing import Any

import pytest

from osimages.odata import service_errors
from osimages.odata.service_errors import (
    INVALID_FILTER,
    MODEL_VALIDATION,
    TABLE,
    TOKEN_EMPTY,
    ErrorDetail,
    ErrorRow,
    ServiceError,
)


def places(row: ErrorRow) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(row.message) if name is not None}


def test_the_table_holds_every_row_under_its_name() -> None:
    rows = {name for name, value in vars(service_errors).items() if isinstance(value, ErrorRow)}
    assert set(TABLE) == rows
    assert all(getattr(service_errors, name) is row and name.isupper() for name, row in TABLE.items())


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_row_has_a_status_a_code_and_a_message_with_named_places(name: str) -> None:
    row = TABLE[name]
    assert HTTPStatus(row.status) >= HTTPStatus.BAD_REQUEST
    assert row.code
    assert row.message
    assert all(place.isidentifier() for place in places(row))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_facts_fill_all_places_of_a_message(name: str) -> None:
    row = TABLE[name]
    facts: dict[str, Any] = {place: f"<{place} {{of}} it>" for place in places(row)}
    error = ServiceError(row, **facts)
    assert error.row is row
    assert error.facts == facts
    assert str(error) == error.message
    assert all(fact in error.message for fact in facts.values())
    assert error.message.count("{") == len(facts)  # braces in a fact are no places


@pytest.mark.parametrize("name", sorted(name for name, row in TABLE.items() if "{" in row.message))
def test_a_fact_that_is_missing_is_noticed_at_once(name: str) -> None:
    with pytest.raises(KeyError):
        ServiceError(TABLE[name])


def test_an_error_carries_headers_target_and_details() -> None:
    given = {"Retry-After": "1"}
    detail = ErrorDetail("ModelValidationFailure", "wrong", "id")
    error = ServiceError(MODEL_VALIDATION, headers=given, target="id", details=(detail,), reason="wrong")
    assert (error.headers, error.target, error.details) == (given, "id", (detail,))
    error.headers["Allow"] = "GET"
    assert given == {"Retry-After": "1"}


def test_an_error_needs_none_of_them() -> None:
    error = ServiceError(TOKEN_EMPTY)
    assert (error.headers, error.target, error.details, error.facts) == ({}, None, (), {})
    assert error.message == "Access token is empty."
    assert ErrorDetail("code", "message").target is None


def test_a_message_says_what_its_facts_say() -> None:
    error = ServiceError(INVALID_FILTER, reason="Expected ')', at position 7")
    assert str(error) == "Invalid filter clause: Expected ')', at position 7"
