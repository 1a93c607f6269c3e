"""Test programs against the service: in this process or as a real server, each test with a tenant of its own.

`InProcess` runs the whole application in the test's process, without a socket, and is ready in milliseconds;
`ServerProcess` is `osimages serve` on a free port. Both have tenants: `Tenant` has clients, tokens, and methods that
put its state in order. The fixtures of the pytest plugin are in `osimages.testing.plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osimages.testing.emulator import Emulator
    from osimages.testing.in_process import InProcess
    from osimages.testing.server_process import ServerProcess
    from osimages.testing.tenant import Tenant, read_seed

__all__ = ["Emulator", "InProcess", "ServerProcess", "Tenant", "read_seed"]

_MODULES = {
    "Emulator": "emulator",
    "InProcess": "in_process",
    "ServerProcess": "server_process",
    "Tenant": "tenant",
    "read_seed": "tenant",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: pytest imports this package in every run, whatever is tested."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
