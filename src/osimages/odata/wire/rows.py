"""Rows that `$apply` has made, as JSON: columns below the names of their paths, with the types that JSON does not tell.

Source: https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from osimages.odata.model.types import Model, Primitive
from osimages.odata.plan.bind_apply import RowColumn
from osimages.odata.plan.bind_query import Rows
from osimages.odata.plan.query import Encoded
from osimages.odata.wire.dynamic_members import json_value, type_annotation
from osimages.odata.wire.media_types import JsonForm, Metadata

_encode = msgspec.json.Encoder().encode
Tree = dict[str, "Tree | tuple[RowColumn, Encoded]"]


def row_bodies(
    form: JsonForm, model: Model, rows: Rows, select: tuple[str, ...] | None, values: Sequence[Sequence[Encoded]]
) -> tuple[bytes, ...]:
    """Each row as an object, with the columns that are selected and that its part has."""
    chosen = [at for at, each in enumerate(rows.columns) if select is None or "/".join(each.path) in select]
    found = []
    for row in values:
        if rows.present is None:
            present, cells = chosen, row
        else:
            part, *cells = row
            assert isinstance(part, int)
            present = [at for at in chosen if at in rows.present[part]]
        found.append(_object(form, model, ((rows.columns[at], cells[at]) for at in present)))
    return tuple(found)


def _object(form: JsonForm, model: Model, cells: Iterator[tuple[RowColumn, Encoded]]) -> bytes:
    tree: Tree = {}
    for column, value in cells:
        place = tree
        for name in column.path[:-1]:
            inner = place.setdefault(name, {})
            assert isinstance(inner, dict)
            place = inner
        place[column.path[-1]] = column, value
    return b"{" + b",".join(_members(form, model, tree)) + b"}"


def _members(form: JsonForm, model: Model, tree: Tree) -> Iterator[bytes]:
    for name, node in tree.items():
        column, value = _first(node)
        if isinstance(node, dict):
            text = b"{" + b",".join([*_complex_type(form, model, column), *_members(form, model, node)]) + b"}"
        else:
            annotation = type_annotation(form, model, Primitive.DECIMAL if column.is_count else column.type, value)
            if column.is_dynamic and annotation is not None:
                yield _encode(f"{name}{form.annotation}type") + b":" + annotation
            shown = Primitive.DECIMAL if column.is_count and form.numbers_as_strings else column.type
            text = _encode(str(value)) if shown is not column.type else json_value(form, column.type, value)
        is_item = column.is_item and column.path[0] == name
        yield _encode(name) + b":" + (b"[" + text + b"]" if is_item else text)


def _first(node: Tree | tuple[RowColumn, Encoded]) -> tuple[RowColumn, Encoded]:
    """A column of a value with parts: all of them tell alike of what it is."""
    while isinstance(node, dict):
        node = next(iter(node.values()))
    return node


def _complex_type(form: JsonForm, model: Model, column: RowColumn) -> Iterator[bytes]:
    if column.complex_type is not None and form.metadata is not Metadata.NONE:
        yield _encode(f"{form.annotation}type") + b":" + _encode(f"#{model.qualified(column.complex_type)}")
