"""Client authentication: with a secret, a signed assertion, or not at all (public clients).

RFC 6749, section 2.3; RFC 7523, sections 2.2 and 3; and
https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from osimages.entra.emulator.directory import Application, certificate_of
from osimages.entra.emulator.error_catalogue import (
    ASSERTION_AUDIENCE,
    ASSERTION_KEY,
    ASSERTION_SIGNATURE,
    ASSERTION_SUBJECT,
    ASSERTION_TIME,
    ASSERTION_TYPE,
    NO_CREDENTIAL,
    PUBLIC_WITH_CREDENTIAL,
    WRONG_SECRET,
    shown,
)
from osimages.entra.emulator.federation import check_federated, is_federated
from osimages.entra.emulator.signing_keys import SigningKeys

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NO_PROOF, SECRET_PROOF, CERTIFICATE_PROOF = 0, 1, 2

# RFC 7518, sections 3.3 and 3.5.
_PADDINGS: Mapping[str, AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH),
}
_SKEW_SECONDS = 300
_LONGEST = 16 * 1024


class _Header(msgspec.Struct, frozen=True):
    alg: str
    thumbprint: str | None = msgspec.field(default=None, name="x5t")
    thumbprint_sha256: str | None = msgspec.field(default=None, name="x5t#S256")
    kid: str | None = None
    crit: msgspec.Raw | None = None


class _Claims(msgspec.Struct, frozen=True):
    aud: str
    iss: str
    sub: str
    exp: float
    nbf: float = 0


def authenticate_client(
    application: Application,
    form: Mapping[str, str],
    audiences: Collection[str],
    keys: SigningKeys,
    now: datetime,
    *,
    required: bool,
) -> int:
    """Return how an application authenticates itself in a form: one of the constants above. Raises EntraError.

    `audiences` are the values of `aud` that name this authority, `keys` those that sign federated tokens; without
    `required` a public client need prove nothing.
    """
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if not secret and not assertion:
        if application.public_client and not required:
            return NO_PROOF
        raise NO_CREDENTIAL()
    if assertion and is_federated(assertion):
        if form.get("client_assertion_type") != JWT_BEARER:
            raise ASSERTION_TYPE(reason="another type was sent")
        check_federated(keys, application, assertion, now)
        return CERTIFICATE_PROOF
    if not application.secrets and not application.certificates:
        raise PUBLIC_WITH_CREDENTIAL()
    if assertion:
        _check_assertion(application, form.get("client_assertion_type"), assertion, audiences, now)
        return CERTIFICATE_PROOF
    given = str(secret).encode(errors="surrogatepass")
    if not any(hmac.compare_digest(given, each.encode()) for each in application.secrets):
        raise WRONG_SECRET(application=application.id)
    return SECRET_PROOF


def _check_assertion(
    application: Application, kind: str | None, assertion: str, audiences: Collection[str], now: datetime
) -> None:
    if kind != JWT_BEARER:
        raise ASSERTION_TYPE(reason="another type was sent")
    header = _header(assertion)
    key = _key(application, header)
    if key is None:
        shown = header.thumbprint_sha256 or header.thumbprint or header.kid
        raise ASSERTION_KEY(application=application.id, thumbprint=shown)
    signing_input, _, signature = assertion.rpartition(".")
    try:
        key.verify(_decoded(signature), signing_input.encode(), _PADDINGS[header.alg], SHA256())
    except (InvalidSignature, ValueError):
        raise ASSERTION_SIGNATURE(application=application.id) from None
    try:
        claims = msgspec.json.decode(_decoded(signing_input.partition(".")[2]), type=_Claims)
    except (ValueError, RecursionError) as error:
        raise ASSERTION_TYPE(reason=error) from None
    _check_claims(claims, application, audiences, now)


def _header(assertion: str) -> _Header:
    try:
        if len(assertion) > _LONGEST or assertion.count(".") != 2:
            raise ValueError("it is too long, or has not three parts")
        header = msgspec.json.decode(_decoded(assertion.partition(".")[0]), type=_Header)
    except (ValueError, RecursionError) as error:
        raise ASSERTION_TYPE(reason=error) from None
    if header.alg not in _PADDINGS or header.crit is not None:
        raise ASSERTION_TYPE(reason=f"its algorithm must be one of {', '.join(_PADDINGS)}, without 'crit'")
    return header


def _key(application: Application, header: _Header) -> rsa.RSAPublicKey | None:
    """The key of the registered certificate that a header names by its thumbprint."""
    for pem in application.certificates:
        certificate = certificate_of(pem)
        names = {thumbprint(certificate, SHA256())}
        if header.thumbprint_sha256 is None:
            names |= {thumbprint(certificate, SHA1()), certificate.fingerprint(SHA1()).hex().upper()}  # noqa: S303
        # MSAL pads the shorter one.
        wanted = (header.thumbprint_sha256 or header.thumbprint or (header.kid or "").upper()).rstrip("=")
        public = certificate.public_key()
        if wanted in names and isinstance(public, rsa.RSAPublicKey):
            return public
    return None


def thumbprint(certificate: x509.Certificate, algorithm: HashAlgorithm) -> str:
    """The hash of a certificate as `x5t` and `x5t#S256` have it (RFC 7515, sections 4.1.7 and 4.1.8)."""
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _check_claims(claims: _Claims, application: Application, audiences: Collection[str], now: datetime) -> None:
    moment = now.timestamp()
    if not claims.nbf - _SKEW_SECONDS <= moment < claims.exp + _SKEW_SECONDS:
        raise ASSERTION_TIME(now=shown(moment), expires=shown(claims.exp))
    if claims.aud.rstrip("/") not in audiences:
        raise ASSERTION_AUDIENCE(expected=min(audiences))
    if claims.iss.lower() != application.id or claims.sub.lower() != application.id:
        raise ASSERTION_SUBJECT(application=application.id)
