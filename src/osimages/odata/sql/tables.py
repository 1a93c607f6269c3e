"""The tables, as SQLAlchemy Core declares them; every table of tenants leads with the tenant.

An entity is kept as its ready-to-send JSON document, beside columns for its single values and narrow tables with one
row for each item of its collections, by which filters find it. Entity tables follow from the model: declare the names,
and the columns come. How values are encoded: docs/decisions/0010-column-encodings.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    false,
    text,
)
from sqlalchemy.types import TypeEngine

from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.model import IMAGE
from osimages.odata.model.types import ComplexType, EntityType, EnumType, Primitive, Property, PropertyType
from osimages.odata.model.value_encoding import may_be_null

METADATA = MetaData()

# Compared by code point, as SQLite does by itself, whatever the database's locale.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# Enumerations are compared by number (OData URL conventions, section 5.1.1.1.1); dates as ISO text, which sorts by day.
_COLUMN_TYPES: Mapping[Primitive, type[TypeEngine[Any]] | TypeEngine[Any]] = {
    Primitive.STRING: _TEXT,
    Primitive.BOOLEAN: Boolean,
    Primitive.BYTE: Integer,
    Primitive.SBYTE: Integer,
    Primitive.INT16: Integer,
    Primitive.INT32: Integer,
    Primitive.INT64: BigInteger,
    Primitive.SINGLE: Double,
    Primitive.DOUBLE: Double,
    Primitive.DECIMAL: _TEXT,
    Primitive.GUID: _TEXT,
    Primitive.DATE: _TEXT,
    Primitive.DATETIMEOFFSET: BigInteger,
    Primitive.TIMEOFDAY: BigInteger,
    Primitive.DURATION: BigInteger,
    Primitive.BINARY: LargeBinary,
}
PRIMITIVE_ITEM = "value"
OFFSET = "@offset"
_TAKEN = frozenset(("tenant", "id", "version", "published", "document", "ordinal"))


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

    `columns` gives the column in `main` of the key and of each path to a single value.
    """

    entity: EntityType
    main: Table
    items: Mapping[str, ItemTable]
    removed: Table
    columns: Mapping[str, str]


def entity_tables(metadata: MetaData, entity: EntityType, name: str, item_names: Mapping[str, str]) -> EntityTables:
    """Declares the tables of an entity type. `item_names` gives the table name for each collection property."""
    single = [each for each in entity.properties if not each.collection and each.name != entity.key]
    columns = [column for each in single for column in _columns(each.name, each.type, may_be_null(each))]
    main = Table(
        name,
        metadata,
        Column("tenant", _TEXT, primary_key=True),
        Column("id", _TEXT, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("published", Boolean, nullable=False),
        Column("document", LargeBinary, nullable=False),
        *(column for _, column in columns),
        Index(f"{name}_version", "tenant", "version"),
        # Of the few that are published; those of tenants' own are not in it, and cost nothing.
        Index(
            f"{name}_published",
            "tenant",
            "id",
            sqlite_where=text("published = 1"),
            postgresql_where=text("published"),
        ),
    )
    removed = Table(
        f"removed_{name}",
        metadata,
        Column("tenant", _TEXT, primary_key=True),
        Column("id", _TEXT, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("removed_at", _TEXT, nullable=False),
        Column("published", Boolean, nullable=False, server_default=false()),
        Index(f"removed_{name}_version", "tenant", "version"),
        sqlite_with_rowid=False,
    )
    items = {
        declared.name: _item_table(metadata, item_names[declared.name], declared)
        for declared in entity.properties
        if declared.collection
    }
    named = {entity.key: "id"} | {path: column.name for path, column in columns}
    return EntityTables(entity, main, items, removed, named)


def _item_table(metadata: MetaData, name: str, declared: Property) -> ItemTable:
    columns = list(_columns("", declared.type, declared.nullable))
    table = Table(
        name,
        metadata,
        Column("tenant", _TEXT, primary_key=True),
        Column("id", _TEXT, primary_key=True),
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


def column_type(type_: Primitive | EnumType) -> type[TypeEngine[Any]] | TypeEngine[Any]:
    """What a column of values of that type holds."""
    return Integer if isinstance(type_, EnumType) else _COLUMN_TYPES[type_]


def _column_name(path: str) -> str:
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path.replace("/", "_"))
    return f"{name}_" if name in _TAKEN else name


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

AUDIT_EVENT_TABLES = entity_tables(METADATA, AUDIT_EVENT, "audit_event", {"resources": "audit_event_resource"})

# Each tenant counts its changes; an entity's version is the number of the change that made it, so that versions are
# never used twice, not even by an entity that is removed and made again.
TENANT = Table(
    "tenant",
    METADATA,
    Column("tenant", _TEXT, primary_key=True),
    Column("name", _TEXT, nullable=False),
    Column("licensed", Boolean, nullable=False),
    Column("catalogue", _TEXT, nullable=False),
    Column("last_change", BigInteger, nullable=False),
    Column("published", _TEXT, nullable=False),
    Column("created_at", _TEXT, nullable=False),
)

# Who does what only one may do at a time, until when: odata/sql/leases.py.
LEASE = Table(
    "lease",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("holder", _TEXT, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Tokens that are worth nothing though they have not expired: those of a user, an application or the whole tenant that
# were issued before a moment (seconds since 1970), and single ones, by their id.
REVOCATION = Table(
    "revocation",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("before", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Random keys of this installation, such as the one that signs paging tokens: shared by all workers.
SECRET = Table(
    "secret",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
