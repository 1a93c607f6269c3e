"""The signing keys of a data directory as a running server uses them: reloaded when a command rotates them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from osimages.entra.emulator.private_files import Stamp, stamp_of
from osimages.entra.emulator.signing_keys import FILE_NAME, RETIRED_FILE_NAME, SigningKeys
from osimages.entra.tokens.keys import KeySource, VerificationKey, key_set

# How long it may go unnoticed that an old key has expired. A new one is looked for when the first token names it.
_CHECK_SECONDS = 1.0
_log = structlog.get_logger()


class KeyRing(KeySource):
    """Signs with the current keys, and verifies what they, or a command in the same data directory, have signed.

    `now` gives the time of tokens; `monotonic` measures seconds. Raises OSError, ValueError if the files cannot be used
    at first.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._files = (folder / FILE_NAME, folder / RETIRED_FILE_NAME)
        self._folder = folder
        self._now = now
        self._monotonic = monotonic
        self._stamps: tuple[Stamp, ...] = ()
        self._made_at = 0.0
        self._keys = self._load()
        self._published = self._keys
        self._public = key_set(self._keys.public_jwks(), {})
        self._check_at = monotonic() + _CHECK_SECONDS

    def current(self) -> SigningKeys:
        """Return all keys that are good now: the same object, as long as they are the same keys.

        If the files cannot be used any more, these are the last keys that could be read.
        """
        if tuple(map(stamp_of, self._files)) != self._stamps:
            try:
                self._keys = self._load()
            except (OSError, ValueError) as error:
                _log.error("the emulator keeps its last usable keys", reason=str(error))
        good = self._keys.without_expired(self._now().timestamp())
        if len(good.retired) != len(self._keys.retired):
            self._keys = good
        return self._keys

    def key(self, kid: str) -> VerificationKey | None:
        """Return the public key with this id, as long as something that it signed may be valid."""
        if self._monotonic() >= self._check_at:
            self._check()
        return self._public.get(kid)

    @property
    def as_of(self) -> float | None:
        """When the key that signs was made, in seconds since 1970."""
        return self._made_at

    async def look_for(self, kid: str) -> bool:
        """Return whether the files have a key of this id now."""
        self._check()
        return kid in self._public

    def _check(self) -> None:
        self._check_at = self._monotonic() + _CHECK_SECONDS
        current = self.current()
        if current is not self._published:
            self._published, self._public = current, key_set(current.public_jwks(), self._public)

    def _load(self) -> SigningKeys:
        # Before they are read, so that a change in between is seen the next time.
        self._stamps = tuple(map(stamp_of, self._files))
        keys = SigningKeys.load_or_create(self._folder)
        self._made_at = self._files[0].stat().st_mtime
        return keys
