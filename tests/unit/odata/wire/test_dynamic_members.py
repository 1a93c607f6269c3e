"""Values that a query made, as JSON with the types that JSON does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from osimages.odata.model.types import Primitive
from osimages.odata.model.value_encoding import decimal_text
from osimages.odata.plan.expressions import ScalarType
from osimages.odata.plan.query import Encoded
from osimages.odata.wire.dynamic_members import members, with_members
from osimages.odata.wire.media_types import JsonForm, json_form
from tests.support.second_model import COLOUR, FLAVOUR, MODEL

USUAL = JsonForm()


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        (Primitive.STRING, 'a"b', '"x":"a\\"b"'),
        (Primitive.STRING, None, '"x":null'),
        (Primitive.BOOLEAN, 1, '"x":true'),
        (Primitive.BOOLEAN, False, '"x":false'),
        (Primitive.DOUBLE, 2.5, '"x":2.5'),
        (Primitive.DOUBLE, float("-inf"), '"x@odata.type":"#Double","x":"-INF"'),
        (Primitive.SINGLE, 0.10000000149011612, '"x@odata.type":"#Single","x":0.1'),
        (Primitive.INT64, 1 << 62, f'"x@odata.type":"#Int64","x":{1 << 62}'),
        (Primitive.DECIMAL, decimal_text(-12), '"x@odata.type":"#Decimal","x":-12'),
        (Primitive.DATE, "2026-11-24", '"x@odata.type":"#Date","x":"2026-11-24"'),
        (Primitive.DATETIMEOFFSET, 0, '"x@odata.type":"#DateTimeOffset","x":"1970-01-01T00:00:00Z"'),
        (Primitive.TIMEOFDAY, 1_500_000, '"x@odata.type":"#TimeOfDay","x":"00:00:01.5"'),
        (Primitive.DURATION, -1_000_000, '"x@odata.type":"#Duration","x":"-PT1S"'),
        (Primitive.BINARY, b"\xff\xff", '"x@odata.type":"#Binary","x":"__8="'),
        (Primitive.GUID, "0" * 8, '"x@odata.type":"#Guid","x":"00000000"'),
        (COLOUR, 2, '"x@odata.type":"#example.museum.colour","x":"green"'),
        (COLOUR, 9, '"x@odata.type":"#example.museum.colour","x":"9"'),
        (FLAVOUR, 5, '"x@odata.type":"#example.museum.flavour","x":"sweet,hot"'),
        (FLAVOUR, 0, '"x@odata.type":"#example.museum.flavour","x":"none"'),
    ],
)
def test_a_value_with_its_type(type_: ScalarType, value: Encoded, text: str) -> None:
    assert members(USUAL, MODEL, [("x", type_)], [value]).decode() == text


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("application/json;odata.metadata=none", '"x":5'),
        ("application/json;IEEE754Compatible=true", '"x@odata.type":"#Int64","x":"5"'),
    ],
)
def test_other_forms(accept: str, text: str) -> None:
    form: Any = json_form(accept, None)
    assert members(form, MODEL, [("x", Primitive.INT64)], [5]).decode() == text


def test_they_stand_at_the_end_of_a_document() -> None:
    names: list[tuple[str, ScalarType]] = [("x", Primitive.STRING), ("y", Primitive.BOOLEAN)]
    assert with_members(USUAL, MODEL, [b'{"id":"a"}'], names, [("v", None)]) == (b'{"id":"a","x":"v","y":null}',)
