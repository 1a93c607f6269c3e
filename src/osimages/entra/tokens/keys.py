"""Public keys for verifying tokens: the interface of their sources, and key sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public RSA key, and the issuer whose tokens it may sign, where the key set says so.

    Entra writes `{tenantid}` in an issuer that stands for every tenant.
    """

    rsa: RSAKey
    issuer: str | None = None

    def signs_for(self, tenant: str, issuers: Iterable[str]) -> bool:
        """Return whether tokens of that tenant, which has these issuers, may be signed with this key.

        Entra's own library has the same rule: a key that is bound to the issuer of personal accounts, or of one tenant,
        is good for no other.
        https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer
        """
        return self.issuer is None or self.issuer.replace("{tenantid}", tenant) in issuers


class KeySource(ABC):
    """Finds the public key that a token names in its `kid` header."""

    @abstractmethod
    def key(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None where the source holds none.

        It answers at once, from what the source holds, and with the same object as long as the key stays the same.
        Raises KeysUnavailableError while the source has no keys at all.
        """

    @property
    @abstractmethod
    def as_of(self) -> float | None:
        """When the keys were made, fetched or written to their file, in seconds since 1970; None if there are none."""

    async def look_for(self, kid: str) -> bool:
        """Fetch keys anew if that may find this one; return whether it is there now."""
        return False

    async def open(self) -> None:  # noqa: B027 (optional)
        """Prepare for the first request. Called once."""

    async def close(self) -> None:  # noqa: B027 (optional)
        """End background tasks. Called once after the last request."""


class StaticKeys(KeySource):
    """Keys that never change."""

    def __init__(self, keys: Mapping[str, VerificationKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Iterable[Mapping[str, Any]]]) -> StaticKeys:
        """Return the RSA signing keys of a key set. Raises as `key_set` does."""
        return cls(key_set(jwks, {}))

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None where there is none."""
        return self._keys.get(kid)

    @property
    def as_of(self) -> float | None:
        """1970, as nobody knows when they were made."""
        return 0.0 if self._keys else None


def key_set(
    jwks: Mapping[str, Iterable[Mapping[str, Any]]], known: Mapping[str, VerificationKey]
) -> dict[str, VerificationKey]:
    """Return the RSA signing keys of a key set by their ids; those that are `known` already stay the same objects.

    Keys of other types or uses, and keys without a `kid`, are passed over, as RFC 7517 section 5 asks. Raises
    joserfc.errors.JoseError or ValueError for an RSA key that is broken.
    """
    found = {}
    for each in jwks.get("keys", ()):
        kid = each.get("kid")
        if kid and each.get("kty") == "RSA" and each.get("use", "sig") == "sig":
            issuer = each.get("issuer")
            # Only these members count: Entra adds others (`x5c`, ...), and a private part has no business here.
            rsa = RSAKey.import_key({"kty": "RSA", "n": str(each.get("n", "")), "e": str(each.get("e", ""))})
            made = VerificationKey(rsa, None if issuer is None else str(issuer))
            before = known.get(str(kid))
            found[str(kid)] = before if before is not None and _same(before, made) else made
    return found


def _same(one: VerificationKey, other: VerificationKey) -> bool:
    return one.issuer == other.issuer and one.rsa.as_dict(private=False) == other.rsa.as_dict(private=False)
