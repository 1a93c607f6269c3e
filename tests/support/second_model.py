"""A model that has what Graph's has not: every primitive type, nullable or not, complex values, flags, collections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import apsw
from sqlalchemy import MetaData, insert
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from osimages.odata.model import value_encoding
from osimages.odata.model.types import (
    Capabilities,
    ComplexType,
    EntityType,
    EnumMember,
    EnumType,
    Model,
    NavigationProperty,
    Primitive,
    Property,
    Singleton,
)
from osimages.odata.plan.bind import Bound, bind_filter
from osimages.odata.plan.constants import resolved
from osimages.odata.plan.query import Shape
from osimages.odata.sql.documents import document, item_rows, main_row
from osimages.odata.sql.rendering import driving_candidates
from osimages.odata.sql.sqlite.functions import register
from osimages.odata.sql.sqlite.patterns import bind_patterns
from osimages.odata.sql.sqlite.rendering import SqliteRenderer
from osimages.odata.sql.tables import entity_tables
from osimages.odata.text.parser import parse_expression
from osimages.odata.text.text_limits import Bounds
from osimages.odata.text.tree import Expression

FLAVOUR = EnumType(
    "flavour",
    (EnumMember("none", 0), EnumMember("sweet", 1), EnumMember("sour", 2), EnumMember("hot", 4)),
    is_flags=True,
)
COLOUR = EnumType("colour", (EnumMember("red", 1), EnumMember("green", 2), EnumMember("blue", 3)))
PLACE = ComplexType(
    "place",
    (
        Property("city", Primitive.STRING),
        Property("height", Primitive.INT32, nullable=True),
        Property("founded", Primitive.DATETIMEOFFSET, nullable=True),
    ),
)
PART = ComplexType(
    "part",
    (
        Property("name", Primitive.STRING, capabilities=Capabilities(search=True)),
        Property("weight", Primitive.DECIMAL, nullable=True),
        Property("made", Primitive.DATETIMEOFFSET, nullable=True),
        Property("origin", PLACE, nullable=True),
    ),
)


def _name(type_: Primitive) -> str:
    return type_.value.removeprefix("Edm.")[0].lower() + type_.value.removeprefix("Edm.")[1:]


_SEARCHED = Capabilities(search=True)
_USUAL = Capabilities()


def _searched(type_: Primitive) -> Capabilities:
    return _SEARCHED if type_ in (Primitive.STRING, Primitive.GUID, Primitive.INT32) else _USUAL


SPECIMEN = EntityType(
    "specimen",
    (
        Property("id", Primitive.STRING, required=False),
        *(Property(_name(each), each, capabilities=_searched(each)) for each in Primitive),
        *(Property(f"{_name(each)}OrNull", each, nullable=True, capabilities=_searched(each)) for each in Primitive),
        *(Property(f"{_name(each)}s", each, collection=True, required=False) for each in Primitive),
        Property("flavour", FLAVOUR),
        Property("flavourOrNull", FLAVOUR, nullable=True, capabilities=_SEARCHED),
        Property("colour", COLOUR, capabilities=_SEARCHED),
        Property("colourOrNull", COLOUR, nullable=True),
        Property("colours", COLOUR, collection=True, required=False),
        Property("maybes", Primitive.INT32, collection=True, nullable=True, required=False),
        Property("place", PLACE),
        Property("placeOrNull", PLACE, nullable=True),
        Property("parts", PART, collection=True, required=False),
    ),
)
_CABINET = EntityType(
    "cabinet", (Property("id", Primitive.STRING),), navigation=(NavigationProperty("specimens", SPECIMEN),)
)
MODEL = Model("example.museum", "Container", (Singleton("cabinet", _CABINET),))
METADATA = MetaData()
TABLES = entity_tables(METADATA, SPECIMEN)
RENDERER = SqliteRenderer(TABLES)
_DIALECT = dialect(paramstyle="named")

ORDINARY: dict[str, Any] = {
    "string": "Straße",
    "boolean": True,
    "byte": 200,
    "sByte": -100,
    "int16": -300,
    "int32": 7,
    "int64": 1 << 40,
    "single": 0.1,
    "double": 2.5,
    "decimal": 12.75,
    "guid": "32A4AC62-1B1A-4A4C-9A3B-0123456789AB",
    "date": "2026-11-24",
    "dateTimeOffset": "2026-11-24T01:30:15.25+02:00",
    "timeOfDay": "13:45:07.5",
    "duration": "P1DT2H",
    "binary": "AAEC_w",
    "flavour": "sweet,hot",
    "colour": "green",
    "place": {"city": "Bath", "height": 20, "founded": "2000-02-29T23:59:59Z"},
    "strings": ["a", "bc"],
    "int32s": [1, 2, 3],
    "dateTimeOffsets": ["2026-11-24T01:30:15.25+02:00"],
    "parts": [
        {"name": "lid", "weight": 0.5, "made": "2020-01-01T00:00:00-05:00", "origin": None},
        {"name": "box", "weight": None, "made": None, "origin": {"city": "Ulm", "height": None, "founded": None}},
    ],
}
"""The properties of a specimen without nullable values; everything else of it is null or empty."""


def tree_of(text: str) -> Expression:
    """The tree of a filter."""
    return parse_expression(text, Bounds(nodes=100_000, depth=64))


def bound(text: str) -> Bound:
    """The condition that a filter over specimens stands for."""
    return bind_filter(MODEL, SPECIMEN, tree_of(text), {})


class Cabinet(Protocol):
    """Specimens in a database, whichever it is. `now` is what now() stands for."""

    now: int

    def put(self, specimens: Mapping[str, Mapping[str, Any]], tenant: str = "t") -> None:
        """Adds specimens: their documents, their columns and their items."""

    def clear(self) -> None:
        """Takes all specimens away."""

    def found(self, filter_: str | Bound, tenant: str = "t") -> list[str]:
        """The keys of the specimens that a filter lets through."""

    def close(self) -> None:
        """Ends the connection."""


class SqliteCabinet:
    """Specimens in a database in memory."""

    def __init__(self) -> None:
        self.now = value_encoding.microseconds_since_epoch(datetime.now(UTC))
        self._connection = apsw.Connection(":memory:")
        register(self._connection, lambda: False)
        for table in METADATA.sorted_tables:
            self._connection.execute(str(CreateTable(table).compile(dialect=_DIALECT)))
            for index in table.indexes:
                self._connection.execute(str(CreateIndex(index).compile(dialect=_DIALECT)))
        self._add = str(insert(TABLES.main).compile(dialect=_DIALECT))
        self._add_item = {
            name: str(insert(each.table).compile(dialect=_DIALECT)) for name, each in TABLES.items.items()
        }

    def put(self, specimens: Mapping[str, Mapping[str, Any]], tenant: str = "t") -> None:
        """Adds specimens: their documents, their columns and their items."""
        for key, properties in specimens.items():
            self._put(key, properties, tenant)

    def _put(self, key: str, properties: Mapping[str, Any], tenant: str) -> None:
        row = {"tenant": tenant, "id": key, "version": 1}
        row["document"] = document(MODEL, SPECIMEN, {"id": key, **properties})
        names = [column for path, column in TABLES.columns.items() if path != SPECIMEN.key]
        row |= dict(zip(names, main_row(SPECIMEN, properties), strict=True))
        self._connection.execute(self._add, row)
        for name, items in TABLES.items.items():
            columns = ("tenant", "id", "ordinal", *items.columns.values())
            for item in item_rows(SPECIMEN.by_name[name], properties.get(name, [])):
                self._connection.execute(self._add_item[name], dict(zip(columns, (tenant, key, *item), strict=True)))

    def clear(self) -> None:
        """Takes all specimens away."""
        for table in METADATA.sorted_tables:
            self._connection.execute(f"DELETE FROM {table.name}")

    def found(self, filter_: str | Bound, tenant: str = "t") -> list[str]:
        """The keys of the specimens that a filter lets through; every plan must find the same."""
        asked = bound(filter_) if isinstance(filter_, str) else filter_
        values: dict[str, Any] = {
            f"c{number}": value for number, value in enumerate(resolved(asked.constants, self.now))
        }
        values |= {"tenant": tenant, "limit": 1000, "skip": 0}
        values = dict(bind_patterns(values))
        shape = Shape(asked.condition)
        drivers = (None, *driving_candidates(asked.condition))
        found = [
            [str(row[0]) for row in self._connection.execute(RENDERER.page(shape, each), values)] for each in drivers
        ]
        assert all(each == found[0] for each in found)
        return found[0]

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
