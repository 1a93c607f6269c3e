"""The UserInfo endpoint (OpenID Connect Core, section 5.3), which Graph has at `/oidc/userinfo`."""

from __future__ import annotations

import msgspec

from osimages.entra.emulator.encrypted_tokens import Party
from osimages.entra.emulator.error_catalogue import BAD_BEARER, EntraError
from osimages.entra.emulator.request_context import RequestContext
from osimages.entra.emulator.scopes import GRAPH_ID
from osimages.entra.emulator.token_claims import pairwise


class _Claims(msgspec.Struct, frozen=True):
    aud: str
    exp: float
    iat: float
    tid: str
    oid: str
    idtyp: str = "user"
    appid: str = ""
    azp: str = ""


def userinfo(context: RequestContext, authorization: str | None) -> dict[str, str]:
    """Return the claims about the user of an access token for Graph. Raises EntraError.

    Unlike at Graph, the token need not have been requested with the scope `openid`.
    https://learn.microsoft.com/entra/identity-platform/userinfo
    """
    claims = _claims(context, authorization or "")
    application = claims.appid or claims.azp
    try:
        user = context.user(Party(claims.tid, application, claims.oid), int(claims.iat))
    except EntraError as error:
        raise BAD_BEARER(reason=error.text.rstrip(".")) from None
    given, _, family = user.display_name.rpartition(" ")
    return {
        # The same as in id tokens for the application (section 5.3.2).
        "sub": pairwise(user, application),
        "name": user.display_name,
        "family_name": family,
        "given_name": given or family,
        "email": user.user_principal_name,
    }


def _claims(context: RequestContext, authorization: str) -> _Claims:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise BAD_BEARER(reason="send it as Authorization: Bearer")
    try:
        claims = msgspec.json.decode(context.keys.verified(token.strip()), type=_Claims)
    except msgspec.DecodeError:
        raise BAD_BEARER(reason="it lacks claims that tokens of users have") from None
    except ValueError as error:
        raise BAD_BEARER(reason=error) from None
    if context.now.timestamp() >= claims.exp:
        raise BAD_BEARER(reason="it has expired")
    if claims.aud.rstrip("/") not in (context.graph_root, GRAPH_ID):
        raise BAD_BEARER(reason=f"it is for {claims.aud}, not for {context.graph_root}")
    if claims.idtyp != "user":
        raise BAD_BEARER(reason="it is an application's, not a user's")
    return claims
