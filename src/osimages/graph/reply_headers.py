"""Headers of every reply, as Graph sends them."""

from __future__ import annotations

from osimages.odata.service.reply import Header

ALWAYS: tuple[Header, ...] = (
    (
        b"x-ms-ags-diagnostic",
        b'{"ServerInfo":{"DataCenter":"osimages","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"osimages"}}',
    ),
)
# What Graph lets scripts in browsers read: https://github.com/dotnet/dev-proxy builds its answers from the same list.
EXPOSED = (
    b"ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ReadWriteConsistencyToken, "
    b"SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After, OData-EntityId, OData-Version"
)
