"""The JSON that a request carries, once its Content-Type says that it is JSON."""

from __future__ import annotations

from osimages.errors import BODY_ENCODING, BODY_NOT_JSON, BODY_WITHOUT_TYPE, ServiceError
from osimages.http.request import ApiRequest
from osimages.wire.payload import decoded

_UTF_8 = ("utf-8", "utf8", "us-ascii")


def json_body(request: ApiRequest) -> object:
    """The decoded body. Raises ServiceError (400) where its type or its text is not JSON."""
    content_type = request.header(b"content-type")
    if not content_type:
        raise ServiceError(BODY_WITHOUT_TYPE)
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type != "application/json":
        raise ServiceError(BODY_NOT_JSON)
    charset = next((part[8:].strip('"') for part in parameters if part.startswith("charset=")), "utf-8")
    if charset not in _UTF_8:
        raise ServiceError(BODY_ENCODING, reason=f"JSON is sent in UTF-8, not in '{charset[:32]}'.")
    return decoded(request.body)
