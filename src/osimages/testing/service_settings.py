"""Settings of a service as arguments of Python code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from osimages.settings import ENVIRONMENT_PREFIX, Settings, SettingsError, resolve


def settings_of(data_dir: Path, given: Mapping[str, object]) -> Settings:
    """The settings of a service; variables of the environment have no effect.

    Raises SettingsError for an unknown name and for a value that does not fit.
    """
    known = {each.name for each in fields(Settings)}
    if unknown := sorted(given.keys() - known):
        raise SettingsError(f"there is no setting '{unknown[0]}': `osimages config show` lists all")
    return resolve({**given, "data_dir": str(data_dir)}, {}).settings


def variables_of(given: Mapping[str, object]) -> dict[str, str]:
    """The same as variables of the environment of another process."""
    return {
        f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }
