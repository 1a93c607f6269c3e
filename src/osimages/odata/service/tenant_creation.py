"""The default `admit` hook: every tenant is served, and created when it is first seen."""

from __future__ import annotations

from collections.abc import Awaitable

from osimages.odata.service.principal import Principal
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.changes import add_tenant
from osimages.odata.sql.store import Database

_MOST_KNOWN = 10_000


class TenantCreation:
    """Creates tenants. Those that exist are cached, up to a number."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()

    def __call__(self, _: ApiRequest, principal: Principal) -> Awaitable[None] | None:
        """Create the tenant of a request unless it is known to exist."""
        return None if principal.tenant in self._known else self._create(principal.tenant)

    async def _create(self, tenant: str) -> None:
        if await self._database.revision(tenant) is None:
            await self._database.change(add_tenant(tenant))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(tenant)
