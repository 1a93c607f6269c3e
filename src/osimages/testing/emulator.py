"""What tests can do with a running service, wherever it runs."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import httpx

from osimages.testing.tenant import Tenant

# A test fails for what is wrong, not for how busy its machine is.
_TIMEOUT_SECONDS = 60.0


class Emulator(ABC):
    """A running service: `url` is its address, `data_dir` the folder of its keys and certificates."""

    url: str
    data_dir: Path

    @abstractmethod
    def client(self, **options: Any) -> httpx.Client:
        """Return a client without a token, with `options` of `httpx.Client`. Paths are relative to the address."""

    @abstractmethod
    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return the transport of an asynchronous client, for any event loop."""

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an asynchronous client without a token, for any event loop, with `options` of `httpx.AsyncClient`."""
        return httpx.AsyncClient(transport=self.async_transport(), **self._options(options))

    def variables(self) -> dict[str, str]:
        """Variables of the environment with which programs find the service and trust its certificate."""
        return {}

    @abstractmethod
    def close(self) -> None:
        """End the service."""

    def tenant(self, identity: str | None = None) -> Tenant:
        """Return a tenant: a new one, or the one with that id (a GUID). Close it, or leave that to its emulator."""
        return Tenant(self, str(uuid.UUID(identity)) if identity else str(uuid.uuid4()))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        # Proxies of the environment have nothing to do with a server on this machine.
        return {"base_url": self.url, "timeout": _TIMEOUT_SECONDS, "trust_env": False, **options}
