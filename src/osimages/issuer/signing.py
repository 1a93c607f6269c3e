"""The development authority's signing key: kept in a file, made when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from osimages.issuer.files import read_or_create

FILE_NAME = "signing-key.pem"


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private key (RSA, 2048 bits) that development tokens are signed with, and its id."""

    key: RSAKey
    kid: str

    @classmethod
    def load_or_create(cls, directory: Path) -> SigningKeys:
        """The key in `directory`, a PKCS#8 PEM file that only its owner can read; made where there is none.

        Raises OSError where the file cannot be read or written, ValueError where it holds no RSA key.
        """
        file = directory / FILE_NAME
        content = read_or_create(file, _new_key)
        try:
            key = RSAKey.import_key(content)
        except (JoseError, ValueError):
            raise ValueError(f"{file} holds no RSA key. Move it away for a new one.") from None
        if not key.is_private:
            raise ValueError(f"{file} holds no private key. Move it away for a new one.")
        # An id that follows from the key (RFC 7638) needs no place of its own and changes when the key does.
        return cls(key, key.thumbprint())

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The JSON Web Key Set (RFC 7517) with the public half of the key."""
        return {"keys": [{**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "RS256"}]}


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
