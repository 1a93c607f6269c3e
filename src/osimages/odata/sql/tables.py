"""The tables, as SQLAlchemy Core declares them; every table of tenants leads with the tenant.

An entity is kept as its ready-to-send JSON document, beside columns for its single values and narrow tables with one
row for each item of its collections, by which filters find it. Entity tables follow from the model: declare the names,
and the columns come. How values are encoded: docs/decisions/0010-column-encodings.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    column,
    false,
    table,
    text,
)
from sqlalchemy.types import TypeEngine

from osimages.odata.model.types import ComplexType, EntityType, EnumType, Primitive, Property, PropertyType
from osimages.odata.model.value_encoding import may_be_null

# Compared by code point, as SQLite does by itself, whatever the database's locale.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# Enumerations are compared by number (OData URL conventions, section 5.1.1.1.1); dates as ISO text, which sorts by day.
ColumnType: TypeAlias = "type[TypeEngine[Any]] | TypeEngine[Any]"
_COLUMN_TYPES: Mapping[Primitive, ColumnType] = {
    Primitive.STRING: TEXT,
    Primitive.BOOLEAN: Boolean,
    Primitive.BYTE: Integer,
    Primitive.SBYTE: Integer,
    Primitive.INT16: Integer,
    Primitive.INT32: Integer,
    Primitive.INT64: BigInteger,
    Primitive.SINGLE: Double,
    Primitive.DOUBLE: Double,
    Primitive.DECIMAL: TEXT,
    Primitive.GUID: TEXT,
    Primitive.DATE: TEXT,
    Primitive.DATETIMEOFFSET: BigInteger,
    Primitive.TIMEOFDAY: BigInteger,
    Primitive.DURATION: BigInteger,
    Primitive.BINARY: LargeBinary,
}
PRIMITIVE_ITEM = "value"
OFFSET = "@offset"
_TAKEN = frozenset(("tenant", "id", "version", "document", "ordinal"))


@dataclass(frozen=True)
class ItemTable:
    """The table of a collection property: a row for each item, with a column for each property of the item.

    `columns` gives the column of a path within the item, in the order of the index over values; of an
    Edm.DateTimeOffset also that of its path with `OFFSET`. `first_values` are all that the first one can hold, where
    that is one of few.
    """

    table: Table
    columns: Mapping[str, str]
    first_values: tuple[int, ...] = ()


@dataclass(frozen=True)
class EntityTables:
    """Where entities of one type are kept: documents and single values in `main`, items of collections in `items`.

    `columns` gives the column in `main` of the key and of each path to a single value. `marks` are truth values of
    the application beside each row of `main` and `removed`; they are false after a write of a client.
    """

    entity: EntityType
    main: Table
    items: Mapping[str, ItemTable]
    removed: Table
    columns: Mapping[str, str]
    marks: tuple[str, ...] = ()


def entity_tables(
    metadata: MetaData,
    entity: EntityType,
    name: str | None = None,
    item_names: Mapping[str, str] = MappingProxyType({}),
    marks: Sequence[str] = (),
) -> EntityTables:
    """Declare the tables of an entity type.

    `item_names` gives the table names of collection properties; the others are named for the entity and the property.
    `marks` are names of truth values that the application has beside each row.
    """
    name = name or _column_name(entity.name)
    key_type = column_type(entity.key_type)
    columns: list[tuple[str, Column[Any]]] = []
    for each in entity.properties:
        if not each.collection:
            made = list(_columns(each.name, each.type, may_be_null(each)))
            columns += made[1:] if each.name == entity.key else made  # the key has a column of its own
    main = Table(
        name,
        metadata,
        Column("tenant", TEXT, primary_key=True),
        Column("id", key_type, primary_key=True, autoincrement=False),
        Column("version", BigInteger, nullable=False),
        *(Column(each, Boolean, nullable=False) for each in marks),
        Column("document", LargeBinary, nullable=False),
        *(column for _, column in columns),
        Index(f"{name}_version", "tenant", "version"),
        # Of the few rows that have the mark; the others are not in it, and cost nothing.
        *(
            Index(f"{name}_{each}", "tenant", "id", sqlite_where=text(f"{each} = 1"), postgresql_where=text(each))
            for each in marks
        ),
    )
    removed = Table(
        f"removed_{name}",
        metadata,
        Column("tenant", TEXT, primary_key=True),
        Column("id", key_type, primary_key=True, autoincrement=False),
        Column("version", BigInteger, nullable=False),
        Column("removed_at", TEXT, nullable=False),
        *(Column(each, Boolean, nullable=False, server_default=false()) for each in marks),
        Index(f"removed_{name}_version", "tenant", "version"),
        sqlite_with_rowid=False,
    )
    items = {
        declared.name: _item_table(
            metadata, item_names.get(declared.name, f"{name}_{_column_name(declared.name)}"), declared, key_type
        )
        for declared in entity.properties
        if declared.collection
    }
    named = {entity.key: "id"} | {path: column.name for path, column in columns}
    return EntityTables(entity, main, items, removed, named, tuple(marks))


# What the engine reads and writes of the tenants' table; an application may have more columns there. Each tenant counts
# its changes, and an entity's version is the number of the change that made it. No version is used twice, not even by
# an entity that is removed and created again.
TENANT = table("tenant", column("tenant", TEXT), column("last_change", BigInteger), column("created_at", TEXT))


def secret_table(metadata: MetaData) -> Table:
    """Declare the table of the installation's random keys, such as those of paging tokens; all workers share them."""
    return Table(
        "secret", metadata, Column("name", TEXT, primary_key=True), Column("value", LargeBinary, nullable=False)
    )


