"""Which tenants are served, and that each has the published catalogue."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from osimages.graph.current_catalogue import Publication
from osimages.graph.errors import TENANT_NOT_LICENSED
from osimages.graph.publishing import publish
from osimages.graph.tenant_storage import Subject, Tenant, add_tenant, revocations, tenant_named
from osimages.odata.errors import ODataError
from osimages.odata.sql.store import Database, Store, StoreUnavailableError

_log = structlog.get_logger()
_MOST_REMEMBERED = 10_000


class Tenants:
    """Admits tenants, and remembers for `keep_seconds` that it did.

    `publication` gives what is published today for a choice of catalogue and a tenant, `may_publish` whether this
    process is the one that publishes it, after it has looked for newer facts. With `new_catalogue`, an unknown tenant
    is created, licensed and with that choice; without, it is rejected.
    """

    def __init__(
        self,
        database: Database,
        images: Store,
        publication: Callable[[str, str], Publication],
        may_publish: Callable[[], Awaitable[bool]],
        *,
        keep_seconds: float,
        new_catalogue: str | None,
    ) -> None:
        self._database = database
        self._images = images
        self._publication = publication
        self._may_publish = may_publish
        self._keep_seconds = keep_seconds
        self._new_catalogue = new_catalogue
        self._admitted_until: dict[str, float] = {}
        # Of the tenants where something was revoked.
        self.revocations: dict[str, Mapping[Subject, int]] = {}

    def is_admitted(self, tenant: str) -> bool:
        """Whether the tenant was admitted a moment ago."""
        return time.monotonic() < self._admitted_until.get(tenant, 0.0)

    def forget(self, tenant: str) -> None:
        """Looks at the tenant anew when it is next served."""
        self._admitted_until.pop(tenant, None)

    async def admit(self, tenant: str) -> None:
        """Makes sure that a tenant is licensed and its catalogue up to date, and learns what was revoked in it.

        Raises ODataError(TENANT_NOT_LICENSED), as Graph does for a tenant without an Intune licence.
        """
        known = await self._database.read(tenant_named(tenant)) or await self._new(tenant)
        if known is None or not known.licensed:
            self._admitted_until.pop(tenant, None)
            raise ODataError(TENANT_NOT_LICENSED)
        await self._bring_up_to_date(known)
        if found := await self._database.read(revocations(tenant)):
            self.revocations[tenant] = found
        else:
            self.revocations.pop(tenant, None)
        if len(self._admitted_until) >= _MOST_REMEMBERED:
            self._admitted_until.clear()
        self._admitted_until[tenant] = time.monotonic() + self._keep_seconds

    async def _new(self, tenant: str) -> Tenant | None:
        if self._new_catalogue is None:
            return None
        await self._database.change(add_tenant(Tenant(tenant, tenant, True, self._new_catalogue)))
        return await self._database.read(tenant_named(tenant))

    async def _bring_up_to_date(self, tenant: Tenant) -> None:
        if tenant.published == self._publication(tenant.catalogue, tenant.tenant).label:
            return
        try:
            if not await self._may_publish():
                return
            # Another process may have put newer facts in force, which this one has learned of just now.
            publication = self._publication(tenant.catalogue, tenant.tenant)
            changed = await self._database.change(
                publish(self._images.changes, tenant.tenant, publication.images, publication.label)
            )
        except StoreUnavailableError as error:
            # What was published before is still good to read; the next request tries again.
            _log.warning("catalogue not published", tenant=tenant.tenant, reason=str(error))
        else:
            _log.info("catalogue published", tenant=tenant.tenant, images_changed=changed)
