"""The keys of the development authority in this server, which may be rotated by a command beside it."""

from __future__ import annotations

import time
from collections.abc import Callable

from osimages.entra.emulator.reloading_files import KeyRing
from osimages.entra.tokens.keys import VerificationKey, key_set

# How long it may go unnoticed that an old key has expired. A new one is looked for when the first token names it.
_LOOK_SECONDS = 1.0


class IssuedKeys:
    """A KeySource for tokens that this server, or a command in its data directory, has signed."""

    def __init__(self, ring: KeyRing, now: Callable[[], float] = time.monotonic) -> None:
        self._ring = ring
        self._now = now
        self._seen = ring.current()
        self._keys = key_set(self._seen.public_jwks(), {})
        self._look_at = now() + _LOOK_SECONDS

    def key(self, kid: str) -> VerificationKey | None:
        """The key with this id, as long as something that it signed may be valid."""
        if self._now() >= self._look_at:
            self._look()
        return self._keys.get(kid)

    @property
    def as_of(self) -> float | None:
        """When the key that signs was made, in seconds since 1970."""
        return self._ring.made_at

    async def look_for(self, kid: str) -> bool:
        """Whether the files have a key of this id by now."""
        self._look()
        return kid in self._keys

    async def open(self) -> None:
        """Nothing goes on in the background."""

    async def close(self) -> None:
        """Nothing is left open."""

    def _look(self) -> None:
        self._look_at = self._now() + _LOOK_SECONDS
        current = self._ring.current()
        if current is not self._seen:
            self._seen, self._keys = current, key_set(current.public_jwks(), self._keys)
