"""Conditions of batch items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.errors import BATCH_CONDITION, CONDITION_NOT_SUPPORTED, Condition, ODataError
from osimages.odata.service.batch.conditions import RunCondition, not_met, parse_condition

SUCCEEDED = {"1": True, "2": False, "a-b.c~d_e": True}


def result(text: str) -> bool | Condition:
    condition = parse_condition(text)
    try:
        if isinstance(condition, ODataError):
            raise condition
        return condition.is_met(SUCCEEDED)
    except ODataError as error:
        return error.condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1/$succeeded", True),
        ("$2/$succeeded", False),
        ("$A-b.C~d_e/$succeeded", True),
        (" not $2/$succeeded ", True),
        ("not ($1/$succeeded and $2/$succeeded)", True),
        ("$1/$succeeded and $2/$succeeded", False),
        ("$2/$succeeded or $1/$succeeded and true", True),
        ("$2/$succeeded eq false", True),
        ("$1/$succeeded ne $2/$succeeded", True),
        ("true", True),
        ("false", False),
        ("null", False),
        ("not null", False),
        ("null or true", True),
        ("null and false", False),
        ("not (null and false)", True),
        ("null eq null", True),
        ("null ne 1", True),
        ("null lt 1", False),
        ("1 eq 1.0", True),
        ("2 gt 1 and 1 le 1 and 1.5 ge 1 and -1 lt 0", True),
        ("'a' lt 'b' and 'it''s' eq 'it''s'", True),
        ("'$2/$succeeded' eq '$2/$succeeded'", True),
        ("INF gt 1e400", True),
        ("NaN eq NaN", False),
    ],
)
def test_evaluate(text: str, expected: bool) -> None:
    assert result(text) is expected


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("", BATCH_CONDITION),
        ("1", BATCH_CONDITION),
        ("'true'", BATCH_CONDITION),
        ("$1/$succeeded and", BATCH_CONDITION),
        ("$1/$succeeded and 1", BATCH_CONDITION),
        ("not 'a'", BATCH_CONDITION),
        ("1 eq 'a'", BATCH_CONDITION),
        ("true gt false", BATCH_CONDITION),
        ("'a", BATCH_CONDITION),
        ("(" * 200 + "true" + ")" * 200, BATCH_CONDITION),
        ("not " * 1024 + "true", BATCH_CONDITION),
        ("$1", CONDITION_NOT_SUPPORTED),
        ("$1/id eq 'x'", CONDITION_NOT_SUPPORTED),
        ("$1/$succeededly", CONDITION_NOT_SUPPORTED),
        ("$/$succeeded", CONDITION_NOT_SUPPORTED),
        ("@a", CONDITION_NOT_SUPPORTED),
        ("@r00000000000 or $1/$succeeded", CONDITION_NOT_SUPPORTED),
        ("id eq 'x'", CONDITION_NOT_SUPPORTED),
        ("length('a') eq 1", CONDITION_NOT_SUPPORTED),
        ("1 add 1 eq 2", CONDITION_NOT_SUPPORTED),
        ("2026-11-29 gt 2026-11-28", CONDITION_NOT_SUPPORTED),
    ],
)
def test_reject(text: str, row: Condition) -> None:
    assert result(text) is row


def test_errors_quote_the_condition_and_the_position() -> None:
    error = parse_condition("$1/$succeeded && true")
    assert isinstance(error, ODataError)
    assert "'$1/$succeeded && true'" in error.message
    assert "position 14" in error.message
    condition = parse_condition("false")
    assert isinstance(condition, RunCondition)
    assert not_met(condition, "7").message == "The request with id '7' was not run: its condition 'false' is not true."


@given(st.text(alphabet=st.sampled_from("$12/succed'\"\\ ()@truenotand=,.é\n"), max_size=60))
def test_any_text_is_evaluated_or_rejected(text: str) -> None:
    condition = parse_condition(text)
    if isinstance(condition, RunCondition):
        try:
            condition.is_met(dict.fromkeys(condition.requests.values(), True))
        except ODataError as error:
            assert error.condition in (BATCH_CONDITION, CONDITION_NOT_SUPPORTED)
