"""Takes away audit events that are older than they are kept."""

from __future__ import annotations

from osimages.odata.sql.transaction_script import Script, Statement

# So many in one transaction that others who write wait a few milliseconds at most.
_AT_ONCE = 500
_OLD = "SELECT id FROM audit_event WHERE tenant = :tenant AND id < :before ORDER BY id LIMIT :most"
_NEXT_CHANGE = "UPDATE tenant SET last_change = last_change + 1 WHERE tenant = :tenant"


def tenant_names() -> Script[list[str]]:
    """The ids of all tenants."""
    rows = yield Statement("SELECT tenant FROM tenant ORDER BY tenant")
    return [str(tenant) for (tenant,) in rows]


def prune(tenant: str, before: str) -> Script[bool]:
    """Takes away some of a tenant's events whose id is lower than `before`; True where there may be more.

    Ids ascend with time, so that the oldest are found by the key.
    """
    rows = yield Statement(_OLD, {"tenant": tenant, "before": before, "most": _AT_ONCE})
    old = [{"tenant": tenant, "id": key} for (key,) in rows]
    if old:
        # Lists of events are other ones from now on, and so are their ETags.
        yield Statement(_NEXT_CHANGE, {"tenant": tenant})
        yield Statement("DELETE FROM audit_event_resource WHERE tenant = :tenant AND id = :id", old)
        yield Statement("DELETE FROM audit_event WHERE tenant = :tenant AND id = :id", old)
    return len(old) == _AT_ONCE
