"""A request to sign somebody in: what it asks for, and what may be told to its redirect URI.

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
    MISSING_FIELD,
    NO_REDIRECT_URI,
    PROMPT,
    REDIRECT_URI,
    RESPONSE_MODE,
    RESPONSE_TYPE,
    RefusedError,
)
from osimages.entra.emulator.redirects import is_registered
from osimages.entra.emulator.scopes import Asked
from osimages.entra.emulator.token_claims import client_info, wish_of
from osimages.entra.emulator.token_request import Surroundings, given

_MODES = ("query", "fragment", "form_post")
_PROMPTS = ("", "login", "none", "consent", "select_account", "create")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Returned(msgspec.Struct, frozen=True):
    """What the application is told: parameters for its redirect URI, in one of the response modes."""

    redirect_uri: str
    values: dict[str, str]
    mode: str


class ReturnedError(Exception):
    """A request that is refused to the application, no longer to the person: its redirect URI has been checked."""

    def __init__(self, refusal: RefusedError, returned: Returned) -> None:
        self.refusal = refusal
        self.returned = returned
        super().__init__(str(refusal))


class Authorization(msgspec.Struct, frozen=True):
    """A good request. `tenant` is None for any; `prompt` is empty where the application leaves it to the authority."""

    application: Application
    tenant: str | None
    redirect_uri: str
    mode: str
    state: str | None
    asked: Asked
    nonce: str | None
    challenge: str | None
    prompt: str
    login_hint: str | None
    claims: str | None
    tells_client: bool

    def code(self, at: Surroundings, party: Party, user: User) -> Returned:
        """The answer for somebody who has signed in and consented: an authorization code."""
        code = Code(
            id=secrets.token_urlsafe(16),
            party=party,
            scope=self.asked.text,
            redirect_uri=self.redirect_uri,
            challenge=self.challenge,
            nonce=self.nonce,
            claims=self.claims,
        )
        values = {"code": at.sealer.seal(code, at.now)}
        if self.tells_client:
            values["client_info"] = client_info(user, party.tenant)
        return Returned(self.redirect_uri, values | _state(self.state), self.mode)

    def refused(self, refusal: RefusedError) -> ReturnedError:
        """The error to raise where the application is to be told."""
        return _refused(self.redirect_uri, self.mode, self.state, refusal)


def authorization_of(at: Surroundings, tenant: str | None, form: Mapping[str, str]) -> Authorization:
    """The request that a form describes.

    Raises RefusedError as long as nobody knows whether its redirect URI is the application's, ReturnedError after that.
    """
    application = at.application(given(form, "client_id"), tenant)
    redirect_uri = form.get("redirect_uri", "")
    if not redirect_uri:
        raise NO_REDIRECT_URI.because()
    if not is_registered(redirect_uri, application.redirect_uris):
        raise REDIRECT_URI.because(redirect_uri=redirect_uri, application=application.id)
    mode = form.get("response_mode") or "query"
    told_mode = mode if mode in _MODES else "query"
    try:
        if mode not in _MODES:
            raise RESPONSE_MODE.because(response_mode=mode)
        return _checked(at, tenant, form, application, redirect_uri, mode)
    except RefusedError as refusal:
        raise _refused(redirect_uri, told_mode, form.get("state"), refusal) from None


def _checked(
    at: Surroundings,
    tenant: str | None,
    form: Mapping[str, str],
    application: Application,
    redirect_uri: str,
    mode: str,
) -> Authorization:
    response_type = form.get("response_type")
    if not response_type:
        raise MISSING_FIELD.because(name="response_type")
    if response_type != "code":
        raise RESPONSE_TYPE.because(response_type=response_type)
    prompt = form.get("prompt", "")
    if prompt not in _PROMPTS:
        raise PROMPT.because(prompt=prompt)
    wish_of(form.get("claims"))
    return Authorization(
        application=application,
        tenant=tenant,
        redirect_uri=redirect_uri,
        mode=mode,
        state=form.get("state"),
        asked=at.asked(given(form, "scope"), application, tenant),
        nonce=form.get("nonce"),
        challenge=_challenge(form),
        prompt=prompt,
        login_hint=form.get("login_hint"),
        claims=form.get("claims"),
        tells_client=form.get("client_info") == "1",
    )


def _challenge(form: Mapping[str, str]) -> str | None:
    """`plain`, which Entra takes, is refused: whoever sees such a request can redeem its code (RFC 9700, 2.1.1)."""
    challenge, method = form.get("code_challenge"), form.get("code_challenge_method")
    if challenge is None and method is None:
        return None
    if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise CHALLENGE.because()
    return challenge


def _refused(redirect_uri: str, mode: str, state: str | None, refusal: RefusedError) -> ReturnedError:
    values = {"error": refusal.row.error, "error_description": f"AADSTS{refusal.row.number}: {refusal.text}"}
    values |= {"error_uri": f"https://login.microsoftonline.com/error?code={refusal.row.number}"}
    if refusal.row.suberror:
        values["error_subcode"] = refusal.row.suberror
    return ReturnedError(refusal, Returned(redirect_uri, values | _state(state), mode))


def _state(state: str | None) -> dict[str, str]:
    return {} if state is None else {"state": state}
