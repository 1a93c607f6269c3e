"""What a handler is given: the request, and all that the steps before have found out about it."""

from __future__ import annotations

import re

import msgspec

from osimages.auth.actor import Actor
from osimages.errors import NOT_ACCEPTABLE, ServiceError
from osimages.http.request import ApiRequest
from osimages.http.service import Service, ServiceVersion
from osimages.plan.build import Query
from osimages.plan.resolve import Kind, Target
from osimages.wire.links import Links

_MAXIMUM_PAGE_SIZE = re.compile(r"(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_RETURN_MINIMAL = re.compile(r"(?:^|[,;\s])return\s*=\s*\"?minimal\"?(?=$|[,;\s])", re.IGNORECASE)


class Call(msgspec.Struct, frozen=True):
    """One request to be handled: verified, resolved and authorised."""

    service: Service
    version: ServiceVersion
    request: ApiRequest
    actor: Actor
    target: Target
    links: Links

    def query(self) -> Query:
        """What the query string means for this target. Raises ServiceError, also for a format other than JSON."""
        query = self.version.query(self.target, self.request.query)
        if query.format is not None and self.target.kind is not Kind.METADATA and "json" not in query.format.lower():
            raise ServiceError(NOT_ACCEPTABLE, accept=query.format[:128])
        return query

    def maximum_page_size(self) -> int | None:
        """The page size that the client prefers (OData Protocol, section 8.2.8.5)."""
        match = _MAXIMUM_PAGE_SIZE.search(self.request.header(b"prefer") or "")
        return None if match is None or match[1].strip("0") == "" else int(match[1])

    def wants_minimal_return(self) -> bool:
        """Whether the client prefers an empty answer to a write (RFC 7240, section 4.2)."""
        return _RETURN_MINIMAL.search(self.request.header(b"prefer") or "") is not None
