"""Writes key and certificate files so that no process ever reads half a file, or two disagree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class UnusableError(Exception):
    """A file of the authority cannot be used, or says what cannot be; the text says which, where, and what to do."""


# When a file was last replaced or changed, as far as its system tells; None: it is not there.
Stamp = tuple[int, int, int] | None


def stamp_of(path: Path) -> Stamp:
    """What tells one state of a file from another without reading it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_or_create(path: Path, content: Callable[[], bytes]) -> bytes:
    """The bytes of a file; where it does not exist, `content` makes them.

    Of several processes that create it at once, one wins, and all return the winner's bytes. Raises OSError.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    made = content()
    try:
        _create(path, made)
    except FileExistsError:
        return path.read_bytes()
    return made


def replace(path: Path, content: bytes, *, public: bool) -> None:
    """Writes a file, in place of an older one where there is one; `public`: others may read it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path, content)
    try:
        if public:
            temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _create(path: Path, content: bytes) -> None:
    """Gives a new file its name and content in one step. Raises FileExistsError where another has the name."""
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
