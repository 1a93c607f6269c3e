"""What the development authority knows from the start: one tenant, one application, one user.

These values are public on purpose: they open nothing but a development server, and scripts can rely on them.
"""

from __future__ import annotations

DEFAULT_TENANT = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90"
DEFAULT_TENANT_NAME = "Contoso (development)"

DEFAULT_APPLICATION = "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6"
DEFAULT_APPLICATION_NAME = "osimages development client"
DEFAULT_CLIENT_SECRET = "osimages-development-secret"  # noqa: S105 (public, see above)

# What the default application and user may do: everything that there is to do here.
EVERY_PERMISSION = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")

DEFAULT_USER = "3e9a5b17-c2d4-4860-b7f1-08a6d4e2c953"
DEFAULT_USER_NAME = "Megan Bowen"
DEFAULT_USER_PRINCIPAL_NAME = "megan.bowen@contoso.example"

# The object id of the application's service principal, which application tokens carry in `oid` and `sub`.
DEFAULT_SERVICE_PRINCIPAL = "5d08f6b3-91ce-4a7d-a2e8-7c4b13f9d06e"
