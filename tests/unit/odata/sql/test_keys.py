"""Entities with keys of every type that a key can have, in both databases."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from sqlalchemy import MetaData

from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.errors import ODataError
from osimages.odata.model.keys import canonical_key, key_text, key_value
from osimages.odata.model.types import (
    KEY_TYPES,
    EntitySet,
    EntityType,
    EnumMember,
    EnumType,
    Model,
    Primitive,
    Property,
)
from osimages.odata.plan.build import build_delta, build_plan, build_query
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import Fate
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind, resolve
from osimages.odata.sql.store import Database, Store
from osimages.odata.sql.tables import entity_tables
from osimages.odata.sql.transaction_script import KeyTakenError
from osimages.odata.text.text_limits import Bounds
from osimages.odata.wire.links import Links, key_literal
from tests.support.looped import run
from tests.unit.odata.sql.places import Place

# JSON values in the order of their type, and a literal of the second one as a filter has it.
KEYS: dict[Primitive, tuple[list[object], str]] = {
    Primitive.STRING: (["10", "9", "ä"], "'9'"),
    Primitive.BOOLEAN: ([False, True], "true"),
    Primitive.BYTE: ([9, 10, 255], "10"),
    Primitive.SBYTE: ([-10, -9, 100], "-9"),
    Primitive.INT16: ([-1000, 9, 10], "9"),
    Primitive.INT32: ([-7, 0, 10, 2**31 - 1], "0"),
    Primitive.INT64: ([-(2**63), 9, 2**63 - 1], "9"),
    Primitive.DECIMAL: ([-1, 9, 10], "9.0"),
    Primitive.GUID: (
        ["0f9e8b4a-0000-4000-8000-000000000001", "3f9e8b4a-0000-4000-8000-000000000001"],
        "3F9E8B4A-0000-4000-8000-000000000001",
    ),
    Primitive.DATE: (["1999-12-31", "2026-11-24"], "2026-11-24"),
    Primitive.DATETIMEOFFSET: (["2026-11-24T01:30:00+02:00", "2026-11-24T00:00:00Z"], "2026-11-24T01:00:00%2B01:00"),
    Primitive.TIMEOFDAY: (["09:00:00", "10:00:00"], "10:00"),
    Primitive.DURATION: (["PT2H", "P1D"], "duration'PT24H'"),
}
LIMITS = Limits(1000, Bounds())


def entity(type_: Primitive) -> EntityType:
    tag = Property("tags", Primitive.INT32, collection=True, required=False)
    return EntityType("thing", (Property("code", type_), Property("name", Primitive.STRING), tag), key="code")


@pytest.fixture
def database(place: Place) -> Database:
    return place.opened().database


def test_every_type_that_a_key_can_have_is_tried() -> None:
    assert set(KEYS) == KEY_TYPES


@pytest.mark.parametrize("type_", KEYS, ids=lambda each: each.name)
def test_a_key_of_each_type(database: Database, type_: Primitive) -> None:
    thing, metadata = entity(type_), MetaData()
    tables, model = entity_tables(metadata, thing, f"thing_{type_.name.lower()}"), Model("n", "c")
    values, literal = KEYS[type_]
    run(database.create_tables(metadata))
    store = database.store(model, tables)
    tenant = f"t-{type_.name}"
    run(database.change(add_tenant(Tenant(tenant, tenant, True, "none"))))
    keys = [key_text(thing, value) for value in values]
    for key, value in reversed(list(zip(keys, values, strict=True))):
        run(store.create(tenant, key, {"code": value, "name": key, "tags": [1, 2]}))
        with pytest.raises(KeyTakenError):
            run(store.create(tenant, key, {"code": value, "name": "", "tags": []}))
    assert [canonical_key(thing, key) for key in keys] == keys
    assert all((found := run(store.get(tenant, key))) is not None and b"name" in found.document for key in keys)
    assert run(store.get_all(tenant, keys)).keys() == set(keys)
    assert names(store, model, thing, "") == keys
    assert names(store, model, thing, "$orderby=code%20desc") == keys[::-1]
    assert names(store, model, thing, f"$filter=code%20eq%20{literal}") == keys[1:2]
    assert names(store, model, thing, "$filter=tags/any(t:t%20eq%202)") == keys
    assert run(store.update(tenant, keys[1], {"name": "other"}, None)) is not None
    assert run(store.remove(tenant, keys[0], None))
    changed = run(store.delta(tenant, build_delta(build_query(model, thing, Kind.DELTA, "", LIMITS), None, 10)))
    assert [each.key for each in changed.changes if each.fate is Fate.PRESENT] == [*keys[:1:-1], keys[1]]
    run(database.close())


def names(store: Store, model: Model, thing: EntityType, query: str) -> list[str]:
    """Return the names of all entities, read in pages of one."""
    found: list[str] = []
    position: Position | None = None
    while True:
        plan = build_plan(build_query(model, thing, Kind.COLLECTION, query, LIMITS), position, 1)
        page = run(store.page(f"t-{thing.key_type.name}", plan))
        found += [_name(each) for each in page.documents]
        if not page.more or page.last is None:
            return found
        position = Position(page.last, None)


def _name(document: bytes) -> str:
    return str(msgspec.json.decode(document)["name"])


@pytest.mark.parametrize(
    ("type_", "texts"),
    [
        (Primitive.INT32, ("x", "1.5", "2147483648", "", "٣")),
        (Primitive.BOOLEAN, ("yes", "1")),
        (Primitive.GUID, ("0f9e8b4a",)),
        (Primitive.DATE, ("2026-02-30", "24.11.2026")),
        (Primitive.DATETIMEOFFSET, ("2026-11-24", "2026-11-24T00:00:00")),
        (Primitive.DURATION, ("1 day",)),
        (Primitive.DECIMAL, ("1e9999999", "NaN")),
    ],
)
def test_what_is_no_key(type_: Primitive, texts: Sequence[str]) -> None:
    for text in texts:
        with pytest.raises((ValueError, ArithmeticError)):
            canonical_key(entity(type_), text)


def test_one_key_has_one_text() -> None:
    assert canonical_key(entity(Primitive.INT32), "+007") == "7"
    assert canonical_key(entity(Primitive.GUID), "0F9E8B4A-0000-4000-8000-000000000001").startswith("0f9e8b4a")
    assert canonical_key(entity(Primitive.DURATION), "duration'PT24H'") == "P1D"
    later, same = "2026-11-24T01:30:00+02:00", "2026-11-23T23:30:00Z"
    assert canonical_key(entity(Primitive.DATETIMEOFFSET), later) == canonical_key(
        entity(Primitive.DATETIMEOFFSET), same
    )
    assert key_value(entity(Primitive.BOOLEAN), "true") is True


@pytest.mark.parametrize("type_", [Primitive.DOUBLE, Primitive.BINARY, EnumType("e", (EnumMember("a", 0),))])
def test_types_that_no_key_can_have(type_: Primitive | EnumType) -> None:
    with pytest.raises(ValueError, match="the key 'code' of 'thing' has no type that a key can have"):
        EntityType("thing", (Property("code", type_),), key="code")


@pytest.mark.parametrize(
    ("type_", "path", "key", "url"),
    [
        (Primitive.INT32, "things/042", "42", "/things/42"),
        (Primitive.INT32, "things(42)", "42", "/things/42"),
        (Primitive.INT32, "things(code=-1)", "-1", "/things/-1"),
        (Primitive.BOOLEAN, "things(TRUE)", "true", "/things/true"),
        (Primitive.GUID, "things(0F9E8B4A-0000-4000-8000-000000000001)", "0f9e8b4a-0000-4000-8000-000000000001", None),
        (Primitive.DATE, "things/2026-11-24/name", "2026-11-24", "/things/2026-11-24"),
        (Primitive.TIMEOFDAY, "things(10:00)", "10:00:00", "/things/10%3A00%3A00"),
        (Primitive.DURATION, "things(duration'PT24H')", "P1D", "/things/P1D"),
        (Primitive.STRING, "things('42')", "42", "/things/42"),
    ],
)
def test_keys_in_paths(type_: Primitive, path: str, key: str, url: str | None) -> None:
    model = Model("n", "c", entity_sets=(EntitySet("things", entity(type_)),))
    target = resolve(model, path)
    assert target.key == key
    if url is not None:
        assert Links("").entity(target, key) == url


@pytest.mark.parametrize("path", ["things/x", "things('x')", "things()", "things(a=1)", "things(1,2)", "things(1.5)"])
def test_what_is_no_key_in_a_path(path: str) -> None:
    model = Model("n", "c", entity_sets=(EntitySet("things", entity(Primitive.INT32)),))
    with pytest.raises(ODataError):
        resolve(model, path)


def test_keys_in_parentheses_of_context_urls() -> None:
    assert key_literal(entity(Primitive.INT32), "42") == "42"
    assert key_literal(entity(Primitive.DURATION), "P1D") == "duration'P1D'"
    assert key_literal(entity(Primitive.STRING), "a'b") == "'a%27%27b'"
