"""JSON batches: up to twenty requests in one, each answered by the path that every request takes.

Source: https://learn.microsoft.com/graph/json-batching. Beyond what Graph does, two habits of SDKs are understood:
absolute URLs of this service, and `depends_on` (https://github.com/microsoftgraph/msgraph-sdk-python/issues/1015).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from osimages.errors import (
    BATCH_DEPENDENCY,
    BATCH_FORMAT,
    BATCH_ID_TAKEN,
    BATCH_TOO_MANY,
    BATCH_WITHOUT_TYPE,
    DEPENDENCY_FAILED,
    ServiceError,
)
from osimages.http.body import json_body
from osimages.http.call import Call
from osimages.http.failures import failure_reply
from osimages.http.reply import JSON, ODATA_JSON, Reply
from osimages.http.request import ApiRequest, ReadBody, ascii_text
from osimages.http.service import Service

Answer = Callable[[Service, ApiRequest, ReadBody], Awaitable[Reply]]

_WRITING = frozenset(("POST", "PATCH", "PUT"))
_SHOWN_HEADERS = {b"etag": "ETag", b"location": "Location", b"preference-applied": "Preference-Applied"}
# What an item cannot say for itself: who asks, and for which service.
_OUTER_HEADERS = (b"authorization", b"host")


class _Item(msgspec.Struct, frozen=True):
    """One request of a batch, as it is written."""

    id: str
    method: str
    url: str
    headers: dict[str, str] | None = None
    body: Any = None
    depends_on: list[str] | None = msgspec.field(name="dependsOn", default=None)
    sdk_depends_on: list[str] | None = msgspec.field(name="depends_on", default=None)

    @property
    def key(self) -> str:
        """The id, which is compared without regard to case."""
        return self.id.lower()

    @property
    def dependencies(self) -> list[str]:
        """The keys of the items that must succeed before."""
        return [each.lower() for each in (*(self.depends_on or ()), *(self.sdk_depends_on or ()))]


class _Batch(msgspec.Struct, frozen=True):
    requests: list[_Item]


async def batch(call: Call, answer: Answer) -> Reply:
    """The replies to all items. Raises ServiceError (400) for a batch that is malformed: then no item is run."""
    items = _checked(json_body(call.request), call.service.settings.max_batch_items)
    replies: dict[str, asyncio.Task[Reply]] = {}
    # Each item waits for those it depends on, which stand before it; the others run side by side.
    for item in items:
        earlier = {key: replies[key] for key in item.dependencies}
        replies[item.key] = asyncio.create_task(_run(call, item, earlier, answer))
    await asyncio.gather(*replies.values())
    responses = [_response(item, replies[item.key].result()) for item in items]
    return Reply(200, msgspec.json.encode({"responses": responses}), ODATA_JSON)


def _checked(body: object, most: int) -> list[_Item]:
    try:
        items = msgspec.convert(body, _Batch).requests
    except msgspec.ValidationError:
        raise ServiceError(BATCH_FORMAT) from None
    if not items:
        raise ServiceError(BATCH_FORMAT)
    if len(items) > most:
        raise ServiceError(BATCH_TOO_MANY, limit=most)
    seen: set[str] = set()
    for item in items:
        shown = item.id[:64]
        if not item.id or item.key in seen:
            raise ServiceError(BATCH_ID_TAKEN, id=shown)
        if not seen.issuperset(item.dependencies):
            raise ServiceError(BATCH_DEPENDENCY, id=shown)
        if item.method.upper() in _WRITING and not _header(item, "content-type"):
            raise ServiceError(BATCH_WITHOUT_TYPE, id=shown)
        seen.add(item.key)
    return items


async def _run(call: Call, item: _Item, earlier: Mapping[str, asyncio.Task[Reply]], answer: Answer) -> Reply:
    for key, task in earlier.items():
        if (await task).status >= 400:
            return failure_reply(call.service, call.request, ServiceError(DEPENDENCY_FAILED, id=key))
    try:
        request = _request(call, item)
    except ServiceError as error:
        return failure_reply(call.service, call.request, error)

    async def read(_most: int, _setting: str) -> bytes:
        return request.body

    reply = await answer(call.service, request, read)
    return msgspec.structs.replace(reply, body=b"") if item.method.upper() == "HEAD" else reply


def _request(call: Call, item: _Item) -> ApiRequest:
    """The item as a request of its own, with the outer request's token and ids."""
    url = item.url.removeprefix(f"{call.links.root}/").lstrip("/")
    path, _, query = ascii_text(url.encode("utf-8", "surrogatepass")).partition("?")
    headers = {name.lower().encode(): value.encode() for name, value in (item.headers or {}).items()}
    headers |= {name: call.request.headers[name] for name in _OUTER_HEADERS if name in call.request.headers}
    return ApiRequest(
        "GET" if item.method.upper() == "HEAD" else item.method.upper(),
        f"/{call.version.name}/{path}",
        query,
        headers,
        call.request.origin,
        call.request.request_id,
        call.request.client_request_id,
        _body(item),
        in_batch=True,
    )


def _body(item: _Item) -> bytes:
    """An object is JSON; a string is what base64url makes of it, which is how Graph takes any other type."""
    if item.body is None:
        return b""
    if not isinstance(item.body, str):
        return msgspec.json.encode(item.body)
    try:
        return base64.b64decode(item.body + "=" * (-len(item.body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError(BATCH_FORMAT) from None


def _response(item: _Item, reply: Reply) -> dict[str, Any]:
    headers = {"Cache-Control": "no-cache"}
    if reply.odata:
        headers["OData-Version"] = "4.0"
    if reply.content_type is not None:
        headers["Content-Type"] = reply.content_type.decode()
    headers |= {
        _SHOWN_HEADERS.get(name, name.decode().title()): value.decode("latin-1") for name, value in reply.headers
    }
    response: dict[str, Any] = {"id": item.id, "status": reply.status, "headers": headers}
    if reply.body:
        is_json = (reply.content_type or b"").startswith(JSON)
        response["body"] = msgspec.Raw(reply.body) if is_json else reply.body.decode()
    return response


def _header(item: _Item, name: str) -> str:
    return next((value for key, value in (item.headers or {}).items() if key.lower() == name), "")
