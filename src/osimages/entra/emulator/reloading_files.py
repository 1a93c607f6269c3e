"""What a running server knows from files that commands and people change: it looks whether they have, every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from osimages.entra.emulator.directory import Directory
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.private_files import Stamp, UnusableError, stamp_of
from osimages.entra.emulator.signing_keys import FILE_NAME, RETIRED_FILE_NAME, SigningKeys

_log = structlog.get_logger()


class KnownDirectory:
    """The applications and users of a data directory as they are now. Raises UnusableError for a file that is wrong."""

    def __init__(self, folder: Path) -> None:
        self._file = DirectoryFile(folder)
        self._stamp: Stamp = None
        self._known = self._load()

    def current(self) -> Directory:
        """What the file says, or said when it could last be understood: an edit that went wrong breaks no server."""
        if stamp_of(self._file.path) != self._stamp:
            try:
                self._known = self._load()
            except UnusableError as error:
                _log.error("the authority goes on with what it knew", reason=str(error))
        return self._known

    def _load(self) -> Directory:
        # Before it is read, so that a change in between is seen the next time.
        self._stamp = stamp_of(self._file.path)
        return self._file.load()


class KeyRing:
    """The keys of a data directory as they are now: read again when the files have changed.

    Raises OSError, ValueError where the files cannot be used at first.
    """

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self._files = (directory / FILE_NAME, directory / RETIRED_FILE_NAME)
        self._directory = directory
        self._now = now
        self._stamps: tuple[Stamp, ...] = ()
        self.made_at = 0.0
        self._keys = self._load()

    def current(self) -> SigningKeys:
        """All keys that are good now: the same object, as long as they are the same keys.

        Where the files have become something else, those that it knew.
        """
        if tuple(map(stamp_of, self._files)) != self._stamps:
            try:
                self._keys = self._load()
            except (OSError, ValueError) as error:
                _log.error("the authority goes on with the keys it knew", reason=str(error))
        good = self._keys.without_expired(self._now().timestamp())
        if len(good.retired) != len(self._keys.retired):
            self._keys = good
        return self._keys

    def _load(self) -> SigningKeys:
        # Before they are read, so that a change in between is seen the next time.
        self._stamps = tuple(map(stamp_of, self._files))
        keys = SigningKeys.load_or_create(self._directory)
        self.made_at = self._files[0].stat().st_mtime
        return keys
