"""Graph's answer to every error: the one table condition -> status, code and text.

Codes and texts are those that Graph and Intune send, where a recording is known; see docs/deviations.md for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from osimages.odata import errors as odata
from osimages.odata.errors import Condition, ODataError
from osimages.odata.plan.resolve import Target


class Shape(Enum):
    """How the error body is laid out around its message."""

    PLAIN = "plain"
    VALIDATION = "validation"  # Intune repeats the message inside innerError for ModelValidationFailure
    NESTED = "nested"  # Intune's own services put a JSON document into the message
    TWICE_NESTED = "twice nested"  # where Intune itself denies a user access, that document stands in another one
    THROTTLED = "throttled"  # Intune adds an empty list of details


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: HTTP status, Graph's code, and a text where Graph's is not the condition's own."""

    status: int
    code: str
    text: str | None = None
    shape: Shape = Shape.PLAIN


# --- authentication ------------------------------------------------------------------------------------------------
TOKEN_EMPTY = Condition("tokenEmpty", 401, "Access token is empty.")
TOKEN_MALFORMED = Condition(
    "tokenMalformed",
    401,
    "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact "
    "Serialization Format. (JWS): 'EncodedHeader.EncodedPayload.EncodedSignature'. (JWE): "
    "'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.EncodedAuthenticationTag'.",
)
TOKEN_EXPIRED = Condition("tokenExpired", 401, "Lifetime validation failed, the token is expired.")
TOKEN_NOT_YET_VALID = Condition("tokenNotYetValid", 401, "Lifetime validation failed, the token is not yet valid.")
TOKEN_AUDIENCE = Condition("tokenAudience", 401, "Access token validation failure. Invalid audience.")
TOKEN_ISSUER = Condition("tokenIssuer", 401, "Access token validation failure. Invalid issuer.")
TOKEN_SIGNATURE = Condition("tokenSignature", 401, "Access token validation failure. Signature is invalid.")
TOKEN_INVALID = Condition("tokenInvalid", 401, "Access token validation failure. {reason}")
# https://learn.microsoft.com/entra/identity-platform/claims-challenge
TOKEN_REVOKED = Condition(
    "tokenRevoked",
    401,
    "Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp",
)
PERSONAL_ACCOUNT = Condition(
    "personalAccount",
    400,
    "This API is not supported for MSA accounts (no addressUrl for Microsoft.Intune,False).",
)

# --- permissions and licences --------------------------------------------------------------------------------------
FORBIDDEN = Condition(
    "forbidden",
    403,
    "Application is not authorized to perform this operation. Application must have one of the following "
    "scopes: {permissions}",
)
# No role in Intune grants a user access: https://github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/706.
ROLE_MISSING = Condition("roleMissing", 401, "An error has occurred")
TENANT_NOT_LICENSED = Condition("tenantNotLicensed", 400, "Request not applicable to target tenant.")

# --- addressing ----------------------------------------------------------------------------------------------------
NO_SUCH_ROUTE = Condition("noSuchRoute", 404, "No resource is served at '{path}'.")
UNKNOWN_HOST = Condition(
    "unknownHost",
    421,
    "The host '{host}' is not served here: use one of {served}, or name it with --allowed-host when you start "
    "the server (setting 'allowed_host').",
)

# --- conditions, load and faults -----------------------------------------------------------------------------------
# Recorded in https://msendpointmgr.com/?p=25866.
THROTTLED = Condition("throttled", 429, "An error has occurred.")
NEEDS_ONE_WORKER = Condition(
    "needsOneWorker", 409, "This is kept in the memory of a worker: start the server with one (--workers 1)."
)
NO_JOURNAL = Condition(
    "noJournal", 409, "The journal of requests is off: start the server with journal_requests above 0."
)

# There is no tenant whose audit could hold these: nobody knows who sent the request.
UNKNOWN_SENDER = frozenset(
    (
        PERSONAL_ACCOUNT,
        TOKEN_AUDIENCE,
        TOKEN_EMPTY,
        TOKEN_EXPIRED,
        TOKEN_INVALID,
        TOKEN_ISSUER,
        TOKEN_MALFORMED,
        TOKEN_NOT_YET_VALID,
        TOKEN_SIGNATURE,
    )
)

_TOKEN = "InvalidAuthenticationToken"  # noqa: S105 (an error code, not a password)
_BAD = "BadRequest"
_FAILED_DEPENDENCY = "FailedDependency"
_ABSENT = "ResourceNotFound"

