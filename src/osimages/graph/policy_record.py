"""The file that says what a run replaces in compliance policies: written before anything is sent, read to restore."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from osimages.graph.policies import MINIMUM, RANGES

_KIND: Literal["osimages policy record"] = "osimages policy record"
# Nothing else is sent, whatever a file says.
_SETTINGS: dict[str, tuple[type, ...]] = {RANGES: (list,), MINIMUM: (str, type(None))}
_MOST_BYTES = 64 * 1024 * 1024


class RecordError(Exception):
    """A record cannot be written or read; the text says which, why, and what to do."""


class RecordedPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """A policy that a run changes: the settings that it had, and those that it gets.

    `before` is None for a policy that the run creates; it has no id until then.
    """

    name: str
    after: dict[str, Any]
    id: str | None = None
    version: int | None = None
    before: dict[str, Any] | None = None


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """A run: when, in which tenant of which server, and what it replaces. `tenant` is None where the token hides it."""

    written: datetime
    graph_url: str
    tenant: str | None
    policies: tuple[RecordedPolicy, ...]
    kind: Literal["osimages policy record"] = _KIND
    version: Literal[1] = 1


def write_record(path: Path, record: Record) -> None:
    """Write a new file for its owner alone (0600) and wait until it is on the disk. Raises RecordError.

    Nothing is overwritten: another run's record may be the only copy of what it replaced.
    """
    content = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"{path.parent} cannot be created: {error.strerror}; nothing was sent") from None
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
    except FileExistsError:
        raise RecordError(f"{path} exists already and is not overwritten: name another file with --record") from None
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror}; nothing was sent") from None


def read_record(path: Path) -> Record:
    """Return the record in a file. Raises RecordError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RecordError(f"{path} is larger than {_MOST_BYTES // 1024 // 1024} MB and no record of policy apply")
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    try:
        record = msgspec.json.decode(content, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{path} is no record of policy apply: {error}") from None
    for each in record.policies:
        for name, value in {**each.after, **(each.before or {})}.items():
            if _SETTINGS.get(name) is None or not isinstance(value, _SETTINGS[name]):
                raise RecordError(f"{path} is no record of policy apply: {each.name!r} has another setting, {name!r}")
    return record


def _sync_directory(path: Path) -> None:
    """Wait until the name of a new file is on the disk, where the system can do that for a directory."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # some file systems cannot
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
