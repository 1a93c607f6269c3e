"""Parses signed tokens and checks their form and signature, but not their claims.

Sources: RFC 7515 (JSON Web Signature) and RFC 8725 (best current practices for JSON Web Tokens).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from osimages.entra.tokens.errors import TokenError, TokenProblem

# Entra signs with RS256. A list of what is allowed, never of what is not, keeps out `none` and, with it, HS256, for
# which an attacker would use the public key as the secret (RFC 8725 section 2.1).
_ALGORITHMS = JWSRegistry(algorithms=("RS256", "RS384", "RS512"))


class _Header(msgspec.Struct, frozen=True):
    """The header parameters that count (RFC 7515 section 4.1).

    Others are ignored, as section 4 asks: above all `jwk`, `jku`, `x5c` and `x5u`, with which a token would bring, or
    name the place of, the key that it is to be checked with (RFC 8725 section 3.10).
    """

    alg: str
    kid: str | None = None
    nonce: str | None = None
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class SignedToken(msgspec.Struct, frozen=True):
    """A well-formed token whose signature is still to be checked. `kid` is the id of the key that it names."""

    kid: str | None
    algorithm: str
    signing_input: bytes
    signature: bytes
    payload: bytes


Part = TypeVar("Part")


def signed_token(token: bytes) -> SignedToken:
    """Parse a token in compact form. Raises TokenError: MALFORMED, INVALID or SIGNATURE."""
    if b"." not in token:
        raise TokenError(TokenProblem.MALFORMED)
    segments = token.split(b".")
    if len(segments) != 3:
        raise invalid("A signed token has three segments.")
    raw_header, header = decoded(segments[0], _Header, "header")
    if header.crit is not msgspec.UNSET:
        raise invalid("Critical header parameters are not supported.")
    try:
        _ALGORITHMS.get_alg(header.alg)
    except UnsupportedAlgorithmError:
        raise invalid("The signature algorithm is not allowed.") from None
    signing_input = _signed_header(raw_header, header.nonce, segments[0]) + b"." + segments[1]
    return SignedToken(header.kid, header.alg, signing_input, _signature(segments[2]), segments[1])


def check_signature(token: SignedToken, key: RSAKey) -> None:
    """Raise TokenError(SIGNATURE) unless the token was signed with the private half of this key."""
    if not _ALGORITHMS.get_alg(token.algorithm).verify(token.signing_input, token.signature, key):
        raise TokenError(TokenProblem.SIGNATURE)


def decoded(segment: bytes, expected: type[Part], name: str) -> tuple[bytes, Part]:
    """Return the JSON of a segment, as bytes and as an object. Raises TokenError(INVALID)."""
    try:
        raw = urlsafe_b64decode(segment)
        found = msgspec.json.decode(raw, type=expected)
        # Of a member that is given twice, other parsers may read the other one (RFC 8725 section 2.4).
        json.loads(raw, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        # ValidationError names the claim at fault, never its value.
        is_safe = isinstance(error, msgspec.ValidationError | _DuplicateError)
        raise invalid(f"The {name} cannot be read: {error if is_safe else 'it is not JSON in base64url'}.") from None
    return raw, found


def invalid(reason: str) -> TokenError:
    """Return the error for a token that breaks a rule of its format or claims."""
    return TokenError(TokenProblem.INVALID, reason)


class _DuplicateError(ValueError):
    """A member of a JSON object is given twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateError("it says something twice")
    return found


def _signed_header(raw: bytes, nonce: str | None, segment: bytes) -> bytes:
    """Return the header segment as it was when Entra signed it.

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
        raise TokenError(TokenProblem.SIGNATURE) from None
