"""Batches in JSON.

Sources: https://learn.microsoft.com/graph/json-batching, and where that is silent the OData JSON format, section 19.
Beyond what Graph does, two habits of SDKs are understood: absolute URLs of this service, and `depends_on`
(https://github.com/microsoftgraph/msgraph-sdk-python/issues/1015).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

from osimages.errors import BATCH_FORMAT, BATCH_WITHOUT_TYPE, ServiceError
from osimages.http.batch.items import Item, Outcome
from osimages.http.body import json_body
from osimages.http.reply import JSON, ODATA_JSON, Reply
from osimages.http.request import ApiRequest

_WITH_BODY = frozenset(("POST", "PATCH", "PUT"))


class _Item(msgspec.Struct, frozen=True):
    """One request of a batch, as it is written."""

    id: str
    method: str
    url: str
    headers: dict[str, str] | None = None
    body: Any = None
    depends_on: list[str] | None = msgspec.field(name="dependsOn", default=None)
    sdk_depends_on: list[str] | None = msgspec.field(name="depends_on", default=None)
    group: str | None = msgspec.field(name="atomicityGroup", default=None)


class _Batch(msgspec.Struct, frozen=True):
    requests: list[_Item]


def read(request: ApiRequest) -> list[Item]:
    """The items of a batch. Raises ServiceError (400) for one that is malformed."""
    try:
        written = msgspec.convert(json_body(request), _Batch).requests
    except msgspec.ValidationError:
        raise ServiceError(BATCH_FORMAT) from None
    return [_item(each) for each in written]


def write(items: Sequence[Item], outcomes: Sequence[Outcome]) -> Reply:
    """The answer to a batch."""
    responses = [_response(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]
    return Reply(200, msgspec.json.encode({"responses": responses}), ODATA_JSON)


def _item(written: _Item) -> Item:
    headers = {name.lower().encode(): value.encode() for name, value in (written.headers or {}).items()}
    method = written.method.upper()
    if method in _WITH_BODY and not headers.get(b"content-type"):
        raise ServiceError(BATCH_WITHOUT_TYPE, id=written.id[:64])
    waits_for = tuple(each.lower() for each in (*(written.depends_on or ()), *(written.sdk_depends_on or ())))
    return Item(written.id, method, written.url, headers, _body(written.body), waits_for, written.group)


def _body(written: Any) -> bytes | ServiceError:
    """An object is JSON; a string is what base64url makes of it, which is how Graph takes any other type."""
    if written is None:
        return b""
    if not isinstance(written, str):
        return msgspec.json.encode(written)
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return ServiceError(BATCH_FORMAT)


def _response(item: Item, outcome: Outcome) -> dict[str, Any]:
    reply = outcome.reply
    response: dict[str, Any] = {"id": item.id, "status": reply.status, "headers": outcome.headers}
    if item.group is not None:
        response["atomicityGroup"] = item.group
    if reply.body:
        is_json = (reply.content_type or b"").startswith(JSON)
        response["body"] = msgspec.Raw(reply.body) if is_json else reply.body.decode()
    return response
