"""Creates files and folders for their owner alone, and writes so that no process reads half a file or two disagree."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


class UnusableError(Exception):
    """A file of the emulator cannot be used, or says what cannot be; the text says which, where, and what to do."""


def private_directory(path: Path) -> None:
    """Create a directory for its owner alone (0700) where there is none, below others with the usual modes.

    Windows has no such modes before Python 3.12.4; there, the user data folder is the user's alone anyway.
    Raises OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_private(path: Path) -> None:
    """Create an empty file for its owner alone (0600) where there is none. Raises OSError.

    One that exists is not even opened: closing it would take away the locks that SQLite has on it in this process.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def open_to_others(paths: Iterable[Path]) -> list[tuple[Path, int]]:
    """Return those of the files and folders that others than their owner may use, with their modes.

    Empty on systems without such modes.
    """
    found = []
    for path in paths if os.name == "posix" else ():
        with contextlib.suppress(OSError):
            mode = path.stat().st_mode & 0o777
            if mode & 0o077:
                found.append((path, mode))
    return found


def read_or_create(path: Path, content: Callable[[], bytes]) -> bytes:
    """Return the bytes of a file; if it does not exist, create it with those of `content`.

    Of several processes that create it at once, one wins, and all return the winner's bytes. Raises OSError.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        private_directory(path.parent)
    made = content()
    try:
        _create(path, made)
    except FileExistsError:
        return path.read_bytes()
    return made


def replace(path: Path, content: bytes, *, public: bool) -> None:
    """Write a file, in place of an older one where there is one; `public`: others may read it. Raises OSError."""
    private_directory(path.parent)
    temporary = _temporary(path, content)
    try:
        if public:
            temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _create(path: Path, content: bytes) -> None:
    """Create a file with its content in one step. Raises FileExistsError where another has the name."""
    temporary = _temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems (FAT, network shares) have no hard links. There still only one process creates the file,
        # but one that reads it in the very moment of writing finds it short.
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path, content: bytes) -> Path:
    # mkstemp opens the file for its owner only (0600), where the system knows such modes.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
