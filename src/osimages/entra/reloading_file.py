"""Values that are read from files, and read again when the files change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

Value = TypeVar("Value")
_log = structlog.get_logger()


class ReloadingFile(Generic[Value]):
    """The value of some files, by `load`, which is called again when one of them changes.

    They are looked at every `seconds`, measured by `now`. If they cannot be used any more, which `load` reports by one
    of `errors`, the last value stays in use and a warning is logged. Raises what `load` raises at first.
    """

    def __init__(
        self,
        files: Sequence[Path],
        load: Callable[[], Value],
        errors: tuple[type[Exception], ...],
        seconds: float = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._load = load
        self._errors = errors
        self._seconds = seconds
        self._now = now
        self._next_check = now() + seconds
        # From before the files are read, so that a change in between is seen the next time.
        self._states = self._current_states()
        self._value = load()

    def current(self) -> Value:
        """Return the value, read again if a file has changed."""
        now = self._now()
        if now < self._next_check:
            return self._value
        self._next_check = now + self._seconds
        states = self._current_states()
        if states != self._states:
            self._states = states
            try:
                self._value = self._load()
            except self._errors as error:
                _log.warning("file not read again", file=str(self._files[0]), reason=str(error))
        return self._value

    def _current_states(self) -> tuple[object, ...]:
        return tuple(map(_state, self._files))


def _state(path: Path) -> object:
    """Return what distinguishes one state of a file from another without reading it; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
