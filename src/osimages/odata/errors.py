"""Errors of the engine: the conditions that it raises, each with its own status and text.

An application chooses its own statuses, codes and texts in the `errors` hook of `ODataApp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A kind of error: its name, which is its error code unless the `errors` hook has another one, its HTTP status and
    its text with `{named}` places.
    """

    name: str
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One of several things that are wrong with a request: a text and the path of the value at fault."""

    message: str
    target: str | None = None


class ODataError(Exception):
    """A request that is rejected.

    `facts` fill the places of the text; `headers` are added to the reply; `target` names the property or option at
    fault; `details` lists everything that is wrong where several things are. Raises KeyError for a missing fact.
    """

    def __init__(
        self,
        condition: Condition,
        *,
        headers: Mapping[str, str] | None = None,
        target: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
        **facts: object,
    ) -> None:
        self.condition = condition
        self.headers = dict(headers or {})
        self.target = target
        self.details = details
        self.facts = facts
        self.message = condition.text.format(**facts)
        super().__init__(self.message)


# --- principals ----------------------------------------------------------------------------------------------------
UNAUTHENTICATED = Condition("unauthenticated", 401, "{reason}")
ACCESS_DENIED = Condition("accessDenied", 403, "The principal may not do this.")

# --- addressing ----------------------------------------------------------------------------------------------------
UNKNOWN_SEGMENT = Condition("unknownSegment", 404, "Resource not found for the segment '{segment}'.")
UNKNOWN_VERSION = Condition("unknownVersion", 404, "No service has its root at '/{version}'.")
UNKNOWN_KEY = Condition("unknownKey", 404, "The resource '{key}' does not exist")
NO_ROUTE_FOR_METHOD = Condition("noRouteForMethod", 405, "The method {method} is not supported for {path}.")
METHOD_NOT_ALLOWED = Condition("methodNotAllowed", 405, "Specified HTTP method is not allowed for the request target.")
BAD_PATH = Condition("badPath", 400, "Invalid request path: {reason}")
BAD_HOST = Condition("badHost", 400, "The Host header does not name a host.")

# --- query options -------------------------------------------------------------------------------------------------
INVALID_FILTER = Condition("invalidFilter", 400, "Invalid filter clause: {reason}")
INVALID_SELECT = Condition("invalidSelect", 400, "Parsing OData Select and Expand failed: {reason}")
INVALID_ORDERBY = Condition("invalidOrderby", 400, "Invalid orderby clause: {reason}")
INVALID_OPTION = Condition("invalidOption", 400, "Invalid query option '{option}': {reason}")
EXPAND_NOT_SUPPORTED = Condition(
    "expandNotSupported", 400, "Expand is not allowed for property '{property}' according to the entity schema."
)
NOT_IMPLEMENTED = Condition("notImplemented", 501, "The query option '{option}' asks for what is not offered: {reason}")
OPTION_NOT_SUPPORTED = Condition(
    "optionNotSupported", 400, "The query option '{option}' is not supported on this resource."
)
INVALID_SKIPTOKEN = Condition(
    "invalidSkiptoken",
    400,
    "The $skiptoken is not valid for this request: follow @odata.nextLink as it was given, or start again without it.",
)
INVALID_DELTATOKEN = Condition(
    "invalidDeltatoken",
    400,
    "The $deltatoken is not valid for this request: follow @odata.deltaLink as it was given, or start again.",
)
RESYNC_REQUIRED = Condition(
    "resyncRequired",
    410,
    "Resync required: what changed since this link was given is not known any more. Start again without a "
    "token, at the address in the Location header, and replace what you have.",
)
LIMIT_EXCEEDED = Condition("limitExceeded", 400, "{what} exceeds the limit of {limit} (setting '{setting}').")

# --- bodies --------------------------------------------------------------------------------------------------------
BODY_UNREADABLE = Condition(
    "bodyUnreadable",
    400,
    "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
    "JSON format. {reason}",
)
BODY_NOT_JSON = Condition("bodyNotJson", 400, "Entity only allows writes with a JSON Content-Type header.")
BODY_NOT_A_QUERY = Condition(
    "bodyNotAQuery",
    400,
    "A query in a body is text/plain: the options as they stand in a URL after the question mark.",
)
BODY_WITHOUT_TYPE = Condition(
    "bodyWithoutType", 400, "Write requests (excluding DELETE) must contain the Content-Type header declaration."
)
BODY_TOO_LARGE = Condition("bodyTooLarge", 413, "The maximum request length supported is {limit}.")
BODY_ENCODING = Condition("bodyEncoding", 400, "The request body cannot be decoded: {reason}")
MODEL_VALIDATION = Condition("modelValidation", 400, "{reason}")
NAME_EXISTS = Condition("nameExists", 409, "An entity with the key '{key}' already exists.")

# --- batches -------------------------------------------------------------------------------------------------------
BATCH_FORMAT = Condition("batchFormat", 400, "Invalid batch payload format.")
BATCH_TOO_MANY = Condition(
    "batchTooMany",
    400,
    "Number of batch request steps exceeds the maximum value of {limit} (setting 'max_batch_items').",
)
BATCH_ANSWERS_TOO_LARGE = Condition(
    "batchAnswersTooLarge",
    413,
    "The responses of the batch exceed the limit of {limit} bytes (setting 'max_batch_answer_bytes'): send "
    "the request '{id}' in another batch.",
)
BATCH_ID_TAKEN = Condition("batchIdTaken", 400, "Request Id {id} has to be unique in a batch.")
BATCH_ID_IS_GROUP = Condition(
    "batchIdIsGroup", 400, "Request Id {id} is also the name of an atomicity group in this batch."
)
BATCH_DEPENDENCY = Condition("batchDependency", 400, "Invalid dependency for request Id {id}.")
BATCH_WITHOUT_TYPE = Condition(
    "batchWithoutType", 400, "Write request with id '{id}' does not contain a Content-Type header."
)
BATCH_READS_IN_CHANGE_SET = Condition(
    "batchReadsInChangeSet",
    400,
    "The request with id '{id}' reads: what is done together or not at all holds writes only.",
)
BATCH_GROUP_SPLIT = Condition(
    "batchGroupSplit", 400, "The requests of the atomicity group '{group}' have to stand together."
)
BATCH_MALFORMED = Condition("batchMalformed", 400, "Invalid batch payload format: {reason}")
CHANGE_SET_UNDONE = Condition(
    "changeSetUndone", 424, "Nothing was stored: another request of the same change set failed."
)
BATCH_CONDITION = Condition("batchCondition", 400, "Invalid condition '{expression}' in 'if': {reason}")
CONDITION_NOT_MET = Condition(
    "conditionNotMet", 424, "The request with id '{id}' was not run: its condition '{expression}' is not true."
)
CONDITION_NOT_SUPPORTED = Condition(
    "conditionNotSupported",
    424,
    "The condition '{expression}' in 'if' is not supported: {what}. Use $<id>/$succeeded, literals, "
    "comparisons, and, or, not.",
)
DEPENDENCY_FAILED = Condition("dependencyFailed", 424, "The request with id '{id}', on which this one depends, failed.")

# --- conditions, load and faults -----------------------------------------------------------------------------------
PRECONDITION_FAILED = Condition(
    "preconditionFailed", 412, "The resource has changed: its ETag is {etag}, the request asked for {asked}."
)
ISOLATION = Condition("isolation", 412, "No snapshot isolation is offered: send no OData-Isolation header.")
UNSUPPORTED_VERSION = Condition(
    "unsupportedVersion",
    400,
    "The header {header} asks for version {version} of OData; versions 4.0 and 4.01 are spoken here.",
)
FORMAT_NOT_ACCEPTABLE = Condition(
    "formatNotAcceptable", 406, "Invalid query option '$format': the media type '{format}' cannot be served."
)
NOT_ACCEPTABLE = Condition("notAcceptable", 406, "None of the media types in the Accept header can be served: {accept}")
SERVICE_UNAVAILABLE = Condition("serviceUnavailable", 503, "The service is temporarily unavailable: {reason}")
INTERNAL = Condition("internal", 500, "An internal server error has occurred.")

CONDITIONS = tuple(each for each in list(globals().values()) if isinstance(each, Condition))
