"""Stored documents in the forms that clients ask for, of a model with every primitive type."""

from __future__ import annotations

import json
from typing import Any

from osimages.odata.model.types import ComplexType, EntityType, Model, Primitive, Property, Singleton
from osimages.odata.wire.entity_forms import in_form
from osimages.odata.wire.media_types import STORED_FORM, JsonForm, json_form

PART = ComplexType("part", (Property("count", Primitive.INT64), Property("price", Primitive.DECIMAL, nullable=True)))
THING = EntityType(
    "thing",
    (
        Property("id", Primitive.STRING),
        Property("total", Primitive.INT64),
        Property("ratio", Primitive.DOUBLE),
        Property("prices", Primitive.DECIMAL, collection=True),
        Property("part", PART),
        Property("parts", PART, collection=True),
    ),
)
MODEL = Model("example", "Container", (Singleton("things", THING),))
STORED = (
    b'{"@odata.type":"#example.thing","id":"a","total":9007199254740993,"ratio":0.5,'
    b'"prices":[12345678901234567.123456789,2],'
    b'"part":{"@odata.type":"example.part","count":1,"price":null},"parts":[{"@odata.type":"example.part","count":2}]}'
)


def shown(form: JsonForm) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(in_form(form, MODEL, THING, STORED, lambda key: f"/things/{key}", 'W/"7"'))
    return found


def test_the_stored_form_is_sent_as_it_is() -> None:
    assert in_form(STORED_FORM, MODEL, THING, STORED, str) is STORED


def test_large_numbers_as_text_keep_every_digit() -> None:
    body = shown(json_form("application/json;IEEE754Compatible=true;odata.metadata=none", None))
    assert body == {
        "id": "a",
        "total": "9007199254740993",
        "ratio": 0.5,
        "prices": ["12345678901234567.123456789", "2"],
        "part": {"count": "1", "price": None},
        "parts": [{"count": "2"}],
    }


def test_decimals_keep_every_digit_as_numbers_too() -> None:
    form = json_form("application/json;odata.metadata=none", None)
    assert b"[12345678901234567.123456789,2]" in in_form(form, MODEL, THING, STORED, str)


def test_all_metadata_in_both_spellings() -> None:
    form = "application/json;odata.metadata=full"
    old, new = shown(json_form(form, None)), shown(json_form(form, None, "4.01"))
    assert old["@odata.type"] == "#example.thing"
    assert old["@odata.id"] == old["@odata.editLink"] == "/things/a"
    assert old["@odata.etag"] == 'W/"7"'
    assert old["total@odata.type"] == "#Int64"
    assert old["prices@odata.type"] == "#Collection(Decimal)"
    assert old["part"] == {
        "@odata.type": "#example.part",
        "count@odata.type": "#Int64",
        "count": 1,
        "price@odata.type": "#Decimal",
        "price": None,
    }
    assert "ratio@odata.type" not in old
    assert json.loads(json.dumps(old).replace("@odata.", "@")) == new
    assert list(new)[-2:] == ["parts@type", "parts"], "an annotation comes right before its property"


def test_the_minimum_of_401() -> None:
    body = shown(json_form(None, None, "4.01"))
    assert body["@type"] == "#example.thing"
    assert body["part"]["@type"] == "#example.part"
    assert "@odata" not in json.dumps(body)
