"""Members of an entity that the query made: values as the database encodes them, as JSON with their types.

OData tells the type of a dynamic property where JSON itself does not:
https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformationtypeodatatype
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from osimages.odata.model.types import EnumType, Model, Primitive
from osimages.odata.model.value_encoding import TO_TEXT, moment_shown
from osimages.odata.plan.expressions import ScalarType
from osimages.odata.plan.query import Encoded
from osimages.odata.wire.media_types import JsonForm, Metadata

_encode = msgspec.json.Encoder().encode
# JSON itself tells these from each other.
_SELF_EVIDENT = frozenset((Primitive.STRING, Primitive.BOOLEAN, Primitive.DOUBLE))
_NUMBERS = frozenset(
    (Primitive.BYTE, Primitive.SBYTE, Primitive.INT16, Primitive.INT32, Primitive.INT64, Primitive.DECIMAL)
)
_LONG_NUMBERS = frozenset((Primitive.INT64, Primitive.DECIMAL))


def with_members(
    form: JsonForm,
    model: Model,
    documents: Iterable[bytes],
    names: Sequence[tuple[str, ScalarType]],
    rows: Iterable[Sequence[Encoded]],
) -> tuple[bytes, ...]:
    """Documents with a row of values more at the end of each."""
    return tuple(
        document[:-1] + b"," + members(form, model, names, row) + b"}"
        for document, row in zip(documents, rows, strict=True)
    )


def members(form: JsonForm, model: Model, names: Sequence[tuple[str, ScalarType]], row: Sequence[Encoded]) -> bytes:
    """Values with their names, and with their types where those are not evident."""
    parts = []
    for (name, type_), value in zip(names, row, strict=True):
        annotation = type_annotation(form, model, type_, value)
        if annotation is not None:
            parts.append(_encode(f"{name}{form.annotation}type") + b":" + annotation)
        parts.append(_encode(name) + b":" + json_value(form, type_, value))
    return b",".join(parts)


def type_annotation(form: JsonForm, model: Model, type_: ScalarType, value: Encoded) -> bytes | None:
    """What tells the type of a dynamic value, as JSON; None where nothing has to."""
    # Infinity is text, which would be taken for a string.
    is_evident = type_ in _SELF_EVIDENT and not (isinstance(value, float) and math.isinf(value))
    if form.metadata is Metadata.NONE or value is None or is_evident:
        return None
    return _encode(f"#{_type_name(model, type_)}")


def json_value(form: JsonForm, type_: ScalarType, value: Encoded) -> bytes:
    """A value as the database encodes it, as JSON."""
    if value is None:
        return b"null"
    if isinstance(type_, EnumType):
        assert isinstance(value, int)
        return _encode(member_names(type_, value))
    if type_ is Primitive.DATETIMEOFFSET:
        assert isinstance(value, int)
        return _encode(moment_shown(value))
    text = TO_TEXT[type_](value)
    if type_ is Primitive.BOOLEAN or (type_ in _NUMBERS and not (form.numbers_as_strings and type_ in _LONG_NUMBERS)):
        return text.encode()
    if type_ in (Primitive.SINGLE, Primitive.DOUBLE) and not text.endswith("INF"):
        return text.encode()
    return _encode(text)


def member_names(type_: EnumType, number: int) -> str:
    """The name of a member by its number, or the names where members are flags."""
    if number in type_.by_value or not type_.is_flags:
        return type_.by_value[number].name if number in type_.by_value else str(number)
    return ",".join(each.name for each in type_.members if each.value and each.value & number == each.value)


def _type_name(model: Model, type_: ScalarType) -> str:
    return model.qualified(type_.name) if isinstance(type_, EnumType) else type_.value.removeprefix("Edm.")
