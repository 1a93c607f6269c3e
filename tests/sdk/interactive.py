"""A program that signs somebody in with the browser that its library opens, and prints the token.

Its arguments are the library and the authority's address; REQUESTS_CA_BUNDLE says whom it trusts.
"""

from __future__ import annotations

import sys

import msal  # type: ignore[import-untyped]
from azure.identity import InteractiveBrowserCredential

from osimages.entra.emulator.default_directory import AZURE_CLI, DEFAULT_TENANT
from tests.support.patience import PATIENCE_SECONDS

_SCOPE = "https://graph.microsoft.com/DeviceManagementConfiguration.Read.All"


def main(library: str, authority: str) -> str:
    """The token."""
    if library == "azure-identity":
        options = {"disable_instance_discovery": True, "timeout": PATIENCE_SECONDS}
        with InteractiveBrowserCredential(authority=authority, tenant_id=DEFAULT_TENANT, **options) as credential:
            return credential.get_token(_SCOPE).token
    tenant = f"{authority}/{DEFAULT_TENANT}"
    application = msal.PublicClientApplication(AZURE_CLI, authority=tenant, instance_discovery=False)
    found = application.acquire_token_interactive([_SCOPE], timeout=PATIENCE_SECONDS)
    return str(found.get("access_token") or found)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))  # noqa: T201 (it is what it is for)
