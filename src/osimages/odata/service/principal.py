"""Who sent a request: the application or user that a verified access token speaks for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """The party a request acts for.

    `tenant` and `application` are GUIDs in lower case. `user` is the object id of the signed-in user (delegated
    access), or None where the application acts as itself. `permissions` are the names that the token grants.
    What follows says more about the token: its id, when it was issued (seconds since 1970), the application's name and
    the user's sign-in name; empty where the token does not tell.
    """

    tenant: str
    application: str
    user: str | None
    permissions: frozenset[str]
    token_id: str = field(default="", compare=False)
    issued: float = field(default=0.0, compare=False)
    application_name: str = field(default="", compare=False)
    user_name: str = field(default="", compare=False)
