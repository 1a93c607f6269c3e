"""The token endpoint, v2.0 and v1.0: authenticates the client and runs the grant.

Shapes and codes are Entra's: https://learn.microsoft.com/entra/identity-platform/v2-protocols.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osimages.entra.emulator.calls import Call
from osimages.entra.emulator.client_authentication import authenticate_client
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.error_catalogue import UNKNOWN_GRANT_TYPE
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.grants import CONFIDENTIAL, GRANTS
from osimages.entra.emulator.request_context import ANY_TENANT, RequestContext, tenant_of
from osimages.entra.emulator.token_request import TokenRequest


def token(call: Call) -> dict[str, Any]:
    """Return the tokens that a form asks for. Raises EntraError."""
    return _token(call, call.form)


def token_v1(call: Call) -> dict[str, Any]:
    """Do the same for clients of the v1.0 endpoint, which name a `resource` instead of scopes. Raises EntraError.

    Those of AD FS, which has its endpoint at the same path, name scopes.

    https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-oauth2-client-creds-grant-flow
    """
    form, resource = call.form, call.form.get("resource") or call.context.graph_root
    scope = f"{resource}/.default"
    if form.get("grant_type") != "client_credentials":
        scope += " openid profile offline_access"
    names_scopes = "resource" not in form and (form.get("grant_type") == "refresh_token" or "scope" in form)
    answer = _token(call, form if names_scopes else {**form, "scope": scope})
    issued = int(call.context.now.timestamp())
    return answer | {
        "expires_in": str(answer["expires_in"]),
        "ext_expires_in": str(answer["ext_expires_in"]),
        "not_before": str(issued),
        "expires_on": str(issued + answer["expires_in"]),
        "resource": resource,
    }


def _token(call: Call, form: Mapping[str, str]) -> dict[str, Any]:
    context = call.context
    tenant = tenant_of(call.tenant, context.directory)
    grant_type = required(form, "grant_type")
    grant = GRANTS.get(grant_type)
    if grant is None:
        raise UNKNOWN_GRANT_TYPE(grant_type=grant_type)
    application = context.application(required(form, "client_id"), tenant)
    audiences = _assertion_audiences(context, call.tenant, tenant)
    is_required = grant_type in CONFIDENTIAL
    proof = authenticate_client(application, form, audiences, context.keys, context.now, required=is_required)
    return grant(TokenRequest(context, tenant, form, application, proof))


def _assertion_audiences(context: RequestContext, tenant_name: str, tenant: str | None) -> frozenset[str]:
    """Return every `aud` of a client assertion that names this emulator: the token endpoints and the issuer."""
    names = {tenant_name, tenant_name.lower(), tenant or DEFAULT_TENANT, *ANY_TENANT}
    paths = ("oauth2/v2.0/token", "oauth2/token", "v2.0")
    return frozenset(f"{context.origin}/{name}/{path}" for name in names for path in paths)
