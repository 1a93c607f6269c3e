"""Who sent a request: the application or user that a verified access token speaks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The party a request acts for.

    `tenant` and `application` are GUIDs in lower case. `user` is the object id of the signed-in user (delegated
    access), or None where the application acts as itself. `permissions` are the names that the token grants.
    """

    tenant: str
    application: str
    user: str | None
    permissions: frozenset[str]
