"""Where the public keys that tokens are signed with come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public RSA key, and the issuer whose tokens it may sign, where the key set says so.

    Entra writes `{tenantid}` in an issuer that stands for every tenant.
    """

    rsa: RSAKey
    issuer: str | None = None

    def signs_for(self, tenant: str, issuers: Iterable[str]) -> bool:
        """Whether tokens of that tenant, which has these issuers, may be signed with this key.

        Entra's own library has the same rule: a key that is bound to the issuer of personal accounts, or of one tenant,
        is good for no other.
        https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer
        """
        return self.issuer is None or self.issuer.replace("{tenantid}", tenant) in issuers


class KeySource(Protocol):
    """Finds the public key that a token names in its `kid` header."""

    def key(self, kid: str) -> VerificationKey | None:
        """The key with this id, or None where the source holds none.

        It answers at once, from what the source holds, and with the same object as long as the key stays the same.
        Raises ODataError(SERVICE_UNAVAILABLE) where the source has no keys at all yet.
        """
        ...

    @property
    def as_of(self) -> float | None:
        """When the keys were made, fetched or written to their file, in seconds since 1970; None if there are none."""
        ...

    async def look_for(self, kid: str) -> bool:
        """Looks whether the authority has a key of this id by now, where that is worth it; True where it may have."""
        ...

    async def open(self) -> None:
        """Called once before the first request."""
        ...

    async def close(self) -> None:
        """Called once after the last request."""
        ...


class StaticKeys:
    """A fixed set of keys, from a JSON Web Key Set (RFC 7517)."""

    def __init__(self, keys: Mapping[str, VerificationKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Iterable[Mapping[str, Any]]]) -> StaticKeys:
        """The RSA signing keys of a key set. Raises as `key_set` does."""
        return cls(key_set(jwks, {}))

    def key(self, kid: str) -> VerificationKey | None:
        """The key with this id, or None where there is none."""
        return self._keys.get(kid)

    @property
    def as_of(self) -> float | None:
        """Always, as nobody knows when they were made."""
        return 0.0 if self._keys else None

    async def look_for(self, kid: str) -> bool:
        """There are no other keys to be had."""
        return False

    async def open(self) -> None:
        """Nothing goes on in the background."""

    async def close(self) -> None:
        """Nothing is left open."""


def key_set(
    jwks: Mapping[str, Iterable[Mapping[str, Any]]], known: Mapping[str, VerificationKey]
) -> dict[str, VerificationKey]:
    """The RSA signing keys of a key set by their ids; those that are `known` already stay the same objects.

    Keys of other types or uses, and keys without a `kid`, are passed over, as RFC 7517 section 5 asks. Raises
    joserfc.errors.JoseError or ValueError for an RSA key that is broken.
    """
    found = {}
    for each in jwks.get("keys", ()):
        kid = each.get("kid")
        if kid and each.get("kty") == "RSA" and each.get("use", "sig") == "sig":
            made = VerificationKey(_public_key(each), _issuer(each))
            before = known.get(str(kid))
            found[str(kid)] = before if before is not None and _same(before, made) else made
    return found


def _public_key(jwk: Mapping[str, Any]) -> RSAKey:
    # Only these members count: Entra adds others (`x5c`, ...), and a private part has no business here.
    return RSAKey.import_key({"kty": "RSA", "n": str(jwk.get("n", "")), "e": str(jwk.get("e", ""))})


def _issuer(jwk: Mapping[str, Any]) -> str | None:
    issuer = jwk.get("issuer")
    return None if issuer is None else str(issuer)


def _same(one: VerificationKey, other: VerificationKey) -> bool:
    return one.issuer == other.issuer and one.rsa.as_dict(private=False) == other.rsa.as_dict(private=False)
