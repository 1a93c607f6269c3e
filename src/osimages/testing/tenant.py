"""One tenant of an emulator, as a test uses it: tokens, and clients that send them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, EVERY_PERMISSION
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint

IMAGES_PATH = "/beta/deviceManagement/managedDeviceWindowsOSImages"


class Host(Protocol):
    """The running service that a tenant belongs to."""

    url: str
    data_dir: Path

    def client(self, **options: Any) -> httpx.Client:
        """Return a client without a token."""

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an asynchronous client without a token."""


class Tenant:
    """A tenant: `id` is its GUID, `client` a synchronous client with a token for everything.

    The service creates a tenant with its first request.
    """

    def __init__(self, emulator: Host, identity: str) -> None:
        self.emulator = emulator
        self.id = identity
        self._opened = ExitStack()
        self._client: httpx.Client | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return self.emulator.url

    @property
    def images_url(self) -> str:
        """The address of the tenant's images."""
        return f"{self.url}{IMAGES_PATH}"

    def token(
        self,
        *,
        permissions: Collection[str] = EVERY_PERMISSION,
        user: str | bool = False,
        application: str = DEFAULT_APPLICATION,
        expires_in: int = 3600,
    ) -> str:
        """Return an access token of the tenant, which lives for `expires_in` seconds (zero or less: it has expired).

        It is an application's token, unless `user` is True (the default user) or a user principal name. Raises
        LookupError for an unknown user.
        """
        folder = self.emulator.data_dir
        directory = DirectoryFile(folder).load()
        person = directory.user_named(user, self.id) if isinstance(user, str) else None
        if isinstance(user, str) and person is None:
            raise LookupError(f"there is no user '{user}' in tenant {self.id}")
        return mint(
            SigningKeys.load_or_create(folder),
            tenant=self.id,
            application=application,
            permissions=permissions,
            user=bool(user),
            expires_in=expires_in,
            now=datetime.now(UTC),
            directory=directory,
            person=person,
        )

    @property
    def client(self) -> httpx.Client:
        """The tenant's own client, with a token for everything."""
        if self._client is None:
            self._client = self._opened.enter_context(self.new_client())
        return self._client

    def new_client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """Return another client: with that token, and with `options` of `httpx.Client`. Close it, or use `with`."""
        return self.emulator.client(headers=self._headers(token, options), **options)

    def new_async_client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """The same as an asynchronous client, for any event loop."""
        return self.emulator.async_client(headers=self._headers(token, options), **options)

    def close(self) -> None:
        """Close the tenant's own client."""
        self._opened.close()
        self._client = None

    def _headers(self, token: str | None, options: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.token()}", **options.pop("headers", {})}
