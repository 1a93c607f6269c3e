"""Reads forms, credentials and cookies of requests, with bounds on their size."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from osimages.entra.emulator.error_catalogue import BAD_HEADER, MISSING_FIELD, NOT_A_FORM, UNREADABLE_FORM

_MOST_BYTES = 64 * 1024
_MOST_SECONDS = 30.0
_MOST_FIELDS = 100
# No length has more digits; int rejects thousands of them.
_MOST_DIGITS = 18


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of the form in the body; of a request without one, the parameters of the query.

    Raises EntraError; HTTPException (413, 400) for a body that is too long, or does not arrive.
    """
    if request.method != "POST":
        return parse_form(request.url.query)
    if not is_form(request.headers.get("content-type", "")):
        raise NOT_A_FORM()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UNREADABLE_FORM(reason="its content encoding is not supported")
    try:
        return parse_form((await _body(request)).decode("utf-8"))
    except UnicodeDecodeError:
        raise UNREADABLE_FORM(reason="it is not in UTF-8") from None


def is_form(content_type: str) -> bool:
    """Return whether a media type is the one of forms."""
    return content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def parse_form(text: str) -> dict[str, str]:
    """Return the parameters of a query or form, each of which may be there once. Raises EntraError."""
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise UNREADABLE_FORM(reason="it is no form in UTF-8, or has too many fields") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise UNREADABLE_FORM(reason="a parameter is given more than once")
    return form


def required(form: Mapping[str, str], name: str) -> str:
    """Return a field that must be there. Raises EntraError."""
    value = form.get(name)
    if not value:
        raise MISSING_FIELD(name=name)
    return value


def basic_credentials(authorization: str) -> dict[str, str]:
    """Return id and secret of a client in an Authorization header (RFC 6749, section 2.3.1) as fields of a form.

    Empty for a header of another scheme. Raises EntraError.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise BAD_HEADER() from None
    if not colon:
        raise BAD_HEADER()
    return {"client_id": unquote_plus(client), "client_secret": unquote_plus(secret)}


def cookie(header: str, name: str) -> str | None:
    """Return the value of a cookie, None if there is none.

    Starlette unquotes all cookies, which before Python 3.11.10 takes time that grows with the square of their length.
    """
    for each in header.split(";"):
        key, equals, value = each.partition("=")
        if equals and key.strip() == name:
            return value.strip().strip('"')
    return None


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    content = bytearray()
    try:
        if declared.isdigit() and int(declared[:_MOST_DIGITS]) > _MOST_BYTES:
            raise HTTPException(413, f"The body has more than {_MOST_BYTES} bytes.")
        async with asyncio.timeout(_MOST_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > _MOST_BYTES:
                    raise HTTPException(413, f"The body has more than {_MOST_BYTES} bytes.")
    except TimeoutError:
        raise HTTPException(400, f"The body did not arrive within {_MOST_SECONDS:g} seconds.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended inside the body.") from None
    return bytes(content)
