"""Keeps what sources answered on disk: they are asked whether it changed, and what they said outlives them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from osimages.entra.emulator.private_files import private_directory


class Entry(msgspec.Struct, frozen=True):
    """An answer, with what its server needs to tell whether it changed, and when it was last known to be good."""

    url: str
    content: bytes
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


class _About(msgspec.Struct, frozen=True):
    url: str
    fetched_at: datetime
    etag: str
    last_modified: str
    digest: str


class Cache:
    """A folder with two files for each answer: its content, and what is known about it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str, accept: str) -> Entry | None:
        """The answer that was kept; None where there is none, or its files do not belong together."""
        name = _name(url, accept)
        try:
            about = msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=_About)
            content = (self._folder / f"{name}.body").read_bytes()
        except (OSError, msgspec.DecodeError):
            return None
        if about.digest != sha256(content).hexdigest() or about.url != url:
            return None
        return Entry(url, content, about.fetched_at, about.etag, about.last_modified)

    def keep(self, entry: Entry, accept: str) -> None:
        """Keeps an answer in the place of an older one. Raises OSError."""
        for each in (self._folder.parent, self._folder):  # the first may be the data directory, which holds keys later
            private_directory(each)
        name, digest = _name(entry.url, accept), sha256(entry.content).hexdigest()
        about = _About(entry.url, entry.fetched_at, entry.etag, entry.last_modified, digest)
        _write(self._folder / f"{name}.body", entry.content)
        _write(self._folder / f"{name}.json", msgspec.json.encode(about))


def _name(url: str, accept: str) -> str:
    return sha256(f"{accept}\n{url}".encode()).hexdigest()[:40]


def _write(file: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
