"""A program as it runs in Azure: a credential without arguments, and the SDK. The environment alone says where.

Its argument is the credential's name; it prints the claims of its token. Run by test_cloud_credentials.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import azure.identity
from msgraph_beta import GraphServiceClient  # type: ignore[import-untyped]

from tests.support.identity import claims_of

SCOPE = "https://graph.microsoft.com/.default"


async def main(name: str) -> None:
    """Count the images."""
    credential = getattr(azure.identity, name)()
    client = GraphServiceClient(credential, [SCOPE])
    client.request_adapter.base_url = os.environ["OSIMAGES_URL"] + "/beta"
    count = await client.device_management.managed_device_windows_o_s_images.count.get()
    sys.stdout.write(json.dumps({"count": count, "claims": claims_of(credential.get_token(SCOPE).token)}))


asyncio.run(main(sys.argv[1]))
