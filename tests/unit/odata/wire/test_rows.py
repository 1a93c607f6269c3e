"""Rows as JSON: columns below the names of their paths, and only those that a row has."""

from __future__ import annotations

import msgspec

from osimages.odata.model.types import Primitive
from osimages.odata.plan.bind_apply import RowColumn
from osimages.odata.plan.bind_query import Rows
from osimages.odata.plan.expressions import Column
from osimages.odata.plan.relations import Groups
from osimages.odata.wire.media_types import STORED_FORM, JsonForm, Metadata
from osimages.odata.wire.rows import row_bodies
from tests.support.second_model import MODEL

_ANY = Groups(None, (), None, (), ())


def rows(*columns: RowColumn, present: tuple[frozenset[int], ...] | None = None) -> Rows:
    return Rows(_ANY, columns, tuple(Column(at) for at in range(len(columns))), present)


def test_paths_become_objects_and_items_collections() -> None:
    columns = rows(
        RowColumn(("place", "city"), Primitive.STRING),
        RowColumn(("place", "height"), Primitive.INT32),
        RowColumn(("strings",), Primitive.STRING, is_item=True),
        RowColumn(("parts", "origin", "city"), Primitive.STRING, is_item=True),
    )
    (body,) = row_bodies(STORED_FORM, MODEL, columns, None, [("Bath", None, "a", "Ulm")])
    assert msgspec.json.decode(body) == {
        "place": {"city": "Bath", "height": None},
        "strings": ["a"],
        "parts": [{"origin": {"city": "Ulm"}}],
    }


def test_what_a_query_named_tells_its_type() -> None:
    columns = rows(
        RowColumn(("part", "name"), Primitive.STRING, complex_type="part"),
        RowColumn(("n",), Primitive.INT64, is_dynamic=True, is_count=True),
        RowColumn(("day",), Primitive.DATE, is_dynamic=True),
    )
    (body,) = row_bodies(STORED_FORM, MODEL, columns, None, [("lid", 3, None)])
    assert body == (
        b'{"part":{"@odata.type":"#example.museum.part","name":"lid"},"n@odata.type":"#Decimal","n":3,"day":null}'
    )
    (bare,) = row_bodies(JsonForm(Metadata.NONE), MODEL, columns, None, [("lid", 3, None)])
    assert bare == b'{"part":{"name":"lid"},"n":3,"day":null}'


def test_each_row_has_the_columns_of_its_part_that_are_selected() -> None:
    columns = rows(
        RowColumn(("id",), Primitive.STRING),
        RowColumn(("n",), Primitive.STRING, is_dynamic=True),
        present=(frozenset((0, 1)), frozenset((1,))),
    )
    values = [(0, "a", "x"), (1, None, "y")]
    assert row_bodies(STORED_FORM, MODEL, columns, None, values) == (b'{"id":"a","n":"x"}', b'{"n":"y"}')
    assert row_bodies(STORED_FORM, MODEL, columns, ("id",), values) == (b'{"id":"a"}', b"{}")
    assert columns.common(None) == ("n",)
