"""Every condition can be raised, with its named places filled and nothing left of them."""

from __future__ import annotations

import string
from http import HTTPStatus
from typing import Any

import pytest

from osimages.odata import errors
from osimages.odata.errors import (
    BAD_HOST,
    CONDITIONS,
    INVALID_FILTER,
    MODEL_VALIDATION,
    Condition,
    ErrorDetail,
    ODataError,
)

WITH_PLACES = [each for each in CONDITIONS if "{" in each.text]


def places(condition: Condition) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(condition.text) if name is not None}


def test_conditions_are_named_as_their_constants() -> None:
    constants = {name: value for name, value in vars(errors).items() if isinstance(value, Condition)}
    assert set(constants.values()) == set(CONDITIONS)
    assert len({each.name for each in CONDITIONS}) == len(CONDITIONS)
    assert all(each.name.lower() == name.replace("_", "").lower() for name, each in constants.items())


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each.name)
def test_a_condition_has_a_status_and_a_text_with_named_places(condition: Condition) -> None:
    assert HTTPStatus(condition.status) >= HTTPStatus.BAD_REQUEST
    assert condition.text
    assert all(place.isidentifier() for place in places(condition))


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each.name)
def test_facts_fill_all_places_of_a_text(condition: Condition) -> None:
    facts: dict[str, Any] = {place: f"<{place} {{of}} it>" for place in places(condition)}
    error = ODataError(condition, **facts)
    assert error.condition is condition
    assert error.facts == facts
    assert str(error) == error.message
    assert all(fact in error.message for fact in facts.values())
    assert error.message.count("{") == len(facts)  # braces in a fact are no places


@pytest.mark.parametrize("condition", WITH_PLACES, ids=lambda each: each.name)
def test_a_missing_fact_is_noticed_at_once(condition: Condition) -> None:
    with pytest.raises(KeyError):
        ODataError(condition)


def test_an_error_carries_headers_target_and_details() -> None:
    given = {"Retry-After": "1"}
    detail = ErrorDetail("wrong", "id")
    error = ODataError(MODEL_VALIDATION, headers=given, target="id", details=(detail,), reason="wrong")
    assert (error.headers, error.target, error.details) == (given, "id", (detail,))
    error.headers["Allow"] = "GET"
    assert given == {"Retry-After": "1"}


def test_an_error_needs_none_of_them() -> None:
    error = ODataError(BAD_HOST)
    assert (error.headers, error.target, error.details, error.facts) == ({}, None, (), {})
    assert error.message == "The Host header does not name a host."
    assert ErrorDetail("message").target is None


def test_a_message_contains_the_facts() -> None:
    error = ODataError(INVALID_FILTER, reason="Expected ')', at position 7")
    assert str(error) == "Invalid filter clause: Expected ')', at position 7"
