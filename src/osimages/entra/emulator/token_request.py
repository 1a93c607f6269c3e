"""A request for a token: the client that has authenticated itself, its form, and the responses of the grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from osimages.entra.emulator.consent import missing, wanted
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.encrypted_tokens import Party, Refresh
from osimages.entra.emulator.error_catalogue import NO_CONSENT
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.request_context import RequestContext
from osimages.entra.emulator.scopes import RequestedScope
from osimages.entra.emulator.token_claims import (
    LIFETIME_SECONDS,
    Grant,
    access_claims,
    client_info,
    id_claims,
    parse_claims_request,
)
from osimages.entra.emulator.token_signing import signed


class TokenRequest(msgspec.Struct, frozen=True):
    """A request to the token endpoint: the application has proved itself as `proof` says. `tenant` is None for any."""

    context: RequestContext
    tenant: str | None
    form: Mapping[str, str]
    application: Application
    proof: int

    def required(self, name: str) -> str:
        """Return a field that must be there. Raises EntraError."""
        return required(self.form, name)

    def is_for(self, party: Party) -> bool:
        """Return whether a grant may be used by this application, at this tenant's endpoint."""
        return party.application == self.application.id and self.tenant in (None, party.tenant)

    def application_answer(self, asked: RequestedScope, permissions: tuple[str, ...]) -> dict[str, Any]:
        """Return the response with a token for the application itself."""
        return self._answer(
            Grant(
                tenant=self.tenant or DEFAULT_TENANT,
                application=self.application,
                user=None,
                resource=asked.resource,
                permissions=permissions,
                proof=self.proof,
                wish=parse_claims_request(self.form.get("claims")),
            )
        )

    def user_answer(
        self, party: Party, user: User, scope: str, *, nonce: str | None = None, claims: str | None = None
    ) -> dict[str, Any]:
        """Return the response with tokens for a user, as far as there is consent. Raises EntraError."""
        asked = self.context.asked(scope, self.application, party.tenant)
        if missing(asked, self.application, party, self.context.state):
            raise NO_CONSENT(application=self.application.id, name=self.application.display_name)
        granted = wanted(asked, self.application)
        grant = Grant(
            tenant=party.tenant,
            application=self.application,
            user=user,
            resource=asked.resource,
            permissions=tuple(granted),
            proof=self.proof,
            wish=parse_claims_request(self.form.get("claims") or claims),
        )
        return {"scope": asked.told(granted), **self._answer(grant), **self._about_user(grant, user, asked, nonce)}

    def _answer(self, grant: Grant) -> dict[str, Any]:
        context, lifetime = self.context, LIFETIME_SECONDS - 1
        claims = access_claims(grant, context.issuers, context.now, clock=context.clock)
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": signed(context.keys, claims),
        }

    def _about_user(self, grant: Grant, user: User, asked: RequestedScope, nonce: str | None) -> dict[str, Any]:
        context, found = self.context, {}
        if "offline_access" in asked.openid:
            refresh = Refresh(Party(grant.tenant, self.application.id, user.id), asked.text)
            found["refresh_token"] = context.sealer.seal(refresh, context.now)
        if "openid" in asked.openid:
            issuer = f"{self.context.origin}/{grant.tenant}/v2.0"
            found["id_token"] = signed(
                self.context.keys, id_claims(grant, user, issuer, self.context.now, asked.openid, nonce)
            )
        if self.form.get("client_info") == "1":
            found["client_info"] = client_info(user, grant.tenant)
        return found
