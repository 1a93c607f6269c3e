"""The default `admit` hook: every tenant is served, and created when it is first seen."""

from __future__ import annotations

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

    async def __call__(self, _: ApiRequest, principal: Principal) -> None:
        """Create the tenant of a request unless it exists."""
        tenant = principal.tenant
        if tenant in self._known:
            return
        if await self._database.revision(tenant) is None:
            await self._database.change(add_tenant(tenant))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(tenant)
