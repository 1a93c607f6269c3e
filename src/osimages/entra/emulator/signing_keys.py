"""The emulator's signing keys: kept in files, made when first needed, rotated on request.

One key signs. Those that signed before it are kept, public halves only, until nothing that they signed can be valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import deserialize_compact

from osimages.entra.emulator.private_files import read_or_create, replace

FILE_NAME = "signing-key.pem"
RETIRED_FILE_NAME = "retired-keys.json"
_LONGEST_TOKEN = 32 * 1024


class RetiredKey(msgspec.Struct, frozen=True):
    """The public half of a key that signs no more; times are seconds since 1970."""

    kid: str
    n: str
    e: str
    retired: float
    good_until: float


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private key (RSA, 2048 bits) that development tokens are signed with, its id, and its predecessors."""

    key: RSAKey
    kid: str
    retired: tuple[RetiredKey, ...] = ()

    @classmethod
    def load_or_create(cls, directory: Path) -> SigningKeys:
        """Return the keys in `directory`, in files that only their owner can read; made where there are none.

        Raises OSError where a file cannot be read or written, ValueError where it holds something else.
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
        kid = key.thumbprint()
        # A rotation that was broken off has the key in both files.
        return cls(key, kid, tuple(each for each in _retired(directory) if each.kid != kid))

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the JSON Web Key Set (RFC 7517) with the public halves of all keys, the one that signs first."""
        own = {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "RS256"}
        older = ({"kty": "RSA", "n": each.n, "e": each.e, "kid": each.kid, "use": "sig"} for each in self.retired)
        return {"keys": [own, *({**each, "alg": "RS256"} for each in older)]}

    def verified(self, token: str) -> bytes:
        """Return the payload of a token that one of these keys has signed (RS256). Raises ValueError for others."""
        if len(token) > _LONGEST_TOKEN:
            raise ValueError("it is too long")
        keys = KeySet.import_key_set({"keys": self.public_jwks()["keys"]})
        try:
            return deserialize_compact(token, keys, algorithms=["RS256"]).payload
        except (JoseError, ValueError, RecursionError):
            raise ValueError("it is no token of this authority") from None

    def without_expired(self, now: float) -> SigningKeys:
        """Return the keys that something valid can be signed with."""
        return SigningKeys(self.key, self.kid, tuple(each for each in self.retired if now < each.good_until))


def rotate(directory: Path, now: datetime, good_until: float) -> SigningKeys:
    """Make a new key that signs from now on; the one before is retired and stays good until then (seconds since 1970).

    Expired keys are dropped. Callers hold `EmulatorState.transaction`. Raises OSError, ValueError.
    """
    old, moment = SigningKeys.load_or_create(directory), now.timestamp()
    public = old.key.as_dict(private=False)
    retired = RetiredKey(old.kid, str(public["n"]), str(public["e"]), moment, good_until)
    kept = (retired, *old.without_expired(moment).retired)
    # In this order no token is ever rejected: a reader in between finds the old key twice, not never.
    replace(directory / RETIRED_FILE_NAME, msgspec.json.format(msgspec.json.encode(kept), indent=2), public=False)
    replace(directory / FILE_NAME, _new_key(), public=False)
    return SigningKeys.load_or_create(directory)


def _retired(directory: Path) -> tuple[RetiredKey, ...]:
    file = directory / RETIRED_FILE_NAME
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[RetiredKey, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError:
        raise ValueError(
            f"{file} holds no list of keys. Move it away: tokens of older keys are rejected then."
        ) from None


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
