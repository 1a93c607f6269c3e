"""Bearer tokens for Graph: a fixed one, or those of a credential of azure-identity, cached until they expire."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from osimages.graph.client_errors import GraphError, plain

_RENEW_BEFORE_SECONDS = 300.0
# A token that is younger than this and denied is not denied for its age.
_FRESH_SECONDS = 60.0
_TOKEN = re.compile(r"[!-~]+")
_ADVICE = re.compile(r"\s*To mitigate this issue.*", re.DOTALL)
# One of a chain of credentials, and its message.
_CREDENTIAL = re.compile(r"^\t(\w+Credential): (.*(?:\n(?!\t).*)*)", re.MULTILINE)
_NOT_TRIED = re.compile(
    r"unavailable|not found|not installed|could not be found|is required|requires the", re.IGNORECASE
)
# Entra's errors for a tenant or a resource that is in another cloud:
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_OTHER_CLOUD = re.compile(r"AADSTS(?:90002|90038|500011|900382|900383|900439|240002)\b")


class Tokens(Protocol):
    """A source of bearer tokens."""

    def get(self) -> str:
        """Return a token. Raises GraphError."""

    def renew(self, claims: str | None) -> bool:
        """Get another token after a 401, with the claims that it asks for; False where that would change nothing."""


class FixedToken:
    """A token that somebody names; `origin` says where it comes from, such as an environment variable."""

    def __init__(self, token: str, origin: str) -> None:
        self._token = token.strip().removeprefix("Bearer ")
        if not _TOKEN.fullmatch(self._token):
            raise GraphError(f"{origin} is no token: it is empty, or has characters that no token has")

    def get(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, claims: str | None) -> bool:
        """There is no other token."""
        return False


class CredentialTokens:
    """Tokens of an azure-identity credential, which is anything with its `get_token`.

    Some credentials start a program for every token, so a token is cached until shortly before it expires. `otherwise`
    ends the error where there is none: what else can be done, such as "or put a token into X". A credential tries
    several services, each of them several times: after `seconds` (None: never) it counts as failed.
    """

    def __init__(
        self,
        credential: Any,
        scope: str,
        *,
        otherwise: str = "",
        seconds: float | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credential = credential
        self._scope = scope
        self._otherwise = otherwise
        self._seconds = seconds
        self._now = now
        self._clock = clock
        self._token = ""
        self._expires = 0.0
        self._since = 0.0

    def get(self) -> str:
        """Return the cached token, or a new one where it expires soon. Raises GraphError."""
        if not self._token or self._now() > self._expires - _RENEW_BEFORE_SECONDS:
            self._request({})
        return self._token

    def renew(self, claims: str | None) -> bool:
        """Get another token: with the claims of a challenge (CAE), or because this one may be old."""
        if claims is None and self._clock() - self._since < _FRESH_SECONDS:
            return False
        self._request({} if claims is None else {"claims": claims, "enable_cae": True})
        return True

    def _request(self, options: dict[str, Any]) -> None:
        found: SimpleQueue[Any] = SimpleQueue()

        def ask() -> None:
            try:
                found.put(self._credential.get_token(self._scope, **options))
            except Exception as error:
                found.put(error)

        # Nothing can interrupt a credential: a daemon thread does not keep the process from ending.
        threading.Thread(target=ask, daemon=True).start()
        try:
            token = found.get(timeout=self._seconds)
        except Empty:
            token = TimeoutError(f"azure-identity got no answer within {self._seconds:g} seconds")
        if isinstance(token, Exception):
            raise GraphError(_failure(self._scope, str(token) or type(token).__name__, self._otherwise))
        self._token, self._expires, self._since = token.token, float(token.expires_on), self._clock()


def tenant_in(token: str) -> str | None:
    """Return the tenant (`tid`) that a JWT names, None where it is none. Its signature is not verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    found = claims.get("tid") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else None


def _failure(scope: str, text: str, otherwise: str) -> str:
    """Why there is no token, with the next step."""
    if _OTHER_CLOUD.search(text):
        step = "The tenant may be in another national cloud, whose Graph has another URL (check: --cloud)"
    else:
        step = "Sign in (az login), or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    message = plain(_of_chain(_ADVICE.sub("", text)), 1000)
    steps = ", ".join(filter(None, (step, otherwise)))
    return f"no token for {scope.removesuffix('/.default')}: {message.rstrip('.')}. {steps}"


def _of_chain(text: str) -> str:
    """Return the failures of the credentials that were tried; the default credential also names those that were not."""
    tried = _CREDENTIAL.findall(text)
    if not tried:
        return text
    failed = [f"{name}: {why}" for name, why in tried if not _NOT_TRIED.search(why)]
    return "; ".join(failed) or "azure-identity found no credential"
