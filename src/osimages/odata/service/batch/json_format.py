"""Batches in JSON.

Sources: https://learn.microsoft.com/graph/json-batching, and where that is silent the OData JSON format, section 19.
Beyond these, two habits of SDKs are understood: absolute URLs of this service, and `depends_on`
(https://github.com/microsoftgraph/msgraph-sdk-python/issues/1015).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

import msgspec

from osimages.odata.errors import (
    BATCH_DEPENDENCY,
    BATCH_FORMAT,
    BATCH_MALFORMED,
    BATCH_TOO_MANY,
    BATCH_WITHOUT_TYPE,
    ODataError,
)
from osimages.odata.service.batch.batch_items import Item, Outcome
from osimages.odata.service.batch.conditions import RunCondition, parse_condition
from osimages.odata.service.reply import JSON, ODATA_JSON, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.request_body import json_text
from osimages.odata.wire.header_fields import MOST_LINES
from osimages.odata.wire.payload import MOST_VALUES_OF_BATCH, decoded

_WITH_BODY = frozenset(("POST", "PATCH", "PUT"))
_NULL = msgspec.Raw(b"null")
_NO_HEADERS: Mapping[bytes, bytes] = {}


class _Item(msgspec.Struct, frozen=True, gc=False):
    """One request of a batch, as it is written."""

    id: str
    method: str
    url: str
    headers: dict[str, str] | None = None
    body: msgspec.Raw = _NULL
    depends_on: list[str] | None = msgspec.field(name="dependsOn", default=None)
    sdk_depends_on: list[str] | None = msgspec.field(name="depends_on", default=None)
    group: str | None = msgspec.field(name="atomicityGroup", default=None)
    condition: str | bool | None = msgspec.field(name="if", default=None)


class _Batch(msgspec.Struct, frozen=True):
    requests: list[_Item]


class _Response(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What came of one request, as it is written."""

    id: str | None
    status: int
    headers: dict[str, str]
    atomicity_group: str | None = msgspec.field(name="atomicityGroup", default=None)
    body: msgspec.Raw | str = ""


_decode = msgspec.json.Decoder(_Batch).decode
_encode = msgspec.json.Encoder().encode


def read(request: ApiRequest, most: int) -> list[Item]:
    """The items of a batch. Raises ODataError (400) for one that is malformed, or has more than `most` items."""
    try:
        written = decoded(json_text(request), _decode, _members, MOST_VALUES_OF_BATCH).requests
    except msgspec.ValidationError:
        raise ODataError(BATCH_FORMAT) from None
    if len(written) > most:
        raise ODataError(BATCH_TOO_MANY, limit=most)
    return [_item(each, most) for each in written]


def _members(batch: _Batch) -> int:
    """That of the requests, and of each its id, method and URL."""
    return 1 + 3 * len(batch.requests)


def write(items: Sequence[Item], outcomes: Sequence[Outcome]) -> Reply:
    """The answer to a batch."""
    responses = [_response(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]
    return Reply(200, _encode({"responses": responses}), ODATA_JSON)


def _item(written: _Item, most: int) -> Item:
    headers = _NO_HEADERS
    if written.headers and len(written.headers) > MOST_LINES:
        raise ODataError(BATCH_MALFORMED, reason=f"the request '{written.id[:64]}' has more than {MOST_LINES} headers.")
    if written.headers:
        headers = {name.lower().encode(): value.encode() for name, value in written.headers.items()}
    method = written.method.upper()
    content_type = headers.get(b"content-type", b"")
    if method in _WITH_BODY and not content_type:
        raise ODataError(BATCH_WITHOUT_TYPE, id=written.id[:64])
    if max(len(written.depends_on or ()), len(written.sdk_depends_on or ())) > most:
        raise ODataError(BATCH_DEPENDENCY, id=written.id[:64])
    waits_for: tuple[str, ...] = ()
    if written.depends_on or written.sdk_depends_on:
        waits_for = tuple(each.lower() for each in (*(written.depends_on or ()), *(written.sdk_depends_on or ())))
    condition = None if written.condition is None else _condition(written.condition)
    if isinstance(condition, RunCondition):
        waits_for = (*waits_for, *condition.requests.values())
    body = b"" if written.body is _NULL else _body(bytes(written.body), content_type)
    return Item(written.id, method, written.url, headers, body, waits_for, written.group, condition)


def _condition(written: str | bool) -> RunCondition | ODataError:
    """The condition is text; the two Boolean literals are understood as JSON, too."""
    return parse_condition(written if isinstance(written, str) else str(written).lower())


def _body(written: bytes, content_type: bytes) -> bytes | ODataError:
    """Return the bytes of a body: JSON and text (`text/plain`) as they are, any other type from base64url.

    A string in the place of JSON is base64url, too.
    """
    if written == b"null":
        return b""
    if not written.startswith(b'"'):
        return written
    text = msgspec.json.decode(written, type=str)
    if content_type.lstrip().lower().startswith(b"text/"):
        return text.encode()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return ODataError(BATCH_FORMAT)


def _response(item: Item, outcome: Outcome) -> _Response:
    reply, body = outcome.reply, outcome.reply.body
    is_json = (reply.content_type or b"").startswith(JSON)
    shown = (msgspec.Raw(body) if is_json else body.decode()) if body else ""
    return _Response(item.id, reply.status, outcome.headers, item.group, shown)
