"""Which permissions each kind of request needs, and the check that an actor holds one of them."""

from __future__ import annotations

from osimages.auth.actor import Actor
from osimages.errors import FORBIDDEN, ServiceError
from osimages.plan.resolve import READING, Kind

# From least to most privileged, the order in which Graph's reference pages and Intune's 403 list them.
# https://learn.microsoft.com/en-us/graph/permissions-reference#devicemanagementconfigurationreadall
READ_PERMISSIONS = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")
WRITE_PERMISSIONS = ("DeviceManagementConfiguration.ReadWrite.All",)

# What they tell is public, or (for a batch) each inner request is checked by itself.
OPEN_KINDS = frozenset({Kind.SERVICE, Kind.METADATA, Kind.BATCH})


def authorise(actor: Actor, kind: Kind, method: str) -> None:
    """Raises ServiceError(FORBIDDEN) where the actor holds none of the permissions that `method` on `kind` needs."""
    if kind in OPEN_KINDS:
        return
    # A query in a body reads, although it is sent with POST.
    needed = READ_PERMISSIONS if method in READING or kind is Kind.QUERY else WRITE_PERMISSIONS
    if actor.permissions.isdisjoint(needed):
        raise ServiceError(FORBIDDEN, permissions=", ".join(needed))
