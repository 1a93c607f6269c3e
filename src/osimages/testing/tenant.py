"""One tenant of an emulator, as a test uses it: tokens, and clients that send them."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import httpx

from osimages.entra.emulator.default_directory import (
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    EVERY_PERMISSION,
    IDENTITY_HEADER,
)
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.managed_identity import TOKEN_PATH
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint

# Of the tokens that a client renews by itself, and how long before their end it does.
_LIFETIME_SECONDS, _EARLY_SECONDS = 3600, 300

IMAGES_PATH = "/beta/deviceManagement/managedDeviceWindowsOSImages"


class Host(Protocol):
    """The running service that a tenant belongs to."""

    url: str
    data_dir: Path

    def client(self, **options: Any) -> httpx.Client:
        """Return a client without a token."""

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an asynchronous client without a token."""

    def variables(self) -> dict[str, str]:
        """Return variables of the environment with which programs find the service."""


@dataclass(frozen=True)
class _Clock:
    """The tenant's own clock, as it was at a moment of real time."""

    id: str
    now: datetime
    frozen: bool
    since: datetime


@dataclass(frozen=True)
class _Token:
    """A token for everything, by which clock it was issued, and until when it is sent."""

    text: str
    clock: _Clock | None
    good_until: datetime


class _Renewing(httpx.Auth):
    """Sends a token of a tenant for everything, and a new one once the old one is not good at the tenant's time."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request, unless it has an Authorization header."""
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self._tenant.current_token()}"
        yield request


