"""Verifies bearer tokens of Entra ID: from an Authorization header to a `VerifiedToken`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from hashlib import sha256

import msgspec

from osimages.entra.cache import LruCache
from osimages.entra.tokens.clouds import CONSUMER_TENANT
from osimages.entra.tokens.errors import KeysUnavailableError, TokenError, TokenProblem, UnknownKeyError
from osimages.entra.tokens.jws import check_signature, decoded, invalid, signed_token
from osimages.entra.tokens.keys import KeySource, VerificationKey

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# Names go into the audit; nobody needs them longer.
_LONGEST_NAME = 256


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that count, of v1.0 and v2.0 tokens.

    https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    """

    ver: str
    iss: str
    aud: str
    exp: float
    nbf: float = 0
    iat: float = 0
    tid: str
    appid: str | None = None
    azp: str | None = None
    oid: str | None = None
    idtyp: str | None = None
    scp: str | None = None
    roles: frozenset[str] = frozenset()
    uti: str = ""
    xms_clock: str = ""
    app_displayname: str = ""
    upn: str = ""
    preferred_username: str = ""


class VerifiedToken(msgspec.Struct, frozen=True, gc=False):
    """The content of a verified token.

    `tenant` and `application` are GUIDs in lower case. `user` is the object id of the signed-in user (delegated
    access), or None where the application acts as itself. `permissions` are the names of `scp` or of `roles`.
    `issued` is in seconds since 1970. The id of the token and the names are empty where it does not carry them.
    """

    tenant: str
    application: str
    user: str | None
    permissions: frozenset[str]
    token_id: str = ""
    issued: float = 0.0
    application_name: str = ""
    user_name: str = ""


class _Verified(msgspec.Struct, frozen=True):
    token: VerifiedToken
    expires: float  # seconds since 1970, tolerance included
    kid: str
    key: VerificationKey


