"""Whether a good token still counts: what was revoked since it was issued, and users whom no role in Intune lets in.

The answer to a revoked token is a claims challenge, which clients that know continuous access evaluation take to their
authority for a new token: https://learn.microsoft.com/entra/identity-platform/claims-challenge.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping

import msgspec

from osimages.entra.emulator.directory import Directory, User
from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.errors import ROLE_MISSING, TOKEN_REVOKED
from osimages.graph.tenant_storage import Subject
from osimages.odata.errors import ODataError

# How long a change of the directory's file may go unnoticed: looking at it costs a system call.
_LOOK_SECONDS = 0.5


class Standing:
    """Checks actors against what was revoked in their tenant, and against `directory`, the emulator's.

    Of users whom the directory does not know, and of all users where there is none (None), no more is known than what
    their tokens say. `challenge` is what a 401 says of where to sign in.
    """

    def __init__(self, directory: Callable[[], Directory] | None, challenge: str) -> None:
        self._directory = directory
        self._challenge = challenge
        self._users: dict[str, User] = {}
        self._look_at = 0.0

    def check(self, actor: VerifiedToken, revocations: Mapping[Subject, int]) -> None:
        """Raises ODataError: TOKEN_REVOKED with a claims challenge, or ROLE_MISSING."""
        if revocations:
            self._check_revocations(actor, revocations)
        if actor.user is not None and self._directory is not None:
            self._check_user(actor, actor.user, self._directory)

    def _check_revocations(self, actor: VerifiedToken, revocations: Mapping[Subject, int]) -> None:
        subjects = (("user", actor.user or ""), ("application", actor.application), ("tenant", ""))
        before = max(revocations.get(each, 0) for each in subjects)
        if actor.issued < before:
            raise self._revoked(before)
        if (before := revocations.get(("token", actor.token_id), 0)) and actor.token_id:
            raise self._revoked(before)

    def _check_user(self, actor: VerifiedToken, user: str, directory: Callable[[], Directory]) -> None:
        now = time.monotonic()
        if now >= self._look_at:
            self._users = {each.id: each for each in directory().users}
            self._look_at = now + _LOOK_SECONDS
        known = self._users.get(user)
        if known is None:
            return
        valid_from = known.sign_in_sessions_valid_from
        if valid_from is not None and actor.issued < valid_from.timestamp():
            raise self._revoked(int(valid_from.timestamp()))
        if not known.intune_role:
            raise ODataError(ROLE_MISSING, headers={"WWW-Authenticate": self._challenge})

    def _revoked(self, before: int) -> ODataError:
        claims = {"access_token": {"nbf": {"essential": True, "value": str(before)}}}
        encoded = base64.b64encode(msgspec.json.encode(claims)).decode()
        challenge = f'{self._challenge}, error="insufficient_claims", claims="{encoded}"'
        return ODataError(TOKEN_REVOKED, headers={"WWW-Authenticate": challenge})
