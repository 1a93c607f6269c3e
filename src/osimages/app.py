"""Puts the service together from settings: the only place that knows all of its parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import structlog

from osimages.auth.key_file import KeyFileError
from osimages.auth.keys import StaticKeys
from osimages.auth.sources import entra_keys, verifier
from osimages.catalogue.calendar import patch_tuesdays_until
from osimages.catalogue.facts import Catalogue, bundled
from osimages.catalogue.publishing import label, newest_day, published
from osimages.clock import Clock
from osimages.edm.model import GRAPH, IMAGE, VERSIONS
from osimages.http.asgi import Send, respond
from osimages.http.request import Receive, Scope
from osimages.http.service import Service
from osimages.http.tenants import Publication, Tenants
from osimages.issuer.applications import DEFAULT_TENANT, DEFAULT_TENANT_NAME, EVERY_PERMISSION
from osimages.issuer.authority import Authority
from osimages.issuer.signing import SigningKeys
from osimages.observe import configure_logging
from osimages.plan.paging import PageTokens
from osimages.plan.query import Tenant
from osimages.settings import Settings, resolve
from osimages.storage.catalogue import read_catalogue, write_catalogue
from osimages.storage.migrate import SchemaError
from osimages.storage.sqlite import SqliteDatabase
from osimages.storage.sqlite_file import migrate
from osimages.storage.store import Database, StoreUnavailableError
from osimages.storage.tables import IMAGES

_START_ATTEMPTS = 60
_START_PAUSE_SECONDS = 1.0
_log = structlog.get_logger()


def application() -> Application:
    """The ASGI application with settings from the environment, for other servers than `osimages serve`:
    `uvicorn --factory osimages.app:application`.
    """
    return Application(resolve({}, os.environ).settings)


class Application:
    """An ASGI application; it opens its database when the server starts it, and closes it when the server ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._service: Service | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request, or the server's start and end (ASGI lifespan protocol)."""
        if scope["type"] == "http":
            assert self._service is not None, "the server did not run the lifespan protocol"
            await respond(self._service, scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        configure_logging(self._settings.log_format)
        try:
            self._service = await self._started()
        except Exception as error:
            _log.error("the service cannot start", reason=str(error))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._service.keys.close()
        await self._service.database.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _started(self) -> Service:
        """The service; what may pass (a locked database, a full disk) is tried again for a while."""
        for _ in range(_START_ATTEMPTS):
            try:
                return await start(self._settings)
            except (SchemaError, StoreUnavailableError, KeyFileError, OSError) as error:
                _log.warning("the service cannot start yet", reason=str(error))
                await asyncio.sleep(_START_PAUSE_SECONDS)
        return await start(self._settings)


async def start(settings: Settings) -> Service:
    """A service on the database that the settings name, brought up to date and with the default tenant in it.

    Raises SchemaError, KeyFileError or OSError where database or keys cannot be used.
    """
    migrate(settings.database_path)
    database = SqliteDatabase(settings.database_path, settings.database_wait_seconds, settings.max_query_seconds)
    try:
        return await _service(settings, database)
    except BaseException:
        await database.close()
        raise


async def _service(settings: Settings, database: Database) -> Service:
    """The service on an open database, with the facts and the default tenant in it."""
    clock = Clock(settings.today)
    catalogue = await _catalogue(database)
    _warn_of_age(catalogue, clock.today(), settings.publish_age_days)
    images = database.store(GRAPH, IMAGES)
    new_catalogue = "none" if settings.empty else "supported"
    publication = _publication(catalogue, clock, settings.publish_age_days)
    keep_seconds = settings.tenant_cache_seconds
    of_new = new_catalogue if settings.creates_tenants else None
    tenants = Tenants(database, images, publication, keep_seconds=keep_seconds, new_catalogue=of_new)
    signing = SigningKeys.load_or_create(settings.data_path) if settings.authority == "dev" else None
    if signing is not None:
        await database.add_tenant(Tenant(DEFAULT_TENANT, DEFAULT_TENANT_NAME, True, new_catalogue))
        await tenants.admit(DEFAULT_TENANT)
    keys = entra_keys(settings) if signing is None else StaticKeys.from_jwks(signing.public_jwks())
    await keys.open()
    return Service(
        settings=settings,
        clock=clock,
        models=VERSIONS,
        database=database,
        stores={IMAGE.name: images},
        verifier=verifier(settings, clock, keys),
        keys=keys,
        authority=None if signing is None else Authority(signing, EVERY_PERMISSION),
        tenants=tenants,
        page_tokens=PageTokens(await database.secret("skiptoken")),
        catalogue_as_of=catalogue.as_of,
    )


def _warn_of_age(catalogue: Catalogue, today: date, age_days: int) -> None:
    due = patch_tuesdays_until(newest_day(today, age_days), 1)
    if due and due[0] > catalogue.complete_until:
        _log.warning(
            "the catalogue may lack the newest builds",
            complete_until=str(catalogue.complete_until),
            newest_patch_tuesday=str(due[0]),
        )


async def _catalogue(database: Database) -> Catalogue:
    """The facts in the database; those of this release replace them when they are newer."""
    kept, shipped = await database.read(read_catalogue()), bundled()
    if kept is not None and kept.as_of > shipped.as_of:
        return kept
    if kept != shipped:
        await database.change(write_catalogue(shipped))
    return shipped


def _publication(catalogue: Catalogue, clock: Clock, age_days: int) -> Callable[[str], Publication]:
    """What is published today for a tenant's choice of catalogue; worked out once a day."""

    @lru_cache(8)
    def on(day: date, choice: str) -> Publication:
        if choice == "none":
            return Publication("none", {})
        everything = choice == "all"
        return Publication(label(catalogue, day, age_days, everything), published(catalogue, day, age_days, everything))

    return lambda choice: on(clock.today(), choice)