class TokenVerifier:
    """Verifies access tokens.

    `issuers` gives, for a tenant, every `iss` that its tokens may have (see `Cloud.issuers`); `audiences` are the
    accepted `aud`. `now` gives the time of a tenant in seconds since 1970, and `clock` the id of its clock where that
    is not real time, as in tests. `skew_seconds` is the tolerance for clocks that differ.

    A header of more than `max_bytes` is rejected unread. A token that is good for longer than `max_lifetime_seconds`
    (None: any time) is rejected. At most `cache_size` verified tokens are cached, by the SHA-256 of their header so
    that no token is kept, until they expire or their key is withdrawn. For use from one thread: the event loop's.
    """

    def __init__(
        self,
        keys: KeySource,
        issuers: Callable[[str], Collection[str]],
        audiences: Collection[str],
        now: Callable[[str], float] = lambda tenant: time.time(),
        *,
        clock: Callable[[str], str] = lambda tenant: "",
        skew_seconds: int = 300,
        cache_size: int = 4096,
        max_bytes: int = 16384,
        max_lifetime_seconds: int | None = None,
    ) -> None:
        self._keys = keys
        self._issuers = issuers
        self._audiences = frozenset(audiences)
        self._now = now
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._max_bytes = max_bytes
        self._max_lifetime_seconds = max_lifetime_seconds
        self._cache = LruCache[bytes, _Verified](cache_size)

    def verify(self, authorization: bytes | None) -> VerifiedToken:
        """Return the verified bearer token of an Authorization header.

        Raises TokenError; of these UnknownKeyError where `authenticate` might find the key. Raises
        KeysUnavailableError while there are no keys at all.
        """
        header = authorization or b""
        if len(header) > self._max_bytes:
            raise invalid(f"The token is longer than {self._max_bytes} bytes.")
        digest = sha256(header).digest()
        known = self._cache.get(digest)
        # A token that has expired since is checked again, and so rejected by the same rule as any other.
        if known is None or not self._is_current(known):
            known = self._checked(header, self._now)
            self._cache.put(digest, known)
        return known.token

    async def authenticate(self, authorization: bytes | None) -> VerifiedToken:
        """Verify as `verify` does; where the token's key is unknown, look for it at the source first."""
        try:
            return self.verify(authorization)
        except UnknownKeyError as unknown:
            if not await self._keys.look_for(unknown.kid):
                raise
            return self.verify(authorization)

    def verify_at(self, authorization: bytes | None, now: float) -> VerifiedToken:
        """Verify as `verify` does, at a moment (seconds since 1970) instead of the tenant's time."""
        return self._checked(authorization or b"", lambda tenant: now).token

    def tenant_of(self, authorization: bytes) -> str | None:
        """Return the tenant of a genuine token, also if it is not good at this time; None for any other."""
        try:
            return self.verify(authorization).tenant
        except (TokenError, KeysUnavailableError):
            pass
        try:
            claims, _, key = self._signed(authorization[: self._max_bytes])
            self._check_origin(claims, key)
        except (TokenError, KeysUnavailableError):
            return None
        return claims.tid.lower()

    def forget(self) -> None:
        """Check all tokens again, because the time of a tenant was set."""
        self._cache.clear()

    def _is_current(self, known: _Verified) -> bool:
        return self._now(known.token.tenant) < known.expires and self._keys.key(known.kid) is known.key

    def _checked(self, header: bytes, now: Callable[[str], float]) -> _Verified:
        """Check signature and claims of a token."""
        claims, kid, key = self._signed(header)
        tenant = claims.tid.lower()
        self._check_times(claims, now(tenant))
        if claims.xms_clock and claims.xms_clock != self._clock(tenant):
            raise TokenError(TokenProblem.EXPIRED)
        self._check_origin(claims, key)
        return _Verified(_token(claims), claims.exp + self._skew_seconds, kid, key)

    def _signed(self, header: bytes) -> tuple[_Claims, str, VerificationKey]:
        """Return the claims of a token whose signature is good, and the key that signed it."""
        token = signed_token(_bearer_token(header))
        kid = token.kid or ""
        key = self._keys.key(kid)
        if key is None:
            raise UnknownKeyError(kid)
        check_signature(token, key.rsa)
        return decoded(token.payload, _Claims, "payload")[1], kid, key

    # The order is that of Microsoft.IdentityModel: lifetime, audience, issuer.
    def _check_times(self, claims: _Claims, now: float) -> None:
        if now >= claims.exp + self._skew_seconds:
            raise TokenError(TokenProblem.EXPIRED)
        if now < claims.nbf - self._skew_seconds:
            raise TokenError(TokenProblem.NOT_YET_VALID)
        # The lifetime below counts from `iat`: one in the future would make room for an `exp` that is far away.
        if now < claims.iat - self._skew_seconds:
            raise invalid("The claim 'iat' is in the future.")
        most = self._max_lifetime_seconds
        if most is not None and claims.exp - max(claims.nbf, claims.iat) > most:
            raise invalid(f"The token is good for longer than {most} seconds.")

    def _check_origin(self, claims: _Claims, key: VerificationKey) -> None:
        if claims.aud not in self._audiences:
            raise TokenError(TokenProblem.AUDIENCE)
        if not _GUID.fullmatch(claims.tid):
            raise invalid("The claim 'tid' is not a GUID.")
        issuers = self._issuers(claims.tid)
        if claims.iss not in issuers or not key.signs_for(claims.tid, issuers):
            raise TokenError(TokenProblem.ISSUER)
        if claims.tid.lower() == CONSUMER_TENANT:
            raise TokenError(TokenProblem.PERSONAL_ACCOUNT)


def _bearer_token(header: bytes) -> bytes:
    scheme, _, token = header.strip().partition(b" ")
    # The scheme is case-insensitive: RFC 9110 section 11.1.
    if scheme.lower() != b"bearer" or not token.strip():
        raise TokenError(TokenProblem.MISSING)
    return token.strip()


def _scopes(scp: str | None) -> frozenset[str]:
    """Return the scopes of a `scp` claim. Only a space separates them (RFC 6749, section 3.3)."""
    return frozenset(each for each in (scp or "").split(" ") if each)


def _token(claims: _Claims) -> VerifiedToken:
    applications = {"1.0": claims.appid, "2.0": claims.azp}
    if claims.ver not in applications:
        raise invalid("The claim 'ver' is neither 1.0 nor 2.0.")
    application = applications[claims.ver]
    if not application:
        raise invalid(f"The claim '{'appid' if claims.ver == '1.0' else 'azp'}' is missing.")
    user, permissions = None, claims.roles
    # The `roles` of a user's token are roles of the user, not permissions of the application, whose token in turn
    # has no use for `scp`.
    if claims.idtyp != "app" and (claims.scp is not None or claims.idtyp == "user"):
        if not claims.oid:
            raise invalid("The claim 'oid' is missing.")
        user, permissions = claims.oid.lower(), _scopes(claims.scp)
    return VerifiedToken(
        claims.tid.lower(),
        application.lower(),
        user,
        permissions,
        token_id=claims.uti[:_LONGEST_NAME],
        issued=max(claims.iat, claims.nbf),
        application_name=claims.app_displayname[:_LONGEST_NAME],
        user_name=(claims.upn or claims.preferred_username)[:_LONGEST_NAME],
    )
