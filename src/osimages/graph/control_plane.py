"""The control plane, below `/-/`: whether the service lives, is ready, which version it is and what its limits are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from osimages.graph.catalogue_exports import CATALOGUE_PAGES
from osimages.graph.metrics import CONTENT_TYPE
from osimages.graph.permissions import needed, permission_table
from osimages.graph.routing import (
    JSON,
    DocumentResponse,
    Handler,
    json_response,
    no_such_route,
    public_response,
    route,
    service_of,
)
from osimages.graph.state.seeds import seed_schema
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.service.static_documents import Document
from osimages.odata.wire.openapi import Page, openapi

# The type that web servers use for it: none is registered.
PEM = "application/x-pem-file"
# What is served below these differs from request to request.
_FOLDERS = ("catalogue", "faults", "revocations", "reset", "seed", "clock", "requests")


def control_route(path: str) -> str | None:
    """Return the name of the route of a path below `/-/`; None where nothing is served."""
    page = path.rstrip("/")
    if page in _PAGES:
        return page
    return next((f"/-/{each}/" for each in _FOLDERS if page == f"/-/{each}" or page.startswith(f"/-/{each}/")), None)


async def _health(_: Request) -> Response:
    return json_response({"status": "ok"})


async def _ready(request: Request) -> Response:
    service = service_of(request)
    reason = await service.readiness.reason()
    if reason is not None:
        return json_response({"status": "not ready", "reason": reason}, 503, {"retry-after": "5"})
    current = service.current
    return json_response({"status": "ready", "catalogueAsOf": current.catalogue.as_of, "today": service.clock.today()})


async def _version(_: Request) -> Response:
    return DocumentResponse(_version_document())


async def _limits(request: Request) -> Response:
    return json_response(service_of(request).options.limits)


async def _authority_certificate(request: Request) -> Response:
    """Return the certificate of the local authority that issued the server's; 404 where that is another one."""
    options = service_of(request).options
    if options.http or options.tls_certificate:
        raise no_such_route(request)
    try:
        content = (options.data_path / "ca.pem").read_bytes()
    except OSError:  # another server ends TLS
        raise no_such_route(request) from None
    return public_response(content, PEM)


async def _metrics(request: Request) -> Response:
    service = service_of(request)
    service.sample_metrics()
    # With many workers it takes some time to read and add up.
    return public_response(await asyncio.to_thread(service.metrics.exposition), CONTENT_TYPE)


async def _openapi(request: Request) -> Response:
    return DocumentResponse(_openapi_document(service_of(request).schemas["beta"]))


async def _permissions(request: Request) -> Response:
    return DocumentResponse(_permissions_document(tuple(service_of(request).schemas.values())))


async def _seed_schema(_: Request) -> Response:
    return DocumentResponse(_seed_schema_document())


@lru_cache(1)
def _version_document() -> Document:
    return Document(msgspec.json.encode({"name": "osimages", "version": version("osimages")}))


@lru_cache(2)
def _openapi_document(beta: SchemaIndex) -> Document:
    # Clients of the API have the certificate before they speak to it.
    own = {path: page for path, (_, page) in _PAGES.items() if page.media_type != PEM}
    return Document(openapi(beta.model, beta.root[1:], version("osimages"), needed, {**own, **CATALOGUE_PAGES}, _INFO))


@lru_cache(2)
def _permissions_document(versions: tuple[SchemaIndex, ...]) -> Document:
    rows = [row for each in versions for row in permission_table(each.model, each.root[1:])]
    return Document(msgspec.json.encode({"permissions": rows}))


@lru_cache(1)
def _seed_schema_document() -> Document:
    return Document(msgspec.json.format(msgspec.json.encode(seed_schema()), indent=2) + b"\n")


_INFO = {
    "description": "A self-hosted implementation of a part of Microsoft Graph, independent of Microsoft.",
    "license": {"name": "MIT", "identifier": "MIT"},
}
_PAGES: Mapping[str, tuple[Handler, Page]] = {
    "/-/health": (_health, Page("Whether the service lives.", JSON)),
    "/-/ready": (_ready, Page("Whether it is ready, and how far its facts reach.", JSON, otherwise="Why it is not.")),
    "/-/version": (_version, Page("Which version it is.", JSON)),
    "/-/limits": (_limits, Page("How much one request may ask for.", JSON)),
    "/-/permissions": (_permissions, Page("Which permissions each request needs.", JSON)),
    "/-/seed.schema.json": (_seed_schema, Page("The JSON schema of seeds of tenants.", JSON)),
    "/-/openapi.json": (_openapi, Page("This document.", JSON)),
    "/-/ca.pem": (
        _authority_certificate,
        Page("The certificate of the authority that issued the server's; 404 with one of your own.", PEM),
    ),
    "/-/metrics": (_metrics, Page("Metrics for Prometheus, of all workers.", "text/plain")),
}
CONTROL_ROUTES = [route(path, GET=handler) for path, (handler, _) in _PAGES.items()]
