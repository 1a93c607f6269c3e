"""A key source for sites without internet access: a JSON Web Key Set in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from joserfc.errors import JoseError

from osimages.entra.reloading_file import ReloadingFile
from osimages.entra.tokens.keys import KeySource, VerificationKey, key_set

# How long a change of the file may go unnoticed.
_CHECK_SECONDS = 1.0


class KeyFileError(Exception):
    """The file of keys cannot be used; the text says why."""


class KeyFile(KeySource):
    """Reads a file, and reads it again when it changes.

    If the file cannot be read any more, the keys from before stay in use and a warning is logged. Raises KeyFileError
    if it cannot be read at first.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._known: dict[str, VerificationKey] = {}
        self._written = 0.0
        self._keys = ReloadingFile((path,), self._read, (KeyFileError,), _CHECK_SECONDS, now)

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key with this id."""
        return self._keys.current().get(kid)

    @property
    def as_of(self) -> float | None:
        """When the file was written, in seconds since 1970."""
        return self._written

    def _read(self) -> dict[str, VerificationKey]:
        try:
            written = self._path.stat().st_mtime
            found = msgspec.json.decode(self._path.read_bytes(), type=dict[str, list[dict[str, Any]]])
            keys = key_set(found, self._known)
        except OSError as error:
            raise KeyFileError(f"{self._path} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError, JoseError) as error:
            raise KeyFileError(f"{self._path} holds no JSON Web Key Set: {error}.") from None
        if not keys:
            raise KeyFileError(f"{self._path} holds no key that signs.")
        self._known, self._written = keys, written
        return keys
