"""The one JSON shape of errors, as Graph sends it, with the message forms of Intune inside.

Source: https://learn.microsoft.com/graph/errors. The member is spelled `innerError`, which the SDKs read, not
`innererror`, as that page writes.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from osimages.graph.errors import Shape, message_of, row_of
from osimages.odata.errors import ODataError

_encode = msgspec.json.Encoder().encode
_NO_OPERATION = "00000000-0000-0000-0000-000000000000"


def error_body(error: ODataError, *, now: datetime, request_id: str, client_request_id: str, url: str) -> bytes:
    """The body of an error reply. `url` is the request's own address, without its query."""
    row, text = row_of(error), message_of(error)
    inner = {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if row.shape is Shape.VALIDATION:
        inner = {"message": text, **inner}
    body: dict[str, object] = {"code": row.code, "message": _message(row.shape, text, client_request_id, url)}
    if error.target is not None:
        body["target"] = error.target
    if error.details:
        body["details"] = [{"code": row.code, "message": each.message, "target": each.target} for each in error.details]
    elif row.shape is Shape.THROTTLED:
        body["details"] = []
    return _encode({"error": {**body, "innerError": inner}})


def _message(shape: Shape, text: str, activity: str, url: str) -> str:
    match shape:
        case Shape.NESTED:
            return _nested(text, activity, url)
        case Shape.TWICE_NESTED:
            return _twice_nested(text, activity, url)
        case _:
            return text


def _twice_nested(message: str, activity: str, url: str) -> str:
    """Where Intune's roles refuse a user, its document stands inside of one that its gateway made of it.

    Recorded in https://github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/706.
    """
    document: dict[str, object] = {
        "ErrorCode": "Forbidden",
        "Message": _nested(message, activity, url, '{"WWW-Authenticate":"Bearer realm=\\"urn:intune:service\\""}'),
        "Target": None,
        "Details": None,
        "InnerError": None,
        "InstanceAnnotations": [],
    }
    return _encode(document).decode()


def _nested(message: str, activity: str, url: str, headers: str = "{}") -> str:
    """Intune's own services put a JSON document into the message, line ends and all.

    Recorded in https://github.com/jseerden/IntuneBackupAndRestore/issues/55.
    """
    told = (
        f"{message} - Operation ID (for customer support): {_NO_OPERATION} - Activity ID: {activity} - "
        f"Url: {url}?api-version=5026-01-10"
    )
    document = {
        "_version": 3,
        "Message": told,
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
        "ErrorSourceService": "",
        "HttpHeaders": headers,
    }
    return msgspec.json.format(_encode(document), indent=2).decode().replace("\n", "\r\n")
