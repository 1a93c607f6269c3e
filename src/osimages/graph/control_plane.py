"""The control plane, below `/-/`: whether the service lives, is ready, which version it is and what its limits are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version

import msgspec

from osimages.graph.catalogue_exports import CATALOGUE_PAGES, catalogue_page
from osimages.graph.errors import NO_SUCH_ROUTE
from osimages.graph.metrics import CONTENT_TYPE
from osimages.graph.permissions import needed, permission_table
from osimages.graph.service import Service
from osimages.graph.state.seeds import seed_schema
from osimages.odata.errors import METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.reply import JSON, Reply, preflight
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.service.static_documents import Document
from osimages.odata.wire.openapi import Page, openapi

# The type that web servers use for it: none is registered.
PEM = b"application/x-pem-file"
# What is served below these differs from request to request.
_FOLDERS = ("catalogue", "faults", "revocations", "reset", "seed", "clock", "requests")
_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


async def control(service: Service, request: ApiRequest) -> Reply:
    """The reply to a request below `/-/`. Raises ODataError (404, 405)."""
    page = _PAGES.get(request.path.rstrip("/"))
    if page is None and not request.path.startswith("/-/catalogue"):
        raise ODataError(NO_SUCH_ROUTE, path=request.path[:256])
    if request.method == "OPTIONS":
        return preflight(_METHODS, request)
    if request.method != "GET":
        raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(_METHODS))})
    found = catalogue_page(service, request) if page is None else page[0](service)
    if isinstance(found, Awaitable):
        found = await found
    if found is None:
        raise ODataError(NO_SUCH_ROUTE, path=request.path[:256])
    if isinstance(found, Reply):
        return found
    if isinstance(found, Document):
        return Reply(200, found.plain, JSON, odata=False, document=found)
    return Reply(200, msgspec.json.encode(found), JSON, odata=False)


def control_route(path: str) -> str | None:
    """Return the name of the route of a path below `/-/`; None where nothing is served."""
    page = path.rstrip("/")
    if page in _PAGES:
        return page
    return next((f"/-/{each}/" for each in _FOLDERS if page == f"/-/{each}" or page.startswith(f"/-/{each}/")), None)


def _health(_: Service) -> object:
    return {"status": "ok"}


async def _ready(service: Service) -> object:
    reason = await service.readiness.reason()
    if reason is not None:
        body = msgspec.json.encode({"status": "not ready", "reason": reason})
        return Reply(503, body, JSON, ((b"retry-after", b"5"),), odata=False)
    return {"status": "ready", "catalogueAsOf": service.current.catalogue.as_of, "today": service.clock.today()}


def _version(_: Service) -> object:
    return _version_document()


@lru_cache(1)
def _version_document() -> Document:
    return Document(msgspec.json.encode({"name": "osimages", "version": version("osimages")}))


def _limits(service: Service) -> object:
    every = asdict(service.settings)
    return {
        name: value for name, value in every.items() if name.startswith(("max_", "throttle")) or name == "page_size"
    }


def _authority_certificate(service: Service) -> object:
    """Return the certificate of the local authority that issued the server's; nothing where that is another one."""
    settings = service.settings
    if settings.http or settings.tls_certificate:
        return None
    try:
        content = (settings.data_path / "ca.pem").read_bytes()
    except OSError:  # another server ends TLS
        return None
    return Reply(200, content, PEM, odata=False)


async def _metrics(service: Service) -> object:
    service.sample_metrics()
    # Of many workers it takes some time to read and add up.
    return Reply(200, await asyncio.to_thread(service.metrics.exposition), CONTENT_TYPE, odata=False)


def _openapi(service: Service) -> object:
    return _openapi_document(service.schemas["beta"])


@lru_cache(2)
def _openapi_document(beta: SchemaIndex) -> Document:
    pages = {**{path: page for path, (_, page) in _PAGES.items()}, **CATALOGUE_PAGES}
    return Document(openapi(beta.model, beta.root[1:], version("osimages"), needed, pages))


def _permissions(service: Service) -> object:
    return _permissions_document(tuple(service.schemas.values()))


@lru_cache(2)
def _permissions_document(versions: tuple[SchemaIndex, ...]) -> Document:
    rows = [row for each in versions for row in permission_table(each.model, each.root[1:])]
    return Document(msgspec.json.encode({"permissions": rows}))


def _seed_schema(_: Service) -> object:
    return _seed_schema_document()


@lru_cache(1)
def _seed_schema_document() -> Document:
    return Document(msgspec.json.format(msgspec.json.encode(seed_schema()), indent=2) + b"\n")


_JSON = JSON.decode()
_PAGES: Mapping[str, tuple[Callable[[Service], object], Page]] = {
    "/-/health": (_health, Page("Whether the service lives.", _JSON)),
    "/-/ready": (_ready, Page("Whether it is ready, and how far its facts reach.", _JSON, otherwise="Why it is not.")),
    "/-/version": (_version, Page("Which version it is.", _JSON)),
    "/-/limits": (_limits, Page("How much one request may ask for.", _JSON)),
    "/-/permissions": (_permissions, Page("Which permissions each request needs.", _JSON)),
    "/-/seed.schema.json": (_seed_schema, Page("The JSON schema of seeds of tenants.", _JSON)),
    "/-/openapi.json": (_openapi, Page("This document.", _JSON)),
    "/-/ca.pem": (
        _authority_certificate,
        Page("The certificate of the authority that issued the server's; 404 with one of your own.", PEM.decode()),
    ),
    "/-/metrics": (_metrics, Page("Metrics for Prometheus, of all workers.", "text/plain")),
}
