"""The file of the directory, which is read and changed as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from osimages.entra.emulator.default_directory import DEFAULT_DIRECTORY
from osimages.entra.emulator.directory import Directory, decoded, encoded
from osimages.entra.emulator.private_files import UnusableError, replace

FILE_NAME = "authority.json"


class DirectoryFile:
    """The applications and users in a data directory; the default directory, as long as there is no file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def load(self) -> Directory:
        """Return the content of the file. Raises UnusableError."""
        try:
            return decoded(self.path.read_bytes())
        except FileNotFoundError:
            return DEFAULT_DIRECTORY
        except OSError as error:
            raise UnusableError(f"{self.path} cannot be read: {error.strerror}.") from None
        except UnusableError as error:
            raise UnusableError(f"{self.path}: {error} Correct it, or move it away for the defaults.") from None

    def change(self, change: Callable[[Directory], Directory]) -> Directory:
        """Write what `change` makes of the directory. Raises OSError, UnusableError (also for the result).

        Of two processes that change it at once the later one wins: callers hold `EmulatorState.transaction`.
        """
        changed = change(self.load())
        content = encoded(changed)
        decoded(content)
        replace(self.path, content, public=False)
        return changed
