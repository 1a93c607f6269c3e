"""The development authority: what it tells about itself, and tokens for those who prove themselves.

Shapes and codes are Entra's: https://learn.microsoft.com/entra/identity-platform/v2-protocols. What people see in a
browser is in `signin.py`; the grants are in `grants.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from osimages.entra.emulator.client_authentication import proof_of
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.encrypted_tokens import Sealer
from osimages.entra.emulator.error_catalogue import UNKNOWN_GRANT_TYPE, RefusedError
from osimages.entra.emulator.grants import CONFIDENTIAL, GRANTS
from osimages.entra.emulator.key_ring import KeyRing
from osimages.entra.emulator.reloading_directory import ReloadingDirectory
from osimages.entra.emulator.shared_state import AuthorityState
from osimages.entra.emulator.token_claims import Issuers
from osimages.entra.emulator.token_request import ANY_TENANT, Exchange, Surroundings, given, tenant_of
from osimages.entra.emulator.token_signing import AUDIENCE


@dataclass(frozen=True, slots=True)
class Authority:
    """Its parts; every one of them is the same for all workers of a data directory."""

    keys: KeyRing
    directory: ReloadingDirectory
    sealer: Sealer
    state: AuthorityState
    issuers: Issuers
    graph_root: str

    @classmethod
    def open(
        cls, folder: Path, now: Callable[[], datetime], issuers: Issuers | None = None, graph_root: str = AUDIENCE
    ) -> Authority:
        """The authority of a data directory, with keys that are made where there are none.

        Raises OSError, ValueError, UnusableError where a file there cannot be used.
        """
        keys, directory, sealer = KeyRing(folder, now), ReloadingDirectory(folder), Sealer.load_or_create(folder)
        return cls(keys, directory, sealer, AuthorityState(folder), issuers or Issuers(), graph_root)

    def surroundings(self, origin: str, now: datetime, clock: str = "") -> Surroundings:
        """What a request that reached this authority at `origin` finds; `clock` names a clock that is not real time."""
        return Surroundings(
            keys=self.keys.current(),
            directory=self.directory.current(),
            sealer=self.sealer,
            state=self.state,
            issuers=self.issuers,
            graph_root=self.graph_root,
            origin=origin,
            now=now,
            clock=clock,
        )

    def tenant(self, name: str) -> str:
        """Return the id of the tenant that a path names by id or domain; empty for any, and for one that is unknown."""
        try:
            return tenant_of(name, self.directory.current()) or ""
        except RefusedError:
            return ""

    def token(self, at: Surroundings, tenant_name: str, form: Mapping[str, str]) -> dict[str, Any]:
        """A token for what a form asks for; a client's secret may stand in it. Raises RefusedError."""
        tenant = tenant_of(tenant_name, at.directory)
        grant_type = given(form, "grant_type")
        grant = GRANTS.get(grant_type)
        if grant is None:
            raise UNKNOWN_GRANT_TYPE.because(grant_type=grant_type)
        application = at.application(given(form, "client_id"), tenant)
        audiences = assertion_audiences(at, tenant_name, tenant)
        proof = proof_of(application, form, audiences, at.keys, at.now, required=grant_type in CONFIDENTIAL)
        return grant(Exchange(at, tenant, form, application, proof))

    def token_v1(self, at: Surroundings, tenant_name: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The same for clients of the v1.0 endpoint, which name a `resource` instead of scopes. Raises RefusedError.

        Those of AD FS, which has its endpoint at the same path, name scopes.

        https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-oauth2-client-creds-grant-flow
        """
        resource = form.get("resource", "")
        scope = f"{resource or self.graph_root}/.default"
        if form.get("grant_type") != "client_credentials":
            scope += " openid profile offline_access"
        says_more = form.get("grant_type") == "refresh_token" or "scope" in form
        asked = form if "resource" not in form and says_more else {**form, "scope": scope}
        answer = self.token(at, tenant_name, asked)
        issued = int(at.now.timestamp())
        return answer | {
            "expires_in": str(answer["expires_in"]),
            "ext_expires_in": str(answer["ext_expires_in"]),
            "not_before": str(issued),
            "expires_on": str(issued + answer["expires_in"]),
            "resource": resource or self.graph_root,
        }

    def user_realm(self, at: Surroundings, user: str) -> dict[str, Any]:
        """What MSAL asks before it sends a password: whether somebody else than this authority knows the user."""
        domain = user.rpartition("@")[2]
        known = at.directory.user_named(user, None) is not None
        return {
            "ver": "1.0",
            "account_type": "Managed" if known else "Unknown",
            "domain_name": domain,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }


def assertion_audiences(at: Surroundings, tenant_name: str, tenant: str | None) -> frozenset[str]:
    """Every `aud` of a client assertion that names this authority: the token endpoints and the issuer."""
    names = {tenant_name, tenant_name.lower(), tenant or DEFAULT_TENANT, *ANY_TENANT}
    paths = ("oauth2/v2.0/token", "oauth2/token", "v2.0")
    return frozenset(f"{at.origin}/{name}/{path}" for name in names for path in paths)
