"""What a handler is given: the request, and all that the steps before have found out about it."""

from __future__ import annotations

import re

import msgspec

from osimages.auth.actor import Actor
from osimages.http.request import ApiRequest
from osimages.http.service import Service, ServiceVersion
from osimages.plan.build import Query
from osimages.plan.query import Stored
from osimages.plan.resolve import Target
from osimages.wire.annotate import in_form
from osimages.wire.etag import etag
from osimages.wire.links import Links
from osimages.wire.media import USUAL, JsonForm, Metadata, json_form

_MAXIMUM_PAGE_SIZE = re.compile(r"(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_RETURN = re.compile(r"(?:^|[,;\s])return\s*=\s*\"?(minimal|representation)\"?(?=$|[,;\s])", re.IGNORECASE)


class Call(msgspec.Struct, frozen=True):
    """One request to be handled: verified, resolved and authorised."""

    service: Service
    version: ServiceVersion
    request: ApiRequest
    actor: Actor
    target: Target
    links: Links

    def query(self) -> Query:
        """What the query string means for this target. Raises ServiceError."""
        return self.version.query(self.target, self.request.query)

    def form(self, query: Query) -> JsonForm:
        """The form of JSON that the client asks for. Raises ServiceError(NOT_ACCEPTABLE)."""
        return json_form(self.request.header(b"accept"), query.format)

    def context(self, form: JsonForm, context: str) -> str | None:
        """The context URL, where the form has one."""
        return None if form.metadata is Metadata.NONE else context

    def document(self, form: JsonForm, stored: Stored) -> bytes:
        """A stored entity in the form that is asked for."""
        if form is USUAL:
            return stored.document
        return self._annotated(form, stored.document, etag(stored.version))

    def documents(self, form: JsonForm, stored: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """A page of entities in the form that is asked for."""
        if form is USUAL:
            return stored
        return tuple(self._annotated(form, each, None) for each in stored)

    def maximum_page_size(self) -> int | None:
        """The page size that the client prefers (OData Protocol, section 8.2.8.5)."""
        match = _MAXIMUM_PAGE_SIZE.search(self.request.header(b"prefer") or "")
        return None if match is None or match[1].strip("0") == "" else int(match[1])

    def preferred_return(self) -> str | None:
        """What the client prefers as the answer to a write: `minimal` or `representation` (RFC 7240, section 4.2)."""
        match = _RETURN.search(self.request.header(b"prefer") or "")
        return None if match is None else match[1].lower()

    def _annotated(self, form: JsonForm, document: bytes, tag: str | None) -> bytes:
        target = self.target
        return in_form(
            form, self.version.model, target.entity, document, lambda key: self.links.entity(target, key), tag
        )
