"""The sender of a request, as the `authenticate` hook names it."""

from __future__ import annotations

from typing import Any

import msgspec


class Principal(msgspec.Struct, frozen=True, gc=False):
    """The party that a request acts for: its tenant, and whether it may write.

    `may_write` is read by the default `authorize` hook alone. `identity` is anything that the application's own hooks
    need to know of the sender.
    """

    tenant: str
    may_write: bool = False
    identity: Any = None
