"""The UserInfo endpoint (OpenID Connect Core, section 5.3), which Graph has at `/oidc/userinfo`."""

from __future__ import annotations

import msgspec

from osimages.entra.emulator.encrypted_tokens import Party
from osimages.entra.emulator.error_catalogue import BAD_BEARER, RefusedError
from osimages.entra.emulator.scopes import GRAPH_ID
from osimages.entra.emulator.token_claims import pairwise
from osimages.entra.emulator.token_request import Surroundings

PATH = "oidc/userinfo"


class _Claims(msgspec.Struct, frozen=True):
    aud: str
    exp: float
    iat: float
    tid: str
    oid: str
    idtyp: str = "user"
    appid: str = ""
    azp: str = ""


def userinfo(at: Surroundings, authorization: str | None) -> dict[str, str]:
    """Return the claims about the user of an access token for Graph. Raises RefusedError.

    Unlike at Graph, the token need not have been requested with the scope `openid`.
    https://learn.microsoft.com/entra/identity-platform/userinfo
    """
    claims = _claims(at, authorization or "")
    application = claims.appid or claims.azp
    try:
        user = at.user(Party(claims.tid, application, claims.oid), int(claims.iat))
    except RefusedError as error:
        raise BAD_BEARER.because(reason=error.text.rstrip(".")) from None
    given, _, family = user.display_name.rpartition(" ")
    return {
        # The same as in id tokens for the application (section 5.3.2).
        "sub": pairwise(user, application),
        "name": user.display_name,
        "family_name": family,
        "given_name": given or family,
        "email": user.user_principal_name,
    }


def _claims(at: Surroundings, authorization: str) -> _Claims:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise BAD_BEARER.because(reason="send it as Authorization: Bearer")
    try:
        claims = msgspec.json.decode(at.keys.verified(token.strip()), type=_Claims)
    except msgspec.DecodeError:
        raise BAD_BEARER.because(reason="it lacks claims that tokens of users have") from None
    except ValueError as error:
        raise BAD_BEARER.because(reason=error) from None
    if at.now.timestamp() >= claims.exp:
        raise BAD_BEARER.because(reason="it has expired")
    if claims.aud.rstrip("/") not in (at.graph_root, GRAPH_ID):
        raise BAD_BEARER.because(reason=f"it is for {claims.aud}, not for {at.graph_root}")
    if claims.idtyp != "user":
        raise BAD_BEARER.because(reason="it is an application's, not a user's")
    return claims
