"""One request for a token, with all that the grants need to answer it, and the answer that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from osimages.entra.emulator.consent import missing, wanted
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.directory import Application, Directory, User
from osimages.entra.emulator.encrypted_tokens import Party, Refresh, Sealer
from osimages.entra.emulator.error_catalogue import (
    GRANT_REVOKED,
    MISSING_FIELD,
    NO_CONSENT,
    UNKNOWN_APPLICATION,
    UNKNOWN_TENANT,
    UNKNOWN_USER,
)
from osimages.entra.emulator.scopes import Asked, asked_of
from osimages.entra.emulator.shared_state import AuthorityState
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_claims import (
    LIFETIME_SECONDS,
    Grant,
    Issuers,
    access_claims,
    client_info,
    id_claims,
    wish_of,
)
from osimages.entra.emulator.token_signing import signed

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
# Whoever does not say which tenant is meant is of the user's own, or the default one. `adfs` is what an authority of
# one's own has in this place, which libraries trust without asking Microsoft about it.
ANY_TENANT = ("common", "organizations", "adfs")


class Surroundings(msgspec.Struct, frozen=True):
    """What all requests share at one moment: keys, who is known, where this service is, and the time.

    `origin` is how the client reaches it; `graph_root` is the resource that it stands for. `clock` names the clock that
    `now` is from, if that is not real time.
    """

    keys: SigningKeys
    directory: Directory
    sealer: Sealer
    state: AuthorityState
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
        """A registered application. Raises RefusedError."""
        found = self.directory.application(client)
        if found is None or not (tenant is None or found.is_in(tenant)):
            raise UNKNOWN_APPLICATION.because(application=client, tenant=tenant or DEFAULT_TENANT)
        return found

    def asked(self, scope: str, client: Application, tenant: str | None) -> Asked:
        """What a scope means. Raises RefusedError."""
        return asked_of(scope, client, tenant or DEFAULT_TENANT, self.directory, self.graph_root, self.host)

    def user(self, party: Party, issued: int) -> User:
        """The user of a grant that was issued then, who must still be there. Raises RefusedError."""
        found = self.directory.user(party.user)
        if found is None or not found.is_in(party.tenant):
            raise UNKNOWN_USER.because(user=party.user, tenant=party.tenant)
        if not found.counts_from(issued):
            shown = datetime.fromtimestamp(issued, UTC).isoformat()
            raise GRANT_REVOKED.because(issued=shown, valid_from=found.sign_in_sessions_valid_from)
        return found


class Exchange(msgspec.Struct, frozen=True):
    """A request to the token endpoint: the application has proved itself as `proof` says. `tenant` is None for any."""

    at: Surroundings
    tenant: str | None
    form: Mapping[str, str]
    application: Application
    proof: int

    def given(self, name: str) -> str:
        """A field that must be there. Raises RefusedError."""
        return given(self.form, name)

    def is_for(self, party: Party) -> bool:
        """Whether a grant may be used by this application, at this tenant's endpoint."""
        return party.application == self.application.id and self.tenant in (None, party.tenant)

    def application_answer(self, asked: Asked, permissions: tuple[str, ...]) -> dict[str, Any]:
        """A token for the application itself."""
        return self._answer(
            Grant(
                tenant=self.tenant or DEFAULT_TENANT,
                application=self.application,
                user=None,
                resource=asked.resource,
                permissions=permissions,
                proof=self.proof,
                wish=wish_of(self.form.get("claims")),
            )
        )

    def user_answer(
        self, party: Party, user: User, scope: str, *, nonce: str | None = None, claims: str | None = None
    ) -> dict[str, Any]:
        """Tokens for a user, as far as there is consent. Raises RefusedError."""
        asked = self.at.asked(scope, self.application, party.tenant)
        if missing(asked, self.application, party, self.at.state):
            raise NO_CONSENT.because(application=self.application.id, name=self.application.display_name)
        granted = wanted(asked, self.application)
        grant = Grant(
            tenant=party.tenant,
            application=self.application,
            user=user,
            resource=asked.resource,
            permissions=tuple(granted),
            proof=self.proof,
            wish=wish_of(self.form.get("claims") or claims),
        )
        return {"scope": asked.told(granted), **self._answer(grant), **self._about_user(grant, user, asked, nonce)}

    def _answer(self, grant: Grant) -> dict[str, Any]:
        lifetime = LIFETIME_SECONDS - 1
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": signed(
                self.at.keys, access_claims(grant, self.at.issuers, self.at.now, clock=self.at.clock)
            ),
        }

    def _about_user(self, grant: Grant, user: User, asked: Asked, nonce: str | None) -> dict[str, Any]:
        found = {}
        if "offline_access" in asked.openid:
            refresh = Refresh(Party(grant.tenant, self.application.id, user.id), asked.text)
            found["refresh_token"] = self.at.sealer.seal(refresh, self.at.now)
        if "openid" in asked.openid:
            issuer = f"{self.at.origin}/{grant.tenant}/v2.0"
            found["id_token"] = signed(self.at.keys, id_claims(grant, user, issuer, self.at.now, asked.openid, nonce))
        if self.form.get("client_info") == "1":
            found["client_info"] = client_info(user, grant.tenant)
        return found


def given(form: Mapping[str, str], name: str) -> str:
    """A field that must be there. Raises RefusedError."""
    value = form.get(name)
    if not value:
        raise MISSING_FIELD.because(name=name)
    return value


def tenant_of(name: str, directory: Directory) -> str | None:
    """The id of the tenant that a path names by id or by a domain of its users; None for any. Raises RefusedError."""
    lower = name.lower()
    if lower in ANY_TENANT:
        return None
    if _GUID.fullmatch(name):
        return lower
    for user in directory.users:
        if not user.guest and user.user_principal_name.rpartition("@")[2].lower() == lower:
            return user.tenant or DEFAULT_TENANT
    raise UNKNOWN_TENANT.because(tenant=name)
