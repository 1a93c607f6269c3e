"""What a handler is given: the request, and all that the steps before have found out about it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from osimages.odata.errors import LIMIT_EXCEEDED, ODataError
from osimages.odata.model.types import EVERYTHING
from osimages.odata.plan.build import Query
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.principal import Actor
from osimages.odata.service.reply import Header
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Look, Service, ServiceVersion
from osimages.odata.sql.store import Store
from osimages.odata.wire.annotator import Annotator
from osimages.odata.wire.etags import etag
from osimages.odata.wire.links import Links
from osimages.odata.wire.media_types import USUAL, JsonForm, Metadata, json_form
from osimages.odata.wire.preferences import Preferences, preferences


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request to be handled: verified, resolved and authorised.

    `tag` is the entity tag of the answer where the target is a collection that is read with GET.
    """

    service: Service
    version: ServiceVersion
    request: ApiRequest
    actor: Actor
    target: Target
    links: Links
    tag: bytes | None = None

    def recording_store(self) -> Store:
        """Where the entities that this request writes are kept; what it does to them goes into the audit."""
        store, audit = self.service.store(self.target), self.service.audit
        return store if audit is None else store.recording(audit.record(self.request, self.actor, self.target))

    def query(self) -> Query:
        """What the query string means for this target. Raises ODataError."""
        return self.version.query(self.target, self.request.query)

    def purpose(self, query: Query) -> str:
        """Return what the paging and delta tokens of a query are sealed for: its entity set and its options."""
        return f"{self.target.source}?{query.identity}"

    def look(self) -> Look:
        """How the answer looks, where the target is an entity. Raises ODataError."""
        request = self.request
        return self.version.look(
            self.target, request.query, request.headers.get(b"accept"), request.version, self.links.root
        )

    def form(self, query: Query) -> JsonForm:
        """The form of JSON that the client asks for. Raises ODataError(NOT_ACCEPTABLE)."""
        return json_form(self.request.header(b"accept"), query.format, self.request.version)

    def context(self, form: JsonForm, context: str) -> str | None:
        """The context URL, where the form has one."""
        return None if form.metadata is Metadata.NONE else context

    def document(self, form: JsonForm, stored: Stored) -> bytes:
        """A stored entity in the form that is asked for."""
        if form is USUAL:
            return stored.document
        address = self.links.entities(self.target)
        return self._annotator(form).write(stored.document, address, etag(stored.version))

    def documents(self, form: JsonForm, stored: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """A page of entities in the form that is asked for."""
        if form is USUAL:
            return stored
        write, address = self._annotator(form).write, self.links.entities(self.target)
        return tuple([write(each, address) for each in stored])

    def joined_documents(self, form: JsonForm, stored: Sequence[bytes]) -> bytes:
        """Entities in the form that is asked for, separated by commas."""
        return self._annotator(form).write_all(stored, self.links.entities(self.target))

    def checked_link(self, link: str) -> str:
        """A link that repeats the query. Raises ODataError(LIMIT_EXCEEDED) if it is too long to be followed."""
        most = self.service.longest_link
        if len(link) - len(self.request.origin) > most:
            what = "The length of the link to the next page"
            raise ODataError(LIMIT_EXCEEDED, what=what, limit=most, setting="max_query_bytes")
        return link

    def preferences(self) -> Preferences:
        """What the client would like."""
        return preferences(self.request.header(b"prefer"))

    def applied(self, *honoured: str | None) -> tuple[Header, ...]:
        """The header that says which preferences were honoured, none where none was."""
        told = [each for each in honoured if each is not None]
        # No type here has members that are hidden from clients that do not ask for them.
        if self.target.singleton is not None and self.preferences().unknown_members:
            told.append("include-unknown-enum-members")
        return ((b"preference-applied", ", ".join(told).encode()),) if told else ()

    def _annotator(self, form: JsonForm) -> Annotator:
        able = EVERYTHING if self.target.entity_set is None else self.target.entity_set.capabilities
        return self.version.annotator(form, self.target.entity, is_read_only=not (able.update or able.delete))
