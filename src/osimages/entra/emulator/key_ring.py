"""The signing keys of a running emulator, read again when a command rotates them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from osimages.entra.emulator.signing_keys import FILE_NAME, RETIRED_FILE_NAME, SigningKeys
from osimages.entra.reloading_file import ReloadingFile
from osimages.entra.tokens.keys import KeySource, VerificationKey, key_set

# How long it may go unnoticed that an old key has expired. A new one is looked for when the first token names it.
_CHECK_SECONDS = 1.0


class KeyRing(KeySource):
    """The keys of a folder as a running server uses them, read again when a command rotates them: `current()` signs,
    and `key()` verifies what was signed.

    `now` gives the time of tokens; `monotonic` measures seconds. Raises OSError, ValueError if the files cannot be used
    at first.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = folder / FILE_NAME
        files = (self._file, folder / RETIRED_FILE_NAME)
        self._keys = ReloadingFile(files, partial(SigningKeys.load_or_create, folder), (OSError, ValueError))
        self._now = now
        self._monotonic = monotonic
        self._current = self._published = self._keys.current()
        self._public = key_set(self._published.public_jwks(), {})
        self._next_check = monotonic() + _CHECK_SECONDS

    def current(self) -> SigningKeys:
        """Return all keys that are good now: the same object, as long as they are the same keys."""
        good = self._keys.current().without_expired(self._now().timestamp())
        if good != self._current:
            self._current = good
        return self._current

    def key(self, kid: str) -> VerificationKey | None:
        """Return the public key with this id, as long as something that it signed may be valid."""
        if self._monotonic() >= self._next_check:
            self._check()
        return self._public.get(kid)

    @property
    def as_of(self) -> float | None:
        """When the key that signs was made, in seconds since 1970."""
        return self._file.stat().st_mtime

    async def look_for(self, kid: str) -> bool:
        """Return whether the files have a key of this id now."""
        self._check()
        return kid in self._public

    def _check(self) -> None:
        self._next_check = self._monotonic() + _CHECK_SECONDS
        current = self.current()
        if current is not self._published:
            self._published, self._public = current, key_set(current.public_jwks(), self._public)
