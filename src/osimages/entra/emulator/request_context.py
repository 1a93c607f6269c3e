"""The context of a request (keys, directory, state and time as they are when it arrives), and the request itself."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.directory import Application, Directory, User
from osimages.entra.emulator.encrypted_tokens import Party, Sealer
from osimages.entra.emulator.error_catalogue import GRANT_REVOKED, UNKNOWN_APPLICATION, UNKNOWN_TENANT, UNKNOWN_USER
from osimages.entra.emulator.scopes import RequestedScope, parse_scope
from osimages.entra.emulator.shared_state import EmulatorState
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_claims import Issuers

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
# Without a tenant in the path, the user's own is meant, or the default one. `adfs` is what an authority of
# one's own has in this place, which libraries trust without asking Microsoft about it.
ANY_TENANT = ("common", "organizations", "adfs")


class RequestContext(msgspec.Struct, frozen=True):
    """Keys, directory, address of the service and time, as they are when a request arrives.

    `origin` is how the client reaches it; `graph_root` is the resource that it stands for. `clock` names the clock that
    `now` is from, if that is not real time.
    """

    keys: SigningKeys
    directory: Directory
    sealer: Sealer
    state: EmulatorState
    issuers: Issuers
    graph_root: str
    origin: str
    now: datetime
    clock: str = ""

    @property
    def host(self) -> str:
        """This service's own name, without its port."""
        return urlsplit(self.origin).hostname or ""

    def application(self, client: str, tenant: str | None) -> Application:
        """Return a registered application. Raises EntraError."""
        found = self.directory.application(client)
        if found is None or not (tenant is None or found.is_in(tenant)):
            raise UNKNOWN_APPLICATION(application=client, tenant=tenant or DEFAULT_TENANT)
        return found

    def asked(self, scope: str, client: Application, tenant: str | None) -> RequestedScope:
        """Return a parsed scope. Raises EntraError."""
        return parse_scope(scope, client, tenant or DEFAULT_TENANT, self.directory, self.graph_root, self.host)

    def user(self, party: Party, issued: int) -> User:
        """Return the user of a grant that was issued then (seconds since 1970). Raises EntraError."""
        found = self.directory.user(party.user)
        if found is None or not found.is_in(party.tenant):
            raise UNKNOWN_USER(user=party.user, tenant=party.tenant)
        if not found.counts_from(issued):
            shown = datetime.fromtimestamp(issued, UTC).isoformat()
            raise GRANT_REVOKED(issued=shown, valid_from=found.sign_in_sessions_valid_from)
        return found


def tenant_of(name: str, directory: Directory) -> str | None:
    """Return the id of the tenant that a path names by id or a domain of its users; None for any. Raises EntraError."""
    lower = name.lower()
    if lower in ANY_TENANT:
        return None
    if _GUID.fullmatch(name):
        return lower
    for user in directory.users:
        if not user.guest and user.user_principal_name.rpartition("@")[2].lower() == lower:
            return user.tenant or DEFAULT_TENANT
    raise UNKNOWN_TENANT(tenant=name)


_CLIENT_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True)
class Call:
    """`tenant` is what the path has in its place; `form` holds the fields of the form, or the query's parameters."""

    context: RequestContext
    request: Request
    tenant: str
    form: dict[str, str] = field(default_factory=dict)

    @property
    def correlation(self) -> str:
        """The id that the client gave its request, another one if it gave none."""
        sent = self.request.headers.get("client-request-id", "")
        return sent if _CLIENT_REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())