# The tables of an application that has no columns of its own there.
ENGINE_TABLES = MetaData()
secret_table(ENGINE_TABLES)
Table(
    TENANT.name,
    ENGINE_TABLES,
    Column("tenant", TEXT, primary_key=True),
    Column("last_change", BigInteger, nullable=False),
    Column("created_at", TEXT, nullable=False),
)


def _item_table(metadata: MetaData, name: str, declared: Property, key_type: ColumnType) -> ItemTable:
    columns = list(_columns("", declared.type, declared.nullable))
    table = Table(
        name,
        metadata,
        Column("tenant", TEXT, primary_key=True),
        Column("id", key_type, primary_key=True, autoincrement=False),
        Column("ordinal", Integer, primary_key=True, autoincrement=False),
        *(column for _, column in columns),
        Index(f"{name}_values", "tenant", *(column.name for _, column in columns), "id"),
        sqlite_with_rowid=False,
    )
    return ItemTable(table, {path: column.name for path, column in columns}, _first_values(declared))


def _first_values(declared: Property) -> tuple[int, ...]:
    """The numbers that the first property of an item can have, if it is an enumeration and always there."""
    if not isinstance(declared.type, ComplexType) or declared.nullable:
        return ()
    first = declared.type.properties[0]
    if not isinstance(first.type, EnumType) or first.type.is_flags or may_be_null(first):
        return ()
    return tuple(member.value for member in first.type.members)


def _columns(path: str, type_: PropertyType, nullable: bool) -> Iterator[tuple[str, Column[Any]]]:
    """The columns of one value with the paths that name them; a complex value has those of its parts."""
    if isinstance(type_, ComplexType):
        for part in type_.properties:
            if not part.collection:
                inner = f"{path}/{part.name}" if path else part.name
                yield from _columns(inner, part.type, nullable or may_be_null(part))
        return
    found = column_type(type_)
    name = _column_name(path) if path else PRIMITIVE_ITEM
    yield path or PRIMITIVE_ITEM, Column(name, found, nullable=nullable)
    if type_ is Primitive.DATETIMEOFFSET:
        yield (path or PRIMITIVE_ITEM) + OFFSET, Column(f"{name}_offset", Integer, nullable=nullable)


def column_type(type_: Primitive | EnumType) -> ColumnType:
    """What a column of values of that type holds."""
    return Integer if isinstance(type_, EnumType) else _COLUMN_TYPES[type_]


def _column_name(path: str) -> str:
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path.replace("/", "_")).lstrip(
        "_"
    )
    return f"{name}_" if name in _TAKEN else name
