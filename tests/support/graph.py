"""A stand-in for Graph's managed devices on loopback: pages, $select and $filter as Graph has them, and every trouble.

    GET /{beta|v1.0}/deviceManagement/managedDevices?$select=...&$filter=...&$skiptoken=...

What is answered comes from the reference of Graph and from recorded responses: pages of 1,000, `@odata.count`, a
`$skiptoken` in the next link, errors in Graph's envelope. `troubles` are met before anything else, one a request.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme

from tests.support.web import Given, Reply, Web, serving

PATH = "/deviceManagement/managedDevices"
TOKEN = "a-token-for-tests"
# Properties of managedDevice in the models of Microsoft's SDKs (msgraph-sdk 1.65 and msgraph-beta-sdk 1.66): a part of
# those in both versions, and a part of those in beta only.
V1_PROPERTIES = frozenset(
    {
        *("id", "deviceName", "operatingSystem", "osVersion", "lastSyncDateTime", "azureADDeviceId", "serialNumber"),
        *("userPrincipalName", "model", "manufacturer", "complianceState", "managedDeviceOwnerType", "isEncrypted"),
    }
)
BETA_PROPERTIES = V1_PROPERTIES | {"skuFamily", "skuNumber", "joinType", "deviceType", "processorArchitecture"}
_FILTER = re.compile(r"operatingSystem eq '(\w+)'")

Device = dict[str, Any]
Trouble = Callable[[Given], Reply]


def device(number: int) -> Device:
    """The device with a number: of ten, seven with Windows 11 25H2, two with Windows 10 22H2, and a phone."""
    is_phone, is_old = number % 10 == 9, number % 10 >= 7
    return {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "deviceName": f"PC-{number:06}",
        "operatingSystem": "iOS" if is_phone else "Windows",
        "osVersion": "26.1" if is_phone else "10.0.19045.6456" if is_old else "10.0.26200.8655",
        "lastSyncDateTime": "2026-11-22T17:55:03Z",
        "azureADDeviceId": f"{number:08x}-0000-4000-8000-00000000aad0",
        "serialNumber": f"SN{number:08}",
        "userPrincipalName": f"user{number}@contoso.example",
        "model": "iPhone 17" if is_phone else "Latitude 7450",
        "manufacturer": "Apple" if is_phone else "Dell Inc.",
        "complianceState": "compliant",
        "managedDeviceOwnerType": "company",
        "isEncrypted": True,
        "skuFamily": "" if is_phone else "Enterprise",
        "skuNumber": 0 if is_phone else 4,
        "joinType": "azureADJoined",
        "deviceType": "iPhone" if is_phone else "windowsRT",
        "processorArchitecture": "arm64" if is_phone else "x64",
    }


@dataclass
class GraphStandIn:
    """A running stand-in. `page` may replace a page's document by another one, for a page number from 1.

    Any token counts where `token` is empty.
    """

    web: Web
    count: int
    page_size: int = 1000
    device: Callable[[int], Device] = device
    token: str = TOKEN
    troubles: list[Trouble | None] = field(default_factory=list)
    page: Callable[[int, Device], Device] = lambda number, document: document
    requests: int = 0

    @property
    def url(self) -> str:
        """The URL of its beta version."""
        return f"{self.web.url}/beta"

    def answer(self, given: Given) -> Reply:
        """The response to a request."""
        self.requests += 1
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            return trouble(given)
        bearer = given.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer != (self.token or bearer) or not bearer:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        parts = urlsplit(given.path)
        version, _, path = parts.path.removeprefix("/").partition("/")
        if version not in ("beta", "v1.0"):
            return error(404, "ResourceNotFound", f"Invalid version: {version}")
        if f"/{path}" != PATH:
            return error(400, "BadRequest", f"Resource not found for the segment '{path.rpartition('/')[2]}'.")
        return self._page(version, dict(parse_qsl(parts.query)))

    def _page(self, version: str, options: dict[str, str]) -> Reply:
        known = BETA_PROPERTIES if version == "beta" else V1_PROPERTIES
        chosen = [each for each in options.get("$select", "").split(",") if each]
        for name in chosen:
            if name not in known:
                said = f"Could not find a property named '{name}' on type 'microsoft.graph.managedDevice'."
                return error(400, "BadRequest", f"Parsing OData Select and Expand failed: {said}")
        condition = options.get("$filter")
        wanted = _FILTER.fullmatch(condition) if condition else None
        if condition and wanted is None:
            return error(400, "BadRequest", "Invalid filter clause")
        start = int(options.get("$skiptoken", 0))
        end = min(start + self.page_size, self.count)
        value = [
            {name: each for name, each in self.device(number).items() if name in (chosen or known)}
            for number in range(start, end)
            if wanted is None or self.device(number)["operatingSystem"] == wanted[1]
        ]
        document: Device = {"@odata.context": f"{self.web.url}/{version}/$metadata#deviceManagement/managedDevices"}
        document |= {"@odata.count": len(value)}
        if end < self.count:
            rest = "&".join(f"{name}={each}" for name, each in options.items() if name != "$skiptoken")
            document["@odata.nextLink"] = f"{self.web.url}/{version}{PATH}?{rest}&$skiptoken={end}".replace(" ", "%20")
        document["value"] = value
        number = start // self.page_size + 1
        return Reply(json.dumps(self.page(number, document)).encode(), headers={"Content-Type": "application/json"})


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    """An error in Graph's envelope."""
    inner = {"date": "2026-11-29T10:00:00", "request-id": "1", "client-request-id": "1"}
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, {"Content-Type": "application/json", **named})


def throttled(**headers: str) -> Trouble:
    """A 429 as Intune sends it, with Retry-After where it is given."""
    return lambda given: error(429, "TooManyRequests", "An error has occurred.", **headers)


def broken(status: int) -> Trouble:
    """A status with a body that is no JSON, as gateways send it."""
    return lambda given: Reply(b"<html><body>Bad Gateway</body></html>", status, {"Content-Type": "text/html"})


def cut(given: Given) -> Reply:
    """A connection that ends in the middle of the body."""
    return Reply(b'{"value": [{"id": "1", "osVersion": "10.0.26200.8655"}, {"id": ' + b" " * 4000, cut=2000)


@contextmanager
def graph_stand_in(count: int, *, authority: trustme.CA | None = None, **options: Any) -> Iterator[GraphStandIn]:
    """A stand-in with so many devices, until the block ends: over HTTPS with a certificate of an authority."""
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with serving(lambda given: Reply(), context) as web:
        stand_in = GraphStandIn(web, count, **options)
        web.answer = stand_in.answer
        yield stand_in