class Tenant:
    """A tenant: `id` is its GUID, `client` a synchronous client with a token for everything.

    The service creates a tenant with its first request.
    """

    def __init__(self, emulator: Host, identity: str) -> None:
        self.emulator = emulator
        self.id = identity
        self._opened = ExitStack()
        self._client: httpx.Client | None = None
        self._clock: _Clock | None = None
        self._token: _Token | None = None

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
            now=self.now(),
            directory=directory,
            person=person,
            clock="" if self._clock is None else self._clock.id,
        )

    def reset(self, to: str | None = None) -> dict[str, Any]:
        """Put the tenant back to its `seed`, its `catalogue`, or `empty`; by default to its seed, or the catalogue.

        It returns to real time, and has neither faults nor revocations nor a journal.
        """
        found = self._control("POST", "reset", {} if to is None else {"json": {"to": to}})
        self._clock = None
        return found

    def seed(self, seed: Mapping[str, Any] | Path | str) -> dict[str, Any]:
        """Give the tenant a seed (`images`, `users`, `applications`, `catalogue`), and put it into that state.

        A path names a JSON file. Raises OSError and ValueError for a file that cannot be used.
        """
        document = seed if isinstance(seed, Mapping) else read_seed(Path(seed))
        found = self._control("PUT", "seed", {"json": document})
        self._clock = None
        return found

    def forget_seed(self) -> None:
        """Remove the tenant's seed, with its users and applications."""
        self._control("DELETE", "seed")

    def freeze(self, moment: datetime | date | str | None = None) -> datetime:
        """Stop the tenant's clock at a moment (a day: at noon in Pacific Time), or where it is; return its time."""
        return self._set_clock({"frozen": True} if moment is None else {"now": _text(moment), "frozen": True})

    def travel(self, moment: datetime | date | str) -> datetime:
        """Set the tenant's clock to a moment, from which it goes on; return its time."""
        return self._set_clock({"now": _text(moment), "frozen": False})

    def forward(self, by: timedelta | float) -> datetime:
        """Move the tenant's clock forward, by seconds or a timedelta; return its time."""
        return self._set_clock({"forwardSeconds": by.total_seconds() if isinstance(by, timedelta) else by})

    def real_time(self) -> None:
        """Return the tenant to real time. This revokes the tokens that were issued by its own clock."""
        self._control("DELETE", "clock")
        self._clock = None

    def now(self) -> datetime:
        """The tenant's time."""
        if self._clock is None:
            return datetime.now(UTC)
        return self._clock.now + (timedelta() if self._clock.frozen else datetime.now(UTC) - self._clock.since)

    def requests(self, *, method: str = "", path: str = "", status: int | str = "") -> list[dict[str, Any]]:
        """The last requests of the tenant, oldest first; `path` is a pattern with `*`, `status` may be `4xx`."""
        filters = {"method": method, "path": path, "status": str(status)}
        given = {name: value for name, value in filters.items() if value}
        found: list[dict[str, Any]] = self._control("GET", "requests", {"params": given})["value"]
        return found

    def forget_requests(self) -> None:
        """Empty the journal of the tenant's requests."""
        self._control("DELETE", "requests")

    def fail(self, status: int | None = None, **rule: Any) -> dict[str, Any]:
        """Let requests of the tenant fail: the members of a fault are in docs/testing-failures.md (`count=2`)."""
        return self._control("POST", "faults", {"json": rule if status is None else {"status": status, **rule}})

    def stop_failing(self) -> None:
        """Remove all faults of the tenant."""
        self._control("DELETE", "faults")

    def revoke(self, **subject: str) -> dict[str, Any]:
        """Revoke tokens of the tenant: all, or those of a `user`, an `application` or one `token` (its id)."""
        return self._control("POST", "revocations", {"json": subject})

    def current_token(self) -> str:
        """Return a token for everything that is good at the tenant's time: the same one until it has almost expired."""
        if self._token is None or self._token.clock is not self._clock or self.now() >= self._token.good_until:
            good_until = self.now() + timedelta(seconds=_LIFETIME_SECONDS - _EARLY_SECONDS)
            self._token = _Token(self.token(expires_in=_LIFETIME_SECONDS), self._clock, good_until)
        return self._token.text

    @property
    def client(self) -> httpx.Client:
        """The tenant's own client, with a token for everything."""
        if self._client is None:
            self._client = self._opened.enter_context(self.new_client())
        return self._client

    def new_client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """Return another client: with that token, and with `options` of `httpx.Client`. Close it, or use `with`."""
        return self.emulator.client(**self._authorised(token, options))

    def new_async_client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """The same as an asynchronous client, for any event loop."""
        return self.emulator.async_client(**self._authorised(token, options))

    def graph(self) -> Any:
        """Return the Graph SDK's client (`msgraph_beta.GraphServiceClient`) of the tenant, for any event loop.

        Raises ImportError where the SDK (msgraph-beta-sdk) is not installed.
        """
        sdk = import_module("osimages.testing.graph_sdk")
        return sdk.graph_client(self, self.emulator.async_client())

    def variables(self) -> dict[str, str]:
        """Variables of the environment with which programs use the tenant, as `osimages env` prints them.

        azure-identity's `DefaultAzureCredential()` and `ClientSecretCredential` read them. A service in this process
        cannot be reached through a network, and has none.
        """
        found = self.emulator.variables()
        if not found:
            return {}
        return found | {
            "OSIMAGES_URL": self.url,
            "OSIMAGES_TOKEN": self.current_token(),
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": self.id,
            "AZURE_CLIENT_ID": DEFAULT_APPLICATION,
            "AZURE_CLIENT_SECRET": DEFAULT_CLIENT_SECRET,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "IDENTITY_ENDPOINT": f"{self.url}/{self.id}/{TOKEN_PATH}",
            "IDENTITY_HEADER": IDENTITY_HEADER,
        }

    def close(self) -> None:
        """Close the tenant's own client."""
        self._opened.close()
        self._client = None

    def _authorised(self, token: str | None, options: dict[str, Any]) -> dict[str, Any]:
        """Options of a client that sends a token, or one for everything that it renews."""
        if token is None:
            return {"auth": _Renewing(self), **options}
        return {**options, "headers": {"Authorization": f"Bearer {token}", **options.get("headers", {})}}

    def _set_clock(self, setting: dict[str, Any]) -> datetime:
        found = self._control("PUT", "clock", {"json": setting})
        now = datetime.fromisoformat(found["now"])
        self._clock = _Clock(found["id"], now, found["frozen"], datetime.now(UTC))
        return now

    def _control(self, method: str, name: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer of an endpoint below `/-/`. Raises ValueError with what the service says is wrong."""
        reply = self.client.request(method, f"/-/{name}", **(options or {}))
        if reply.is_error:
            raise ValueError(reply.json()["error"]["message"])
        found: dict[str, Any] = reply.json() if reply.content else {}
        return found


def read_seed(file: Path) -> dict[str, Any]:
    """Return the seed in a JSON file. Raises OSError, and ValueError for a file that is no JSON object."""
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{file} is no JSON object")
    return found


def _text(moment: datetime | date | str) -> str:
    return moment if isinstance(moment, str) else moment.isoformat()
