"""Conditional requests: entity tags of collections, `If-Match` and `If-None-Match`.

Source: RFC 9110, sections 8.8.3, 13.1 and 13.2; docs/decisions/0034-etags-of-collections.md.
"""

from __future__ import annotations

import msgspec

from osimages.odata.errors import PRECONDITION_FAILED, ODataError
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.service.engine import Engine
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import Header
from osimages.odata.service.request import ApiRequest
from osimages.odata.wire.etags import etag, names_version
from osimages.odata.wire.links import Links

TAGGED = frozenset((Kind.COLLECTION, Kind.COUNT, Kind.FUNCTION, Kind.REFERENCES))
# Every request header that shapes such an answer, and its default. The raw values count: equal answers may have
# different tags, but different answers never have the same one. A test compares this with the headers that the code
# reads.
SHAPING_HEADERS = {b"accept": b"*/*", b"prefer": None, b"odata-maxversion": None, b"odata-version": None}


class Conditions(msgspec.Struct, frozen=True, gc=False):
    """The conditions of a request: the values of `If-Match` and `If-None-Match`, None where the header is absent."""

    match: str | None = None
    none_match: str | None = None

    def is_current(self, version: int) -> bool:
        """Return whether the client has this version of an entity already."""
        return self.none_match is not None and names_version(self.none_match, version)

    def is_current_collection(self, tag: bytes | None) -> bool:
        """Return whether the client has the answer with this tag already. `If-Match` is evaluated first."""
        if tag is None or self.none_match is None or self.match is not None:
            return False
        # Weak comparison: the tag counts with and without `W/`.
        return tag.decode().removeprefix("W/") in self.none_match

    @property
    def is_any(self) -> bool:
        """Whether `If-None-Match: *` is sent. It is evaluated once the query is known to be valid, as RFC 9110, section
        13.2.1 requires: it says nothing about an earlier answer.
        """
        return self.none_match is not None and self.none_match.strip() == "*" and self.match is None

    def check_version(self, version: int) -> None:
        """Raise ODataError(PRECONDITION_FAILED) if `If-Match` names another version of an entity."""
        if self.match is not None and not names_version(self.match, version):
            raise ODataError(PRECONDITION_FAILED, etag=etag(version), asked=self.match[:128])

    def check_collection(self, target: Target, tag: bytes | None) -> None:
        """Raise ODataError(PRECONDITION_FAILED) if `If-Match` names other tags of a collection.

        A bound function compares it with the tag of its entity instead. Answers without a tag (None) ignore it.
        """
        asked = self.match
        if asked is None or tag is None or target.kind is Kind.FUNCTION or asked.strip() == "*":
            return
        shown = tag.decode()
        if shown.removeprefix("W/") not in asked:
            raise ODataError(PRECONDITION_FAILED, etag=shown, asked=asked[:128])


UNCONDITIONAL = Conditions()


def conditions_of(request: ApiRequest) -> Conditions:
    """Return the conditions of a request."""
    if b"if-match" not in request.headers and b"if-none-match" not in request.headers:
        return UNCONDITIONAL
    return Conditions(request.header(b"if-match"), request.header(b"if-none-match"))


async def collection_tag(
    engine: Engine, request: ApiRequest, principal: Principal, target: Target, links: Links
) -> bytes | None:
    """Return the entity tag of the answer to a read of a collection; None if the tenant is unknown.

    Read it before the data. A write in between makes the tag older than the answer, which costs a 304 later; the other
    way round, a client would keep the old answer under the new tag.
    """
    revision = await engine.database.revision(principal.tenant)
    if revision is None:
        return None
    headers = request.headers
    function = None if target.function is None else target.function.name
    return engine.tokens.collections.tag(
        revision,
        principal.tenant,
        links.root,
        target.kind.value,
        target.source,
        target.key,
        function,
        request.query,
        *(headers.get(name, default) for name, default in SHAPING_HEADERS.items()),
    )


def tag_header(tag: bytes | None) -> tuple[Header, ...]:
    """Return the header of a tag, if there is one."""
    return () if tag is None else ((b"etag", tag),)
