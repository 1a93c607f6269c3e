"""The error catalogue of the emulator: Entra's number, OAuth's error, the HTTP status and the text of each error.

Numbers and meanings: https://learn.microsoft.com/entra/identity-platform/reference-error-codes; errors:
RFC 6749 (4.1.2.1 and 5.2), RFC 8628 (3.5) and OpenID Connect Core (3.1.2.6). Texts say what to do next where Entra's do
not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Longer values of a request are cut before they are repeated in a text.
_LONGEST_VALUE = 128


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the catalogue. `text` has the names of values in braces; `suberror` is what MSAL decides by."""

    number: int
    error: str
    text: str
    status: int = 400
    suberror: str | None = None

    def __call__(self, **values: object) -> EntraError:
        """Return the error to raise, with values in its text."""
        return EntraError(self, self.text.format(**{name: _short(value) for name, value in values.items()}))


class EntraError(Exception):
    """A request that the emulator rejects with an error of the catalogue."""

    def __init__(self, kind: ErrorKind, text: str) -> None:
        self.kind = kind
        self.text = text
        super().__init__(text)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of OAuth, for the redirect URI of an application (RFC 6749, section 4.1.2.1)."""
        kind = self.kind
        return {
            "error": kind.error,
            "error_description": f"AADSTS{kind.number}: {self.text}",
            "error_uri": f"https://login.microsoftonline.com/error?code={kind.number}",
            **({"error_subcode": kind.suberror} if kind.suberror else {}),
        }

    def body(self, now: datetime, correlation: str, trace: str | None = None) -> dict[str, Any]:
        """Return the JSON that Entra would send. `trace` is a GUID that names this response in logs."""
        identity, moment = trace or str(uuid.uuid4()), now.strftime("%Y-%m-%d %H:%M:%SZ")
        kind, details = self.kind, f"Trace ID: {identity} Correlation ID: {correlation} Timestamp: {moment}"
        return {
            "error": kind.error,
            "error_description": f"AADSTS{kind.number}: {self.text} {details}",
            "error_codes": [kind.number],
            "timestamp": moment,
            "trace_id": identity,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={kind.number}",
            **({"suberror": kind.suberror} if kind.suberror else {}),
        }


def shown(moment: float) -> str:
    """Return a time (seconds since 1970) for a text."""
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return "beyond all time"


def _short(value: object) -> str:
    text = str(value)
    cut = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
    return "".join(each if each.isprintable() else "?" for each in cut)


# The request itself.
MISSING_FIELD = ErrorKind(900144, "invalid_request", "The request body must contain the following parameter: '{name}'.")
NOT_A_FORM = ErrorKind(900144, "invalid_request", "The request body must be sent as application/x-www-form-urlencoded.")
UNREADABLE_FORM = ErrorKind(90014, "invalid_request", "The request cannot be read: {reason}.")
UNKNOWN_TENANT = ErrorKind(
    90002,
    "invalid_request",
    "Tenant '{tenant}' not found. Name it by its GUID, the domain of one of its users, 'common' or 'organizations'.",
)
UNKNOWN_GRANT_TYPE = ErrorKind(
    70003, "unsupported_grant_type", "The app requested an unsupported grant type '{grant_type}'."
)
RESPONSE_TYPE = ErrorKind(
    70005, "unsupported_response_type", "The response type '{response_type}' is not enabled for the app: use 'code'."
)
RESPONSE_MODE = ErrorKind(
    70007,
    "invalid_request",
    "'{response_mode}' is no supported value of 'response_mode': query, fragment or form_post.",
)
PROMPT = ErrorKind(
    90023, "invalid_request", "'{prompt}' is no supported value of 'prompt': login, none, consent, select_account."
)
BAD_CLAIMS = ErrorKind(90023, "invalid_request", "The parameter 'claims' holds no JSON object of claims.")

CROSS_ORIGIN = ErrorKind(
    9002326,
    "invalid_request",
    "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: "
    "'{origin}'. A page in a browser gets tokens for an authorization code or a refresh token, and only from the "
    "origin of a redirect URI of its application: redirectUris in authority.json.",
)
UNAVAILABLE = ErrorKind(90033, "temporarily_unavailable", "{reason}", 503)

# The application.
UNKNOWN_APPLICATION = ErrorKind(
    700016,
    "unauthorized_client",
    "Application with identifier '{application}' was not found in the directory '{tenant}'. "
    "Add it there: osimages app add.",
)
REDIRECT_URI = ErrorKind(
    50011,
    "invalid_request",
    "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for the "
    "application '{application}'. Register it there: redirectUris in authority.json.",
)
NO_REDIRECT_URI = ErrorKind(
    900971, "invalid_request", "No reply address provided: the parameter 'redirect_uri' is missing."
)
NO_CREDENTIAL = ErrorKind(
    7000218,
    "invalid_client",
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    401,
)
BAD_HEADER = ErrorKind(7000218, "invalid_client", "The Authorization header holds no client id and secret.", 401)
WRONG_SECRET = ErrorKind(
    7000215,
    "invalid_client",
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
    "not the client secret ID, for a secret added to app '{application}'.",
    401,
)
PUBLIC_WITH_CREDENTIAL = ErrorKind(
    700025,
    "invalid_client",
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    401,
)
ASSERTION_TYPE = ErrorKind(
    50027,
    "invalid_client",
    "Invalid client assertion: client_assertion_type must be "
    "'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', and client_assertion a signed JWT ({reason}).",
    401,
)
ASSERTION_KEY = ErrorKind(
    700027,
    "invalid_client",
    "The certificate with identifier used to sign the client assertion is not registered on application "
    "'{application}'. [Reason - The key was not found. Thumbprint of key used by client: '{thumbprint}']",
    401,
)
ASSERTION_SIGNATURE = ErrorKind(
    700027,
    "invalid_client",
    "Client assertion failed signature validation for application '{application}'.",
    401,
)
ASSERTION_TIME = ErrorKind(
    700024,
    "invalid_client",
    "Client assertion is not within its valid time range. Current time: {now}, expiry time of assertion {expires}.",
    401,
)
ASSERTION_AUDIENCE = ErrorKind(
    700023,
    "invalid_client",
    "Client assertion audience claim does not match this authority. Expected: '{expected}'.",
    401,
)
ASSERTION_SUBJECT = ErrorKind(
    50048, "invalid_client", "Client assertion: 'iss' and 'sub' must both be the client id '{application}'.", 401
)
FEDERATED_ISSUER = ErrorKind(
    700211,
    "invalid_client",
    "No matching federated identity record found for presented assertion issuer '{issuer}'. Expected: '{expected}'.",
    401,
)
FEDERATED_KEY = ErrorKind(
    5000223,
    "invalid_client",
    "The client assertion is not signed by a key of this server, whose tokens have the issuer '{issuer}': "
    "osimages env writes one and names it in AZURE_FEDERATED_TOKEN_FILE.",
    401,
)
FEDERATED_AUDIENCE = ErrorKind(
    700212,
    "invalid_client",
    "No matching federated identity record found for presented assertion audience '{audience}'. "
    "Expected: '{expected}'.",
    401,
)
FEDERATED_SUBJECT = ErrorKind(
    700213,
    "invalid_client",
    "No matching federated identity record found for presented assertion subject '{subject}'. Expected: '{expected}'.",
    401,
)

# What it asks for.
CLIENT_SCOPE = ErrorKind(
    1002012,
    "invalid_scope",
    "The provided value for scope {scope} is not valid. Client credential flows must have a scope "
    "value with /.default suffixed to the resource identifier (application ID URI).",
)
BAD_SCOPE = ErrorKind(
    70011,
    "invalid_scope",
    "The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid: {reason}.",
)
SEVERAL_RESOURCES = ErrorKind(
    28000,
    "invalid_scope",
    "Provided value for the input parameter scope is not valid because it contains more than one resource. "
    "Scope {scope} is not valid.",
)
UNKNOWN_SCOPE = ErrorKind(
    650053,
    "invalid_scope",
    "The application '{application}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'.",
)
UNKNOWN_RESOURCE = ErrorKind(
    500011,
    "invalid_resource",
    "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
    "application has not been installed by the administrator of the tenant: osimages app add --identifier-uri.",
)
NO_CONSENT = ErrorKind(
    65001,
    "invalid_grant",
    "The user or administrator has not consented to use the application with ID '{application}' named '{name}'. "
    "Send an interactive authorization request for this user and resource.",
    suberror="consent_required",
)
CONSENT_REQUIRED = ErrorKind(65001, "consent_required", NO_CONSENT.text)
ADMIN_CONSENT = ErrorKind(
    90094,
    "consent_required",
    "The grant requires admin permission: {user} may not consent to {permissions}.",
)
CONSENT_DECLINED = ErrorKind(65004, "access_denied", "User declined to consent to access the app.")

# The user.
NOT_SIGNED_IN = ErrorKind(
    50058, "login_required", "A silent sign-in request was sent but no user is signed in: ask without prompt=none."
)
SELECT_ACCOUNT = ErrorKind(
    16000,
    "interaction_required",
    "Several users are signed in: name one with 'login_hint', or ask without prompt=none.",
)
UNKNOWN_USER = ErrorKind(
    50034,
    "invalid_grant",
    "The user account {user} does not exist in the {tenant} directory. To sign into this application, the account must "
    "be added to the directory: osimages user add.",
)
WRONG_PASSWORD = ErrorKind(50126, "invalid_grant", "Error validating credentials due to invalid username or password.")
GRANT_REVOKED = ErrorKind(
    50173,
    "invalid_grant",
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The grant was issued on "
    "'{issued}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{valid_from}'.",
    suberror="bad_token",
)

# The grant.
BAD_GRANT = ErrorKind(70000, "invalid_grant", "The provided value for the input parameter '{name}' is not valid.")
EXPIRED_GRANT = ErrorKind(70008, "invalid_grant", "The provided authorization code or refresh token has expired.")
OTHER_CLIENT = ErrorKind(
    700005,
    "invalid_grant",
    "The provided {what} is intended to use against other tenant or application than '{application}' in '{tenant}', "
    "thus rejected.",
)
REDEEMED_CODE = ErrorKind(
    54005,
    "invalid_grant",
    "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh "
    "token.",
)
OTHER_REDIRECT_URI = ErrorKind(
    500112,
    "invalid_client",
    "The reply address '{redirect_uri}' does not match the reply address '{requested}' provided when requesting "
    "Authorization code.",
)
VERIFIER = ErrorKind(
    501481,
    "invalid_grant",
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
)
CHALLENGE = ErrorKind(
    501491,
    "invalid_request",
    "Invalid size of Code_Challenge parameter, or a method other than 'S256': send code_challenge_method=S256 and the "
    "SHA-256 of the verifier in base64url, 43 characters.",
)
DEVICE_PENDING = ErrorKind(
    70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
)
POLLS_TOO_OFTEN = ErrorKind(
    70016,
    "slow_down",
    "OAuth 2.0 device flow error. Authorization is pending. Wait {seconds} seconds between two polls.",
)
DEVICE_DECLINED = ErrorKind(65004, "authorization_declined", CONSENT_DECLINED.text)
DEVICE_EXPIRED = ErrorKind(
    70020, "expired_token", "The provided value for the input parameter 'device_code' is not valid. It has expired."
)
BAD_DEVICE_CODE = ErrorKind(
    70018, "bad_verification_code", "The provided value for the input parameter 'device_code' is not valid."
)
BAD_ASSERTION = ErrorKind(50013, "invalid_grant", "Assertion failed signature validation: {reason}.")
ASSERTION_EXPIRED = ErrorKind(
    500133,
    "invalid_grant",
    "Assertion is not within its valid time range. Current time: {now}, expiry time of assertion {expires}.",
)
ASSERTION_FOR_ANOTHER = ErrorKind(
    500131,
    "invalid_grant",
    "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was "
    "'{audience}' and the expected audience is '{expected}'.",
)
ASSERTION_OF_APPLICATION = ErrorKind(
    50013, "invalid_grant", "Assertion is no token of a user: on behalf of an application nothing can be asked for."
)

# Managed identities, whose endpoints have no numbers.
IDENTITY_HEADER_MISSING = ErrorKind(
    0, "invalid_request", "The header {header} is missing or has another value than in the environment: osimages env."
)
SEVERAL_IDENTITIES = ErrorKind(0, "invalid_request", "Name one identity, not several at once: {names}.")
NO_MANAGED_IDENTITY = ErrorKind(
    0, "invalid_request", "Identity not found: no application has the {kind} '{value}' in tenant {tenant}."
)

# The UserInfo endpoint (RFC 6750, section 3.1).
BAD_BEARER = ErrorKind(50000, "invalid_token", "The access token cannot be used here: {reason}.", 401)

# The pages.
FORGED_FLOW_STATE = ErrorKind(
    90013,
    "invalid_request",
    "This page was not opened here, or too long ago. Go back to the application and start again.",
)
BAD_USER_CODE = ErrorKind(
    70018,
    "invalid_request",
    "There is no device that waits with the code '{code}'. Check it, or ask the device for another.",
)
