"""Puts the service together from settings: the only place that knows all of its parts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from osimages.entra.emulator.default_directory import DEFAULT_TENANT, DEFAULT_TENANT_NAME
from osimages.entra.emulator.emulator import EntraEmulator
from osimages.entra.emulator.shared_state import EmulatorState
from osimages.entra.emulator.token_claims import Issuers
from osimages.entra.tokens.clouds import CLOUDS, Cloud
from osimages.entra.tokens.fetched_keys import FetchedKeys
from osimages.entra.tokens.key_file import KeyFile, KeyFileError
from osimages.entra.tokens.keys import KeySource
from osimages.entra.tokens.verification import TokenVerifier
from osimages.graph.access_log import count_request, log_request
from osimages.graph.audit import Audit
from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.authentication import Authentication
from osimages.graph.auxiliary_routes import auxiliary_reply
from osimages.graph.client_limits import ClientLimits
from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue, catalogue_in
from osimages.graph.error_replies import ErrorReplies
from osimages.graph.forwarded import App, ForwardedHeaders, networks
from osimages.graph.hooks import graph_hooks
from osimages.graph.known_hosts import KnownHosts
from osimages.graph.metrics import SAMPLE_SECONDS, Metrics
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH, IMAGE, VERSIONS
from osimages.graph.mounted_apps import http_error
from osimages.graph.publisher import Publisher
from osimages.graph.readiness import Readiness
from osimages.graph.reply_headers import ALWAYS, EXPOSED
from osimages.graph.revocation import Standing
from osimages.graph.service import Service
from osimages.graph.service_options import ServiceOptions
from osimages.graph.state.journal import Journal, Recorder
from osimages.graph.state.resetting import Resetter
from osimages.graph.state.seeds import NamedSeed, SeedError
from osimages.graph.tables import AUDIT_EVENT_TABLES, IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.graph.tenants import Tenants
from osimages.graph.throttling import Throttle
from osimages.observability import MetricsRegistry, configure_logging
from osimages.odata.app import ODataApp
from osimages.odata.errors import ODataError
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.plan.query_limits import Limits
from osimages.odata.service.outgoing import Send
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody, Receive, Scope, in_origin_form
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.service.service_limits import ServiceLimits, TransportLimits
from osimages.odata.service.slices import Slices
from osimages.odata.service.transport import Transport
from osimages.odata.sql.databases import migrate, open_database
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.store import Database, DatabaseLimits, Store, StoreUnavailableError
from osimages.odata.stores import OpenedStore
from osimages.odata.text.text_limits import Bounds
from osimages.settings import METRICS_DIRECTORY_VARIABLE, Settings, misspelt, resolve

# The file in the data directory with the keys that were fetched last.
KEPT_FILE = "entra-keys.json"
_START_ATTEMPTS = 60
_START_PAUSE_SECONDS = 1.0
_log = structlog.get_logger()


def application() -> Application:
    """The ASGI application with settings from the environment, for other servers than `osimages serve`:
    `uvicorn --factory osimages.app:application`.
    """
    settings = resolve({}, os.environ).settings
    configure_logging(settings.log_format)
    for line in misspelt(os.environ):
        _log.warning("a variable of the environment is misspelt", reason=line)
    return Application(settings)


class Application:
    """An ASGI application; it opens its database when the server starts it, and closes it when the server ends.

    If it shares its process with other code (not `owns_process`), it leaves logging and garbage collection alone.
    """

    def __init__(self, settings: Settings, *, owns_process: bool = True) -> None:
        self._settings = settings
        self._owns_process = owns_process
        self._running: Running | None = None
        self._recorder = Recorder(self._respond, self._journal, self._tenant_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request, or the server's start and end (ASGI lifespan protocol)."""
        if scope["type"] == "http":
            await self._recorder(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._running is not None, "the server did not run the lifespan protocol"
        await self._running(scope, receive, send)

    def _journal(self) -> Journal | None:
        return None if self._running is None else self._running.service.journal

    def _tenant_of(self, authorization: bytes) -> str | None:
        return None if self._running is None else self._running.service.authentication.tenant_of(authorization)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._owns_process:
            configure_logging(self._settings.log_format)
        try:
            self._running = await self._started()
        except Exception as error:
            _log.error("the service cannot start", reason=str(error))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        if self._owns_process:
            # What was made so far stays. Without this each full collection goes through all of it, which takes 50 ms.
            gc.collect()
            gc.freeze()
        await send({"type": "lifespan.startup.complete"})
        service = self._running.service
        background = [asyncio.create_task(_sample(service)), *self._publishing(service)]
        await receive()
        for task in background:
            task.cancel()
        with contextlib.suppress(StoreUnavailableError):
            await service.publisher.give_up()
        await service.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _publishing(self, service: Service) -> list[asyncio.Task[None]]:
        """Publishing on schedule, beside the requests."""
        seconds = self._settings.publish_check_seconds
        return [asyncio.create_task(service.publisher.run(seconds, self._settings.delta_days))] if seconds else []

    async def _started(self) -> Running:
        """The service; what may pass (a locked database, a full disk) is tried again for a while."""
        for _ in range(_START_ATTEMPTS):
            try:
                return await start(self._settings)
            except (SchemaError, StoreUnavailableError, KeyFileError, OSError) as error:
                _log.warning("the service cannot start yet", reason=str(error))
                await asyncio.sleep(_START_PAUSE_SECONDS)
        return await start(self._settings)


class Running:
    """The started service as an ASGI application: the API at its service roots, auxiliary routes beside it.

    Requests pass the check of the Host header and, behind proxies, the middleware of forwarded headers.
    """

    def __init__(self, settings: Settings, service: Service, apps: Sequence[ODataApp], transport: Transport) -> None:
        self.service = service
        self.apps = {each.schema.root[1:].lower(): each for each in apps}
        self._limits = apps[0].limits
        self._transport = transport
        self._known_hosts = KnownHosts.of(service.options)
        self._auxiliary = partial(auxiliary_reply, service, self._limits)
        trusted = networks(settings.trusted_proxies)
        self._routes: App = self._route
        if settings.public_url or trusted:
            self._routes = ForwardedHeaders(self._route, settings.public_url, trusted, settings.proxy_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        scope, host = in_origin_form(scope), b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
                break
        try:
            self._known_hosts.check(host, scope["path"])
        except ODataError as error:
            await self._transport.serve(scope, receive, send, partial(self._rejected, error))
        else:
            await self._routes(scope, receive, send)

    async def close(self) -> None:
        """End what runs in the background, and close all connections."""
        await self.service.close()

    def _route(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        path = scope["raw_path"].removeprefix(scope.get("root_path", "").encode())
        app = self.apps.get(path.lstrip(b"/").partition(b"/")[0].decode("latin-1").lower())
        if app is not None:
            return app.serve(scope, receive, send)
        return self._transport.serve(scope, receive, send, self._auxiliary)

    async def _rejected(self, error: ODataError, request: ApiRequest, _: ReadBody) -> Reply:
        return self.service.errors.audited(request, error)


async def _sample(service: Service) -> None:
    while True:
        service.sample_metrics()
        await asyncio.sleep(SAMPLE_SECONDS)


async def opened(settings: Settings, observer: PoolObserver = UNOBSERVED) -> Database:
    """The database that the settings name, brought up to date. Raises SchemaError, OSError or StoreUnavailableError."""
    await migrate(settings.database_url, MIGRATIONS)
    return await open_current(settings, observer)


async def open_current(settings: Settings, observer: PoolObserver = UNOBSERVED) -> Database:
    """Open the database that the settings name. Raises SchemaError, StoreUnavailableError, or OldSchemaError."""
    limits = DatabaseLimits(settings.database_connections, settings.database_wait_seconds, settings.max_query_seconds)
    return await open_database(settings.database_url, MIGRATIONS, limits, observer)


def limits_of(settings: Settings) -> Limits:
    """Return the limits of one request."""
    bounds = Bounds(
        settings.max_filter_nodes,
        settings.max_filter_depth,
        settings.max_filter_in_items,
        settings.max_orderby_items,
    )
    return Limits(
        settings.page_size, bounds, settings.max_top, settings.max_filter_lambda_depth, settings.max_page_bytes
    )


async def publisher_of(settings: Settings, database: Database, *, only_reads: bool = False) -> Publisher:
    """What publishes the facts in an open database as the settings say; newer ones of this release are put there."""
    catalogue = await catalogue_in(database, only_reads=only_reads)
    current = CurrentCatalogue(catalogue, Clock(settings.today), settings.publish_age_days)
    return Publisher(database, database.store(GRAPH, IMAGES), current, calendar_of(settings))


async def apply_seeds(settings: Settings, seeds: Sequence[NamedSeed]) -> None:
    """Put tenants into the states of their seeds, which they can be reset to from then on.

    Raises SeedError, before anything is changed where an image is wrong; and what `opened` raises.
    """
    database = await opened(settings)
    try:
        publisher = await publisher_of(settings, database)
        resetter = Resetter(
            database,
            publisher.images,
            EntityValidator(GRAPH, IMAGE),
            publisher.current.publication,
            settings.data_path,
            EmulatorState(settings.data_path),
        )
        for each in seeds:
            try:
                resetter.check(each.seed)
            except SeedError as error:
                raise SeedError(f"{settings.seed}: tenant {each.tenant}: {error}") from None
        for each in seeds:
            await resetter.apply(each.tenant, each.seed, each.name)
            resetter.seeds.write(each.tenant, each.seed)
    finally:
        await database.close()


async def start(settings: Settings) -> Running:
    """A service on the database that the settings name, brought up to date and with the default tenant in it.

    Raises SchemaError, KeyFileError, UnusableError or OSError where database, keys or the file of users are unusable.
    """
    folder = os.environ.get(METRICS_DIRECTORY_VARIABLE)
    metrics = Metrics(MetricsRegistry(Path(folder) if folder else None))
    database = await opened(settings, metrics)
    try:
        running = await _running(settings, database, metrics)
    except BaseException:
        await database.close()
        raise
    return running


async def _running(settings: Settings, database: Database, metrics: Metrics) -> Running:
    stores = {tables.entity.name: database.store(GRAPH, tables) for tables in (IMAGES, AUDIT_EVENT_TABLES)}
    limits = service_limits(settings)
    schemas = {name.lower(): SchemaIndex(model, name, limits.query) for name, model in VERSIONS.items()}
    service = await _service(settings, database, stores, schemas, metrics)
    transport = Transport(
        TransportLimits(**_values(settings, TransportLimits)),
        always=ALWAYS,
        exposed=EXPOSED,
        observe=partial(count_request, service),
        log=partial(log_request, service) if settings.access_log else None,
    )
    slices, opened_store = Slices(), OpenedStore(database, stores)
    apps = [
        ODataApp(
            schema,
            opened_store,
            limits=limits,
            release=version("osimages"),
            transport=transport,
            slices=slices,
            **graph_hooks(service),
        )
        for schema in schemas.values()
    ]
    for each in apps:
        await each.start()
    return Running(settings, service, apps, transport)


def service_limits(settings: Settings) -> ServiceLimits:
    """Return the limits of one request that the settings name."""
    return ServiceLimits(query=limits_of(settings), **_values(settings, ServiceLimits))


def service_options(settings: Settings) -> ServiceOptions:
    """Return the values of the settings that the service works with."""
    limits = {
        name: value
        for name, value in asdict(settings).items()
        if name.startswith(("max_", "throttle")) or name == "page_size"
    }
    return ServiceOptions(limits=limits, **_values(settings, ServiceOptions))


def _values(
    settings: Settings, options: type[ServiceLimits] | type[TransportLimits] | type[ServiceOptions]
) -> dict[str, Any]:
    """Return the settings that are named as fields of a class of options."""
    return {each.name: getattr(settings, each.name) for each in fields(options) if hasattr(settings, each.name)}


async def _service(
    settings: Settings,
    database: Database,
    stores: Mapping[str, Store],
    schemas: Mapping[str, SchemaIndex],
    metrics: Metrics,
) -> Service:
    """Return the parts of the service on an open database, with the facts and the default tenant in it."""
    publisher = await publisher_of(settings, database)
    publisher.on_run = metrics.publishing_ran
    current, clock = publisher.current, publisher.current.clock
    _warn_of_age(current)
    new_catalogue = "none" if settings.empty else "supported"
    await publisher.claim(settings.publish_check_seconds)
    tenants = Tenants(
        database,
        stores[IMAGE.name],
        current.publication,
        publisher.may_publish,
        keep_seconds=settings.tenant_cache_seconds,
        new_catalogue=new_catalogue if settings.creates_tenants else None,
    )
    emulator = _emulator(settings, clock) if settings.authority == "dev" else None
    if emulator is not None:
        await database.change(add_tenant(Tenant(DEFAULT_TENANT, DEFAULT_TENANT_NAME, True, new_catalogue)))
        await tenants.admit(DEFAULT_TENANT)
    keys = entra_keys(settings) if emulator is None else emulator.keys
    await keys.open()
    tokens = authentication(settings, clock, keys)
    audit = _audit(settings, clock, database, stores[AUDIT_EVENT.name])
    options = service_options(settings)
    return Service(
        options=options,
        clock=clock,
        schemas=schemas,
        database=database,
        authentication=tokens,
        tenants=tenants,
        current=current,
        publisher=publisher,
        keys=keys,
        metrics=metrics,
        audit=audit,
        emulator=emulator,
        throttle=Throttle.of(options, clock.elapsed),
        images=stores[IMAGE.name],
        journal=_journal(settings),
        client_limits=ClientLimits.of(options),
        standing=Standing(None if emulator is None else emulator.directory, tokens.challenge),
        errors=ErrorReplies(clock, metrics, tokens, audit),
        readiness=Readiness(database, keys),
    )


def _journal(settings: Settings) -> Journal | None:
    """Return the journal of requests, which only the emulator has, in a server of one worker."""
    is_kept = settings.authority == "dev" and settings.workers == 1 and settings.journal_requests
    return Journal(settings.journal_requests) if is_kept else None


def _audit(settings: Settings, clock: Clock, database: Database, events: Store) -> Audit | None:
    if not settings.audit:
        return None
    audit = Audit(
        database,
        events.changes,
        clock.now,
        retention_days=settings.audit_retention_days,
        refusals_per_minute=settings.audit_refusals_per_minute,
    )
    audit.open()
    return audit


def calendar_of(settings: Settings) -> str:
    """What decides which images are published on a moment: servers that differ in it must not publish in turns."""
    return f"{settings.today or 'real time'}, {settings.publish_age_days} days after Patch Tuesday"


def _emulator(settings: Settings, clock: Clock) -> EntraEmulator:
    cloud = CLOUDS[settings.cloud]
    return EntraEmulator(
        settings.data_path,
        issuers=Issuers(*cloud.issuer_forms),
        graph_root=cloud.graph_roots[0],
        now=clock.now,
        clock=clock.id,
        http_error=http_error,
    )


def _warn_of_age(current: CurrentCatalogue) -> None:
    due = current.missing_patch_tuesdays()
    if due:
        _log.warning(
            "the catalogue may lack the newest builds",
            complete_until=str(current.catalogue.complete_until),
            newest_patch_tuesday=str(due[0]),
            what_to_do="osimages catalogue update",
        )


def cloud_of(settings: Settings) -> Cloud:
    """Return the national cloud, with another authority where the settings name one."""
    cloud = CLOUDS[settings.cloud]
    return cloud.at(settings.authority_url.rstrip("/")) if settings.authority_url else cloud


def entra_keys(settings: Settings) -> KeySource:
    """Return the keys of Entra ID. Raises KeyFileError."""
    if settings.keys_file:
        return KeyFile(Path(settings.keys_file))
    authority = cloud_of(settings).authorities[0]
    # An HTTP client is loaded by none but those who need it.
    fetch = import_module("osimages.entra.tokens.openid").fetch_jwks
    return FetchedKeys(
        partial(fetch, authority, settings.authority_ca_file),
        authority,
        settings.data_path / KEPT_FILE,
        refresh_seconds=settings.keys_refresh_seconds,
        stale_seconds=settings.keys_stale_seconds,
        look_seconds=settings.keys_look_seconds,
    )


def authentication(settings: Settings, clock: Clock, keys: KeySource) -> Authentication:
    """Return the authentication of tokens that were signed with these keys."""
    cloud = cloud_of(settings)
    verifier = TokenVerifier(
        keys,
        cloud.issuers,
        cloud.audiences,
        clock.seconds,
        clock=clock.id,
        skew_seconds=settings.token_skew_seconds,
        cache_size=settings.token_cache_size,
        max_bytes=settings.max_token_bytes,
        max_lifetime_seconds=settings.max_token_lifetime_seconds if settings.authority == "entra" else None,
    )
    return Authentication(verifier, cloud.authorization_uri)
