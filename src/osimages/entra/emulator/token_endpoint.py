"""The endpoints for tokens, v2.0 and v1.0, and for the codes of devices: authenticate the client and run the grant.

Shapes and codes are Entra's: https://learn.microsoft.com/entra/identity-platform/v2-protocols.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from osimages.entra.emulator.client_authentication import authenticate_client
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.encrypted_tokens import Device
from osimages.entra.emulator.error_catalogue import UNKNOWN_GRANT_TYPE
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.grants import CONFIDENTIAL, DEVICE_SECONDS, GRANTS, POLL_SECONDS
from osimages.entra.emulator.request_context import ANY_TENANT, Call, RequestContext, tenant_of
from osimages.entra.emulator.shared_state import PendingDevice
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


# No vowels, so that no words come out, and nothing that looks like something else.
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 9


def authorize_device(call: Call) -> dict[str, object]:
    """Return the codes of a device (RFC 8628, section 3.2). Raises EntraError."""
    context, form = call.context, call.form
    tenant = tenant_of(call.tenant, context.directory)
    application = context.application(required(form, "client_id"), tenant)
    asked = context.asked(required(form, "scope"), application, tenant)
    moment = context.now.timestamp()
    while True:
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
        waiting = PendingDevice(code, application.id, tenant or "", asked.text, None, "pending")
        if context.state.add_device(waiting, moment + DEVICE_SECONDS, moment):
            break
    page = f"{context.origin}/devicelogin"
    device = Device(code, application.id, tenant or "", asked.text, form.get("claims"))
    return {
        "user_code": code,
        "device_code": context.sealer.seal(device, context.now),
        "verification_uri": page,
        "verification_url": page,
        "expires_in": DEVICE_SECONDS,
        "interval": POLL_SECONDS,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate.",
    }
