"""Paging tokens: where the next page starts, bound to the tenant and the query, and sealed against change.

A page starts after the values and the key that the one before ended with, so that pages joined give every entity once
even while others write (one that moves in the order meanwhile is where it is when its page is read).
"""

from __future__ import annotations

import msgspec

from osimages.odata.errors import INVALID_ORDERBY, INVALID_SKIPTOKEN, ODataError
from osimages.odata.plan.query import Sortable
from osimages.odata.plan.sealed_tokens import Seal, SealError

# What the token may add to a URL: the key and the values of a few terms, each as long as a text can be, in base64.
LONGEST_TOKEN = 16_384


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The start of a page: after these values and key, with so many items still wanted (None: all, page by page).

    `started` is the value of `now()` on all pages, if the query uses it.
    """

    after: tuple[Sortable, ...]
    remaining: int | None
    started: int | None = None


class PageTokens:
    """Makes and reads the value of `$skiptoken`."""

    def __init__(self, secret: bytes) -> None:
        self._seal = Seal(secret)

    def write(self, position: Position, tenant: str, query: str) -> str:
        """The token for a position in the answer to `query` (without its own token) of a tenant.

        Raises ODataError(INVALID_ORDERBY) where the values to sort by are too long for a URL.
        """
        token = self._seal.write(position, tenant, query)
        if len(token) > LONGEST_TOKEN:
            reason = "The values to sort by are too long to continue from: ask for fewer terms or shorter texts."
            raise ODataError(INVALID_ORDERBY, target="$orderby", reason=reason)
        return token

    def read(self, token: str, tenant: str, query: str) -> Position:
        """The position that a token holds. Raises ODataError(INVALID_SKIPTOKEN)."""
        try:
            return self._seal.read(token, Position, tenant, query)
        except SealError:
            raise ODataError(INVALID_SKIPTOKEN) from None
