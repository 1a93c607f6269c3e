"""Authorization requests: applications that ask to sign somebody in, and the responses at their redirect URIs.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-authorization-code and OpenID
Connect Core, section 3.1.2.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

import msgspec

from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.encrypted_tokens import Code, Party
from osimages.entra.emulator.error_catalogue import (
    CHALLENGE,
    NO_REDIRECT_URI,
    PROMPT,
    REDIRECT_URI,
    RESPONSE_MODE,
    RESPONSE_TYPE,
    EntraError,
)
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.redirects import is_registered
from osimages.entra.emulator.request_context import RequestContext
from osimages.entra.emulator.scopes import RequestedScope
from osimages.entra.emulator.token_claims import client_info, parse_claims_request

_MODES = ("query", "fragment", "form_post")
_PROMPTS = ("", "login", "none", "consent", "select_account", "create")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class AuthorizationResponse(msgspec.Struct, frozen=True):
    """Parameters for the redirect URI of an application, in one of the response modes."""

    redirect_uri: str
    values: dict[str, str]
    mode: str


class AuthorizationError(Exception):
    """An error that the application is told at its redirect URI, which has been checked, not the person."""

    def __init__(self, error: EntraError, response: AuthorizationResponse) -> None:
        self.response = response
        super().__init__(str(error))


class AuthorizationRequest(msgspec.Struct, frozen=True):
    """A good request. `tenant` is None for any; `prompt` is empty where the application leaves it to the authority."""

    application: Application
    tenant: str | None
    redirect_uri: str
    mode: str
    state: str | None
    asked: RequestedScope
    nonce: str | None
    challenge: str | None
    prompt: str
    login_hint: str | None
    claims: str | None
    wants_client_info: bool

    def code(self, context: RequestContext, party: Party, user: User) -> AuthorizationResponse:
        """Return the response for somebody who has signed in and consented: an authorization code."""
        code = Code(
            id=secrets.token_urlsafe(16),
            party=party,
            scope=self.asked.text,
            redirect_uri=self.redirect_uri,
            challenge=self.challenge,
            nonce=self.nonce,
            claims=self.claims,
        )
        values = {"code": context.sealer.seal(code, context.now)}
        if self.wants_client_info:
            values["client_info"] = client_info(user, party.tenant)
        return _response(self.redirect_uri, values, self.mode, self.state)

    def rejected(self, error: EntraError) -> AuthorizationError:
        """Return the error to raise where the application is to be told."""
        return AuthorizationError(error, _response(self.redirect_uri, error.parameters, self.mode, self.state))


def parse_authorization_request(
    context: RequestContext, tenant: str | None, form: Mapping[str, str]
) -> AuthorizationRequest:
    """Return the request that a form describes.

    Raises EntraError as long as nobody knows whether its redirect URI is the application's, after that
    AuthorizationError, which goes there.
    """
    application = context.application(required(form, "client_id"), tenant)
    redirect_uri = form.get("redirect_uri", "")
    if not redirect_uri:
        raise NO_REDIRECT_URI()
    if not is_registered(redirect_uri, application.redirect_uris):
        raise REDIRECT_URI(redirect_uri=redirect_uri, application=application.id)
    mode = form.get("response_mode") or "query"
    try:
        _check(form, mode)
        return AuthorizationRequest(
            application=application,
            tenant=tenant,
            redirect_uri=redirect_uri,
            mode=mode,
            state=form.get("state"),
            asked=context.asked(required(form, "scope"), application, tenant),
            nonce=form.get("nonce"),
            challenge=_challenge(form),
            prompt=form.get("prompt", ""),
            login_hint=form.get("login_hint"),
            claims=form.get("claims"),
            wants_client_info=form.get("client_info") == "1",
        )
    except EntraError as error:
        safe_mode = mode if mode in _MODES else "query"
        raise AuthorizationError(
            error, _response(redirect_uri, error.parameters, safe_mode, form.get("state"))
        ) from None


def _check(form: Mapping[str, str], mode: str) -> None:
    if mode not in _MODES:
        raise RESPONSE_MODE(response_mode=mode)
    response_type = required(form, "response_type")
    if response_type != "code":
        raise RESPONSE_TYPE(response_type=response_type)
    if (prompt := form.get("prompt", "")) not in _PROMPTS:
        raise PROMPT(prompt=prompt)
    parse_claims_request(form.get("claims"))


def _challenge(form: Mapping[str, str]) -> str | None:
    """Return the code challenge.

    `plain`, which Entra takes, is rejected: it lets everybody who sees the request redeem its code (RFC 9700, 2.1.1).
    """
    challenge, method = form.get("code_challenge"), form.get("code_challenge_method")
    if challenge is None and method is None:
        return None
    if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise CHALLENGE()
    return challenge


def _response(redirect_uri: str, values: dict[str, str], mode: str, state: str | None) -> AuthorizationResponse:
    return AuthorizationResponse(redirect_uri, values if state is None else values | {"state": state}, mode)
