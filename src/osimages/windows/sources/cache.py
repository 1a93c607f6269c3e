"""The cache of responses of sources on disk: it makes conditional requests possible, and outlives the sources."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A response with its validators (RFC 9110, section 8.8), and when it was last known to be current."""

    url: str
    content: bytes
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    url: str
    fetched_at: datetime
    etag: str
    last_modified: str
    digest: str


class Cache:
    """A folder with two files for each response: its content and its metadata."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str, accept: str) -> Entry | None:
        """Return the cached response; None where there is none, or its two files do not belong together."""
        name = _name(url, accept)
        try:
            metadata = msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=_Metadata)
            content = (self._folder / f"{name}.body").read_bytes()
        except (OSError, msgspec.DecodeError):
            return None
        if metadata.digest != sha256(content).hexdigest() or metadata.url != url:
            return None
        return Entry(url, content, metadata.fetched_at, metadata.etag, metadata.last_modified)

    def keep(self, entry: Entry, accept: str) -> None:
        """Store a response, replacing an older one. Raises OSError."""
        for each in (self._folder.parent, self._folder):
            # For the owner alone: the first may be the data directory, which holds keys later.
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        name, digest = _name(entry.url, accept), sha256(entry.content).hexdigest()
        metadata = _Metadata(entry.url, entry.fetched_at, entry.etag, entry.last_modified, digest)
        _write(self._folder / f"{name}.body", entry.content)
        _write(self._folder / f"{name}.json", msgspec.json.encode(metadata))


def _name(url: str, accept: str) -> str:
    return sha256(f"{accept}\n{url}".encode()).hexdigest()[:40]


def _write(file: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
