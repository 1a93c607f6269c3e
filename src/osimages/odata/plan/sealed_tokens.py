"""Opaque tokens: what the service gives a client to bring back, sealed against change and bound to its purpose.

The seal keeps a client from editing a token by accident, and one tenant's from being used for another; what a token
holds is no secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar

import msgspec

_SEAL_BYTES = 16
Held = TypeVar("Held")


class SealError(Exception):
    """A token that was not made here, for this purpose, as it is now."""


class Seal:
    """Makes and reads tokens with a secret that all workers share."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, held: msgspec.Struct, *purpose: str) -> str:
        """The token that holds a value; it is good for that purpose alone."""
        payload = msgspec.msgpack.encode(held)
        return base64.urlsafe_b64encode(self._sealed(payload, purpose) + payload).decode().rstrip("=")

    def read(self, token: str, held: type[Held], *purpose: str) -> Held:
        """The value that a token holds. Raises SealError."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise SealError from None
        seal, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._sealed(payload, purpose)):
            raise SealError
        try:
            return msgspec.msgpack.decode(payload, type=held)
        except msgspec.DecodeError:  # sealed with the same secret by a release that laid it out otherwise
            raise SealError from None

    def _sealed(self, payload: bytes, purpose: tuple[str, ...]) -> bytes:
        message = b"\0".join((*(each.encode() for each in purpose), payload))
        return hmac.digest(self._secret, message, hashlib.sha256)[:_SEAL_BYTES]
