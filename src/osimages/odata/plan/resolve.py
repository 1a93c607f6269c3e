"""From path segments and the model to a target: what of the service a request is about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum

import msgspec
from msgspec.structs import force_setattr, replace

from osimages.odata.errors import BAD_PATH, NO_ROUTE_FOR_METHOD, UNKNOWN_SEGMENT, ODataError
from osimages.odata.model.keys import canonical_key
from osimages.odata.model.types import (
    DELTA,
    BoundFunction,
    ComplexType,
    EntitySet,
    EntityType,
    Model,
    Operation,
    Primitive,
    Property,
    Singleton,
)
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.url_segments import PathSegment, arguments_of, bare_key_of, key_of, split_path


class Kind(Enum):
    """What a path can lead to; the value is its route template, as errors may name it."""

    # Members are the same only where they are identical; Enum has a hash in Python, which costs more than the
    # look-ups that ask for it.
    __hash__ = object.__hash__

    SERVICE = "servicedocument"
    METADATA = "metadata"
    BATCH = "batch"
    SINGLETON = "singleton"
    COLLECTION = "singleton/navigation"
    COUNT = "singleton/navigation/$count"
    ENTITY = "singleton/navigation/key"
    FUNCTION = "singleton/navigation/key/action"
    DELTA = "singleton/navigation/action"
    PROPERTY = "singleton/navigation/key/property"
    VALUE = "singleton/navigation/key/property/$value"
    PROPERTY_COUNT = "singleton/navigation/key/property/$count"
    OPERATION = "singleton/navigation/function"
    ACTION = "singleton/navigation/operation"
    QUERY = "singleton/navigation/$query"
    REFERENCE = "singleton/navigation/key/$ref"
    REFERENCES = "singleton/navigation/$ref"


READING = frozenset({"GET", "HEAD"})
METHODS = dict.fromkeys(Kind, READING) | {
    Kind.BATCH: frozenset({"POST"}),
    Kind.QUERY: frozenset({"POST"}),
    Kind.ACTION: frozenset({"POST"}),
    Kind.SINGLETON: READING | {"PATCH"},
    Kind.COLLECTION: READING | {"POST"},
    Kind.ENTITY: READING | {"PATCH", "PUT", "DELETE"},
    Kind.PROPERTY: READING | {"POST", "PATCH", "PUT", "DELETE"},
}


# These read, although they are sent with POST.
ASKED_WITH_POST = frozenset({Kind.QUERY, Kind.ACTION})


class Target(msgspec.Struct, frozen=True, gc=False):
    """What a request is about: a kind, and the parts of the model and the key that it names.

    An entity set without a singleton stands in the service root. `asked` is what a query in a body (`/$query`) is for,
    `arguments` are the texts of those that an operation is called with. `source` is made of the others: the path of the
    entity set or the singleton from the service root, empty for the root itself.
    """

    kind: Kind
    singleton: Singleton | None = None
    entity_set: EntitySet | None = None
    key: str | None = None
    declared: Property | None = None
    function: BoundFunction | None = None
    asked: Target | None = None
    operation: Operation | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        singleton = self.singleton.name if self.singleton else ""
        path = singleton if self.entity_set is None else f"{singleton}/{self.entity_set.name}".lstrip("/")
        # Many targets are remembered: the text is one for all of them.
        force_setattr(self, "source", sys.intern(path))

    @property
    def entity(self) -> EntityType:
        """The type of the entities that it is about."""
        if self.entity_set is not None:
            return self.entity_set.type
        assert self.singleton is not None
        return self.singleton.type


def resolve(model: Model, path: str) -> Target:
    """The target of a raw path below the service root.

    Raises ODataError: BAD_PATH where it is not well-formed, UNKNOWN_SEGMENT where the model has no such name.
    """
    try:
        segments = split_path(path)
    except ODataSyntaxError as error:
        raise ODataError(BAD_PATH, reason=str(error)) from None
    if len(segments) > 1 and segments[-1].text.lower() == "$query":
        asked = _resolved(model, segments[:-1])
        if asked.kind in (Kind.METADATA, Kind.BATCH):
            raise _unknown(segments[-1])
        return Target(Kind.QUERY, asked.singleton, asked.entity_set, asked=asked)
    return _resolved(model, segments)


def sources(model: Model) -> dict[str, Target]:
    """The service root, every singleton and every entity set as targets, by their `source`."""
    roots = [Target(Kind.SERVICE), *(Target(Kind.SINGLETON, each) for each in model.singletons)]
    sets = [Target(Kind.COLLECTION, None, each) for each in model.entity_sets]
    for singleton in model.singletons:
        sets += [Target(Kind.COLLECTION, singleton, each) for each in singleton.type.navigation]
    return {each.source: each for each in (*roots, *sets)}


def check_method(target: Target, method: str, path: str) -> None:
    """Raise ODataError(NO_ROUTE_FOR_METHOD) for a verb that a path does not have."""
    if method in METHODS[target.kind] and (method in READING or is_capable(target, method)):
        return
    allowed = [each for each in sorted(METHODS[target.kind]) if each in READING or is_capable(target, each)]
    raise ODataError(
        NO_ROUTE_FOR_METHOD, target_of_path=target, allowed=", ".join(allowed), method=method[:32], path=path[:1024]
    )


def is_capable(target: Target, method: str) -> bool:
    """Whether the entity set, and the property where one is named, takes that kind of write."""
    if target.declared is not None and not _takes(target.declared, method):
        return False
    if target.kind in ASKED_WITH_POST:
        return True
    if target.entity_set is None:  # a singleton's properties are only read one by one
        return target.declared is None
    capabilities = target.entity_set.capabilities
    if target.declared is not None:
        return capabilities.update
    return {
        "POST": capabilities.insert,
        "PATCH": capabilities.update,
        "PUT": capabilities.insert and capabilities.update,
        "DELETE": capabilities.delete,
    }[method]


def _takes(declared: Property, method: str) -> bool:
    """Items are added to collections; only a value that has parts is changed in part (Protocol, section 11.4.9)."""
    if method == "POST":
        return declared.collection
    return method != "PATCH" or (isinstance(declared.type, ComplexType) and not declared.collection)


def _resolved(model: Model, segments: list[PathSegment]) -> Target:
    if not segments:
        return Target(Kind.SERVICE)
    first, *rest = segments
    whole = {"$metadata": Kind.METADATA, "$batch": Kind.BATCH}.get(first.text.lower())
    if whole is not None:
        _end(rest)
        return Target(whole)
    singleton = next((each for each in model.singletons if _names(first, each.name)), None)
    if singleton is None:
        return _below_root(model, Target(Kind.SERVICE), model.entity_sets, segments)
    found = Target(Kind.SINGLETON, singleton)
    if not rest:
        return found
    return _part_of(found, rest) or _below_root(model, found, singleton.type.navigation, rest)


def _below_root(model: Model, root: Target, sets: Sequence[EntitySet], segments: list[PathSegment]) -> Target:
    """What lies in one of the entity sets of the service root or of a singleton."""
    first, *rest = segments
    for entity_set in sets:
        found = Target(Kind.COLLECTION, root.singleton, entity_set)
        if _names(first, entity_set.name):
            return _below_set(model, found, rest)
        if first.arguments is not None and first.name.lower() == entity_set.name.lower():
            return _below_entity(model, _entity_of(found, _key(first, entity_set.type)), rest)
    raise _unknown(first)


def _below_set(model: Model, entity_set: Target, segments: list[PathSegment]) -> Target:
    if not segments:
        return entity_set
    first, *rest = segments
    assert entity_set.entity_set is not None
    capabilities = entity_set.entity_set.capabilities
    if first.text.lower() == "$count" and capabilities.count:
        _end(rest)
        return replace(entity_set, kind=Kind.COUNT)
    if first.text.lower() == "$ref":
        _end(rest)
        return replace(entity_set, kind=Kind.REFERENCES)
    if first.text.startswith("$"):
        raise _unknown(first)
    if capabilities.delta and _calls(model, first, DELTA.name):
        _end(rest)
        return replace(entity_set, kind=Kind.DELTA)
    for operation in entity_set.entity.operations:
        if _invokes(model, first, operation):
            _end(rest)
            return _operation(entity_set, operation, first)
    return _below_entity(model, _entity_of(entity_set, first.text), rest)


def _operation(entity_set: Target, operation: Operation, segment: PathSegment) -> Target:
    if operation.is_action:
        return replace(entity_set, kind=Kind.ACTION, operation=operation)
    given = arguments_of(segment)
    if given is None:
        names = ", ".join(f"{each.name}=..." for each in operation.parameters)
        raise ODataError(BAD_PATH, reason=f"'{segment.text[:128]}' is called as {operation.name}({names}).")
    return replace(entity_set, kind=Kind.OPERATION, operation=operation, arguments=tuple(given.items()))


def _entity_of(entity_set: Target, key: str) -> Target:
    entity = entity_set.entity
    try:
        return replace(entity_set, kind=Kind.ENTITY, key=canonical_key(entity, key))
    except (ArithmeticError, ValueError):
        reason = f"'{key[:128]}' is no key of type {entity.key_type.value}."
        raise ODataError(BAD_PATH, reason=reason) from None


def _below_entity(model: Model, entity: Target, segments: list[PathSegment]) -> Target:
    if not segments:
        return entity
    first, *rest = segments
    for function in entity.entity.functions:
        if _calls(model, first, function.name):
            _end(rest)
            return replace(entity, kind=Kind.FUNCTION, function=function)
    found = _part_of(entity, segments)
    if found is None:
        raise _unknown(first)
    return found


def _part_of(entity: Target, segments: list[PathSegment]) -> Target | None:
    """Return the reference, or the property, of an entity or a singleton that segments name; None if neither."""
    first, *rest = segments
    if first.text.lower() == "$ref":
        _end(rest)
        return replace(entity, kind=Kind.REFERENCE)
    declared = None if first.arguments is not None else entity.entity.property_named(first.text)
    if declared is None:
        return None
    kind = Kind.PROPERTY
    if rest:
        suffix, *rest = rest
        endings = {"$count": Kind.PROPERTY_COUNT} if declared.collection else {"$value": Kind.VALUE}
        if suffix.text.lower() not in endings:
            raise _unknown(suffix)
        kind = endings[suffix.text.lower()]
    _end(rest)
    return replace(entity, kind=kind, declared=declared)


def _calls(model: Model, segment: PathSegment, function: str) -> bool:
    """Return whether a segment calls a function: by its plain name or a qualified one, with or without "()"."""
    return not segment.arguments and model.is_named(function, segment.name)


def _invokes(model: Model, segment: PathSegment, operation: Operation) -> bool:
    """A function has its parameters in parentheses, an action has them in its body."""
    if bool(segment.arguments) is operation.is_action:
        return False
    return model.is_named(operation.name, segment.name)


def _names(segment: PathSegment, name: str) -> bool:
    return segment.text.lower() == name.lower()


def _key(segment: PathSegment, entity: EntityType) -> str:
    is_text = entity.key_type is Primitive.STRING
    key = key_of(segment, entity.key) if is_text else bare_key_of(segment, entity.key)
    if key is None:
        form = "'value'" if is_text else "value"
        reason = f"'{segment.text[:128]}' needs one key in the form ({form}) or ({entity.key}={form})."
        raise ODataError(BAD_PATH, reason=reason)
    return key


def _end(segments: list[PathSegment]) -> None:
    if segments:
        raise _unknown(segments[0])


def _unknown(segment: PathSegment) -> ODataError:
    return ODataError(UNKNOWN_SEGMENT, segment=segment.text[:128])
