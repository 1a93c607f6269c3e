"""What the path of a request works with, put together once at the start."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec

from osimages.entra.emulator.emulator import EntraEmulator
from osimages.entra.tokens.keys import KeySource
from osimages.graph.audit import Audit
from osimages.graph.authentication import Authentication
from osimages.graph.client_limits import Visitors
from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue
from osimages.graph.faults import Faults
from osimages.graph.forwarded import Front
from osimages.graph.known_hosts import KnownHosts
from osimages.graph.metrics import Metrics
from osimages.graph.publisher import Publisher
from osimages.graph.readiness import Readiness
from osimages.graph.revocation import Standing
from osimages.graph.state.journal import Journal
from osimages.graph.tenants import Tenants
from osimages.graph.throttling import Throttle
from osimages.odata.cache import LONGEST_REMEMBERED
from osimages.odata.errors import ODataError
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.model.csdl_json import csdl_json
from osimages.odata.model.csdl_xml import csdl_xml
from osimages.odata.model.types import EVERYTHING, EntityType, Model
from osimages.odata.plan.build import Query, build_query
from osimages.odata.plan.delta_tokens import DeltaTokens
from osimages.odata.plan.pagination import LONGEST_TOKEN, PageTokens
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind, Target, resolve, sources
from osimages.odata.service.outgoing import Outgoing
from osimages.odata.service.slices import Slices
from osimages.odata.service.static_documents import Document
from osimages.odata.sql.store import Database, Store
from osimages.odata.text.addressing import is_indirect
from osimages.odata.wire.annotator import Annotator
from osimages.odata.wire.etags import CollectionTags
from osimages.odata.wire.links import Links
from osimages.odata.wire.media_types import JsonForm, Metadata, json_form
from osimages.odata.wire.payload import entity_head
from osimages.settings import Settings

# How many of the requests before are remembered: paths are more various than queries, for a key is one of many.
_REMEMBERED_QUERIES = 2048
_REMEMBERED_PATHS = 16_384
# These describe the service to clients that have no token yet, as Graph's do.
_OPEN_PATHS = frozenset(("", "$metadata"))


class Look(msgspec.Struct, frozen=True, gc=False):
    """How the answer to the read of an entity looks, as its text alone tells: what the query means, the form of JSON
    that is asked for, and what the body starts with before the members of the entity.
    """

    query: Query
    form: JsonForm
    head: bytes


class ServiceVersion:
    """One version of the service (`beta`): its model, and what follows from the model alone."""

    def __init__(self, name: str, model: Model, limits: Limits) -> None:
        self.name = name
        self.model = model
        self._limits = limits
        self._sources = sources(model)
        self._validators = {each.name: EntityValidator(model, each) for each in model.entity_types}
        self._remembered_query = _remembering(_REMEMBERED_QUERIES, self._build_query)
        self._remembered_look = _remembering(_REMEMBERED_QUERIES, self._look)
        self._annotators: dict[tuple[JsonForm, str, bool], Annotator] = {}
        self._metadata: dict[tuple[bool, str], Document] = {}

    def target(self, path: str) -> Target:
        """What a path below the service root is about. Raises ODataError."""
        return resolve(self.model, path)

    def query(self, target: Target, query: str) -> Query:
        """The meaning of a query string for a target. Raises ODataError."""
        build = self._build_query if len(query) > LONGEST_REMEMBERED else self._remembered_query
        if target.declared is None:
            return build(target.kind, target.source, query)
        return build(target.kind, target.source, query, target.declared.name)

    def look(self, target: Target, query: str, accept: bytes | None, version: str | None, root: str) -> Look:
        """How the answer to the read of an entity looks, for a query string, an Accept header, the version of OData
        that its client takes (None: it does not say), and the service root that it sees. Raises ODataError.
        """
        is_long = len(query) + len(accept or b"") > LONGEST_REMEMBERED
        look = self._look if is_long else self._remembered_look
        return look(target.source, query, accept, version, root)

    def validator(self, entity: EntityType) -> EntityValidator:
        """What checks bodies of a type."""
        return self._validators[entity.name]

    def metadata(self, as_json: bool, version: str) -> Document:
        """Return the CSDL document of a version of OData, which is written when it is first requested."""
        found = self._metadata.get((as_json, version))
        if found is None:
            written = (csdl_json if as_json else csdl_xml)(self.model, version)
            found = self._metadata[as_json, version] = Document(written)
        return found

    def annotator(self, form: JsonForm, entity: EntityType, *, is_read_only: bool) -> Annotator:
        """Return what writes entities of a type in a form; there are few forms."""
        key = (form, entity.name, is_read_only)
        found = self._annotators.get(key)
        if found is None:
            found = self._annotators[key] = Annotator(form, self.model, entity, is_read_only=is_read_only)
        return found

    def _look(self, source: str, query: str, accept: bytes | None, version: str | None, root: str) -> Look:
        target = msgspec.structs.replace(self._sources[source], kind=Kind.ENTITY)
        meaning = self.query(target, query)
        form = json_form(None if accept is None else accept.decode("latin-1"), meaning.format, version)
        has_context = form.metadata is not Metadata.NONE
        context = Links(root).context(target, meaning.shown) if has_context else None
        return Look(meaning, form, entity_head(context, form.annotation))

    def _build_query(self, kind: Kind, source: str, query: str, declared: str | None = None) -> Query:
        found = self._sources[source]
        # In the service root no option but $format is allowed, so that any type serves there.
        entity = found.entity if source else self.model.entity_types[0]
        capabilities = EVERYTHING if found.entity_set is None else found.entity_set.capabilities
        named = None if declared is None else entity.by_name[declared]
        return build_query(self.model, entity, kind, query, self._limits, capabilities, named)


class Address(msgspec.Struct, frozen=True, gc=False):
    """What the raw path of a URL tells by itself.

    `root` is its first segment, `version` the version of the service of that name (None: no path of the API), `path`
    what follows, without the slashes around. `is_open` where that may be read without a token, `is_indirect` where the
    query string may have a say in what it is about. `target` is None where the path has none, or not by itself.
    """

    root: str
    version: ServiceVersion | None
    path: str
    is_open: bool
    is_indirect: bool
    target: Target | None


class Service:
    """The parts that answer requests. `stores` holds the store of each entity type, by the type's name."""

    def __init__(
        self,
        *,
        settings: Settings,
        limits: Limits,
        clock: Clock,
        models: Mapping[str, Model],
        database: Database,
        stores: Mapping[str, Store],
        authentication: Authentication,
        tenants: Tenants,
        page_tokens: PageTokens,
        delta_tokens: DeltaTokens,
        collection_tags: CollectionTags,
        current: CurrentCatalogue,
        publisher: Publisher,
        keys: KeySource,
        metrics: Metrics,
        audit: Audit | None,
        emulator: EntraEmulator | None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.limits = limits
        # A link repeats the query, which may have been longer in a body than it may be in a URL.
        self.longest_link = max(settings.max_url_bytes, settings.max_query_bytes) + LONGEST_TOKEN
        self.versions = {name.lower(): ServiceVersion(name, model, self.limits) for name, model in models.items()}
        self.database = database
        self.stores = stores
        self.authentication = authentication
        self.tenants = tenants
        self.page_tokens = page_tokens
        self.delta_tokens = delta_tokens
        self.collection_tags = collection_tags
        self.current = current
        self.publisher = publisher
        self.keys = keys
        self.audit = audit
        self.front = Front.of(settings)
        self.known_hosts = KnownHosts.of(settings)
        self.faults = Faults()
        self.journal = Journal() if emulator is not None and settings.workers == 1 else None
        self.slices = Slices()
        self.throttle = Throttle.of(settings, clock.elapsed)
        self.visitors = Visitors.of(settings)
        self.outgoing = Outgoing(
            settings.max_unsent_bytes, settings.max_unsent_connection_bytes, settings.write_timeout_seconds
        )
        self.standing = Standing(None if emulator is None else emulator.directory, authentication.challenge)
        self.emulator = emulator
        self.metrics = metrics
        self.readiness = Readiness(database, keys)
        self._remembered_address = _remembering(_REMEMBERED_PATHS, self._address)

    def with_stores(self, instead: Callable[[Store], Store]) -> Service:
        """This service with other stores in the place of its own."""
        other = copy.copy(self)
        other.stores = {name: instead(store) for name, store in self.stores.items()}
        return other

    async def close(self) -> None:
        """Ends what goes on in the background, and all connections."""
        await self.readiness.close()
        await self.keys.close()
        if self.audit is not None:
            await self.audit.close()
        await self.database.close()

    def sample_metrics(self) -> None:
        """Let the metrics have the state of this worker as it is now."""
        as_of, current = self.keys.as_of, self.current
        self.metrics.sample(
            catalogue_days=(current.clock.today() - current.catalogue.as_of).days,
            missing_patch_tuesdays=len(current.missing_patch_tuesdays()),
            keys_seconds=None if as_of is None else max(0.0, self.clock.seconds() - as_of),
        )

    def address(self, path: str) -> Address:
        """Return what a raw path tells by itself."""
        return (self._address if len(path) > LONGEST_REMEMBERED else self._remembered_address)(path)

    def _address(self, raw: str) -> Address:
        root, _, path = raw.strip("/").partition("/")
        version, path = self.versions.get(root.lower()), path.strip("/")
        indirect, target = is_indirect(path), None
        # A long path, which is not cached, is resolved once it is known who asks.
        if version is not None and not indirect and len(raw) <= LONGEST_REMEMBERED:
            # Path errors are raised only after authentication.
            with contextlib.suppress(ODataError):
                target = version.target(path)
        left = path if target is None else ""
        return Address(sys.intern(root), version, left, path.lower() in _OPEN_PATHS, indirect, target)

    def store(self, target: Target) -> Store:
        """Where the entities that a target is about are kept."""
        return self.stores[target.entity.name]


_Found = TypeVar("_Found")


def _remembering(most: int, function: Callable[..., _Found]) -> Callable[..., _Found]:
    """Requests repeat. What raises is not remembered."""
    return lru_cache(most)(function)
