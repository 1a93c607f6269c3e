"""OpenID Connect: discovery documents in Entra's form, the home realm of users, and the UserInfo endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.encrypted_tokens import Party
from osimages.entra.emulator.error_catalogue import BAD_BEARER, EntraError
from osimages.entra.emulator.request_context import Call, RequestContext, tenant_of
from osimages.entra.emulator.scopes import GRAPH_ID, OPENID_SCOPES
from osimages.entra.emulator.token_claims import pairwise


def configuration(call: Call) -> dict[str, Any]:
    """Return the metadata (OpenID Connect Discovery, section 3) of a tenant's v2.0 endpoints. Raises EntraError."""
    tenant = tenant_of(call.tenant, call.context.directory) or DEFAULT_TENANT
    return _metadata(call, "oauth2/v2.0", "v2.0/", f"{call.context.origin}/{tenant}/v2.0")


def configuration_v1(call: Call) -> dict[str, Any]:
    """Return the metadata of a tenant's v1.0 endpoints. Raises EntraError."""
    tenant = tenant_of(call.tenant, call.context.directory) or DEFAULT_TENANT
    issuers = call.context.issuers
    return _metadata(call, "oauth2", "", (issuers.v1 or issuers.v2).format(tenant=tenant))


def _metadata(call: Call, part: str, keys: str, issuer: str) -> dict[str, Any]:
    context, root = call.context, f"{call.context.origin}/{call.tenant}"
    return {
        "token_endpoint": f"{root}/{part}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/{keys}keys",
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
        "userinfo_endpoint": f"{context.origin}/oidc/userinfo",
        "http_logout_supported": True,
        "frontchannel_logout_supported": False,
        "end_session_endpoint": f"{root}/{part}/logout",
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"),
        ],
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": context.graph_root.partition("//")[2],
    }


def instance(origin: str) -> dict[str, Any]:
    """Return what clients request of an authority that they do not know (`/common/discovery/instance`)."""
    host = urlsplit(origin).netloc
    known = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    endpoint = f"{origin}/{{tenant}}/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [known]}


def user_realm(context: RequestContext, user: str) -> dict[str, Any]:
    """Return what MSAL asks before it sends a password: whether the user is of a federated domain."""
    return {
        "ver": "1.0",
        "account_type": "Unknown" if context.directory.user_named(user, None) is None else "Managed",
        "domain_name": user.rpartition("@")[2],
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }


class _Claims(msgspec.Struct, frozen=True):
    aud: str
    exp: float
    iat: float
    tid: str
    oid: str
    idtyp: str = "user"
    appid: str = ""
    azp: str = ""


def userinfo(context: RequestContext, authorization: str | None) -> dict[str, str]:
    """Return the claims about the user of an access token for Graph. Raises EntraError.

    Unlike at Graph, the token need not have been requested with the scope `openid`.
    https://learn.microsoft.com/entra/identity-platform/userinfo
    """
    claims = _claims(context, authorization or "")
    application = claims.appid or claims.azp
    try:
        user = context.user(Party(claims.tid, application, claims.oid), int(claims.iat))
    except EntraError as error:
        raise BAD_BEARER(reason=error.text.rstrip(".")) from None
    given, _, family = user.display_name.rpartition(" ")
    return {
        # The same as in id tokens for the application (section 5.3.2).
        "sub": pairwise(user, application),
        "name": user.display_name,
        "family_name": family,
        "given_name": given or family,
        "email": user.user_principal_name,
    }


def _claims(context: RequestContext, authorization: str) -> _Claims:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise BAD_BEARER(reason="send it as Authorization: Bearer")
    try:
        claims = msgspec.json.decode(context.keys.verified(token.strip()), type=_Claims)
    except msgspec.DecodeError:
        raise BAD_BEARER(reason="it lacks claims that tokens of users have") from None
    except ValueError as error:
        raise BAD_BEARER(reason=error) from None
    if context.now.timestamp() >= claims.exp:
        raise BAD_BEARER(reason="it has expired")
    if claims.aud.rstrip("/") not in (context.graph_root, GRAPH_ID):
        raise BAD_BEARER(reason=f"it is for {claims.aud}, not for {context.graph_root}")
    if claims.idtyp != "user":
        raise BAD_BEARER(reason="it is an application's, not a user's")
    return claims
