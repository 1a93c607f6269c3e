"""The applications and users of a data directory as a running server uses them: reloaded when the file changes."""

from __future__ import annotations

from pathlib import Path

import structlog

from osimages.entra.emulator.directory import Directory
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.private_files import Stamp, UnusableError, stamp_of

_log = structlog.get_logger()


class ReloadingDirectory:
    """Reads the directory file again when it has changed. Raises UnusableError if it is wrong at first."""

    def __init__(self, folder: Path) -> None:
        self._file = DirectoryFile(folder)
        self._stamp: Stamp = None
        self._last = self._load()

    def current(self) -> Directory:
        """Return the directory; if an edit broke the file, the last one that could be read."""
        if stamp_of(self._file.path) != self._stamp:
            try:
                self._last = self._load()
            except UnusableError as error:
                _log.error("the emulator keeps its last usable directory", reason=str(error))
        return self._last

    def _load(self) -> Directory:
        # Before it is read, so that a change in between is seen the next time.
        self._stamp = stamp_of(self._file.path)
        return self._file.load()
