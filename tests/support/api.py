"""A client of one tenant, as thin as can be: every request and reply is what goes over the wire."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint

READ = "DeviceManagementConfiguration.Read.All"
WRITE = "DeviceManagementConfiguration.ReadWrite.All"
IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
IMAGE_TYPE = "#microsoft.graph.managedDeviceWindowsOperatingSystemImage"

Json = dict[str, Any]


def token(
    data_dir: Path,
    tenant: str,
    permissions: tuple[str, ...] = (READ, WRITE),
    *,
    user: bool = False,
    expires_in: int = 3600,
) -> str:
    """A token of the Entra ID emulator in that data directory."""
    return mint(
        SigningKeys.load_or_create(data_dir),
        tenant=tenant,
        application=DEFAULT_APPLICATION,
        permissions=permissions,
        user=user,
        expires_in=expires_in,
        now=datetime.now(UTC),
    )


class Service(Protocol):
    """A running service, in this process (osimages.testing) or in another one (tests/support/server.py)."""

    @property
    def url(self) -> str:
        """The address."""

    @property
    def data_dir(self) -> Path:
        """The folder of its keys."""

    def client(self, **options: Any) -> httpx.Client:
        """Return a client, with options of `httpx.Client`; paths are relative to the address."""


@dataclass(frozen=True)
class ServiceAt:
    """A real server of which no more is known than its address and its data directory."""

    url: str
    data_dir: Path

    def client(self, **options: Any) -> httpx.Client:
        """Return a client."""
        return httpx.Client(base_url=self.url, **options)


@dataclass(frozen=True)
class Api:
    """Requests of one tenant to one service."""

    http: httpx.Client
    tenant: str
    service: Service
    opened: ExitStack

    @property
    def data_dir(self) -> Path:
        """The folder of the service's keys."""
        return self.service.data_dir

    def with_token(self, bearer: str) -> Api:
        """The same service, asked with another token."""
        return self.opened.enter_context(api_of(self.service, self.tenant, bearer))

    def of_tenant(self, tenant: str, bearer: str | None = None) -> Api:
        """The same service, asked by another tenant."""
        return self.opened.enter_context(api_of(self.service, tenant, bearer))

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET of a raw path with its query."""
        return self.http.get(path, headers=headers)

    def create(self, **properties: Any) -> Json:
        """Creates an image and returns it as it was answered."""
        reply = self.http.post(IMAGES, json=properties)
        assert reply.status_code == 201, reply.text
        return body_of(reply)

    def ids(self, query: str = "") -> list[str]:
        """The ids of one page of the images."""
        reply = self.get(f"{IMAGES}?{query}" if query else IMAGES)
        assert reply.status_code == 200, reply.text
        return [each["id"] for each in reply.json()["value"]]


@contextmanager
def api_of(service: Service, tenant: str | None = None, bearer: str | None = None) -> Iterator[Api]:
    """A client of a tenant (a new one), with a token for everything if no other is given."""
    identity = tenant or str(uuid.uuid4())
    headers = {"Authorization": f"Bearer {bearer or token(service.data_dir, identity)}"}
    with ExitStack() as opened:
        yield Api(opened.enter_context(service.client(headers=headers)), identity, service, opened)


@contextmanager
def connected(url: str, tenant: str, data_dir: Path, bearer: str | None = None) -> Iterator[Api]:
    """The same of a real server at an address."""
    with api_of(ServiceAt(url, data_dir), tenant, bearer) as client:
        yield client


def body_of(reply: httpx.Response) -> Json:
    """The JSON object that a reply holds."""
    found: Json = reply.json()
    return found


def refused(reply: httpx.Response, status: int, code: str) -> Json:
    """The error object of a reply, which must have that status and code and Graph's shape."""
    assert reply.status_code == status, (reply.status_code, reply.text)
    assert reply.headers["content-type"] == "application/json"
    speaks_of_versions = "odata-maxversion" in reply.request.headers or "odata-version" in reply.request.headers
    assert ("odata-version" in reply.headers) == speaks_of_versions
    error: Json = body_of(reply)["error"]
    assert error["code"] == code, error
    inner = error["innerError"]
    assert inner["request-id"] == reply.headers["request-id"]
    assert inner["client-request-id"] == reply.headers["client-request-id"]
    datetime.strptime(inner["date"], "%Y-%m-%dT%H:%M:%S")
    return error
