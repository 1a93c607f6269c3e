"""What a batch holds, in whichever format it came: requests, what they wait for, and which belong together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import msgspec
from msgspec.structs import force_setattr

from osimages.odata.errors import (
    BATCH_DEPENDENCY,
    BATCH_FORMAT,
    BATCH_GROUP_SPLIT,
    BATCH_ID_IS_GROUP,
    BATCH_ID_TAKEN,
    BATCH_READS_IN_CHANGE_SET,
    ODataError,
)
from osimages.odata.service.batch.conditions import RunCondition
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest

WRITING = frozenset(("POST", "PATCH", "PUT", "DELETE"))
_SHOWN_NAMES = {b"etag": "ETag", b"odata-entityid": "OData-EntityId", b"www-authenticate": "WWW-Authenticate"}


class Item(msgspec.Struct, frozen=True, gc=False):
    """One request of a batch.

    `id` is what its response is known by, None where it has none; `key` is made of it, which is compared without regard
    to case. `waits_for` holds the keys of items that are run before it: all must succeed, unless it has a `condition`,
    which decides instead. `group` names those that are done together or not at all. `body` and `condition` are a
    ODataError where they cannot be read: then this item alone fails.
    """

    id: str | None
    method: str
    url: str
    headers: Mapping[bytes, bytes]
    body: bytes | ODataError
    waits_for: tuple[str, ...] = ()
    group: str | None = None
    condition: RunCondition | ODataError | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "key", None if self.id is None else self.id.lower())


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What came of an item: the request that it was, and its reply."""

    request: ApiRequest
    reply: Reply

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the item's response: those of every reply, and its own."""
        reply = self.reply
        usual = _usual_headers(reply.odata, self.request.takes_401, reply.content_type)
        return usual | {_shown_name(name): value.decode("latin-1") for name, value in reply.headers}


def _usual_headers(is_odata: bool, is_401: bool, content_type: bytes | None) -> dict[str, str]:
    headers = {"Cache-Control": "no-cache"}
    if is_odata:
        headers["OData-Version"] = "4.01" if is_401 else "4.0"
    if content_type is not None:
        headers["Content-Type"] = content_type.decode()
    return headers


def _shown_name(name: bytes) -> str:
    return _SHOWN_NAMES.get(name) or name.decode().title()


def units(items: list[Item]) -> list[list[Item]]:
    """The items, those of one change set together.

    Raises ODataError (400) for a batch that cannot be run; then nothing of it is.
    """
    if not items:
        raise ODataError(BATCH_FORMAT)
    groups = {each.group.lower() for each in items if each.group is not None}
    found = _grouped(items) if groups else [[item] for item in items]
    seen: set[str | None] = set()
    for unit in found:
        for item in unit:
            if item.id is not None and item.key in groups:
                raise ODataError(BATCH_ID_IS_GROUP, id=item.id[:64])
            if item.id is not None and (not item.id or item.key in seen):
                raise ODataError(BATCH_ID_TAKEN, id=item.id[:64])
            if item.waits_for and not seen.issuperset(item.waits_for):
                raise ODataError(BATCH_DEPENDENCY, id=(item.id or "")[:64])
            seen.add(item.key)
        if (group := unit[0].group) is not None:
            seen.add(group.lower())
    return found


def _grouped(items: list[Item]) -> list[list[Item]]:
    found: list[list[Item]] = []
    groups: set[str] = set()
    for group, together in groupby(items, lambda each: None if each.group is None else each.group.lower()):
        if group is None:
            found += [[item] for item in together]
            continue
        if group in groups:
            raise ODataError(BATCH_GROUP_SPLIT, group=group[:64])
        groups.add(group)
        found.append(list(together))
        for item in found[-1]:
            if item.method not in WRITING:
                raise ODataError(BATCH_READS_IN_CHANGE_SET, id=(item.id or "")[:64])
    return found
