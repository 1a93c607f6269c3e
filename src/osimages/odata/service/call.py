"""A prepared request: authenticated, resolved, authorised, and bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from osimages.odata.errors import LIMIT_EXCEEDED, ODataError
from osimages.odata.model.types import EVERYTHING
from osimages.odata.plan.build import Query
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.conditional import Conditions
from osimages.odata.service.engine import Change, Engine
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import Header
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.store import Store
from osimages.odata.wire.annotator import Annotator
from osimages.odata.wire.etags import etag
from osimages.odata.wire.links import Links
from osimages.odata.wire.media_types import JsonForm, Metadata
from osimages.odata.wire.preferences import Preferences


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request to be handled, with everything that handlers need to know of it.

    `tag` is the entity tag of the reply if a collection is read with GET. `change` runs the script of a write: at once,
    or together with others of a change set. `found` holds entities that were read together with those of other items
    of a batch, by their keys.
    """

    engine: Engine
    request: ApiRequest
    principal: Principal
    target: Target
    method: str
    links: Links
    query: Query
    form: JsonForm
    preferences: Preferences
    conditions: Conditions
    tag: bytes | None
    change: Change
    found: Mapping[str, Stored] | None = None

    @property
    def tenant(self) -> str:
        """The tenant of the principal."""
        return self.principal.tenant

    def now(self) -> datetime:
        """Return the time of the tenant."""
        return self.engine.hooks.now(self.tenant)

    @property
    def store(self) -> Store:
        """The store of the entities that the target is about."""
        return self.engine.stores[self.target.entity.name]

    @property
    def type_name(self) -> str:
        """The qualified name of the target's entity type."""
        return self.engine.schema.model.qualified(self.target.entity.name)

    def changes(self) -> Changes:
        """Return the scripts that write entities of the target's type, joined by the `on_change` hook's."""
        changes, on_change = self.store.changes, self.engine.hooks.on_change
        return changes if on_change is None else changes.recorded(on_change(self.request, self.principal, self.target))

    def purpose(self) -> str:
        """Return what the paging and delta tokens of the query are sealed for: its entity set and its options."""
        return f"{self.target.source}?{self.query.identity}"

    def context(self, context: str) -> str | None:
        """Return the context URL, if the form has one."""
        return None if self.form.metadata is Metadata.NONE else context

    def document(self, stored: Stored) -> bytes:
        """Return a stored entity in the negotiated form."""
        if self.form.is_stored:
            return stored.document
        address = self.links.entities(self.target)
        return self._annotator().write(stored.document, address, etag(stored.version))

    def documents(self, stored: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return stored entities in the negotiated form."""
        if self.form.is_stored:
            return stored
        write, address = self._annotator().write, self.links.entities(self.target)
        return tuple([write(each, address) for each in stored])

    def joined_documents(self, stored: Sequence[bytes]) -> bytes:
        """Return entities in the negotiated form, separated by commas."""
        return self._annotator().write_all(stored, self.links.entities(self.target))

    def checked_link(self, link: str) -> str:
        """Return a link that repeats the query. Raises ODataError(LIMIT_EXCEEDED) if it is too long to be followed."""
        most = self.engine.limits.longest_link
        if len(link) - len(self.request.origin) > most:
            what = "The length of the link to the next page"
            raise ODataError(LIMIT_EXCEEDED, what=what, limit=most, setting="max_query_bytes")
        return link

    def applied(self, *honoured: str | None) -> tuple[Header, ...]:
        """Return the header that names the preferences that were honoured, if any were."""
        names = [each for each in honoured if each is not None]
        # No type here has members that are hidden from clients that do not ask for them.
        if self.target.singleton is not None and self.preferences.unknown_members:
            names.append("include-unknown-enum-members")
        return ((b"preference-applied", ", ".join(names).encode()),) if names else ()

    def _annotator(self) -> Annotator:
        able = EVERYTHING if self.target.entity_set is None else self.target.entity_set.capabilities
        is_read_only = not (able.update or able.delete)
        return self.engine.schema.annotator(self.form, self.target.entity, is_read_only=is_read_only)
