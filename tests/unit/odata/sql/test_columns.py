"""Single values get columns in the main table, complex values one for each part, and values are encoded to compare."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import MetaData

from osimages.graph.model import EDITION_TYPE, IMAGE
from osimages.graph.tables import IMAGES
from osimages.odata.model import value_encoding
from osimages.odata.model.types import EntityType, Primitive, Property, PropertyType
from osimages.odata.sql.documents import item_rows, main_row
from osimages.odata.sql.tables import entity_tables
from tests.support.second_model import COLOUR, FLAVOUR, ORDINARY, SPECIMEN, TABLES

MADE = value_encoding.moment("2020-01-01T05:00:00Z")[0]


def test_every_single_value_has_a_column_that_may_be_null_where_the_value_may() -> None:
    columns = TABLES.main.c
    for declared in SPECIMEN.properties:
        if declared.collection or declared.name in ("id", "place", "placeOrNull"):
            continue
        assert columns[TABLES.columns[declared.name]].nullable is declared.nullable
    assert TABLES.columns["id"] == "id"
    assert TABLES.columns["dateTimeOffsetOrNull@offset"] == "date_time_offset_or_null_offset"
    assert {path: columns[column].nullable for path, column in TABLES.columns.items() if path.startswith("place")} == {
        "place/city": False,
        "place/height": True,
        "place/founded": True,
        "place/founded@offset": True,
        "placeOrNull/city": True,
        "placeOrNull/height": True,
        "placeOrNull/founded": True,
        "placeOrNull/founded@offset": True,
    }


def test_the_image_has_collections_alone() -> None:
    assert IMAGES.columns == {"id": "id"}
    assert main_row(IMAGE, {}) == ()


def test_a_name_that_the_table_needs_itself_is_changed() -> None:
    properties = (Property("id", Primitive.STRING), Property("version", Primitive.INT32, required=False))
    tables = entity_tables(MetaData(), EntityType("thing", properties), "thing", {})
    assert tables.columns == {"id": "id", "version": "version_"}
    assert tables.main.c["version_"].nullable


def test_a_row_has_a_value_for_each_column() -> None:
    row = dict(zip([path for path in TABLES.columns if path != "id"], main_row(SPECIMEN, ORDINARY), strict=True))
    assert row["string"] == "Straße"
    assert row["dateTimeOffset"] == value_encoding.moment("2026-11-23T23:30:15.25Z")[0]
    assert row["dateTimeOffset@offset"] == 120
    assert row["duration"] == 26 * 3600 * 1_000_000
    assert row["decimal"] == value_encoding.decimal_text(Decimal("12.75"))
    assert row["guid"] == "32a4ac62-1b1a-4a4c-9a3b-0123456789ab"
    assert row["binary"] == b"\x00\x01\x02\xff"
    assert row["flavour"] == 5
    assert row["place/city"] == "Bath"
    assert row["stringOrNull"] is row["placeOrNull/city"] is row["dateTimeOffsetOrNull@offset"] is None


def test_items_have_the_values_of_their_parts() -> None:
    weight = value_encoding.decimal_text(Decimal("0.5"))
    assert list(item_rows(SPECIMEN.by_name["parts"], ORDINARY["parts"])) == [
        (0, "lid", weight, MADE, -300, None, None, None, None),
        (1, "box", None, None, None, "Ulm", None, None, None),
    ]
    assert list(item_rows(SPECIMEN.by_name["maybes"], [1, None])) == [(0, 1), (1, None)]


def columns_of(type_: PropertyType, *values: object) -> list[object]:
    """What stands in the column of an item table for each value."""
    return [column for _, column in item_rows(Property("items", type_, collection=True), list(values))]


def test_special_values() -> None:
    assert columns_of(Primitive.DOUBLE, "-INF", "NaN", 0.1) == [float("-inf"), None, 0.1]
    assert columns_of(Primitive.SINGLE, 0.1) == [value_encoding.single(0.1)]
    assert columns_of(Primitive.STRING, "enterprise") == ["enterprise"]
    assert columns_of(FLAVOUR, "hot, sweet,hot") == [5]
    assert columns_of(COLOUR, "blue", None) == [3, None]
    assert columns_of(EDITION_TYPE, *(member.name for member in EDITION_TYPE.members)) == list(range(11))
