"""Managed identity endpoints: tokens for an application that proves itself by where it runs, in the shapes of Azure.

App Service: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference;
virtual machines: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token;
Service Fabric: https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code.
Cloud Shell and Azure Machine Learning are as azure-identity speaks to them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from osimages.entra.emulator.client_authentication import CERTIFICATE_PROOF
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, IDENTITY_HEADER
from osimages.entra.emulator.directory import Application
from osimages.entra.emulator.error_catalogue import (
    IDENTITY_HEADER_MISSING,
    NO_MANAGED_IDENTITY,
    SEVERAL_IDENTITIES,
    EntraError,
)
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.grants import client_credentials
from osimages.entra.emulator.request_context import Call, RequestContext, tenant_of
from osimages.entra.emulator.token_request import TokenRequest

TOKEN_PATH = "msi/token"  # noqa: S105 (a path)
INSTANCE_METADATA_PATH = "metadata/identity/oauth2/token"

_ISSUED_IN = 1
# The names under which platforms take a user-assigned identity.
_IDENTITY_PARAMETERS = {
    "client_id": "client_id",
    "clientid": "client_id",
    "object_id": "object_id",
    "principal_id": "object_id",
    "mi_res_id": "resource_id",
    "msi_res_id": "resource_id",
}


class Platform(msgspec.Struct, frozen=True):
    """A hosting platform: the header that its programs send, the value of it, and the form of its errors."""

    header: str
    value: str
    error: Callable[[EntraError], dict[str, Any]]

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise EntraError for a request without the platform's header, which pages of other origins cannot send."""
        sent = headers.get(self.header, "")
        value = sent.lower() if self.value == "true" else sent
        if not hmac.compare_digest(value.encode(), self.value.encode()):
            raise IDENTITY_HEADER_MISSING(header=self.header)


def _oauth_error(error: EntraError) -> dict[str, Any]:
    return {"error": error.kind.error, "error_description": error.text}


def _status_error(error: EntraError) -> dict[str, Any]:
    return {"statusCode": error.kind.status, "message": error.text}


def _fabric_error(error: EntraError) -> dict[str, Any]:
    codes = {IDENTITY_HEADER_MISSING: "SecretHeaderNotFound", NO_MANAGED_IDENTITY: "ManagedIdentityNotFound"}
    return {"error": {"code": codes.get(error.kind, "ArgumentNullOrEmpty"), "message": error.text}}


INSTANCE_METADATA = Platform("Metadata", "true", _oauth_error)
CLOUD_SHELL = Platform("Metadata", "true", _oauth_error)
APP_SERVICE = Platform("X-IDENTITY-HEADER", IDENTITY_HEADER, _status_error)
SERVICE_FABRIC = Platform("Secret", IDENTITY_HEADER, _fabric_error)
MACHINE_LEARNING = Platform("Secret", IDENTITY_HEADER, _status_error)
_BY_API_VERSION = {"2019-07-01-preview": SERVICE_FABRIC, "2017-09-01": MACHINE_LEARNING}


def platform_of(call: Call) -> Platform:
    """Return the platform whose programs send such a request."""
    if call.request.url.path.endswith(INSTANCE_METADATA_PATH):
        return INSTANCE_METADATA
    if call.request.method == "POST":
        return CLOUD_SHELL
    return _BY_API_VERSION.get(call.form.get("api-version", ""), APP_SERVICE)


def identity_token(call: Call) -> dict[str, str]:
    """Return a token for the application that a request names, the default application if none. Raises EntraError.

    Times are in seconds, and numbers are texts, as in the answers of virtual machines: every library reads them.
    """
    platform_of(call).check(call.request.headers)
    context = call.context
    tenant = tenant_of(call.tenant, context.directory)
    resource = required(call.form, "resource").removesuffix("/.default")
    application = _application(context, call.form, tenant or DEFAULT_TENANT)
    # No library hands a claims challenge on to these endpoints. A token that was dated back, as others are, would be
    # rejected again after a revocation.
    issued = int(context.now.timestamp()) + _ISSUED_IN
    form = {"scope": f"{resource}/.default", "claims": _claims(issued, call.form.get("xms_cc", ""))}
    answer = client_credentials(TokenRequest(context, tenant, form, application, CERTIFICATE_PROOF))
    lifetime = answer["expires_in"]
    return {
        "access_token": answer["access_token"],
        "client_id": application.id,
        "expires_in": str(lifetime),
        "expires_on": str(int(context.now.timestamp()) + lifetime),
        "ext_expires_in": str(lifetime),
        "not_before": str(issued),
        "resource": resource,
        "token_type": "Bearer",
    }


def _claims(issued: int, capabilities: str) -> str:
    wish = {"nbf": {"value": str(issued)}, "xms_cc": {"values": capabilities.split(",")}}
    return msgspec.json.encode({"access_token": wish}).decode()


def _application(context: RequestContext, parameters: Mapping[str, str], tenant: str) -> Application:
    """The application that a user-assigned identity stands for.

    It is named by its client id, the object id of its service principal, or a resource id that ends in its name.
    """
    named = {_IDENTITY_PARAMETERS[key]: value for key, value in parameters.items() if key in _IDENTITY_PARAMETERS}
    if len(named) > 1:
        raise SEVERAL_IDENTITIES(names=", ".join(sorted(named)))
    kind, value = next(iter(named.items()), ("client_id", DEFAULT_APPLICATION))
    is_named: Mapping[str, Callable[[Application], bool]] = {
        "client_id": lambda each: each.id == value.lower(),
        "object_id": lambda each: each.object_id(tenant) == value.lower(),
        "resource_id": lambda each: each.display_name.casefold() == value.rpartition("/")[2].casefold(),
    }
    found = next((each for each in context.directory.applications if each.is_in(tenant) and is_named[kind](each)), None)
    if found is None:
        raise NO_MANAGED_IDENTITY(kind=kind, value=value, tenant=tenant)
    return found
