"""The devices of an Intune tenant, `GET /deviceManagement/managedDevices`, with the properties that a check needs.

https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError

PATH = "deviceManagement/managedDevices"
PERMISSION = "DeviceManagementManagedDevices.Read.All"
# In v1.0 and in beta.
_PROPERTIES = (
    "id",
    "deviceName",
    "operatingSystem",
    "osVersion",
    "lastSyncDateTime",
    "azureADDeviceId",
    "serialNumber",
)
# The edition is in beta only; v1.0 answers 400 to a $select with a property that it does not have.
_BETA_PROPERTIES = ("skuFamily", "skuNumber")


def device_properties(base_url: str) -> tuple[str, ...]:
    """Return the properties to request from an API version."""
    is_v1 = urlsplit(base_url).path.rstrip("/").casefold().endswith("/v1.0")
    return _PROPERTIES if is_v1 else (*_PROPERTIES, *_BETA_PROPERTIES)


def devices(
    client: GraphClient, condition: str | None = None, on_page: Callable[[int], None] = lambda count: None
) -> Iterator[Any]:
    """Yield every device as the JSON object that it is, page after page, so that one page is in memory.

    `condition` is a `$filter`. `on_page` is called with the number of devices of each page. Raises GraphError.
    """
    options = {"$select": ",".join(device_properties(client.base_url))}
    if condition:
        options["$filter"] = condition
    for page in client.pages(PATH, options, permission=PERMISSION):
        on_page(len(page.items))
        yield from page.items


def write_devices(
    client: GraphClient,
    file: IO[bytes],
    condition: str | None = None,
    on_page: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """Write every device as a line of JSON, with all properties that were requested; null for what is no object.

    Return what is missing: nothing, or why the devices after the first pages could not be read. Raises GraphError
    where there is no first page.
    """
    names = device_properties(client.base_url)
    written = 0
    try:
        for item in devices(client, condition, on_page):
            written += 1
            file.write(_line({name: item.get(name) for name in names} if isinstance(item, dict) else None))
    except GraphError as error:
        if not written:
            raise
        return [f"only the first {written:,} devices could be read: {error}"]
    return []


def _line(value: object) -> bytes:
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:  # one half of a surrogate pair
        return json.dumps(value).encode() + b"\n"
