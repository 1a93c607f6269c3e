"""From an Authorization header to an actor: checks bearer tokens, and remembers those that it has checked."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

import msgspec
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from osimages.auth.actor import Actor
from osimages.auth.clouds import CONSUMER_TENANT, GLOBAL, GRAPH_APPLICATION_ID
from osimages.auth.keys import KeySource
from osimages.errors import (
    PERSONAL_ACCOUNT,
    TOKEN_AUDIENCE,
    TOKEN_EMPTY,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_ISSUER,
    TOKEN_MALFORMED,
    TOKEN_NOT_YET_VALID,
    TOKEN_SIGNATURE,
    ServiceError,
)

# Entra signs with RS256. A list of what is allowed, never of what is not, keeps out `none` and, with it, HS256, for
# which an attacker would use the public key as the secret (RFC 8725 section 2.1).
_ALGORITHMS = JWSRegistry(algorithms=("RS256", "RS384", "RS512"))

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class _Header(msgspec.Struct, frozen=True):
    """The header parameters that count (RFC 7515 section 4.1); others are ignored, as section 4 asks."""

    alg: str
    kid: str | None = None
    nonce: str | None = None
    crit: msgspec.Raw | None = None


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that count, of v1.0 and v2.0 tokens.

    https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    """

    ver: str
    iss: str
    aud: str
    exp: float
    nbf: float = 0
    tid: str
    appid: str | None = None
    azp: str | None = None
    oid: str | None = None
    idtyp: str | None = None
    scp: str | None = None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Verified:
    actor: Actor
    expires: float  # seconds since 1970, tolerance included


class TokenVerifier:
    """Checks access tokens and says for whom they speak.

    `issuers` gives, for a tenant, every `iss` that its tokens may have; `audiences` are the accepted `aud`; `now`
    gives the real time with its zone; `skew_seconds` is the tolerance for clocks that differ. At most `cache_size`
    verified tokens are remembered (by their SHA-256, so that no token is kept) until they expire, even where their
    key is withdrawn before. `authorization_uri` is where a 401 sends the client. For use from one thread: the event
    loop's.
    """

    def __init__(
        self,
        keys: KeySource,
        issuers: Callable[[str], Collection[str]],
        audiences: Collection[str],
        now: Callable[[], datetime],
        *,
        skew_seconds: int = 300,
        cache_size: int = 4096,
        authorization_uri: str = GLOBAL.authorization_uri,
    ) -> None:
        self._keys = keys
        self._issuers = issuers
        self._audiences = frozenset(audiences)
        self._now = now
        self._skew_seconds = skew_seconds
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, _Verified] = OrderedDict()
        self._challenge = (
            f'Bearer realm="", authorization_uri="{authorization_uri}", client_id="{GRAPH_APPLICATION_ID}"'
        )

    def verify(self, authorization_header: str | None) -> Actor:
        """The actor that the bearer token of an Authorization header speaks for.

        Raises ServiceError: a TOKEN_* row with a WWW-Authenticate header, or PERSONAL_ACCOUNT.
        """
        try:
            return self._verify(authorization_header)
        except ServiceError as error:
            if error.row.status == 401:
                error.headers["WWW-Authenticate"] = self._challenge
            raise

    def _verify(self, authorization_header: str | None) -> Actor:
        token = _bearer_token(authorization_header)
        digest = sha256(token).digest()
        now = self._now().timestamp()
        known = self._cache.get(digest)
        if known is not None and now < known.expires:
            self._cache.move_to_end(digest)
            return known.actor
        # A token that has expired since is checked again, and so refused by the same rule as any other.
        verified = self._check_claims(self._signed_claims(token), now)
        self._cache[digest] = verified
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return verified.actor

    def _signed_claims(self, token: bytes) -> _Claims:
        """The claims, once the signature has shown that they can be believed."""
        if b"." not in token:
            raise ServiceError(TOKEN_MALFORMED)
        segments = token.split(b".")
        if len(segments) != 3:
            raise _invalid("A signed token has three segments.")
        raw_header, header = _decoded(segments[0], _Header, "header")
        if header.crit is not None:
            raise _invalid("Critical header parameters are not supported.")
        try:
            algorithm = _ALGORITHMS.get_alg(header.alg)
        except UnsupportedAlgorithmError:
            raise _invalid("The signature algorithm is not allowed.") from None
        signing_input = _signed_header(raw_header, header.nonce, segments[0]) + b"." + segments[1]
        if not algorithm.verify(signing_input, _signature(segments[2]), self._key(header.kid)):
            raise ServiceError(TOKEN_SIGNATURE)
        return _decoded(segments[1], _Claims, "payload")[1]

    def _key(self, kid: str | None) -> RSAKey:
        key = None if kid is None else self._keys.key(kid)
        if key is None:
            raise ServiceError(TOKEN_SIGNATURE)
        return key

    def _check_claims(self, claims: _Claims, now: float) -> _Verified:
        # The order is that of Microsoft.IdentityModel: lifetime, audience, issuer.
        expires = claims.exp + self._skew_seconds
        if now >= expires:
            raise ServiceError(TOKEN_EXPIRED)
        if now < claims.nbf - self._skew_seconds:
            raise ServiceError(TOKEN_NOT_YET_VALID)
        if claims.aud not in self._audiences:
            raise ServiceError(TOKEN_AUDIENCE)
        if not _GUID.fullmatch(claims.tid):
            raise _invalid("The claim 'tid' is not a GUID.")
        if claims.iss not in self._issuers(claims.tid):
            raise ServiceError(TOKEN_ISSUER)
        if claims.tid.lower() == CONSUMER_TENANT:
            raise ServiceError(PERSONAL_ACCOUNT)
        return _Verified(_actor(claims), expires)


