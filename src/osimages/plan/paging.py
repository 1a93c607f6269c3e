"""Paging tokens: where the next page starts, bound to the tenant and the query, and sealed against change.

A page starts after the values and the key that the one before ended with, so that pages joined give every entity once
even while others write (one that moves in the order meanwhile is where it is when its page is read). The seal keeps a
client from editing a token by accident; what it holds is no secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from osimages.errors import INVALID_ORDERBY, INVALID_SKIPTOKEN, ServiceError
from osimages.plan.query import Sortable

_SEAL_BYTES = 16
# What the token may add to a URL: the key and the values of a few terms, each as long as a text can be, in base64.
LONGEST_TOKEN = 16_384


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a page starts: after these values and key, with so many items still wanted (None: all).

    `started` is what `now()` stands for on all pages, where the query asks for it.
    """

    after: tuple[Sortable, ...]
    remaining: int | None
    started: int | None = None


class PageTokens:
    """Makes and reads the value of `$skiptoken`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, position: Position, tenant: str, query: str) -> str:
        """The token for a position in the answer to `query` (without its own token) of a tenant.

        Raises ServiceError(INVALID_ORDERBY) where the values to sort by are too long for a URL.
        """
        payload = msgspec.msgpack.encode(position)
        token = base64.urlsafe_b64encode(self._seal(payload, tenant, query) + payload).decode().rstrip("=")
        if len(token) > LONGEST_TOKEN:
            reason = "The values to sort by are too long to continue from: ask for fewer terms or shorter texts."
            raise ServiceError(INVALID_ORDERBY, target="$orderby", reason=reason)
        return token

    def read(self, token: str, tenant: str, query: str) -> Position:
        """The position that a token holds. Raises ServiceError(INVALID_SKIPTOKEN)."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise ServiceError(INVALID_SKIPTOKEN) from None
        seal, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(payload, tenant, query)):
            raise ServiceError(INVALID_SKIPTOKEN)
        try:
            return msgspec.msgpack.decode(payload, type=Position)
        except msgspec.DecodeError:  # sealed with the same secret by a release that laid positions out otherwise
            raise ServiceError(INVALID_SKIPTOKEN) from None

    def _seal(self, payload: bytes, tenant: str, query: str) -> bytes:
        message = b"\0".join((tenant.encode(), query.encode(), payload))
        return hmac.digest(self._secret, message, hashlib.sha256)[:_SEAL_BYTES]
