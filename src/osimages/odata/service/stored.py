"""The entity or the singleton that a call is about, as it is stored, and its entity tag."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import msgspec

from osimages.odata.errors import UNKNOWN_KEY, ODataError
from osimages.odata.plan.query import Stored
from osimages.odata.service.call import Call
from osimages.odata.service.reply import Header
from osimages.odata.sql.documents import document
from osimages.odata.wire.etags import etag


async def stored_entity(call: Call) -> Stored:
    """Return the entity that the target's key names, or the singleton.

    Raises ODataError(UNKNOWN_KEY), or ODataError(PRECONDITION_FAILED) where If-Match asks for another version.
    """
    key = call.target.key
    if key is None:
        stored: Stored | None = await stored_singleton(call)
    elif call.found is not None:
        stored = call.found.get(key)
    else:
        stored = await call.store.get(call.tenant, key)
    if stored is None:
        raise unknown_key(key or "")
    call.conditions.check_version(stored.version)
    return stored


async def stored_singleton(call: Call) -> Stored:
    """Return the target's singleton: its declared content, by default nothing but its key, which is its name.

    Its version follows from its content, 0 by default.
    """
    singleton, entity = call.target.singleton, call.target.entity
    assert singleton is not None
    if singleton.content is None:
        members = {"@odata.type": f"#{call.type_name}", entity.key: singleton.name}
        return Stored(0, msgspec.json.encode(members))
    values: Mapping[str, object] = {entity.key: singleton.name, **await singleton.content(call.principal)}
    written = document(call.engine.schema.model, entity, values)
    return Stored(zlib.crc32(written), written)


def unknown_key(key: str) -> ODataError:
    """Return the error of an entity that is not there."""
    return ODataError(UNKNOWN_KEY, key=key[:512])


def tag_of(stored: Stored) -> tuple[Header, ...]:
    """Return the header that names the version of an entity."""
    return ((b"etag", etag(stored.version).encode()),)
