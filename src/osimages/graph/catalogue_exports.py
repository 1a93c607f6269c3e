"""The catalogue's facts to download and subscribe to, below `/-/catalogue/`: public, so without a token."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import Response

from osimages.graph.catalogue_policy import POLICY_PAGE, POLICY_PATH, policy
from osimages.graph.routing import (
    JSON,
    DocumentResponse,
    is_unchanged,
    json_response,
    no_such_route,
    not_modified,
    origin_of,
    public_response,
    route,
    service_of,
)
from osimages.odata.errors import INVALID_OPTION, ODataError
from osimages.odata.service.static_documents import Document
from osimages.odata.wire.openapi import Page
from osimages.windows.facts import Catalogue, digest
from osimages.windows.feeds.export import FORMATS
from osimages.windows.feeds.product_feeds import ATOM, product_feeds, write_feed
from osimages.windows.release_history import UnknownReleaseError, find_release, only

_PREFIX = "/-/catalogue"
_EXPORT = f"{_PREFIX}/export."
_UPDATES = f"{_PREFIX}/updates/"
# Stands for the address of an export until a client asks for it.
_ADDRESS = "https://export.invalid/"
_OPTIONS = {"release": "The id of the only release to export, for example Windows 11 24H2."}
CATALOGUE_PAGES: Mapping[str, Page] = {
    _PREFIX: Page("How far the facts reach, and in which forms they are.", JSON),
    POLICY_PATH: POLICY_PAGE,
    **{
        f"{_UPDATES}{slug}.atom": Page(f"The updates of {name} as an Atom feed.", ATOM, has_tag=True)
        for slug, name in (("windows-10", "Windows 10"), ("windows-11", "Windows 11"))
    },
    **{
        f"{_EXPORT}{name}": Page(f"The facts as {name}.", form.media_type, _OPTIONS, has_tag=True)
        for name, form in FORMATS.items()
    },
}


async def _index(request: Request) -> Response:
    catalogue, origin = service_of(request).current.catalogue, origin_of(request)
    found = {
        "asOf": catalogue.as_of,
        "completeUntil": catalogue.complete_until,
        "serversCompleteUntil": catalogue.servers_complete_until,
        "exports": {name: f"{origin}{_EXPORT}{name}" for name in FORMATS},
        "policy": f"{origin}{POLICY_PATH}",
        "updates": {slug: f"{origin}{_UPDATES}{slug}.atom" for slug in product_feeds(catalogue)},
    }
    return json_response(found)


async def _export(request: Request) -> Response:
    """Return the facts in a form. Raises ODataError (400 release, 404 form)."""
    catalogue, form = service_of(request).current.catalogue, request.path_params["form"]
    if form not in FORMATS:
        raise no_such_route(request)
    release, tag = request.query_params.get("release", ""), _tag(catalogue)
    headers = {"etag": tag, "content-disposition": f'inline; filename="windows-releases.{form}"'}
    if is_unchanged(request, tag):
        return not_modified(headers)
    try:
        release = find_release(catalogue, release).id if release else ""
    except UnknownReleaseError as error:
        raise ODataError(INVALID_OPTION, target="release", option="release", reason=str(error)) from None
    document, media_type = _written(catalogue, form, release), FORMATS[form].media_type
    if not FORMATS[form].has_address:
        return DocumentResponse(document, media_type, headers)
    return public_response(_addressed(document.plain, f"{origin_of(request)}{_EXPORT}{form}"), media_type, headers)


async def _updates(request: Request) -> Response:
    """Return the feed of a product. Raises ODataError (404)."""
    catalogue, slug = service_of(request).current.catalogue, request.path_params["slug"]
    if slug not in product_feeds(catalogue):
        raise no_such_route(request)
    headers = {"etag": _tag(catalogue)}
    if is_unchanged(request, headers["etag"]):
        return not_modified(headers)
    address = f"{origin_of(request)}{_UPDATES}{slug}.atom"
    return public_response(_addressed(_written_feed(catalogue, slug), address), ATOM, headers)


def _tag(catalogue: Catalogue) -> str:
    return f'W/"{digest(catalogue)[:24]}"'


def _addressed(document: bytes, address: str) -> bytes:
    """Put the address at which a client found a feed into it."""
    return document.replace(quoteattr(_ADDRESS).encode(), quoteattr(address).encode(), 1)


@lru_cache(64)
def _written_feed(catalogue: Catalogue, slug: str) -> bytes:
    return write_feed(product_feeds(catalogue)[slug], _ADDRESS)


@lru_cache(1024)
def _written(catalogue: Catalogue, form: str, release: str) -> Document:
    """Return an export, written once for each set of facts and release (its id), whatever hosts clients name."""
    return Document(FORMATS[form].write(only(catalogue, release) if release else catalogue, _ADDRESS))


CATALOGUE_ROUTES = [
    route(_PREFIX, GET=_index),
    route(POLICY_PATH, GET=policy),
    route(f"{_EXPORT}{{form}}", GET=_export),
    route(f"{_UPDATES}{{slug}}.atom", GET=_updates),
]
