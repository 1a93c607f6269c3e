"""Authenticates requests: tokens of Entra ID, or of its emulator, for Graph."""

from __future__ import annotations

from collections.abc import Mapping

from osimages.entra import KeysUnavailableError, TokenError, TokenProblem, TokenVerifier, UnknownKeyError, VerifiedToken
from osimages.entra.tokens.clouds import GRAPH_APPLICATION_ID
from osimages.graph.errors import (
    PERSONAL_ACCOUNT,
    TOKEN_AUDIENCE,
    TOKEN_EMPTY,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_ISSUER,
    TOKEN_MALFORMED,
    TOKEN_NOT_YET_VALID,
    TOKEN_SIGNATURE,
)
from osimages.odata.errors import SERVICE_UNAVAILABLE, Condition, ODataError
from osimages.odata.service.principal import Principal
from osimages.odata.service.request import ApiRequest

_KEYS_RETRY_SECONDS = "5"
CONDITIONS: Mapping[TokenProblem, Condition] = {
    TokenProblem.MISSING: TOKEN_EMPTY,
    TokenProblem.MALFORMED: TOKEN_MALFORMED,
    TokenProblem.INVALID: TOKEN_INVALID,
    TokenProblem.SIGNATURE: TOKEN_SIGNATURE,
    TokenProblem.EXPIRED: TOKEN_EXPIRED,
    TokenProblem.NOT_YET_VALID: TOKEN_NOT_YET_VALID,
    TokenProblem.AUDIENCE: TOKEN_AUDIENCE,
    TokenProblem.ISSUER: TOKEN_ISSUER,
    TokenProblem.PERSONAL_ACCOUNT: PERSONAL_ACCOUNT,
}


class Authentication:
    """Turns Authorization headers into verified tokens, and what is wrong with them into Graph's errors.

    `authorization_uri` is where a 401 sends the client to sign in.
    """

    def __init__(self, verifier: TokenVerifier, authorization_uri: str) -> None:
        self._verifier = verifier
        self.challenge = f'Bearer realm="", authorization_uri="{authorization_uri}", client_id="{GRAPH_APPLICATION_ID}"'

    def verify(self, authorization: bytes | None) -> VerifiedToken:
        """Return the verified bearer token, with the keys at hand.

        Raises ODataError: a TOKEN_* condition with a WWW-Authenticate header, PERSONAL_ACCOUNT, or
        SERVICE_UNAVAILABLE while there are no keys at all.
        """
        try:
            return self._verifier.verify(authorization)
        except (TokenError, KeysUnavailableError) as error:
            raise self._mapped(error) from None

    def verify_at(self, authorization: bytes | None, now: float) -> VerifiedToken:
        """Do the same, at a moment (seconds since 1970) instead of the tenant's time."""
        try:
            return self._verifier.verify_at(authorization, now)
        except (TokenError, KeysUnavailableError) as error:
            raise self._mapped(error) from None

    async def principal(self, request: ApiRequest) -> Principal:
        """Return the sender of a request, whose identity is the verified token. Raises ODataError, as `verify` does.

        The key of a token is looked for at its source if it is not at hand.
        """
        authorization = request.headers.get(b"authorization")
        try:
            try:
                token = self._verifier.verify(authorization)
            except UnknownKeyError:
                token = await self._verifier.authenticate(authorization)
        except (TokenError, KeysUnavailableError) as error:
            raise self._mapped(error) from None
        return Principal(token.tenant, identity=token)

    def tenant_of(self, authorization: bytes) -> str | None:
        """Return the tenant of a genuine token, also if it is not good at this time; None for any other."""
        return self._verifier.tenant_of(authorization)

    def forget(self) -> None:
        """Check all tokens again, because the time of a tenant was set."""
        self._verifier.forget()

    def _mapped(self, error: TokenError | KeysUnavailableError) -> ODataError:
        if isinstance(error, KeysUnavailableError):
            return ODataError(SERVICE_UNAVAILABLE, headers={"Retry-After": _KEYS_RETRY_SECONDS}, reason=str(error))
        condition = CONDITIONS[error.problem]
        headers = {"WWW-Authenticate": self.challenge} if condition.status == 401 else {}
        return ODataError(condition, headers=headers, reason=error.reason)
