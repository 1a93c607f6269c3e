"""The catalogue's facts to download and subscribe to, below `/-/catalogue/`: public, so without a token."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qs

import msgspec

from osimages.catalogue.export import FORMATS
from osimages.catalogue.facts import Catalogue, digest
from osimages.catalogue.history import UnknownReleaseError, only
from osimages.errors import INVALID_OPTION, ServiceError
from osimages.http.reply import JSON, Header, Reply
from osimages.http.request import ApiRequest
from osimages.http.service import Service
from osimages.wire.openapi import Page

_PREFIX = "/-/catalogue"
_EXPORT = f"{_PREFIX}/export."
_OPTIONS = {"release": "The id of the only release to export, for example Windows 11 24H2."}
CATALOGUE_PAGES: Mapping[str, Page] = {
    _PREFIX: Page("How far the facts reach, and in which forms they are.", JSON.decode()),
    **{
        f"{_EXPORT}{name}": Page(f"The facts as {name}.", form.media_type, _OPTIONS, has_tag=True)
        for name, form in FORMATS.items()
    },
}


def catalogue_page(service: Service, request: ApiRequest) -> Reply | None:
    """The reply to a GET below `/-/catalogue/`; None where there is nothing. Raises ServiceError (400 release)."""
    path = request.path.rstrip("/")
    address = f"{request.origin}{_EXPORT}"
    catalogue = service.current.catalogue
    if path == _PREFIX:
        links = {name: f"{address}{name}" for name in FORMATS}
        found = {
            "asOf": catalogue.as_of,
            "completeUntil": catalogue.complete_until,
            "serversCompleteUntil": catalogue.servers_complete_until,
            "exports": links,
        }
        return Reply(200, msgspec.json.encode(found), JSON, odata=False)
    form = path.removeprefix(_EXPORT)
    if not path.startswith(_EXPORT) or form not in FORMATS:
        return None
    release = parse_qs(request.query).get("release", [""])[-1]
    tag = f'W/"{digest(catalogue)[:24]}"'
    headers: tuple[Header, ...] = (
        (b"etag", tag.encode()),
        (b"content-disposition", f'inline; filename="windows-releases.{form}"'.encode()),
    )
    known = request.header(b"if-none-match")
    if known is not None and (known.strip() == "*" or tag in known):
        return Reply(304, headers=headers, odata=False)
    body = _written(catalogue, form, release, address + form)
    return Reply(200, body, FORMATS[form].media_type.encode(), headers, odata=False)


@lru_cache(16)
def _written(catalogue: Catalogue, form: str, release: str, address: str) -> bytes:
    """An export, written once for each set of facts. Raises ServiceError where there is no such release."""
    try:
        given = only(catalogue, release) if release else catalogue
    except UnknownReleaseError as error:
        raise ServiceError(INVALID_OPTION, target="release", option="release", reason=str(error)) from None
    return FORMATS[form].write(given, address)
