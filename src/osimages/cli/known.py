"""What the commands about the authority read: its files in the data directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from osimages.cli.options import settings_from
from osimages.entra import Directory, UnusableError
from osimages.entra.emulator.default_directory import EVERY_PERMISSION
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.scopes import permission_problem


def folder_of(data_dir: str | None) -> Path:
    """The data directory that a flag, the environment or the default names."""
    return settings_from({"data_dir": data_dir}).data_path


def known_in(folder: Path) -> Directory:
    """The applications and users of a data directory. Raises ClickException."""
    with complaints():
        return DirectoryFile(folder).load()


def check_permissions(names: Iterable[str], *, of_graph: bool) -> None:
    """Refuses names that can be no permissions, or are misspelt: nothing would ever ask for them.

    Raises ClickException.
    """
    for name in names:
        if (problem := permission_problem(name, of_graph=of_graph)) is not None:
            known = " or ".join(EVERY_PERMISSION)
            raise click.ClickException(f"{problem[0].upper()}{problem[1:]}. This API asks for {known}.")


@contextmanager
def complaints() -> Iterator[None]:
    """Makes files that cannot be used an error that a person can read."""
    try:
        yield
    except (UnusableError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be used: {error.strerror}.") from None
