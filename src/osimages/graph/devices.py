"""The devices of an Intune tenant, `GET /deviceManagement/managedDevices`, with the properties that a check needs.

https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from osimages.graph.client import GraphClient

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
