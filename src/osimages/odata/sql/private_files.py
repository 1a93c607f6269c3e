"""Creates database files, and the directories they lie in, for their owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def private_directory(path: Path) -> None:
    """Create a directory for its owner alone (0700) where there is none, below others with the usual modes.

    Windows has no such modes before Python 3.12.4; there, the user data folder is the user's alone anyway.
    Raises OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_private(path: Path) -> None:
    """Create an empty file for its owner alone (0600) where there is none. Raises OSError.

    An existing file is not opened: closing it would release the locks that SQLite has on it in this process.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
