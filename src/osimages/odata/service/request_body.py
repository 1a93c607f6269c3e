"""The JSON or the query that a request carries, once its Content-Type says that it is one."""

from __future__ import annotations

from osimages.odata.errors import (
    BODY_ENCODING,
    BODY_NOT_A_QUERY,
    BODY_NOT_JSON,
    BODY_WITHOUT_TYPE,
    LIMIT_EXCEEDED,
    ODataError,
)
from osimages.odata.service.request import ApiRequest, ascii_text
from osimages.odata.wire.payload import decoded

_QUERY_TYPES = ("text/plain", "application/x-www-form-urlencoded")
_UTF_8 = ("utf-8", "utf8", "us-ascii")


def json_body(request: ApiRequest) -> object:
    """The decoded body. Raises ODataError (400) where its type or its text is not JSON."""
    return decoded(json_text(request))


def json_text(request: ApiRequest) -> bytes:
    """The body as it is. Raises ODataError (400) where its type is not JSON."""
    content_type = request.header(b"content-type")
    if not content_type:
        raise ODataError(BODY_WITHOUT_TYPE)
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type != "application/json":
        raise ODataError(BODY_NOT_JSON)
    charset = next((part[8:].strip('"') for part in parameters if part.startswith("charset=")), "utf-8")
    if charset not in _UTF_8:
        raise ODataError(BODY_ENCODING, reason=f"JSON is sent in UTF-8, not in '{charset[:32]}'.")
    return request.body


def query_text(request: ApiRequest, most: int) -> str:
    """The query string in a body of at most `most` bytes, in the form that it has in a URL.

    Raises ODataError (400) where its type is missing or another, or where there is too much of it.
    """
    content_type = request.header(b"content-type")
    if not content_type:
        raise ODataError(BODY_WITHOUT_TYPE)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _QUERY_TYPES:
        raise ODataError(BODY_NOT_A_QUERY)
    if len(request.body) > most:
        raise ODataError(LIMIT_EXCEEDED, what="The query's length", limit=most, setting="max_query_bytes")
    return ascii_text(request.body.strip())
