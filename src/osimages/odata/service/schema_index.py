"""A schema at its service root, with what follows from it alone: paths, queries, validators, CSDL documents."""

from __future__ import annotations

import contextlib

import msgspec

from osimages.odata.cache import LONGEST_KEY, cached
from osimages.odata.errors import UNKNOWN_VERSION, ODataError
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.model.csdl_json import csdl_json
from osimages.odata.model.csdl_xml import csdl_xml
from osimages.odata.model.types import EVERYTHING, EntityType, Model
from osimages.odata.plan.build import Query, build_query
from osimages.odata.plan.query import Shape
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind, Target, resolve, sources
from osimages.odata.service.static_documents import Document
from osimages.odata.text.addressing import is_indirect
from osimages.odata.wire.annotator import Annotator
from osimages.odata.wire.media_types import STORED_FORM, JsonForm, json_form

_MOST_QUERIES = 2048
# Paths are more various than queries: a key is one of many.
_MOST_PATHS = 16_384
# They describe the service to clients that have no token yet.
_OPEN_PATHS = frozenset(("", "$metadata"))
# Their replies are no JSON, or are put together from other replies.
_WITHOUT_FORM = frozenset((Kind.COUNT, Kind.VALUE, Kind.PROPERTY_COUNT, Kind.METADATA, Kind.BATCH))


class Address(msgspec.Struct, frozen=True, gc=False):
    """A raw path below the service root, without the slashes around it.

    `is_open` if it may be read without a token, `is_indirect` if the query string may have a say in its target.
    `target` is None if it is not resolved yet: `path` is indirect, long or wrong.
    """

    path: str
    is_open: bool
    is_indirect: bool
    target: Target | None


class SchemaIndex:
    """A schema at the service root `root`: `/v1`, or empty for the host's own root."""

    def __init__(self, model: Model, root: str, limits: Limits) -> None:
        self.model = model
        self.root = f"/{root.strip('/')}".rstrip("/")
        self._limits = limits
        self._sources = sources(model)
        self._validators = {each.name: EntityValidator(model, each) for each in model.entity_types}
        self._cached_address = cached(_MOST_PATHS)(self._address)
        self._cached_meaning = cached(_MOST_QUERIES)(self._meaning)
        self._annotators: dict[tuple[JsonForm, str, bool], Annotator] = {}
        self._metadata: dict[tuple[bool, str], Document] = {}

    def address(self, path: str) -> Address:
        """Return the address that a raw path names by itself. Raises ODataError if it is not below the root."""
        return self._cached_address(path)

    def target(self, path: str) -> Target:
        """Return the target of a path below the service root. Raises ODataError."""
        return resolve(self.model, path)

    def meaning(self, target: Target, method: str, query: str, accept: bytes, version: str | None) -> Meaning:
        """Return the bound query and the form of JSON that a request asks for. Raises ODataError.

        `accept` is the Accept header, `version` the version of OData that the client takes, if it names one.
        """
        kind = target.kind
        has_form = kind not in _WITHOUT_FORM and not (kind is Kind.ENTITY and method == "DELETE")
        declared = None if target.declared is None else target.declared.name
        return self._cached_meaning(kind, target.source, declared, query, accept if has_form else None, version)

    def validator(self, entity: EntityType) -> EntityValidator:
        """Return the validator of bodies of a type."""
        return self._validators[entity.name]

    def metadata(self, as_json: bool, version: str) -> Document:
        """Return the CSDL document of a version of OData, which is written when it is first requested."""
        found = self._metadata.get((as_json, version))
        if found is None:
            written = (csdl_json if as_json else csdl_xml)(self.model, version)
            found = self._metadata[as_json, version] = Document(written)
        return found

    def annotator(self, form: JsonForm, entity: EntityType, *, is_read_only: bool) -> Annotator:
        """Return the writer of entities of a type in a form; there are few forms."""
        key = (form, entity.name, is_read_only)
        found = self._annotators.get(key)
        if found is None:
            found = self._annotators[key] = Annotator(form, self.model, entity, is_read_only=is_read_only)
        return found

    def _address(self, raw: str) -> Address:
        collapsed, root = f"/{raw.strip('/')}", self.root
        path = collapsed[len(root) :]
        if collapsed[: len(root)].lower() != root.lower() or (path and not path.startswith("/")):
            raise ODataError(UNKNOWN_VERSION, version=collapsed.split("/")[1][:128])
        path = path.strip("/")
        indirect, target = is_indirect(path), None
        # A long path, which is not cached, is resolved once its sender is known.
        if not indirect and len(raw) <= LONGEST_KEY:
            # Path errors are raised only after authentication.
            with contextlib.suppress(ODataError):
                target = self.target(path)
        left = path if target is None else ""
        return Address(left, path.lower() in _OPEN_PATHS, indirect, target)

    def _meaning(
        self, kind: Kind, source: str, declared: str | None, query: str, accept: bytes | None, version: str | None
    ) -> Meaning:
        found = self._sources[source]
        # In the service root no option but $format is allowed, so that any type serves there.
        entity = found.entity if source else self.model.entity_types[0]
        capabilities = EVERYTHING if found.entity_set is None else found.entity_set.capabilities
        named = None if declared is None else entity.by_name[declared]
        bound = build_query(self.model, entity, kind, query, self._limits, capabilities, named)
        form = STORED_FORM if accept is None else json_form(accept.decode("latin-1") or None, bound.format, version)
        return Meaning(bound, form)


class Meaning(msgspec.Struct, frozen=True):
    """A bound query and the negotiated form of JSON, which depends on its `$format`."""

    query: Query
    form: JsonForm


# Of requests that are answered without a look at their query.
UNBOUND = Meaning(Query(Shape(None), (), (), None, None, None, 0, False, None, None, None, ""), STORED_FORM)
