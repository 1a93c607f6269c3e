"""Test programs against the service: in this process or as a real server, each test with a tenant of its own.

`InProcess` runs the whole application in the test's process, without a socket, and is ready in milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osimages.testing.emulator import Emulator
    from osimages.testing.in_process import InProcess
    from osimages.testing.tenant import Tenant

__all__ = ["Emulator", "InProcess", "Tenant"]

_MODULES = {"Emulator": "emulator", "InProcess": "in_process", "Tenant": "tenant"}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: pytest imports this package in every run, whatever is tested."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