TABLE: Mapping[Condition, Row] = {
    TOKEN_EMPTY: Row(401, _TOKEN),
    TOKEN_MALFORMED: Row(401, _TOKEN),
    TOKEN_EXPIRED: Row(401, _TOKEN),
    TOKEN_NOT_YET_VALID: Row(401, _TOKEN),
    TOKEN_AUDIENCE: Row(401, _TOKEN),
    TOKEN_ISSUER: Row(401, _TOKEN),
    TOKEN_SIGNATURE: Row(401, _TOKEN),
    TOKEN_INVALID: Row(401, _TOKEN),
    TOKEN_REVOKED: Row(401, _TOKEN),
    PERSONAL_ACCOUNT: Row(400, _BAD),
    FORBIDDEN: Row(403, "Forbidden", shape=Shape.NESTED),
    ROLE_MISSING: Row(401, "UnknownError", shape=Shape.TWICE_NESTED),
    TENANT_NOT_LICENSED: Row(400, _BAD),
    odata.UNAUTHENTICATED: Row(401, _TOKEN),
    odata.ACCESS_DENIED: Row(403, "Forbidden", shape=Shape.NESTED),
    odata.UNKNOWN_SEGMENT: Row(400, _BAD),
    odata.UNKNOWN_VERSION: Row(404, _ABSENT, "Invalid version: {version}"),
    odata.UNKNOWN_KEY: Row(404, _ABSENT, shape=Shape.NESTED),
    NO_SUCH_ROUTE: Row(404, _ABSENT),
    odata.NO_ROUTE_FOR_METHOD: Row(
        400,
        "No method match route template",
        ("No OData route exists that match template ~/{template} with http verb {method} for request {path}."),
    ),
    odata.METHOD_NOT_ALLOWED: Row(405, "Request_BadRequest"),
    odata.BAD_PATH: Row(400, _BAD),
    odata.BAD_HOST: Row(400, _BAD),
    UNKNOWN_HOST: Row(421, _BAD),
    odata.INVALID_FILTER: Row(400, _BAD),
    odata.INVALID_SELECT: Row(400, _BAD),
    odata.INVALID_ORDERBY: Row(400, _BAD),
    odata.INVALID_OPTION: Row(400, _BAD),
    odata.EXPAND_NOT_SUPPORTED: Row(400, "ExpandNotSupported"),
    # https://learn.microsoft.com/graph/errors: 501, the requested feature is not implemented. OData requires it, too.
    odata.NOT_IMPLEMENTED: Row(501, "NotImplemented"),
    odata.OPTION_NOT_SUPPORTED: Row(400, _BAD),
    odata.INVALID_SKIPTOKEN: Row(400, _BAD),
    odata.INVALID_DELTATOKEN: Row(400, _BAD),
    odata.RESYNC_REQUIRED: Row(410, "resyncRequired"),
    odata.LIMIT_EXCEEDED: Row(400, _BAD),
    odata.BODY_UNREADABLE: Row(400, _BAD),
    odata.BODY_NOT_JSON: Row(400, _BAD),
    odata.BODY_NOT_A_QUERY: Row(400, _BAD),
    odata.BODY_WITHOUT_TYPE: Row(400, _BAD),
    odata.BODY_TOO_LARGE: Row(413, _BAD),
    odata.BODY_ENCODING: Row(400, _BAD),
    odata.MODEL_VALIDATION: Row(400, "ModelValidationFailure", shape=Shape.VALIDATION),
    odata.NAME_EXISTS: Row(409, "nameAlreadyExists", "An image with the id '{key}' already exists."),
    odata.BATCH_FORMAT: Row(400, _BAD),
    odata.BATCH_TOO_MANY: Row(400, _BAD),
    odata.BATCH_ANSWERS_TOO_LARGE: Row(413, _BAD),
    odata.BATCH_ID_TAKEN: Row(400, _BAD),
    odata.BATCH_ID_IS_GROUP: Row(400, _BAD),
    odata.BATCH_DEPENDENCY: Row(400, _BAD),
    odata.BATCH_WITHOUT_TYPE: Row(400, _BAD),
    odata.BATCH_READS_IN_CHANGE_SET: Row(400, _BAD),
    odata.BATCH_GROUP_SPLIT: Row(400, _BAD),
    odata.BATCH_MALFORMED: Row(400, _BAD),
    odata.CHANGE_SET_UNDONE: Row(424, _FAILED_DEPENDENCY),
    odata.BATCH_CONDITION: Row(400, _BAD),
    odata.CONDITION_NOT_MET: Row(424, _FAILED_DEPENDENCY),
    odata.CONDITION_NOT_SUPPORTED: Row(424, _FAILED_DEPENDENCY),
    odata.DEPENDENCY_FAILED: Row(424, _FAILED_DEPENDENCY),
    odata.PRECONDITION_FAILED: Row(412, "resourceModified"),
    odata.ISOLATION: Row(412, "preconditionFailed"),
    THROTTLED: Row(429, "TooManyRequests", shape=Shape.THROTTLED),
    NEEDS_ONE_WORKER: Row(409, "Conflict"),
    NO_JOURNAL: Row(409, "Conflict"),
    odata.UNSUPPORTED_VERSION: Row(400, _BAD),
    odata.FORMAT_NOT_ACCEPTABLE: Row(406, _BAD),
    odata.NOT_ACCEPTABLE: Row(406, _BAD),
    odata.SERVICE_UNAVAILABLE: Row(503, "serviceNotAvailable"),
    odata.INTERNAL: Row(500, "InternalServerError", "An internal server error has occurred", shape=Shape.NESTED),
}


def row_of(error: ODataError) -> Row:
    """Return the row of an error; an injected fault, which is in no table, has its own status and code."""
    condition = error.condition
    shape = Shape.THROTTLED if condition.status == 429 else Shape.PLAIN
    return TABLE.get(condition) or Row(condition.status, condition.name, shape=shape)


def message_of(error: ODataError) -> str:
    """Return Graph's text of an error."""
    text = row_of(error).text
    if text is None:
        return error.message
    facts = error.facts
    if isinstance(target := facts.get("target_of_path"), Target):
        facts = facts | {"template": _route_template(target)}
    return text.format(**facts)


def _route_template(target: Target) -> str:
    """Return the route template that Intune names for a path."""
    template = target.kind.value
    if target.entity_set is not None and target.singleton is None:
        return template.replace("singleton/navigation", "entityset")
    if target.singleton is not None and target.entity_set is None:
        return template.replace("/navigation/key", "")
    return template
