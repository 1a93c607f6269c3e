"""Bodies of replies, put together from stored documents; bodies of requests, decoded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.errors import BODY_ENCODING, BODY_UNREADABLE, ODataError
from osimages.odata.wire.payload import (
    collection_body,
    decoded,
    entity_body,
    has_more_values,
    member,
    projected,
    value_body,
)

DOCUMENT = b'{"@odata.type":"#t","id":"a","list":[1,{"x":2}]}'


def test_entity() -> None:
    assert json.loads(entity_body("C", DOCUMENT, None)) == {
        "@odata.context": "C",
        "@odata.type": "#t",
        "id": "a",
        "list": [1, {"x": 2}],
    }
    assert json.loads(entity_body("C", DOCUMENT, ("id",))) == {"@odata.context": "C", "@odata.type": "#t", "id": "a"}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_collection(count: int) -> None:
    body = collection_body("C", [DOCUMENT] * count, total=None, next_link=None)
    assert json.loads(body) == {"@odata.context": "C", "value": [json.loads(DOCUMENT)] * count}


def test_annotations_come_before_the_values() -> None:
    body = collection_body("C", [DOCUMENT], total=7, next_link='https://h/?a="b"')
    assert list(json.loads(body)) == ["@odata.context", "@odata.count", "@odata.nextLink", "value"]
    assert json.loads(body)["@odata.nextLink"] == 'https://h/?a="b"'


def test_members() -> None:
    assert member(DOCUMENT, "list") == b'[1,{"x":2}]'
    assert projected(DOCUMENT, ("list",)) == b'{"@odata.type":"#t","list":[1,{"x":2}]}'
    assert json.loads(value_body("C", b"[1]")) == {"@odata.context": "C", "value": [1]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_json_is_decoded(value: object) -> None:
    assert decoded(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_anything_else_is_refused_and_no_fault(raw: bytes) -> None:
    try:
        decoded(raw)
    except ODataError as error:
        assert error.condition in (BODY_ENCODING, BODY_UNREADABLE)


@pytest.mark.parametrize("raw", [b"[" * 10**6, b'{"a":' * 10**5, rb'"\ud800"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf"])
def test_what_would_break_a_naive_decoder(raw: bytes) -> None:
    with pytest.raises(ODataError):
        decoded(raw)


@pytest.mark.parametrize("raw", [b'{"id":"a","id":"b"}', b'[{"a":{"\\u0069d":[],"id":1,"n":' + b"9" * 50 + b"}}]"])
def test_a_member_that_is_given_twice(raw: bytes) -> None:
    with pytest.raises(ODataError, match="The property 'id' is given more than once") as refusal:
        decoded(raw)
    assert refusal.value.condition is BODY_UNREADABLE


def test_values_are_counted_up_to_the_bound() -> None:
    class Body(bytes):
        counted = 0

        def count(self, *given: object) -> int:
            Body.counted += 1
            return super().count(*given)  # type: ignore[arg-type]

    size = 16 * 128 * 1024
    assert has_more_values(Body(b"[" * size), 1000)
    assert Body.counted == 3, "the first part of the text alone"
    assert has_more_values(b" " * size + b"[,{", 2)
    assert not has_more_values(b" " * size + b"[,{", 3)
