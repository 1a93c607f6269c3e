"""Conditional reads of collections: which answers have an entity tag, and what the tag is made of.

Source: RFC 9110, sections 8.8.3, 13.1.2 and 13.2; docs/decisions/0034-etags-of-collections.md.
"""

from __future__ import annotations

from osimages.odata.errors import PRECONDITION_FAILED, ODataError
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.service.principal import Actor
from osimages.odata.service.reply import Header
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Service
from osimages.odata.wire.links import Links

TAGGED = frozenset((Kind.COLLECTION, Kind.COUNT, Kind.FUNCTION, Kind.REFERENCES))
# Every request header that shapes such an answer, and its default. The raw values count: equal answers may have
# different tags, but different answers never have the same one. A test compares this with the headers that the code
# reads.
SHAPING_HEADERS = {b"accept": b"*/*", b"prefer": None, b"odata-maxversion": None, b"odata-version": None}


async def collection_tag(
    service: Service, request: ApiRequest, actor: Actor, target: Target, links: Links
) -> bytes | None:
    """Return the entity tag of the answer to a read of a collection; None where the tenant is unknown.

    Read it before the data. A write in between makes the tag older than the answer, which costs a 304 later; the other
    way round, a client would keep the old answer under the new tag.
    """
    revision = await service.database.revision(actor.tenant)
    if revision is None:
        return None
    headers = request.headers
    function = None if target.function is None else target.function.name
    return service.collection_tags.tag(
        revision,
        actor.tenant,
        links.root,
        target.kind.value,
        target.source,
        target.key,
        function,
        request.query,
        *(headers.get(name, default) for name, default in SHAPING_HEADERS.items()),
    )


def is_unchanged(request: ApiRequest, tag: bytes) -> bool:
    """Return whether the client has this answer already. `If-Match` is evaluated first, by the handlers."""
    known = request.headers.get(b"if-none-match")
    # Weak comparison: the tag counts with and without `W/`.
    return known is not None and tag.removeprefix(b"W/") in known and b"if-match" not in request.headers


def matches_any(request: ApiRequest) -> bool:
    """Return whether `If-None-Match: *` is sent. It is evaluated once the query is known to be valid, as RFC 9110,
    section 13.2.1 requires: it says nothing about an earlier answer.
    """
    return request.headers.get(b"if-none-match", b"").strip() == b"*" and b"if-match" not in request.headers


def check_if_match(request: ApiRequest, target: Target, tag: bytes | None) -> None:
    """Raise ODataError(PRECONDITION_FAILED) where `If-Match` names other tags.

    The bound function compares it with the tag of its image instead. Answers without a tag (None) ignore it.
    """
    asked = request.headers.get(b"if-match")
    if asked is None or tag is None or target.kind is Kind.FUNCTION or asked.strip() == b"*":
        return
    if tag.removeprefix(b"W/") not in asked:
        raise ODataError(PRECONDITION_FAILED, etag=tag.decode(), asked=asked[:128].decode("latin-1"))


def tag_header(tag: bytes | None) -> tuple[Header, ...]:
    """Return the header of a tag, if there is one."""
    return () if tag is None else ((b"etag", tag),)
