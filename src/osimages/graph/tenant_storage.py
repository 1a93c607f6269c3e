"""What is done with whole tenants: listed, licensed, taken away with all they have; and what was revoked in them."""

from __future__ import annotations

from collections.abc import Mapping

from osimages.odata.plan.query import Tenant
from osimages.odata.sql.tables import METADATA, TENANT
from osimages.odata.sql.transaction_script import Ask, Steps

# What a revocation is about. The subject of one that is about the whole tenant is empty.
KINDS = ("user", "application", "token", "tenant")
Subject = tuple[str, str]

_LIST = "SELECT tenant, name, licensed, catalogue, published FROM tenant ORDER BY name, tenant"
_REVOKE = (
    "INSERT INTO revocation (tenant, kind, subject, before) VALUES (:tenant, :kind, :subject, :before) "
    "ON CONFLICT (tenant, kind, subject) DO UPDATE SET before = :before"
)
_REVOCATIONS = "SELECT kind, subject, before FROM revocation WHERE tenant = :tenant ORDER BY kind, subject"


def tenants() -> Steps[list[Tenant]]:
    """All tenants, by name."""
    rows = yield Ask(_LIST)
    return [Tenant(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]


def license_tenant(tenant: str, licensed: bool) -> Steps[bool]:
    """Gives a tenant its licence or takes it away; False where there is no such tenant."""
    rows = yield Ask(
        "UPDATE tenant SET licensed = :licensed WHERE tenant = :tenant RETURNING tenant",
        {"tenant": tenant, "licensed": licensed},
    )
    return bool(rows)


def remove_tenant(tenant: str) -> Steps[bool]:
    """Takes a tenant away with everything in it; False where there is no such tenant."""
    own = {"tenant": tenant}
    for table in METADATA.tables.values():
        if table is not TENANT and "tenant" in table.columns:
            yield Ask(f"DELETE FROM {table.name} WHERE tenant = :tenant", own)  # noqa: S608 (a declared table's name)
    return bool((yield Ask("DELETE FROM tenant WHERE tenant = :tenant RETURNING tenant", own)))


def revoke(tenant: str, kind: str, subject: str, before: int) -> Steps[None]:
    """Makes tokens of a user, an application or the tenant worth nothing that were issued before a moment (seconds
    since 1970), or the one token with that id.
    """
    yield Ask(_REVOKE, {"tenant": tenant, "kind": kind, "subject": subject, "before": before})


def revocations(tenant: str) -> Steps[Mapping[Subject, int]]:
    """What was revoked in a tenant: by kind and subject, before which moment."""
    rows = yield Ask(_REVOCATIONS, {"tenant": tenant})
    return {(row[0], row[1]): int(row[2]) for row in rows}


def forget_revocations(tenant: str) -> Steps[None]:
    """Makes everything in a tenant worth something again."""
    yield Ask("DELETE FROM revocation WHERE tenant = :tenant", {"tenant": tenant})
