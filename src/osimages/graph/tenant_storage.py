"""What is done with whole tenants: listed, licensed, taken away with all they have; and what was revoked in them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from osimages.graph.tables import METADATA, TENANT
from osimages.odata.sql.changes import moment_of_creation
from osimages.odata.sql.transaction_script import Row, Script, Statement

# What a revocation is about. The subject of one that is about the whole tenant is empty.
KINDS = ("user", "application", "token", "tenant")
Subject = tuple[str, str]

_COLUMNS = "SELECT tenant, name, licensed, catalogue, published FROM tenant"
_ADD = (
    "INSERT INTO tenant (tenant, name, licensed, catalogue, last_change, published, created_at) "
    "VALUES (:tenant, :name, :licensed, :catalogue, 0, '', :created_at) ON CONFLICT (tenant) DO NOTHING"
)
_REVOKE = (
    "INSERT INTO revocation (tenant, kind, subject, before) VALUES (:tenant, :kind, :subject, :before) "
    "ON CONFLICT (tenant, kind, subject) DO UPDATE SET before = :before"
)
_REVOCATIONS = "SELECT kind, subject, before FROM revocation WHERE tenant = :tenant ORDER BY kind, subject"


class Tenant(msgspec.Struct, frozen=True):
    """A tenant: whether it holds an Intune licence, and what it is given of the published catalogue.

    `catalogue` is `supported` (what is published), `all` (ended releases too) or `none`; `published` is the label of
    what it was given last.
    """

    tenant: str
    name: str
    licensed: bool
    catalogue: str
    published: str = ""


def tenants() -> Script[list[Tenant]]:
    """Return all tenants, by name."""
    return [_tenant(row) for row in (yield Statement(f"{_COLUMNS} ORDER BY name, tenant"))]


def tenant_named(tenant: str) -> Script[Tenant | None]:
    """Return the tenant with that id, or None."""
    rows = yield Statement(f"{_COLUMNS} WHERE tenant = :tenant", {"tenant": tenant})
    return _tenant(rows[0]) if rows else None


def add_tenant(tenant: Tenant) -> Script[None]:
    """Add a tenant unless it is there."""
    row = {"tenant": tenant.tenant, "name": tenant.name, "licensed": tenant.licensed, "catalogue": tenant.catalogue}
    yield Statement(_ADD, {**row, "created_at": moment_of_creation()})


def _tenant(row: Row) -> Tenant:
    return Tenant(row[0], row[1], bool(row[2]), row[3], row[4])


def license_tenant(tenant: str, licensed: bool) -> Script[bool]:
    """Gives a tenant its licence or takes it away; False where there is no such tenant."""
    rows = yield Statement(
        "UPDATE tenant SET licensed = :licensed WHERE tenant = :tenant RETURNING tenant",
        {"tenant": tenant, "licensed": licensed},
    )
    return bool(rows)


def remove_tenant(tenant: str) -> Script[bool]:
    """Takes a tenant away with everything in it; False where there is no such tenant."""
    own = {"tenant": tenant}
    for table in METADATA.tables.values():
        if table is not TENANT and "tenant" in table.columns:
            yield Statement(f"DELETE FROM {table.name} WHERE tenant = :tenant", own)  # noqa: S608 (a declared table's name)
    return bool((yield Statement("DELETE FROM tenant WHERE tenant = :tenant RETURNING tenant", own)))


def revoke(tenant: str, kind: str, subject: str, before: int) -> Script[None]:
    """Makes tokens of a user, an application or the tenant worth nothing that were issued before a moment (seconds
    since 1970), or the one token with that id.
    """
    yield Statement(_REVOKE, {"tenant": tenant, "kind": kind, "subject": subject, "before": before})


def revocations(tenant: str) -> Script[Mapping[Subject, int]]:
    """What was revoked in a tenant: by kind and subject, before which moment."""
    rows = yield Statement(_REVOCATIONS, {"tenant": tenant})
    return {(row[0], row[1]): int(row[2]) for row in rows}


def forget_revocations(tenant: str) -> Script[None]:
    """Makes everything in a tenant worth something again."""
    yield Statement("DELETE FROM revocation WHERE tenant = :tenant", {"tenant": tenant})
