"""The one table of errors: every code, status and message that the service can answer with.

Codes and texts are those that Graph and Intune send, where a recording is known; see docs/deviations.md for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Shape(Enum):
    """How the error body is laid out around its message."""

    PLAIN = "plain"
    VALIDATION = "validation"  # Intune repeats the message inside innerError for ModelValidationFailure
    NESTED = "nested"  # Intune's own services put a JSON document into the message
    TWICE_NESTED = "twice nested"  # where Intune itself refuses a user, that document stands in another one
    THROTTLED = "throttled"  # Intune adds an empty list of details


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of the table: HTTP status, Graph's code, and a message with `{named}` places."""

    status: int
    code: str
    message: str
    shape: Shape = Shape.PLAIN


class ServiceError(Exception):
    """A request that is refused, with the row of the table that says why.

    `facts` fill the named places of the message; `headers` are added to the reply; `target` names the property or
    option at fault; `details` lists further (code, message, target) when several things are wrong at once.
    """

    def __init__(
        self,
        row: ErrorRow,
        *,
        headers: Mapping[str, str] | None = None,
        target: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
        **facts: object,
    ) -> None:
        self.row = row
        self.headers = dict(headers or {})
        self.target = target
        self.details = details
        self.facts = facts
        self.message = row.message.format(**facts)
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One of several things that are wrong with a request (Graph's `details` array)."""

    code: str
    message: str
    target: str | None = field(default=None)


# --- authentication: the gateway answers 401 InvalidAuthenticationToken -------------------------------------------
_TOKEN = "InvalidAuthenticationToken"  # noqa: S105 (an error code, not a password)
TOKEN_EMPTY = ErrorRow(401, _TOKEN, "Access token is empty.")
TOKEN_MALFORMED = ErrorRow(
    401,
    _TOKEN,
    "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact "
    "Serialization Format. (JWS): 'EncodedHeader.EncodedPayload.EncodedSignature'. (JWE): 'EncodedProtectedHeader."
    "EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.EncodedAuthenticationTag'.",
)
TOKEN_EXPIRED = ErrorRow(401, _TOKEN, "Lifetime validation failed, the token is expired.")
TOKEN_NOT_YET_VALID = ErrorRow(401, _TOKEN, "Lifetime validation failed, the token is not yet valid.")
TOKEN_AUDIENCE = ErrorRow(401, _TOKEN, "Access token validation failure. Invalid audience.")
TOKEN_ISSUER = ErrorRow(401, _TOKEN, "Access token validation failure. Invalid issuer.")
TOKEN_SIGNATURE = ErrorRow(401, _TOKEN, "Access token validation failure. Signature is invalid.")
TOKEN_INVALID = ErrorRow(401, _TOKEN, "Access token validation failure. {reason}")
# https://learn.microsoft.com/entra/identity-platform/claims-challenge
TOKEN_REVOKED = ErrorRow(
    401,
    _TOKEN,
    "Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp",
)
PERSONAL_ACCOUNT = ErrorRow(
    400, "BadRequest", "This API is not supported for MSA accounts (no addressUrl for Microsoft.Intune,False)."
)

# --- permissions and licences ---------------------------------------------------------------------------------------
FORBIDDEN = ErrorRow(
    403,
    "Forbidden",
    "Application is not authorized to perform this operation. Application must have one of the following scopes: "
    "{permissions}",
    Shape.NESTED,
)
# A user whom no role in Intune lets in: https://github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/706.
ROLE_MISSING = ErrorRow(401, "UnknownError", "An error has occurred", Shape.TWICE_NESTED)
TENANT_NOT_LICENSED = ErrorRow(400, "BadRequest", "Request not applicable to target tenant.")

# --- addressing -----------------------------------------------------------------------------------------------------
UNKNOWN_SEGMENT = ErrorRow(400, "BadRequest", "Resource not found for the segment '{segment}'.")
UNKNOWN_VERSION = ErrorRow(404, "ResourceNotFound", "Invalid version: {version}")
UNKNOWN_KEY = ErrorRow(404, "ResourceNotFound", "The resource '{key}' does not exist", Shape.NESTED)
NO_SUCH_ROUTE = ErrorRow(404, "ResourceNotFound", "No resource is served at '{path}'.")
NO_ROUTE_FOR_METHOD = ErrorRow(
    400,
    "No method match route template",
    "No OData route exists that match template ~/{template} with http verb {method} for request {path}.",
)
METHOD_NOT_ALLOWED = ErrorRow(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
BAD_PATH = ErrorRow(400, "BadRequest", "Invalid request path: {reason}")
BAD_HOST = ErrorRow(400, "BadRequest", "The Host header does not name a host.")
UNKNOWN_HOST = ErrorRow(
    421,
    "BadRequest",
    "The host '{host}' is not served here: use one of {served}, or name it with --allowed-host when you start the "
    "server (setting 'allowed_host').",
)

# --- query options --------------------------------------------------------------------------------------------------
INVALID_FILTER = ErrorRow(400, "BadRequest", "Invalid filter clause: {reason}")
INVALID_SELECT = ErrorRow(400, "BadRequest", "Parsing OData Select and Expand failed: {reason}")
INVALID_ORDERBY = ErrorRow(400, "BadRequest", "Invalid orderby clause: {reason}")
INVALID_OPTION = ErrorRow(400, "BadRequest", "Invalid query option '{option}': {reason}")
EXPAND_NOT_SUPPORTED = ErrorRow(
    400, "ExpandNotSupported", "Expand is not allowed for property '{property}' according to the entity schema."
)
# https://learn.microsoft.com/graph/errors: 501, the requested feature is not implemented. OData asks for it, too.
NOT_IMPLEMENTED = ErrorRow(501, "NotImplemented", "The query option '{option}' asks for what is not offered: {reason}")
OPTION_NOT_SUPPORTED = ErrorRow(400, "BadRequest", "The query option '{option}' is not supported on this resource.")
INVALID_SKIPTOKEN = ErrorRow(
    400,
    "BadRequest",
    "The $skiptoken is not valid for this request: follow @odata.nextLink as it was given, or start again without it.",
)
INVALID_DELTATOKEN = ErrorRow(
    400,
    "BadRequest",
    "The $deltatoken is not valid for this request: follow @odata.deltaLink as it was given, or start again.",
)
RESYNC_REQUIRED = ErrorRow(
    410,
    "resyncRequired",
    "Resync required: what changed since this link was given is not known any more. Start again without a token, at "
    "the address in the Location header, and replace what you have.",
)
LIMIT_EXCEEDED = ErrorRow(400, "BadRequest", "{what} exceeds the limit of {limit} (setting '{setting}').")

# --- bodies ---------------------------------------------------------------------------------------------------------
BODY_UNREADABLE = ErrorRow(
    400,
    "BadRequest",
    "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
    "format. {reason}",
)
BODY_NOT_JSON = ErrorRow(400, "BadRequest", "Entity only allows writes with a JSON Content-Type header.")
BODY_NOT_A_QUERY = ErrorRow(
    400, "BadRequest", "A query in a body is text/plain: the options as they stand in a URL after the question mark."
)
BODY_WITHOUT_TYPE = ErrorRow(
    400, "BadRequest", "Write requests (excluding DELETE) must contain the Content-Type header declaration."
)
BODY_TOO_LARGE = ErrorRow(413, "BadRequest", "The maximum request length supported is {limit}.")
BODY_ENCODING = ErrorRow(400, "BadRequest", "The request body cannot be decoded: {reason}")
MODEL_VALIDATION = ErrorRow(400, "ModelValidationFailure", "{reason}", Shape.VALIDATION)
NAME_EXISTS = ErrorRow(409, "nameAlreadyExists", "An image with the id '{key}' already exists.")

# --- batches --------------------------------------------------------------------------------------------------------
BATCH_FORMAT = ErrorRow(400, "BadRequest", "Invalid batch payload format.")
BATCH_TOO_MANY = ErrorRow(
    400, "BadRequest", "Number of batch request steps exceeds the maximum value of {limit} (setting 'max_batch_items')."
)
BATCH_ANSWERS_TOO_LARGE = ErrorRow(
    413,
    "BadRequest",
    "The responses of the batch exceed the limit of {limit} bytes (setting 'max_batch_answer_bytes'): "
    "send the request '{id}' in another batch.",
)
BATCH_ID_TAKEN = ErrorRow(400, "BadRequest", "Request Id {id} has to be unique in a batch.")
BATCH_ID_IS_GROUP = ErrorRow(400, "BadRequest", "Request Id {id} is also the name of an atomicity group in this batch.")
BATCH_DEPENDENCY = ErrorRow(400, "BadRequest", "Invalid dependency for request Id {id}.")
BATCH_WITHOUT_TYPE = ErrorRow(400, "BadRequest", "Write request with id '{id}' does not contain a Content-Type header.")
BATCH_READS_IN_CHANGE_SET = ErrorRow(
    400, "BadRequest", "The request with id '{id}' reads: what is done together or not at all holds writes only."
)
BATCH_GROUP_SPLIT = ErrorRow(400, "BadRequest", "The requests of the atomicity group '{group}' have to stand together.")
BATCH_MALFORMED = ErrorRow(400, "BadRequest", "Invalid batch payload format: {reason}")
CHANGE_SET_UNDONE = ErrorRow(
    424, "FailedDependency", "Nothing was stored: another request of the same change set failed."
)
BATCH_CONDITION = ErrorRow(400, "BadRequest", "Invalid condition '{condition}' in 'if': {reason}")
CONDITION_NOT_MET = ErrorRow(
    424, "FailedDependency", "The request with id '{id}' was not run: its condition '{condition}' is not true."
)
CONDITION_NOT_SUPPORTED = ErrorRow(
    424,
    "FailedDependency",
    "The condition '{condition}' in 'if' is not supported: {what}. Use $<id>/$succeeded, literals, comparisons, "
    "and, or, not.",
)
DEPENDENCY_FAILED = ErrorRow(424, "FailedDependency", "The request with id '{id}', on which this one depends, failed.")

# --- conditions, load and faults ------------------------------------------------------------------------------------
PRECONDITION_FAILED = ErrorRow(
    412, "resourceModified", "The resource has changed: its ETag is {etag}, the request asked for {asked}."
)
ISOLATION = ErrorRow(412, "preconditionFailed", "No snapshot isolation is offered: send no OData-Isolation header.")
# Recorded in https://msendpointmgr.com/?p=25866.
THROTTLED = ErrorRow(429, "TooManyRequests", "An error has occurred.", Shape.THROTTLED)
NEEDS_ONE_WORKER = ErrorRow(
    409, "Conflict", "Faults are kept in the memory of a worker: start the server with one (--workers 1)."
)
UNSUPPORTED_VERSION = ErrorRow(
    400, "BadRequest", "The header {header} asks for version {version} of OData; versions 4.0 and 4.01 are spoken here."
)
FORMAT_NOT_ACCEPTABLE = ErrorRow(
    406, "BadRequest", "Invalid query option '$format': the media type '{format}' cannot be served."
)
NOT_ACCEPTABLE = ErrorRow(406, "BadRequest", "None of the media types in the Accept header can be served: {accept}")
SERVICE_UNAVAILABLE = ErrorRow(503, "serviceNotAvailable", "The service is temporarily unavailable: {reason}")
INTERNAL = ErrorRow(500, "InternalServerError", "An internal server error has occurred", Shape.NESTED)

TABLE: Mapping[str, ErrorRow] = {name: row for name, row in list(globals().items()) if isinstance(row, ErrorRow)}
