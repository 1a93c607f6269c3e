"""The catalogue's facts to download and subscribe to, below `/-/catalogue/`: public, so without a token."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr

import msgspec

from osimages.graph.catalogue_policy import POLICY_PAGE, POLICY_PATH, policy_reply
from osimages.graph.service import Service
from osimages.odata.errors import INVALID_OPTION, ODataError
from osimages.odata.service.reply import JSON, Header, Reply
from osimages.odata.service.request import ApiRequest
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
    _PREFIX: Page("How far the facts reach, and in which forms they are.", JSON.decode()),
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


def catalogue_page(service: Service, request: ApiRequest) -> Reply | None:
    """The reply to a GET below `/-/catalogue/`; None where there is nothing. Raises ODataError (400 release)."""
    path = request.path.rstrip("/")
    if path == POLICY_PATH:
        return policy_reply(service, request)
    address = f"{request.origin}{_EXPORT}"
    catalogue = service.current.catalogue
    if path == _PREFIX:
        links = {name: f"{address}{name}" for name in FORMATS}
        found = {
            "asOf": catalogue.as_of,
            "completeUntil": catalogue.complete_until,
            "serversCompleteUntil": catalogue.servers_complete_until,
            "exports": links,
            "policy": f"{request.origin}{POLICY_PATH}",
            "updates": {slug: f"{request.origin}{_UPDATES}{slug}.atom" for slug in product_feeds(catalogue)},
        }
        return Reply(200, msgspec.json.encode(found), JSON, odata=False)
    if path.startswith(_UPDATES):
        return _updates_reply(catalogue, request, path.removeprefix(_UPDATES))
    form = path.removeprefix(_EXPORT)
    if not path.startswith(_EXPORT) or form not in FORMATS:
        return None
    release = parse_qs(request.query).get("release", [""])[-1]
    headers: tuple[Header, ...] = (
        _tag(catalogue),
        (b"content-disposition", f'inline; filename="windows-releases.{form}"'.encode()),
    )
    if _is_unchanged(request, catalogue):
        return Reply(304, headers=headers, odata=False)
    try:
        release = find_release(catalogue, release).id if release else ""
    except UnknownReleaseError as error:
        raise ODataError(INVALID_OPTION, target="release", option="release", reason=str(error)) from None
    document, media_type = _written(catalogue, form, release), FORMATS[form].media_type.encode()
    if not FORMATS[form].has_address:
        return Reply(200, document.plain, media_type, headers, odata=False, document=document)
    body = document.plain.replace(_attribute(_ADDRESS), _attribute(address + form), 1)
    return Reply(200, body, media_type, headers, odata=False)


def _updates_reply(catalogue: Catalogue, request: ApiRequest, name: str) -> Reply | None:
    """Return the feed of a product; None where there is none."""
    slug = name.removesuffix(".atom")
    if slug == name or slug not in product_feeds(catalogue):
        return None
    headers = (_tag(catalogue),)
    if _is_unchanged(request, catalogue):
        return Reply(304, headers=headers, odata=False)
    address = _attribute(f"{request.origin}{_UPDATES}{name}")
    body = _written_feed(catalogue, slug).replace(_attribute(_ADDRESS), address, 1)
    return Reply(200, body, ATOM.encode(), headers, odata=False)


def _tag(catalogue: Catalogue) -> Header:
    return b"etag", f'W/"{digest(catalogue)[:24]}"'.encode()


def _is_unchanged(request: ApiRequest, catalogue: Catalogue) -> bool:
    known = request.header(b"if-none-match")
    return known is not None and (known.strip() == "*" or _tag(catalogue)[1].decode() in known)


@lru_cache(64)
def _written_feed(catalogue: Catalogue, slug: str) -> bytes:
    return write_feed(product_feeds(catalogue)[slug], _ADDRESS)


@lru_cache(1024)
def _written(catalogue: Catalogue, form: str, release: str) -> Document:
    """An export, written once for each set of facts and release (its id), whatever hosts clients name."""
    return Document(FORMATS[form].write(only(catalogue, release) if release else catalogue, _ADDRESS))


def _attribute(address: str) -> bytes:
    return quoteattr(address).encode()
