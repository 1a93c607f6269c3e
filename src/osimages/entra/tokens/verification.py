"""From an Authorization header to an actor: checks bearer tokens, and remembers those that it has checked."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from osimages.entra.tokens.clouds import CONSUMER_TENANT, GLOBAL, GRAPH_APPLICATION_ID
from osimages.entra.tokens.jws import SignedToken, check_signature, decoded, invalid, signed_token
from osimages.entra.tokens.keys import KeySource, VerificationKey
from osimages.graph.errors import (
    PERSONAL_ACCOUNT,
    TOKEN_AUDIENCE,
    TOKEN_EMPTY,
    TOKEN_EXPIRED,
    TOKEN_ISSUER,
    TOKEN_NOT_YET_VALID,
    TOKEN_SIGNATURE,
)
from osimages.odata.errors import ODataError
from osimages.odata.service.principal import Actor

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


@dataclass(frozen=True, slots=True)
class _Verified:
    actor: Actor
    expires: float  # seconds since 1970, tolerance included
    kid: str
    key: VerificationKey


class UnknownKeyError(ODataError):
    """A token names a key that is not known (yet): it is refused as one whose signature is bad."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        super().__init__(TOKEN_SIGNATURE)


class TokenVerifier:
    """Checks access tokens and says for whom they speak.

    `issuers` gives, for a tenant, every `iss` that its tokens may have; `audiences` are the accepted `aud`; `now`
    gives a tenant's time in seconds since 1970; `clock` gives the id of the tenant's own clock (tokens of one that was
    reset are expired); `skew_seconds` is the tolerance for clocks that differ. A header of more than `max_bytes` is
    refused unread. A token that is good for longer than `max_lifetime_seconds` (None: any time) is
    refused. At most `cache_size` verified tokens are remembered, by the SHA-256 of their header so that no token is
    kept, until they expire or their key is withdrawn. `authorization_uri` is where a 401 sends the client. For use
    from one thread: the event loop's.
    """

    def __init__(
        self,
        keys: KeySource,
        issuers: Callable[[str], Collection[str]],
        audiences: Collection[str],
        now: Callable[[str], float],
        *,
        clock: Callable[[str], str] = lambda tenant: "",
        skew_seconds: int = 300,
        cache_size: int = 4096,
        max_bytes: int = 16384,
        max_lifetime_seconds: int | None = None,
        authorization_uri: str = GLOBAL.authorization_uri,
    ) -> None:
        self._keys = keys
        self._issuers = issuers
        self._audiences = frozenset(audiences)
        self._now = now
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._cache_size = cache_size
        self._max_bytes = max_bytes
        self._max_lifetime_seconds = max_lifetime_seconds
        self._cache: OrderedDict[bytes, _Verified] = OrderedDict()
        self.challenge = f'Bearer realm="", authorization_uri="{authorization_uri}", client_id="{GRAPH_APPLICATION_ID}"'

    def verify(self, authorization: bytes | None) -> Actor:
        """The actor that the bearer token of an Authorization header speaks for.

        Raises ODataError: a TOKEN_* row with a WWW-Authenticate header, or PERSONAL_ACCOUNT; of these UnknownKeyError
        where `verify_anew` might find the key. Raises SERVICE_UNAVAILABLE while there are no keys at all.
        """
        header = authorization or b""
        if len(header) > self._max_bytes:
            raise self._refused(invalid(f"The token is longer than {self._max_bytes} bytes."))
        digest = sha256(header).digest()
        known = self._cache.get(digest)
        if (
            known is not None
            and self._now(known.actor.tenant) < known.expires
            and self._keys.key(known.kid) is known.key
        ):
            self._cache.move_to_end(digest)
            return known.actor
        try:
            # A token that has expired since is checked again, and so refused by the same rule as any other.
            verified = self._checked(signed_token(_bearer_token(header)), self._now)
        except ODataError as error:
            raise self._refused(error) from None
        self._cache[digest] = verified
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return verified.actor

    def verify_at(self, authorization: bytes | None, now: float) -> Actor:
        """As `verify`, at a moment (seconds since 1970) whatever time it is for the tenant."""
        try:
            return self._checked(signed_token(_bearer_token(authorization or b"")), lambda _: now).actor
        except ODataError as error:
            raise self._refused(error) from None

    def tenant_of(self, authorization: bytes) -> str | None:
        """The tenant of a token that was issued to be used here, also where it is not good now; None for any other."""
        try:
            return self.verify(authorization).tenant
        except ODataError:
            pass
        try:
            token = signed_token(_bearer_token(authorization[: self._max_bytes]))
            key = self._keys.key(token.kid or "")
            if key is None:
                return None
            check_signature(token, key.rsa)
            claims = decoded(token.payload, _Claims, "payload")[1]
            self._check_origin(claims, key)
        except ODataError:
            return None
        return claims.tid.lower()

    def forget(self) -> None:
        """Check all tokens again: the time of a tenant was set."""
        self._cache.clear()

    async def verify_anew(self, authorization: bytes | None, unknown: UnknownKeyError) -> Actor:
        """As `verify`, once the source of keys has had a chance to find the key that was not known."""
        if not await self._keys.look_for(unknown.kid):
            raise unknown
        return self.verify(authorization)

    def _refused(self, error: ODataError) -> ODataError:
        if error.condition.status == 401:
            error.headers["WWW-Authenticate"] = self.challenge
        return error

    def _checked(self, token: SignedToken, now: Callable[[str], float]) -> _Verified:
        """What the token says, once its signature has shown that it can be believed."""
        kid = token.kid or ""
        key = self._keys.key(kid)
        if key is None:
            raise UnknownKeyError(kid)
        check_signature(token, key.rsa)
        claims = decoded(token.payload, _Claims, "payload")[1]
        tenant = claims.tid.lower()
        self._check_times(claims, now(tenant))
        if claims.xms_clock and claims.xms_clock != self._clock(tenant):
            raise ODataError(TOKEN_EXPIRED)
        self._check_origin(claims, key)
        return _Verified(_actor(claims), claims.exp + self._skew_seconds, kid, key)

    # The order is that of Microsoft.IdentityModel: lifetime, audience, issuer.
    def _check_times(self, claims: _Claims, now: float) -> None:
        if now >= claims.exp + self._skew_seconds:
            raise ODataError(TOKEN_EXPIRED)
        if now < claims.nbf - self._skew_seconds:
            raise ODataError(TOKEN_NOT_YET_VALID)
        # The lifetime below counts from `iat`: one in the future would make room for an `exp` that is far away.
        if now < claims.iat - self._skew_seconds:
            raise invalid("The claim 'iat' is in the future.")
        most = self._max_lifetime_seconds
        if most is not None and claims.exp - max(claims.nbf, claims.iat) > most:
            raise invalid(f"The token is good for longer than {most} seconds.")

    def _check_origin(self, claims: _Claims, key: VerificationKey) -> None:
        if claims.aud not in self._audiences:
            raise ODataError(TOKEN_AUDIENCE)
        if not _GUID.fullmatch(claims.tid):
            raise invalid("The claim 'tid' is not a GUID.")
        issuers = self._issuers(claims.tid)
        if claims.iss not in issuers:
            raise ODataError(TOKEN_ISSUER)
        if not key.signs_for(claims.tid, issuers):
            raise ODataError(TOKEN_ISSUER)
        if claims.tid.lower() == CONSUMER_TENANT:
            raise ODataError(PERSONAL_ACCOUNT)


def _bearer_token(header: bytes) -> bytes:
    scheme, _, token = header.strip().partition(b" ")
    # The scheme is case-insensitive: RFC 9110 section 11.1.
    if scheme.lower() != b"bearer" or not token.strip():
        raise ODataError(TOKEN_EMPTY)
    return token.strip()


def _scopes(scp: str | None) -> frozenset[str]:
    """Return the scopes of a `scp` claim. Only a space separates them (RFC 6749, section 3.3)."""
    return frozenset(each for each in (scp or "").split(" ") if each)


def _actor(claims: _Claims) -> Actor:
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
    return Actor(
        claims.tid.lower(),
        application.lower(),
        user,
        permissions,
        token_id=claims.uti[:_LONGEST_NAME],
        issued=max(claims.iat, claims.nbf),
        application_name=claims.app_displayname[:_LONGEST_NAME],
        user_name=(claims.upn or claims.preferred_username)[:_LONGEST_NAME],
    )
