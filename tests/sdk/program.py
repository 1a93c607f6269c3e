"""A program as its author writes it: the SDK's own client, told nothing about certificates.

Its arguments are the service's address and a token. It prints how many images there are.
"""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import sys
import time

from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph_beta import GraphRequestAdapter, GraphServiceClient


class Credential:
    """Holds a token."""

    def get_token(self, *_scopes: str, **_: object) -> AccessToken:
        """The token."""
        return AccessToken(sys.argv[2], int(time.time()) + 3600)


async def main() -> None:
    """Counts the images."""
    scopes = ["https://graph.microsoft.com/.default"]
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(Credential(), scopes=scopes))
    adapter.base_url = f"{sys.argv[1]}/beta"
    client = GraphServiceClient(request_adapter=adapter)
    print(await client.device_management.managed_device_windows_o_s_images.count.get())  # noqa: T201 (it is what it is for)


if __name__ == "__main__":
    asyncio.run(main())
