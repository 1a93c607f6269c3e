"""Where the public keys that tokens are signed with come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from joserfc.jwk import RSAKey


class KeySource(Protocol):
    """Finds the public key that a token names in its `kid` header.

    `key` answers at once from what the source holds: it is called on the event loop, so a source that fetches keys
    over the network refreshes what it holds apart from this call.
    """

    def key(self, kid: str) -> RSAKey | None:
        """The RSA public key with this key id, or None where the source holds none."""
        ...


class StaticKeys:
    """A fixed set of keys, from a JSON Web Key Set (RFC 7517)."""

    def __init__(self, keys: Mapping[str, RSAKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Iterable[Mapping[str, Any]]]) -> StaticKeys:
        """The RSA signing keys of a key set.

        Keys of other types or uses, and keys without a `kid`, are passed over, as RFC 7517 section 5 asks. Raises
        joserfc.errors.JoseError or ValueError for an RSA key that is broken.
        """
        found = (each for each in jwks.get("keys", ()) if each.get("kty") == "RSA" and each.get("use", "sig") == "sig")
        return cls({str(each["kid"]): _public_key(each) for each in found if each.get("kid")})

    def key(self, kid: str) -> RSAKey | None:
        """The RSA public key with this key id, or None where there is none."""
        return self._keys.get(kid)


def _public_key(jwk: Mapping[str, Any]) -> RSAKey:
    # Only these members count: Entra adds others (`issuer`, `x5c`, ...), and a private part has no business here.
    return RSAKey.import_key({"kty": "RSA", "n": str(jwk.get("n", "")), "e": str(jwk.get("e", ""))})
