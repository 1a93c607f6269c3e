"""A key source for sites without internet access: a JSON Web Key Set in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog
from joserfc.errors import JoseError

from osimages.entra.tokens.keys import KeySource, VerificationKey, key_set

_log = structlog.get_logger()
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
        self._now = now
        self._keys: dict[str, VerificationKey] = {}
        self._seen, self._keys = self._read()
        self._check_at = now() + _CHECK_SECONDS

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key with this id."""
        if self._now() >= self._check_at:
            self._check()
        return self._keys.get(kid)

    @property
    def as_of(self) -> float | None:
        """When the file was written, in seconds since 1970."""
        return self._seen[0] / 1e9

    def _check(self) -> None:
        self._check_at = self._now() + _CHECK_SECONDS
        try:
            if _mark(self._path) != self._seen:
                self._seen, self._keys = self._read()
                _log.info("keys read", file=str(self._path), keys=sorted(self._keys))
        except (KeyFileError, OSError) as error:
            _log.warning("keys not read", file=str(self._path), reason=str(error))

    def _read(self) -> tuple[tuple[int, int], dict[str, VerificationKey]]:
        try:
            mark = _mark(self._path)
            found = msgspec.json.decode(self._path.read_bytes(), type=dict[str, list[dict[str, Any]]])
            keys = key_set(found, self._keys)
        except OSError as error:
            raise KeyFileError(f"{self._path} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError, JoseError) as error:
            raise KeyFileError(f"{self._path} holds no JSON Web Key Set: {error}.") from None
        if not keys:
            raise KeyFileError(f"{self._path} holds no key that signs.")
        return mark, keys


def _mark(path: Path) -> tuple[int, int]:
    """Return a value that changes when the file does."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size
