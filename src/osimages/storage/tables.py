"""The tables, as SQLAlchemy Core declares them; every table of tenants leads with the tenant.

An entity is kept as its ready-to-send JSON document, beside narrow tables with one row for each item of its
collections, by which filters find it. Entity tables follow from the model: declare the names, and the columns come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from osimages.edm.model import IMAGE
from osimages.edm.types import ComplexType, EntityType, EnumType, Primitive, Property

METADATA = MetaData()

# Enumerations are compared by number (OData URL conventions, section 5.1.1.1.1); dates as ISO text, which sorts by day.
_COLUMN_TYPES: Mapping[Primitive, type[Text] | type[Integer] | type[BigInteger] | type[Boolean]] = {
    Primitive.STRING: Text,
    Primitive.DATE: Text,
    Primitive.INT16: Integer,
    Primitive.INT32: Integer,
    Primitive.INT64: BigInteger,
    Primitive.BOOLEAN: Boolean,
}
PRIMITIVE_ITEM = "value"


@dataclass(frozen=True)
class ItemTable:
    """The table of a collection property: a row for each item, with a column for each property of the item."""

    table: Table
    columns: Mapping[str, str]


@dataclass(frozen=True)
class EntityTables:
    """Where entities of one type are kept: documents in `main`, items of their collections in `items`."""

    entity: EntityType
    main: Table
    items: Mapping[str, ItemTable]
    removed: Table


def entity_tables(metadata: MetaData, entity: EntityType, name: str, item_names: Mapping[str, str]) -> EntityTables:
    """Declares the tables of an entity type. `item_names` gives the table name for each collection property."""
    main = Table(
        name,
        metadata,
        Column("tenant", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("published", Boolean, nullable=False),
        Column("document", LargeBinary, nullable=False),
        Index(f"{name}_version", "tenant", "version"),
    )
    removed = Table(
        f"removed_{name}",
        metadata,
        Column("tenant", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("removed_at", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    items = {
        declared.name: _item_table(metadata, item_names[declared.name], declared)
        for declared in entity.properties
        if declared.collection
    }
    return EntityTables(entity, main, items, removed)


def _item_table(metadata: MetaData, name: str, declared: Property) -> ItemTable:
    if isinstance(declared.type, ComplexType):
        columns = {each.name: _column_name(each.name) for each in declared.type.properties}
        types = {each.name: each.type for each in declared.type.properties}
    else:
        columns = {PRIMITIVE_ITEM: PRIMITIVE_ITEM}
        types = {PRIMITIVE_ITEM: declared.type}
    table = Table(
        name,
        metadata,
        Column("tenant", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("ordinal", Integer, primary_key=True, autoincrement=False),
        *(Column(column, _column_type(types[given]), nullable=False) for given, column in columns.items()),
        Index(f"{name}_values", "tenant", *columns.values(), "id"),
        sqlite_with_rowid=False,
    )
    return ItemTable(table, columns)


def _column_type(declared: object) -> type[Text] | type[Integer] | type[BigInteger] | type[Boolean]:
    if isinstance(declared, EnumType):
        return Integer
    assert isinstance(declared, Primitive)
    return _COLUMN_TYPES[declared]


def _column_name(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


IMAGES = entity_tables(
    METADATA,
    IMAGE,
    "image",
    {
        "supportedEditions": "image_edition",
        "supportedArchitectures": "image_architecture",
        "availableUpdates": "image_update",
    },
)

# Each tenant counts its changes; an entity's version is the number of the change that made it, so that versions are
# never used twice, not even by an entity that is removed and made again.
TENANT = Table(
    "tenant",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("licensed", Boolean, nullable=False),
    Column("catalogue", Text, nullable=False),
    Column("last_change", BigInteger, nullable=False),
    Column("published", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

# Random keys of this installation, such as the one that signs paging tokens: shared by all workers.
SECRET = Table(
    "secret",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
