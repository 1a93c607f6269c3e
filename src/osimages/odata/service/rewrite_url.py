"""Rewrites the URL of a request whose query string names its entity to the URL of that entity."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from osimages.odata.errors import BAD_PATH, INVALID_OPTION, ODataError
from osimages.odata.plan.resolve import READING
from osimages.odata.service.request import ApiRequest, ascii_text
from osimages.odata.text.addressing import by_id, with_filters, with_keys
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.syntax_errors import ODataSyntaxError


def rewritten(request: ApiRequest, service_root: str, path: str) -> tuple[ApiRequest, str]:
    """The request and its path below the root, with `$entity?$id=...`, `set(@key)` and `/$filter(...)` resolved.

    Raises ODataError (400) where the query string does not say what it should.
    """
    try:
        if path.lower() != "$entity":
            path, query = with_filters(path, request.query) if request.method in READING else (path, request.query)
            if query != request.query:
                request = msgspec.structs.replace(request, query=query)
            return request, with_keys(path, query)
        address, query = by_id(request.query)
    except OptionError as error:
        raise ODataError(INVALID_OPTION, target=error.option, option=error.option, reason=error.reason) from None
    except ODataSyntaxError as error:
        raise ODataError(BAD_PATH, reason=str(error)) from None
    if not address:
        reason = "it says which entity is meant, as an address below this service"
        raise ODataError(INVALID_OPTION, target="$id", option="$id", reason=reason)
    return msgspec.structs.replace(request, query=query), _below_root(request, service_root, address)


def _below_root(request: ApiRequest, service_root: str, address: str) -> str:
    """An entity-id (absolute, from the host's root, or relative to the service root) as a path below the root."""
    root = f"{service_root}/"
    absolute = urlsplit(address)
    if absolute.scheme and f"{absolute.scheme}://{absolute.netloc}" != request.origin:
        reason = "it is no address of this service"
        raise ODataError(INVALID_OPTION, target="$id", option="$id", reason=reason)
    path = absolute.path if absolute.scheme else address.partition("?")[0]
    if path.lower().startswith(root.lower()):
        path = path[len(root) :]
    return ascii_text(path.encode("utf-8", "surrogatepass")).strip("/")
