"""The official SDK as tests use it: its names, and a tenant's client of a real server."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import importlib
import ssl
import time
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from azure.core.credentials import AccessToken, TokenCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph_beta import GraphRequestAdapter, GraphServiceClient
from msgraph_beta.graph_request_adapter import options as sdk_options
from msgraph_core import APIVersion, GraphClientFactory, PageIterator

from tests.support.api import token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

with warnings.catch_warnings():
    # These modules warn of their own old names when they are first imported, and the SDK imports them late.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(kiota_abstractions|msgraph_beta)\.")
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    _BUILDERS = "msgraph_beta.generated.device_management"
    _IMAGES = f"{_BUILDERS}.managed_device_windows_o_s_images"
    _FUNCTION = "get_all_managed_device_windows_o_s_images"
    importlib.import_module(f"{_BUILDERS}.device_management_request_builder")
    importlib.import_module(f"{_IMAGES}.count.count_request_builder")
    importlib.import_module(f"{_IMAGES}.item.managed_device_windows_operating_system_image_item_request_builder")
    importlib.import_module(f"{_IMAGES}.item.{_FUNCTION}.{_FUNCTION}_request_builder")
    _COLLECTION = importlib.import_module(f"{_IMAGES}.managed_device_windows_o_s_images_request_builder")

SCOPES = ["https://graph.microsoft.com/.default"]

Result = TypeVar("Result")
Client = Any  # msgraph_beta.GraphServiceClient
Builder = Any  # a request builder of the SDK
Configuration = RequestConfiguration[Any]


class HeldToken:
    """A credential that has its token already."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """The token, whatever it is asked for."""
        assert list(scopes) == SCOPES
        return AccessToken(self._bearer, int(time.time()) + 3600)


@dataclass(frozen=True)
class Sdk:
    """Programs of one tenant that use the SDK. `replies` are all that came in, redirects and retries apart."""

    url: str
    data_dir: Path
    trust: ssl.SSLContext
    tenant: str
    replies: list[httpx.Response] = field(default_factory=list)

    @staticmethod
    def context(server: Server) -> ssl.SSLContext:
        """Trust in the local authority of a server and nothing else."""
        return ssl.create_default_context(cafile=str(server.data_dir / "ca.pem"))

    def run(
        self,
        steps: Callable[[Client], Awaitable[Result]],
        *,
        bearer: str | None = None,
        credential: TokenCredential | None = None,
        base: str = "/beta",
    ) -> Result:
        """Runs a program with a client of its own, whose token is one for everything if nothing else is given."""
        asked = credential or HeldToken(bearer or token(self.data_dir, self.tenant))
        return asyncio.run(self._run(steps, asked, f"{self.url}{base}"))

    async def _run(
        self, steps: Callable[[Client], Awaitable[Result]], credential: TokenCredential, base_url: str
    ) -> Result:
        # The SDK's client never closes the connections below it, so that they are made here. Else it is the default.
        async with (
            httpx.AsyncHTTPTransport(http2=True, verify=self.trust) as connections,
            httpx.AsyncClient(
                transport=connections, timeout=PATIENCE_SECONDS, event_hooks={"response": [self._keep]}
            ) as client,
        ):
            GraphClientFactory.create_with_default_middleware(APIVersion.beta, client, options=sdk_options)
            provider = AzureIdentityAuthenticationProvider(credential, scopes=SCOPES)
            adapter = GraphRequestAdapter(provider, client)
            adapter.base_url = base_url
            return await steps(GraphServiceClient(request_adapter=adapter))

    async def _keep(self, reply: httpx.Response) -> None:
        self.replies.append(reply)


def images(client: Client) -> Builder:
    """The entity set's request builder."""
    return client.device_management.managed_device_windows_o_s_images


def image(client: Client, key: str) -> Builder:
    """The request builder of one image."""
    return images(client).by_managed_device_windows_operating_system_image_id(key)


def iterator(first: Any, client: Client) -> Any:
    """The SDK's iterator over the items of that page and of all that follow."""
    return PageIterator(first, client.request_adapter)


def asking(**query: Any) -> Configuration:
    """A request's configuration with query options such as `filter`."""
    parameters = _COLLECTION.ManagedDeviceWindowsOSImagesRequestBuilder
    return RequestConfiguration(
        query_parameters=parameters.ManagedDeviceWindowsOSImagesRequestBuilderGetQueryParameters(**query)
    )


def with_headers(**headers: str) -> Configuration:
    """A request's configuration with further headers; underscores stand for hyphens."""
    configuration: Configuration = RequestConfiguration()
    for name, value in headers.items():
        configuration.headers.add(name.replace("_", "-"), value)
    return configuration
