"""The Graph SDK for Python as a client of one tenant."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import warnings
from typing import Any

import httpx

from osimages.testing.tenant import Tenant

with warnings.catch_warnings():
    # These modules warn of their own old names when they are first imported.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from kiota_abstractions.authentication.access_token_provider import AccessTokenProvider
    from kiota_abstractions.authentication.allowed_hosts_validator import AllowedHostsValidator
    from kiota_abstractions.authentication.base_bearer_token_authentication_provider import (
        BaseBearerTokenAuthenticationProvider,
    )
    from msgraph_beta import GraphRequestAdapter, GraphServiceClient
    from msgraph_beta.graph_request_adapter import options as sdk_options
    from msgraph_core import APIVersion, GraphClientFactory


class _TenantTokens(AccessTokenProvider):
    """Gives the SDK the tokens of a tenant, for every host."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        """The token that is good at the tenant's time."""
        return self._tenant.current_token()

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """Every host: the requests go to the tenant's service alone."""
        return AllowedHostsValidator([])


def graph_client(tenant: Tenant, client: httpx.AsyncClient) -> Any:
    """Return a `msgraph_beta.GraphServiceClient` of a tenant that sends its requests with an httpx client."""
    GraphClientFactory.create_with_default_middleware(APIVersion.beta, client, options=sdk_options)
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(_TenantTokens(tenant)), client)
    adapter.base_url = f"{tenant.url}/beta"
    return GraphServiceClient(request_adapter=adapter)
