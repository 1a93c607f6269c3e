"""The directory: applications and users, as the file `authority.json` holds them.

Names are those of Graph's own resources where it has them:
https://learn.microsoft.com/graph/api/resources/application and https://learn.microsoft.com/graph/api/resources/user.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from cryptography import x509

from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.redirects import redirect_problem

_GUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Guid = Annotated[str, msgspec.Meta(pattern=_GUID_PATTERN)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
# Scope names travel in lists that spaces separate (RFC 6749, section 3.3).
Permission = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,119}$")]
IdentifierUri = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9+.-]*://[^\s#?]{1,255}$")]
PrincipalName = Annotated[str, msgspec.Meta(pattern=r"^[^\s@]{1,64}@[^\s@/]{1,255}$")]
TokenVersion = Literal[1, 2]

# Template ids, which tokens carry in `wids`.
# https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
DIRECTORY_ROLES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Intune Administrator": "3a2c62db-5318-420d-8d74-23affee5d9d5",
}
# What every member of a directory holds, so that tokens of users without a role have it.
DEFAULT_USER_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
DirectoryRole = Literal["Global Administrator", "Global Reader", "Intune Administrator"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The fields of applications and users alike: an id, a name, and the tenant they belong to (None: every tenant)."""

    id: Guid
    display_name: Text
    tenant: Guid | None = None

    def is_in(self, tenant: str) -> bool:
        """Return whether it is known in a tenant."""
        return self.tenant is None or self.tenant == tenant


class Application(_Entry, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A registered application.

    It proves itself with one of its `secrets`, or the key of one of its `certificates` (PEM); a `public_client` need
    not. `application_permissions` are granted to it as itself (`roles`), `delegated_permissions` are those that
    `.default` asks users for; with `admin_consent` nobody is asked. As a resource it is named by its id or one of
    its `identifier_uris`, offers `exposed_permissions`, and gets tokens of `token_version`.
    """

    secrets: tuple[Text, ...] = ()
    certificates: tuple[str, ...] = ()
    redirect_uris: tuple[Text, ...] = ()
    public_client: bool = False
    application_permissions: tuple[Permission, ...] = ()
    delegated_permissions: tuple[Permission, ...] = ()
    admin_consent: bool = False
    identifier_uris: tuple[IdentifierUri, ...] = ()
    exposed_permissions: tuple[Permission, ...] = ()
    token_version: TokenVersion = 1
    service_principal_id: Guid | None = None

    def object_id(self, tenant: str) -> str:
        """The id of its service principal in a tenant, which its own tokens carry in `oid`."""
        return self.service_principal_id or str(uuid.uuid5(uuid.UUID(self.id), tenant))


class User(_Entry, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A person. `password` is asked for by the password grant only; None: there is none that fits.

    `delegated_permissions` are those that the user may consent to (None: all). A user without an `intune_role` can
    sign in, but Intune denies access. Grants from before `sign_in_sessions_valid_from` are revoked.
    """

    user_principal_name: PrincipalName
    password: Text | None = None
    delegated_permissions: tuple[Permission, ...] | None = None
    directory_roles: tuple[DirectoryRole, ...] = ()
    guest: bool = False
    intune_role: bool = True
    sign_in_sessions_valid_from: datetime | None = None

    def counts_from(self, moment: float) -> bool:
        """Return whether a grant of that time (seconds since 1970) has not been revoked."""
        valid_from = self.sign_in_sessions_valid_from
        return valid_from is None or moment >= valid_from.timestamp()


class Directory(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All applications and users. `graph_token_version` is the form of the tokens for Graph: 1, as Entra's own are."""

    applications: tuple[Application, ...]
    users: tuple[User, ...]
    graph_token_version: TokenVersion = 1

    def application(self, client: str) -> Application | None:
        """The application with that id, in any case."""
        wanted = client.lower()
        return next((each for each in self.applications if each.id == wanted), None)

    def resource(self, identifier: str) -> Application | None:
        """The application that a resource identifier names: `api://ID`, its id, or one of its identifier URIs."""
        named = self.application(identifier.removeprefix("api://"))
        return named or next((each for each in self.applications if identifier in each.identifier_uris), None)

    def user(self, object_id: str) -> User | None:
        """The user with that object id."""
        return next((each for each in self.users if each.id == object_id), None)

    def user_named(self, name: str, tenant: str | None) -> User | None:
        """The user with that principal name, in any case, who is known in the tenant (None: in any)."""
        wanted = name.strip().casefold()
        fitting = (each for each in self.users if each.user_principal_name.casefold() == wanted)
        return next((each for each in fitting if tenant is None or each.is_in(tenant)), None)

    def users_in(self, tenant: str) -> tuple[User, ...]:
        """The users who are known in a tenant."""
        return tuple(each for each in self.users if each.is_in(tenant))


def decoded(content: bytes) -> Directory:
    """The directory that a JSON document describes. Raises UnusableError."""
    try:
        found = msgspec.json.decode(content, type=Directory)
    except msgspec.DecodeError as error:
        raise UnusableError(f"{error}.") from None
    problem = next(_problems(found), None)
    if problem is not None:
        raise UnusableError(problem)
    return found


def encoded(directory: Directory) -> bytes:
    """The JSON document of a directory, as a person would write it."""
    return msgspec.json.format(msgspec.json.encode(directory), indent=2) + b"\n"


def certificate_of(pem: str) -> x509.Certificate:
    """A certificate in PEM. Raises ValueError."""
    return x509.load_pem_x509_certificate(pem.encode("ascii", errors="replace"))


def _problems(directory: Directory) -> Iterator[str]:
    """Yield what is wrong beyond the types of the fields."""
    yield from _repeated("applications", (each.id for each in directory.applications))
    yield from _repeated("users", (each.id for each in directory.users))
    names = (f"{each.user_principal_name.casefold()} (tenant {each.tenant or 'any'})" for each in directory.users)
    yield from _repeated("users", names)
    yield from _repeated("identifierUris", (uri for each in directory.applications for uri in each.identifier_uris))
    for each in directory.applications:
        for uri in each.redirect_uris:
            if (problem := redirect_problem(uri)) is not None:
                yield f"Application '{each.display_name}': the redirect URI '{uri}' {problem}."
        for pem in each.certificates:
            try:
                certificate_of(pem)
            except ValueError:
                yield f"Application '{each.display_name}': one of its certificates is no certificate in PEM."


def _repeated(where: str, values: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield f"{where}: {value} is there twice."
        seen.add(value)
