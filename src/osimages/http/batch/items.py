"""What a batch holds, in whichever format it came: requests, what they wait for, and which belong together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import msgspec

from osimages.errors import (
    BATCH_DEPENDENCY,
    BATCH_FORMAT,
    BATCH_GROUP_SPLIT,
    BATCH_ID_TAKEN,
    BATCH_READS_IN_CHANGE_SET,
    BATCH_TOO_MANY,
    ServiceError,
)
from osimages.http.reply import Reply
from osimages.http.request import ApiRequest

WRITING = frozenset(("POST", "PATCH", "PUT", "DELETE"))
_SHOWN_NAMES = {b"etag": "ETag", b"odata-entityid": "OData-EntityId", b"www-authenticate": "WWW-Authenticate"}


class Item(msgspec.Struct, frozen=True):
    """One request of a batch.

    `id` is what its response is known by, None where it has none. `waits_for` holds the keys of items that must succeed
    before it, `group` names those that are done together or not at all. `body` is a ServiceError where it cannot be
    read: then this item alone fails.
    """

    id: str | None
    method: str
    url: str
    headers: Mapping[bytes, bytes]
    body: bytes | ServiceError
    waits_for: tuple[str, ...] = ()
    group: str | None = None

    @property
    def key(self) -> str | None:
        """The id, which is compared without regard to case."""
        return None if self.id is None else self.id.lower()


class Outcome(msgspec.Struct, frozen=True):
    """What came of an item: the request that it was, and its reply."""

    request: ApiRequest
    reply: Reply

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the item's response: those that Graph's have, and its own."""
        reply = self.reply
        headers = {"Cache-Control": "no-cache"}
        if reply.odata:
            headers["OData-Version"] = "4.01" if self.request.takes_401 else "4.0"
        if reply.content_type is not None:
            headers["Content-Type"] = reply.content_type.decode()
        for name, value in reply.headers:
            headers[_SHOWN_NAMES.get(name) or name.decode().title()] = value.decode("latin-1")
        return headers


def units(items: list[Item], most: int) -> list[list[Item]]:
    """The items, those of one change set together.

    Raises ServiceError (400) for a batch that cannot be run; then nothing of it is.
    """
    if not items:
        raise ServiceError(BATCH_FORMAT)
    if len(items) > most:
        raise ServiceError(BATCH_TOO_MANY, limit=most)
    found = [[item] for item in items] if all(each.group is None for each in items) else _grouped(items)
    seen: set[str | None] = set()
    for unit in found:
        for item in unit:
            shown = (item.id or "")[:64]
            if item.id is not None and (not item.id or item.key in seen):
                raise ServiceError(BATCH_ID_TAKEN, id=shown)
            if item.waits_for and not seen.issuperset(item.waits_for):
                raise ServiceError(BATCH_DEPENDENCY, id=shown)
            seen.add(item.key)
        if (group := unit[0].group) is not None:
            seen.add(group.lower())
    return found


def _grouped(items: list[Item]) -> list[list[Item]]:
    found: list[list[Item]] = []
    groups: set[str] = set()
    for group, together in groupby(items, lambda each: each.group):
        if group is None:
            found += [[item] for item in together]
            continue
        if group in groups:
            raise ServiceError(BATCH_GROUP_SPLIT, group=group[:64])
        groups.add(group)
        found.append(list(together))
        for item in found[-1]:
            if item.method not in WRITING:
                raise ServiceError(BATCH_READS_IN_CHANGE_SET, id=(item.id or "")[:64])
    return found
