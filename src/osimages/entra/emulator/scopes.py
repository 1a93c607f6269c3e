"""Scopes: from the text of `scope` to a resource and its permissions.

https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec

from osimages.entra.emulator.directory import Application, Directory, TokenVersion
from osimages.entra.emulator.error_catalogue import BAD_SCOPE, SEVERAL_RESOURCES, UNKNOWN_RESOURCE, UNKNOWN_SCOPE

GRAPH_ID = "00000003-0000-0000-c000-000000000000"
DEFAULT_SCOPE = ".default"
OPENID_SCOPES = ("openid", "profile", "email", "offline_access")

# Graph's permissions for Intune. Those of other workloads are not listed: nothing here asks for them, but programs that
# do more than this service offers must still be able to sign in.
# https://learn.microsoft.com/graph/permissions-reference
_INTUNE_PERMISSIONS = frozenset(
    f"DeviceManagement{area}.{right}.All"
    for area in ("Apps", "CloudCA", "Configuration", "ManagedDevices", "RBAC", "Scripts", "ServiceConfig")
    for right in ("Read", "ReadWrite")
) | {"DeviceManagementManagedDevices.PrivilegedOperations.All"}
_BY_LOWER_CASE = {each.lower(): each for each in _INTUNE_PERMISSIONS}
_INTUNE = "devicemanagement"
# So alike that one was meant: the names of other workloads are further away from these.
_ALMOST = 0.85
_PERMISSION = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)+")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_LONGEST = 4096


def permission_problem(name: str, *, of_graph: bool) -> str | None:
    """Return why a name can be no permission, or is probably misspelt; None if nothing is wrong with it.

    With `of_graph` it is one of Graph's, all of which have the form Area.Right; otherwise it may be another resource's.
    """
    if name in _INTUNE_PERMISSIONS:
        return None
    near = difflib.get_close_matches(name.lower(), sorted(_BY_LOWER_CASE), 1, _ALMOST)
    if near:
        return f"there is no permission '{name}' (did you mean {_BY_LOWER_CASE[near[0]]}?)"
    if name.lower().startswith(_INTUNE):
        return f"Microsoft Graph has no permission '{name}' for Intune"
    if of_graph and not _PERMISSION.fullmatch(name):
        return f"'{name}' is no permission of Microsoft Graph, which have the form Area.Right"
    return None


class Resource(msgspec.Struct, frozen=True):
    """The resource of a token, under the name that was requested (`audience`). `application` is None for Graph."""

    id: str
    audience: str
    token_version: TokenVersion
    application: Application | None = None


class RequestedScope(msgspec.Struct, frozen=True):
    """A scope, understood. `names` are permissions of the resource; with `everything` (`.default`) there are none.

    `prefix` is how the client named the resource: answers name permissions in the same way.
    """

    text: str
    resource: Resource
    names: tuple[str, ...]
    everything: bool
    openid: frozenset[str]
    prefix: str

    def told(self, granted: Collection[str]) -> str:
        """The `scope` of an answer: what was granted, and what the client asked for instead of it."""
        names = [f"{self.prefix}{each}" for each in sorted(granted)]
        names += [f"{self.prefix}{DEFAULT_SCOPE}"] if self.everything else []
        # Entra grants it without telling.
        return " ".join([*names, *sorted(self.openid - {"offline_access"})])


def split_scope(text: str) -> list[str]:
    """Return the values of a `scope`. A space alone separates them, not other white space (RFC 6749, section 3.3)."""
    return [each for each in text.split(" ") if each]


def parse_scope(
    text: str, client: Application, tenant: str, directory: Directory, graph_root: str, host: str
) -> RequestedScope:
    """Return a parsed scope. `graph_root` and the `host` both mean this service itself. Raises EntraError."""
    if len(text) > _LONGEST:
        raise BAD_SCOPE(scope=text, reason=f"it is longer than {_LONGEST} characters")
    openid, prefixes, names = set(), set(), []
    for each in split_scope(text):
        if each in OPENID_SCOPES:
            openid.add(each)
            continue
        prefix, slash, name = each.rpartition("/")
        prefixes.add(prefix + slash)
        names.append(name)
    if len(prefixes) > 1 and len({prefix.rstrip("/") for prefix in prefixes}) > 1:
        raise SEVERAL_RESOURCES(scope=text)
    prefix = prefixes.pop() if prefixes else ""
    resource = _resource(prefix.removesuffix("/"), tenant, directory, graph_root, host)
    everything = DEFAULT_SCOPE in names
    if everything and len(names) > 1:
        raise BAD_SCOPE(scope=text, reason="'.default' cannot be combined with other permissions of a resource")
    found = () if everything else tuple(dict.fromkeys(_permission(each, client, resource) for each in names))
    return RequestedScope(text, resource, found, everything, frozenset(openid), prefix)


def _resource(identifier: str, tenant: str, directory: Directory, graph_root: str, host: str) -> Resource:
    version = directory.graph_token_version
    if identifier.lower() == GRAPH_ID:
        return Resource(GRAPH_ID, GRAPH_ID, version)
    bare = identifier.rstrip("/")
    if bare in ("", graph_root) or _is_here(bare, host):
        return Resource(GRAPH_ID, graph_root, version)
    application = directory.resource(identifier) or directory.resource(bare)
    if application is None or not application.is_in(tenant):
        raise UNKNOWN_RESOURCE(resource=identifier, tenant=tenant)
    return Resource(application.id, identifier, application.token_version, application)


def _is_here(identifier: str, host: str) -> bool:
    """Return whether an identifier is the service's own address, without its port, which clients use by default."""
    try:
        parts = urlsplit(identifier)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and not parts.path and parts.hostname in (*_THIS_MACHINE, host)


def _permission(name: str, client: Application, resource: Resource) -> str:
    if resource.application is not None:
        if name not in resource.application.exposed_permissions:
            raise UNKNOWN_SCOPE(application=client.display_name, scope=name, resource=resource.id)
        return name
    known = _BY_LOWER_CASE.get(name.lower())
    if known is not None:
        return known
    if not _PERMISSION.fullmatch(name):
        reason = "it is no permission of the form Area.Right, nor openid, profile, email or offline_access"
        raise BAD_SCOPE(scope=name, reason=reason)
    if name.lower().startswith(_INTUNE):
        raise UNKNOWN_SCOPE(application=client.display_name, scope=name, resource=GRAPH_ID)
    return name
