"""Delta tokens: up to which change of a tenant a client knows a set, and where its next page of changes starts.

OData Protocol, section 11.3
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from osimages.odata.errors import INVALID_DELTATOKEN, RESYNC_REQUIRED, ODataError
from osimages.odata.plan.query import DeltaPage
from osimages.odata.plan.sealed_tokens import Seal, SealError

_SECONDS_A_DAY = 86_400
_EPOCH_CHARACTERS = 8
_EPOCH = re.compile(rf"[0-9a-f]{{{_EPOCH_CHARACTERS}}}")


class DeltaState(msgspec.Struct, frozen=True, array_like=True):
    """How far a client has come: the next page has the changes after number `after`.

    Of what is gone, those after `known` are of interest: what was removed before, the client never heard of. `made` is
    when its round began, in seconds from 1970.
    """

    after: int
    known: int
    made: int


class DeltaTokens:
    """Makes and reads the values of `$deltatoken` and, between the pages of a round, `$skiptoken`.

    A token starts with the epoch of the secret: a database that was restored has another, and sends clients with
    tokens of the time before back to the start. After `keep_days` a token is too old: what was removed since may be
    forgotten.
    """

    def __init__(self, secret: bytes, keep_days: float, now: Callable[[str], datetime]) -> None:
        self._seal = Seal(secret)
        self._epoch = hashlib.sha256(secret).hexdigest()[:_EPOCH_CHARACTERS]
        self._keep_seconds = keep_days * _SECONDS_A_DAY
        self._now = now

    def write(self, state: DeltaState, tenant: str, query: str) -> str:
        """The token of a state; it is good for that tenant and query alone."""
        return self._epoch + self._seal.write(state, "delta", tenant, query)

    def read(self, token: str, tenant: str, query: str) -> DeltaState:
        """The state that a token holds.

        Raises ODataError: INVALID_DELTATOKEN where it was not made for this, RESYNC_REQUIRED where it is too old.
        """
        epoch, sealed = token[:_EPOCH_CHARACTERS], token[_EPOCH_CHARACTERS:]
        if epoch != self._epoch:
            raise ODataError(RESYNC_REQUIRED if _EPOCH.fullmatch(epoch) and sealed else INVALID_DELTATOKEN)
        try:
            state = self._seal.read(sealed, DeltaState, "delta", tenant, query)
        except SealError:
            raise ODataError(INVALID_DELTATOKEN) from None
        if self._seconds(tenant) - state.made > self._keep_seconds:
            raise ODataError(RESYNC_REQUIRED)
        return state

    def following(self, state: DeltaState | None, page: DeltaPage, tenant: str) -> DeltaState:
        """The state after a page: within the round where more follows, at the end of it otherwise."""
        if not page.more:
            return DeltaState(page.newest, page.newest, self._seconds(tenant))
        if state is None:
            return DeltaState(page.last, page.newest, self._seconds(tenant))
        return DeltaState(page.last, state.known, state.made)

    def _seconds(self, tenant: str) -> int:
        return int(self._now(tenant).timestamp())