def _bearer_token(authorization_header: str | None) -> bytes:
    scheme, _, token = (authorization_header or "").strip().partition(" ")
    # The scheme is case-insensitive: RFC 9110 section 11.1.
    if scheme.lower() != "bearer" or not token.strip():
        raise ServiceError(TOKEN_EMPTY)
    # Unpaired surrogates cannot occur in a good token; they must not break the check of a bad one.
    return token.strip().encode(errors="surrogatepass")


_Part = TypeVar("_Part")


def _decoded(segment: bytes, expected: type[_Part], name: str) -> tuple[bytes, _Part]:
    """A segment's JSON, as bytes and as an object."""
    try:
        raw = urlsafe_b64decode(segment)
        return raw, msgspec.json.decode(raw, type=expected)
    except (ValueError, RecursionError) as error:
        # ValidationError names the claim at fault, never its value.
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON in base64url"
        raise _invalid(f"The {name} cannot be read: {why}.") from None


def _signed_header(raw: bytes, nonce: str | None, segment: bytes) -> bytes:
    """The header segment as it was when Entra signed it.

    Tokens for Graph carry a `nonce` that was hashed (SHA-256, base64url) for signing and is sent in the clear, so that
    only those who know the rule accept them: https://learn.microsoft.com/en-us/answers/questions/1459176 and
    https://github.com/MicrosoftDocs/azure-docs/issues/80018.
    """
    if not nonce:
        return segment
    clear = nonce.encode()
    return urlsafe_b64encode(raw.replace(clear, urlsafe_b64encode(sha256(clear).digest()), 1))


def _signature(segment: bytes) -> bytes:
    try:
        return urlsafe_b64decode(segment)
    except ValueError:
        raise ServiceError(TOKEN_SIGNATURE) from None


def _actor(claims: _Claims) -> Actor:
    applications = {"1.0": claims.appid, "2.0": claims.azp}
    if claims.ver not in applications:
        raise _invalid("The claim 'ver' is neither 1.0 nor 2.0.")
    application = applications[claims.ver]
    if not application:
        raise _invalid(f"The claim '{'appid' if claims.ver == '1.0' else 'azp'}' is missing.")
    tenant = claims.tid.lower()
    if claims.idtyp == "app" or (claims.scp is None and claims.idtyp != "user"):
        return Actor(tenant, application.lower(), None, claims.roles)
    # The `roles` of a user's token are roles of the user, not permissions of the application.
    if not claims.oid:
        raise _invalid("The claim 'oid' is missing.")
    return Actor(tenant, application.lower(), claims.oid.lower(), frozenset((claims.scp or "").split()))


def _invalid(reason: str) -> ServiceError:
    return ServiceError(TOKEN_INVALID, reason=reason)
