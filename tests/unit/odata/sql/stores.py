"""Images to store, and what tests do with a store of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from osimages.graph.model import GRAPH, IMAGE
from osimages.graph.publishing import publish
from osimages.graph.tables import METADATA
from osimages.graph.tenant_storage import Tenant
from osimages.odata.plan.build import build_plan, build_query
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import CollectionPlan, Sortable
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind
from osimages.odata.sql.transaction_script import Rows, Script, Statement
from osimages.odata.text.text_limits import Bounds
from tests.support.looped import run
from tests.unit.odata.sql.places import AnyStore

CONTOSO = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90"
FABRIKAM = "11111111-2222-4333-8444-555555555555"
_LIMITS = Limits(1000, Bounds(nodes=100_000, depth=64))

Row = tuple[Any, ...]
Properties = Mapping[str, object]


def a_tenant(tenant: str) -> Tenant:
    """A licensed tenant that is given nothing."""
    return Tenant(tenant, "Contoso", True, "none")


def edition(name: str, end: str) -> dict[str, object]:
    """An item of `supportedEditions`."""
    return {"editionType": name, "supportEndDate": end}


def quality_update(build: str, month: int = 10, year: int = 2026) -> dict[str, object]:
    """An item of `availableUpdates`."""
    return {"buildVersion": build, "releaseMonth": month, "releaseYear": year}


def image(
    editions: tuple[dict[str, object], ...] = (),
    architectures: tuple[str, ...] = (),
    updates: tuple[dict[str, object], ...] = (),
) -> dict[str, object]:
    """The checked properties of an image, without its key."""
    return {
        "supportedEditions": list(editions),
        "supportedArchitectures": list(architectures),
        "availableUpdates": list(updates),
    }


WHOLE = image(
    (edition("enterprise", "2027-10-12"), edition("professional", "2026-10-13")),
    ("x64", "arM64"),
    (quality_update("10.0.26100.9711"), quality_update("10.0.26100.9622", 9)),
)


def plan(
    text: str | None = None,
    *,
    limit: int = 1000,
    after: tuple[Sortable, ...] | str | None = None,
    options: Mapping[str, str] | None = None,
) -> CollectionPlan:
    """The plan of a list with that `$filter` and other options, continued after a key where one is given."""
    given = dict(options or {}) | ({} if text is None else {"$filter": text})
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
    position = None if after is None else Position((after,) if isinstance(after, str) else after, None)
    return build_plan(build_query(GRAPH, IMAGE, Kind.COLLECTION, query, _LIMITS), position, limit)


def keys(documents: tuple[bytes, ...]) -> list[str]:
    """The keys of documents, in their order."""
    return [msgspec.json.decode(each)["id"] for each in documents]


def found(store: AnyStore, text: str | None = None, tenant: str = CONTOSO) -> list[str]:
    """The keys of all images that fulfil a filter."""
    return keys(run(store.page(tenant, plan(text))).documents)


def fill(store: AnyStore, images: Mapping[str, Properties], tenant: str = CONTOSO) -> None:
    """Creates images, in one transaction."""

    def create_all() -> Script[None]:
        for key, given in images.items():
            yield from store.changes.create(tenant, key, given)

    run(store.database.change(create_all()))


async def publication(store: AnyStore, tenant: str, images: Mapping[str, Properties], label: str) -> int:
    """Publish images to a tenant; return how many changed."""
    return await store.database.change(publish(store.changes, tenant, images, label))


def rows(store: AnyStore, table: str, tenant: str = CONTOSO) -> list[Row]:
    """The rows of a table that belong to a tenant, without the tenant, in the order of the primary key."""
    columns = [column.name for column in METADATA.tables[table].columns]
    assert columns[0] == "tenant"
    sql = f"SELECT {', '.join(columns[1:])} FROM {table} WHERE tenant = :tenant ORDER BY 1, 2"
    return [tuple(row) for row in run(store.database.read(_asked(Statement(sql, {"tenant": tenant}))))]


def _asked(ask: Statement) -> Script[Rows]:
    return (yield ask)
