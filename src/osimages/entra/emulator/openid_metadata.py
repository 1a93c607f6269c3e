"""What the authority tells clients about itself: OpenID Connect metadata, as Entra's, and how it is discovered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.scopes import OPENID_SCOPES
from osimages.entra.emulator.token_request import Surroundings, tenant_of
from osimages.entra.emulator.userinfo import PATH as USERINFO_PATH


def configuration(at: Surroundings, tenant_name: str, version: int) -> dict[str, Any]:
    """The metadata (OpenID Connect Discovery, section 3) of a tenant's v1.0 or v2.0 endpoints. Raises RefusedError."""
    tenant = tenant_of(tenant_name, at.directory) or DEFAULT_TENANT
    root, part = f"{at.origin}/{tenant_name}", "oauth2/v2.0" if version == 2 else "oauth2"
    issuer = f"{at.origin}/{tenant}/v2.0" if version == 2 else (at.issuers.v1 or at.issuers.v2).format(tenant=tenant)
    return {
        "token_endpoint": f"{root}/{part}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/{'v2.0/' if version == 2 else ''}keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(OPENID_SCOPES),
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{root}/{part}/authorize",
        "device_authorization_endpoint": f"{root}/{part}/devicecode",
        "userinfo_endpoint": f"{at.origin}/{USERINFO_PATH}",
        "http_logout_supported": True,
        "frontchannel_logout_supported": False,
        "end_session_endpoint": f"{root}/{part}/logout",
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"),
        ],
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": at.graph_root.partition("//")[2],
    }


def instance(origin: str) -> dict[str, Any]:
    """What clients learn of an authority that they do not know (`/common/discovery/instance`)."""
    host = urlsplit(origin).netloc
    known = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    endpoint = f"{origin}/{{tenant}}/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [known]}
