"""The default directory of the emulator: one tenant, a few applications, a few users.

These values are public on purpose: they open nothing but a development server, and scripts can rely on them.
"""

from __future__ import annotations

from osimages.entra.emulator.directory import Application, Directory, User

DEFAULT_TENANT = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90"
DEFAULT_TENANT_NAME = "Contoso (development)"

DEFAULT_APPLICATION = "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6"
DEFAULT_APPLICATION_NAME = "osimages development client"
DEFAULT_CLIENT_SECRET = "osimages-development-secret"  # noqa: S105 (public, see above)
# The value of IDENTITY_HEADER, with which programs ask the managed identity endpoints for a token.
IDENTITY_HEADER = "osimages-development-identity"

# What the default application and user may do: everything that there is to do here.
EVERY_PERMISSION = (
    "DeviceManagementApps.Read.All",
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementConfiguration.ReadWrite.All",
)

DEFAULT_USER = "3e9a5b17-c2d4-4860-b7f1-08a6d4e2c953"
DEFAULT_USER_NAME = "Megan Bowen"
DEFAULT_USER_PRINCIPAL_NAME = "megan.bowen@contoso.example"
DEFAULT_PASSWORD = "osimages-development-password"  # noqa: S105 (public, see above)

# The object id of the application's service principal, which application tokens carry in `oid` and `sub`.
DEFAULT_SERVICE_PRINCIPAL = "5d08f6b3-91ce-4a7d-a2e8-7c4b13f9d06e"

# Where the libraries of Microsoft let a browser, or a web view inside an application, come back to.
# https://learn.microsoft.com/entra/identity-platform/scenario-desktop-app-registration
_LOCAL_REDIRECTS = ("http://localhost", "http://127.0.0.1")
_NATIVE_CLIENT = "https://login.microsoftonline.com/common/oauth2/nativeclient"

# Public clients of Microsoft that its tools and libraries use by default:
# azure-identity and the Azure CLI; Connect-MgGraph.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH_COMMAND_LINE = "14d82eec-204b-4c2f-b7e8-296a70dab67e"

DEFAULT_DIRECTORY = Directory(
    applications=(
        Application(
            id=DEFAULT_APPLICATION,
            display_name=DEFAULT_APPLICATION_NAME,
            secrets=(DEFAULT_CLIENT_SECRET,),
            redirect_uris=(*_LOCAL_REDIRECTS, "http://localhost/redirect", _NATIVE_CLIENT),
            public_client=True,
            application_permissions=EVERY_PERMISSION,
            delegated_permissions=EVERY_PERMISSION,
            admin_consent=True,
            identifier_uris=(f"api://{DEFAULT_APPLICATION}",),
            exposed_permissions=("access_as_user",),
            service_principal_id=DEFAULT_SERVICE_PRINCIPAL,
        ),
        Application(
            id=AZURE_CLI,
            display_name="Microsoft Azure CLI",
            redirect_uris=(*_LOCAL_REDIRECTS, _NATIVE_CLIENT),
            public_client=True,
            delegated_permissions=EVERY_PERMISSION,
            admin_consent=True,
        ),
        Application(
            id=GRAPH_COMMAND_LINE,
            display_name="Microsoft Graph Command Line Tools",
            redirect_uris=(*_LOCAL_REDIRECTS, _NATIVE_CLIENT),
            public_client=True,
            delegated_permissions=("User.Read",),
        ),
    ),
    users=(
        User(
            id=DEFAULT_USER,
            display_name=DEFAULT_USER_NAME,
            user_principal_name=DEFAULT_USER_PRINCIPAL_NAME,
            password=DEFAULT_PASSWORD,
            directory_roles=("Intune Administrator",),
        ),
        User(
            id="a7c40e92-5f1b-4d36-8b2a-91d3e6f70c48",
            display_name="Adele Vance",
            user_principal_name="adele.vance@contoso.example",
            password=DEFAULT_PASSWORD,
            delegated_permissions=("User.Read", "DeviceManagementConfiguration.Read.All"),
        ),
        User(
            id="c81d5f3e-0a92-4b67-9e14-2f6b8d7a3c50",
            display_name="Alex Wilber",
            user_principal_name="alex.wilber@contoso.example",
            password=DEFAULT_PASSWORD,
            intune_role=False,
        ),
        User(
            id="e5b9027c-4d18-4f83-a6c5-70e2d91b3f64",
            display_name="Johanna Lorenz",
            user_principal_name="johanna.lorenz@fabrikam.example",
            password=DEFAULT_PASSWORD,
            guest=True,
        ),
    ),
)
