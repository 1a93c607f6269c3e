"""The development authority's answers: what it tells about itself, and tokens for applications that prove themselves.

It knows one application, whose secret is public. Shapes and codes are Entra's:
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from osimages.issuer.applications import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT
from osimages.issuer.mint import mint
from osimages.issuer.signing import SigningKeys

LIFETIME_SECONDS = 3600
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
# Whoever does not say which tenant is meant is of the default one.
_ANY_TENANT = ("common", "organizations")


class RefusedError(Exception):
    """A request that the authority refuses: OAuth's error, Entra's number and text, and the HTTP status."""

    def __init__(self, error: str, number: int, text: str, status: int = 400) -> None:
        self.error = error
        self.number = number
        self.text = text
        self.status = status
        super().__init__(text)

    def body(self, now: datetime, correlation: str) -> dict[str, Any]:
        """The JSON that Entra would send."""
        trace, moment = str(uuid.uuid4()), now.strftime("%Y-%m-%d %H:%M:%SZ")
        told = f"AADSTS{self.number}: {self.text}"
        return {
            "error": self.error,
            "error_description": f"{told} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}",
            "error_codes": [self.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs tokens with `keys`, granting `permissions`."""

    keys: SigningKeys
    permissions: tuple[str, ...]

    def configuration(self, origin: str, tenant: str) -> dict[str, Any]:
        """The OpenID Connect metadata of a tenant, for clients that reach it at `origin`. Raises RefusedError."""
        tenant_id = tenant_of(tenant)
        root = f"{origin}/{tenant}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{origin}/{tenant_id}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }

    def instance(self, origin: str) -> dict[str, Any]:
        """What clients learn of an authority that they do not know (`/common/discovery/instance`)."""
        host = origin.partition("//")[2]
        known = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        endpoint = f"{origin}/{{tenant}}/v2.0/.well-known/openid-configuration"
        return {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [known]}

    def token(self, tenant: str, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """A token for what a form asks for; a client's secret may stand in it. Raises RefusedError."""
        tenant_id = tenant_of(tenant)
        grant = _given(form, "grant_type")
        if grant != "client_credentials":
            raise RefusedError(
                "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant[:64]}'."
            )
        client = _given(form, "client_id")
        if client.lower() != DEFAULT_APPLICATION:
            text = f"Application with identifier '{client[:64]}' was not found in the directory '{tenant_id}'."
            raise RefusedError("unauthorized_client", 700016, text)
        _check_secret(form.get("client_secret"), client)
        scope = _given(form, "scope")
        if len(scope.split()) != 1 or not scope.endswith("/.default"):
            text = (
                f"The provided value for scope {scope[:128]} is not valid. Client credential flows must have a scope "
                "value with /.default suffixed to the resource identifier (application ID URI)."
            )
            raise RefusedError("invalid_scope", 1002012, text)
        access_token = mint(
            self.keys,
            tenant=tenant_id,
            application=DEFAULT_APPLICATION,
            permissions=self.permissions,
            user=False,
            expires_in=LIFETIME_SECONDS,
            now=now,
        )
        lifetime = LIFETIME_SECONDS - 1
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": access_token,
        }


def tenant_of(name: str) -> str:
    """The id of the tenant that a path names. Raises RefusedError."""
    if name.lower() in _ANY_TENANT:
        return DEFAULT_TENANT
    if not _GUID.fullmatch(name):
        text = f"Tenant '{name[:64]}' not found. Name it by its GUID: this authority knows no domain names."
        raise RefusedError("invalid_request", 90002, text)
    return name.lower()


def _given(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        text = f"The request body must contain the following parameter: '{name}'."
        raise RefusedError("invalid_request", 900144, text)
    return value


def _check_secret(secret: str | None, client: str) -> None:
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise RefusedError("invalid_client", 7000218, text, 401)
    if not hmac.compare_digest(secret.encode(), DEFAULT_CLIENT_SECRET.encode()):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client}'."
        )
        raise RefusedError("invalid_client", 7000215, text, 401)
