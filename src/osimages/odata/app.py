"""`ODataApp`: a declared schema, a store and hooks, as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from osimages.odata.errors import ODataError
from osimages.odata.model.csdl_xml import csdl_xml
from osimages.odata.model.types import Model
from osimages.odata.plan.delta_tokens import DeltaTokens
from osimages.odata.plan.pagination import PageTokens
from osimages.odata.plan.resolve import Kind
from osimages.odata.service.engine import Engine, Tokens
from osimages.odata.service.hooks import (
    Admit,
    Authenticate,
    Authorize,
    Errors,
    Hooks,
    Interceptor,
    Limiter,
    OnChange,
    anonymous,
    as_odata,
    may_write,
    odata_errors,
    real_time,
)
from osimages.odata.service.outgoing import Send
from osimages.odata.service.pipeline import answer
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody, Receive, Scope
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.service.service_limits import ServiceLimits
from osimages.odata.service.slices import Slices
from osimages.odata.service.tenant_creation import TenantCreation
from osimages.odata.service.transport import Answer, Transport
from osimages.odata.stores import StoreSource
from osimages.odata.wire.etags import CollectionTags


async def _not_started(_: ApiRequest, __: ReadBody) -> Reply:
    raise RuntimeError("the server did not run the lifespan protocol")


_SHORT = frozenset(
    (
        *(Kind.ENTITY, Kind.SINGLETON, Kind.SERVICE, Kind.METADATA),
        *(Kind.COUNT, Kind.VALUE, Kind.PROPERTY_COUNT, Kind.REFERENCE),
    )
)


class ODataApp:
    """An OData 4.01 service of a schema, as an ASGI application: `uvicorn module:app`, `granian --interface asgi`.

    Entities are kept in `store`; `root` is the path of the service root. Hooks:

    - `authenticate(request)` returns the Principal, or raises ODataError (by default everybody is anonymous);
    - `authorize(principal, target, method)` raises ODataError (by default writes need `Principal.may_write`);
    - `admit(request, principal)` raises ODataError if the tenant is not served (by default every one is, and is created
      when it is first seen);
    - `limit` counts requests, see `Limiter`;
    - `on_change(request, principal, target)` returns a script that joins the transaction of each change;
    - `errors(request, error)` returns the reply that reports an error;
    - `is_top_a_limit(request)` says whether `$top` limits all pages together, as in OData, or is the size of a page;
    - `intercept` may wait or raise before a request is carried out, see `Interceptor`;
    - `now(tenant)` gives the time of a tenant, which `now()` in queries and the age of delta links follow;
    - `operations` gives handlers of functions and actions by name, in the place of those that they are declared with.

    `release` is part of every entity tag of a collection: pass a version whose change may change answers. Applications
    that are served together share one `transport` and one `slices`.
    """

    def __init__(
        self,
        schema: Model | SchemaIndex,
        store: StoreSource,
        *,
        root: str = "/",
        authenticate: Authenticate = anonymous,
        authorize: Authorize = may_write,
        admit: Admit | None = None,
        limit: Limiter | None = None,
        on_change: OnChange | None = None,
        errors: Errors = odata_errors,
        is_top_a_limit: Callable[[ApiRequest], bool] = as_odata,
        intercept: Interceptor | None = None,
        operations: Mapping[str, Callable[..., Awaitable[object]]] | None = None,
        now: Callable[[str], datetime] = real_time,
        limits: ServiceLimits | None = None,
        release: str = "",
        transport: Transport | None = None,
        slices: Slices | None = None,
    ) -> None:
        self.limits = limits or ServiceLimits()
        self.schema = schema if isinstance(schema, SchemaIndex) else SchemaIndex(schema, root, self.limits.query)
        self.transport = transport or Transport()
        self._store = store
        self._release = release
        self._slices = slices or Slices()
        self._hooks = Hooks(
            authenticate, authorize, admit, limit, intercept, on_change, errors, is_top_a_limit, operations or {}, now
        )
        self._engine: Engine | None = None
        self._answer: Answer = _not_started

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, or the start and the end of the server (ASGI lifespan protocol)."""
        if scope["type"] == "http":
            await self.serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def serve(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Serve one HTTP request."""
        return self.transport.serve(scope, receive, send, self._answer, self.may_be_large)

    async def start(self) -> None:
        """Open the store. Raises SchemaError or StoreUnavailableError if it cannot be used."""
        opened = await self._store.open(self.schema.model)
        database, hooks = opened.database, self._hooks
        if hooks.admit is None:
            hooks = replace(hooks, admit=TenantCreation(database))
        self._engine = Engine(
            schema=self.schema,
            database=database,
            stores=opened.stores,
            hooks=hooks,
            limits=self.limits,
            tokens=Tokens(
                PageTokens(await database.secret("skiptoken")),
                DeltaTokens(await database.secret("deltatoken"), self.limits.delta_days, hooks.now),
                CollectionTags(
                    await database.secret("etag"),
                    self._release,
                    repr(self.limits.query),
                    csdl_xml(self.schema.model).decode(),
                ),
            ),
            slices=self._slices,
            outgoing=self.transport.outgoing,
        )
        self._answer = partial(answer, self._engine)

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    @property
    def engine(self) -> Engine:
        """The parts that answer requests, once the application is started."""
        assert self._engine is not None, "the server did not run the lifespan protocol"
        return self._engine

    def may_be_large(self, request: ApiRequest) -> bool:
        """Return whether the reply to a request may be longer than an entity."""
        try:
            target = self.schema.address(request.path).target
        except ODataError:
            return False
        return target is None or target.kind not in _SHORT

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})
