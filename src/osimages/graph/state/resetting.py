"""Puts a tenant into the state that a seed describes: nothing of what it was before is left."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from osimages.entra.emulator.directory import Directory
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.shared_state import EmulatorState
from osimages.graph.current_catalogue import Publication
from osimages.graph.publishing import publish
from osimages.graph.state.seeds import SeedError, SeedFiles, TenantSeed
from osimages.graph.tables import IMAGES, METADATA, TENANT
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.errors import ODataError
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.sql.store import Database, Store
from osimages.odata.sql.transaction_script import Script, Statement

# The directory is one file, which is read and written as a whole.
MOST_ENTRIES = 2000
_KEPT = (TENANT, IMAGES.removed)


class Resetter:
    """Resets tenants: their rows in the database, and what they have in the emulator's directory.

    `publication` gives what is published to a tenant today for a choice of catalogue.
    """

    def __init__(
        self,
        database: Database,
        images: Store,
        validator: EntityValidator,
        publication: Callable[[str, str], Publication],
        data_dir: Path,
        state: EmulatorState,
    ) -> None:
        self._database = database
        self._images = images
        self._validator = validator
        self._publication = publication
        self._directory = DirectoryFile(data_dir)
        self._state = state
        self.seeds = SeedFiles(data_dir)

    async def apply(self, tenant: str, seed: TenantSeed, name: str | None = None) -> dict[str, int | str]:
        """Put a tenant, which is added where there is none, into the state of a seed; return what it has then.

        Raises SeedError where an image, user or application is wrong; nothing is changed then.
        """
        images = await asyncio.to_thread(self.check, seed)
        self._people(tenant, self.seeds.read(tenant), seed)
        publication = self._publication(seed.catalogue, tenant)
        await self._database.change(self._steps(tenant, name, seed.catalogue, images, publication))
        counted = len(images.keys() | publication.images.keys())
        counts = {"images": counted, "users": len(seed.users), "applications": len(seed.applications)}
        return {"catalogue": seed.catalogue, **counts}

    def forget(self, tenant: str) -> None:
        """Remove a tenant's seed, and the users and applications that came with it."""
        self._people(tenant, self.seeds.read(tenant), TenantSeed())
        self.seeds.remove(tenant)

    def check(self, seed: TenantSeed) -> Mapping[str, Mapping[str, object]]:
        """The properties of the images of a seed by their ids. Raises SeedError."""
        found: dict[str, Mapping[str, object]] = {}
        for index, image in enumerate(seed.images):
            try:
                properties = self._validator.create(image)
            except ODataError as error:
                raise SeedError(f"images[{index}]: {error}") from None
            key = str(properties.get("id") or uuid.uuid4())
            if key in found:
                raise SeedError(f"images[{index}]: the id '{key[:128]}' is there twice")
            found[key] = properties
        return found

    def _people(self, tenant: str, before: TenantSeed | None, seed: TenantSeed) -> None:
        """Replace the users and applications of the seed before. Raises SeedError."""
        gone = {each.id for each in (*before.users, *before.applications)} if before is not None else set[str]()
        if not gone and not seed.users and not seed.applications:
            return

        def changed(directory: Directory) -> Directory:
            users = [each for each in directory.users if each.id not in gone or each.tenant != tenant]
            applications = [each for each in directory.applications if each.id not in gone or each.tenant != tenant]
            if len(users) + len(applications) + len(seed.users) + len(seed.applications) > MOST_ENTRIES:
                raise SeedError(f"the directory has at most {MOST_ENTRIES} users and applications of all tenants")
            return msgspec.structs.replace(
                directory, users=(*users, *seed.users), applications=(*applications, *seed.applications)
            )

        try:
            with self._state.transaction():
                self._directory.change(changed)
        except UnusableError as error:
            raise SeedError(str(error)) from None

    def _steps(
        self,
        tenant: str,
        name: str | None,
        catalogue: str,
        images: Mapping[str, Mapping[str, object]],
        publication: Publication,
    ) -> Script[None]:
        yield from add_tenant(Tenant(tenant, name or tenant, True, catalogue))
        choice = {"tenant": tenant, "catalogue": catalogue, "licensed": True}
        yield Statement("UPDATE tenant SET catalogue = :catalogue, licensed = :licensed WHERE tenant = :tenant", choice)
        if name is not None:
            yield Statement("UPDATE tenant SET name = :name WHERE tenant = :tenant", {"tenant": tenant, "name": name})
        yield from _clear(tenant)
        for key, properties in images.items():
            yield from self._images.changes.create(tenant, key, properties)
        yield from publish(self._images.changes, tenant, publication.images, publication.label)


def _clear(tenant: str) -> Script[None]:
    """Remove all that a tenant has. Its images leave a trace for clients that ask what changed (`delta`), but may be
    published again.
    """
    own = {"tenant": tenant}
    main, removed = IMAGES.main.name, IMAGES.removed.name
    count = int((yield Statement(f"SELECT count(*) FROM {main} WHERE tenant = :tenant", own))[0][0])  # noqa: S608 (declared)
    # Also where nothing is removed: everything that a client knows of the tenant is out of date.
    advance = "UPDATE tenant SET last_change = last_change + :count + 1 WHERE tenant = :tenant RETURNING last_change"
    last = int((yield Statement(advance, {**own, "count": count}))[0][0])
    yield Statement(f"UPDATE {removed} SET published = :published WHERE tenant = :tenant", {**own, "published": True})  # noqa: S608
    yield Statement(
        f"INSERT INTO {removed} (tenant, id, version, removed_at, published) "  # noqa: S608
        "SELECT tenant, id, CAST(:first AS BIGINT) + row_number() OVER (ORDER BY id), CAST(:removed_at AS TEXT), TRUE "
        f"FROM {main} WHERE tenant = :tenant",
        {**own, "first": last - count - 1, "removed_at": datetime.now(UTC).isoformat(timespec="seconds")},
    )
    for table in METADATA.tables.values():
        if table not in _KEPT and "tenant" in table.columns:
            yield Statement(f"DELETE FROM {table.name} WHERE tenant = :tenant", own)  # noqa: S608 (a declared table's name)
