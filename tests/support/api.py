"""A client of one tenant, as thin as can be: every request and reply is what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
    """A token of the development authority in that data directory."""
    return mint(
        SigningKeys.load_or_create(data_dir),
        tenant=tenant,
        application=DEFAULT_APPLICATION,
        permissions=permissions,
        user=user,
        expires_in=expires_in,
        now=datetime.now(UTC),
    )


@dataclass(frozen=True)
class Api:
    """Requests of one tenant to one server."""

    http: httpx.Client
    tenant: str
    data_dir: Path
    opened: ExitStack

    def with_token(self, bearer: str) -> Api:
        """The same server, asked with another token."""
        return self.opened.enter_context(connected(str(self.http.base_url), self.tenant, self.data_dir, bearer))

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
def connected(url: str, tenant: str, data_dir: Path, bearer: str | None = None) -> Iterator[Api]:
    """A client of a tenant, with a token for everything if no other is given."""
    headers = {"Authorization": f"Bearer {bearer or token(data_dir, tenant)}"}
    with ExitStack() as opened:
        yield Api(opened.enter_context(httpx.Client(base_url=url, headers=headers)), tenant, data_dir, opened)


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
