"""What the commands about the authority change, one command at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from osimages.cli.known import complaints, folder_of
from osimages.entra import Directory
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.shared_state import EmulatorState


def changed(data_dir: str | None, change: Callable[[Directory], Directory]) -> None:
    """Changes applications and users while nobody else does. Raises ClickException."""
    folder = folder_of(data_dir)
    with complaints(), state_of(folder) as state, state.transaction():
        DirectoryFile(folder).change(change)


@contextmanager
def state_of(folder: Path) -> Iterator[EmulatorState]:
    """What the authority of a data directory remembers, closed afterwards. Raises UnusableError."""
    state = EmulatorState(folder)
    try:
        yield state
    finally:
        state.close()
