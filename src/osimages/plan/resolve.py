"""From path segments and the model to a target: what of the service a request is about."""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.edm.types import BoundFunction, ComplexType, EntityType, Model, NavigationProperty, Property, Singleton
from osimages.errors import (
    BAD_PATH,
    NO_ROUTE_FOR_METHOD,
    UNKNOWN_SEGMENT,
    ServiceError,
)
from osimages.odata.errors import ODataSyntaxError
from osimages.odata.path import PathSegment, key_of, parse_path


class Kind(Enum):
    """What a path can lead to; the value is the route template that Intune names in its errors."""

    SERVICE = "servicedocument"
    METADATA = "metadata"
    BATCH = "batch"
    SINGLETON = "singleton"
    COLLECTION = "singleton/navigation"
    COUNT = "singleton/navigation/$count"
    ENTITY = "singleton/navigation/key"
    FUNCTION = "singleton/navigation/key/action"
    PROPERTY = "singleton/navigation/key/property"
    VALUE = "singleton/navigation/key/property/$value"
    PROPERTY_COUNT = "singleton/navigation/key/property/$count"


READING = frozenset({"GET", "HEAD"})
METHODS = dict.fromkeys(Kind, READING) | {
    Kind.BATCH: frozenset({"POST"}),
    Kind.SINGLETON: READING | {"PATCH"},
    Kind.COLLECTION: READING | {"POST"},
    Kind.ENTITY: READING | {"PATCH", "PUT", "DELETE"},
    Kind.PROPERTY: READING | {"POST", "PATCH", "PUT", "DELETE"},
}


class Target(msgspec.Struct, frozen=True):
    """What a request is about: a kind, and the parts of the model and the key that it names."""

    kind: Kind
    singleton: Singleton | None = None
    navigation: NavigationProperty | None = None
    key: str | None = None
    declared: Property | None = None
    function: BoundFunction | None = None

    @property
    def entity(self) -> EntityType:
        """The type of the entities that it is about."""
        if self.navigation is not None:
            return self.navigation.type
        assert self.singleton is not None
        return self.singleton.type


def resolve(model: Model, path: str) -> Target:
    """The target of a raw path below the service root.

    Raises ServiceError: BAD_PATH where it is not well-formed, UNKNOWN_SEGMENT where the model has no such name.
    """
    try:
        segments = parse_path(path)
    except ODataSyntaxError as error:
        raise ServiceError(BAD_PATH, reason=str(error)) from None
    if not segments:
        return Target(Kind.SERVICE)
    first, *rest = segments
    whole = {"$metadata": Kind.METADATA, "$batch": Kind.BATCH}.get(first.text.lower())
    if whole is not None:
        _end(rest)
        return Target(whole)
    singleton = next((each for each in model.singletons if _names(first, each.name)), None)
    if singleton is None:
        raise _unknown(first)
    return _below_singleton(model, singleton, rest)


def check_method(target: Target, method: str, path: str) -> None:
    """Raises ServiceError(NO_ROUTE_FOR_METHOD), as Intune answers a verb that a path does not have."""
    if method not in METHODS[target.kind] or (target.declared is not None and not _takes(target.declared, method)):
        raise ServiceError(NO_ROUTE_FOR_METHOD, template=target.kind.value, method=method[:32], path=path[:1024])


def _takes(declared: Property, method: str) -> bool:
    """Items are added to collections; only a value that has parts is changed in part (Protocol, section 11.4.9)."""
    if method == "POST":
        return declared.collection
    return method != "PATCH" or (isinstance(declared.type, ComplexType) and not declared.collection)


def _below_singleton(model: Model, singleton: Singleton, segments: list[PathSegment]) -> Target:
    if not segments:
        return Target(Kind.SINGLETON, singleton)
    first, *rest = segments
    for navigation in singleton.type.navigation:
        if _names(first, navigation.name):
            return _below_navigation(model, singleton, navigation, rest)
        if first.arguments is not None and first.name.lower() == navigation.name.lower():
            return _below_entity(model, singleton, navigation, _key(first, navigation.type), rest)
    raise _unknown(first)


def _below_navigation(
    model: Model, singleton: Singleton, navigation: NavigationProperty, segments: list[PathSegment]
) -> Target:
    if not segments:
        return Target(Kind.COLLECTION, singleton, navigation)
    first, *rest = segments
    if first.text.lower() == "$count":
        _end(rest)
        return Target(Kind.COUNT, singleton, navigation)
    if first.text.startswith("$"):
        raise _unknown(first)
    return _below_entity(model, singleton, navigation, first.text, rest)


def _below_entity(
    model: Model, singleton: Singleton, navigation: NavigationProperty, key: str, segments: list[PathSegment]
) -> Target:
    if not segments:
        return Target(Kind.ENTITY, singleton, navigation, key)
    first, *rest = segments
    for function in navigation.type.functions:
        # Clients send the name plain, with "()", or qualified with the namespace.
        spellings = (function.name.lower(), model.qualified(function.name).lower())
        if first.name.lower() in spellings and not first.arguments:
            _end(rest)
            return Target(Kind.FUNCTION, singleton, navigation, key, function=function)
    declared = None if first.arguments is not None else navigation.type.property_named(first.text)
    if declared is None:
        raise _unknown(first)
    kind = Kind.PROPERTY
    if rest:
        suffix, *rest = rest
        endings = {"$count": Kind.PROPERTY_COUNT} if declared.collection else {"$value": Kind.VALUE}
        if suffix.text.lower() not in endings:
            raise _unknown(suffix)
        kind = endings[suffix.text.lower()]
    _end(rest)
    return Target(kind, singleton, navigation, key, declared)


def _names(segment: PathSegment, name: str) -> bool:
    return segment.text.lower() == name.lower()


def _key(segment: PathSegment, entity: EntityType) -> str:
    key = key_of(segment, entity.key)
    if key is None:
        reason = f"'{segment.text[:128]}' needs one key in the form ('value') or ({entity.key}='value')."
        raise ServiceError(BAD_PATH, reason=reason)
    return key


def _end(segments: list[PathSegment]) -> None:
    if segments:
        raise _unknown(segments[0])


def _unknown(segment: PathSegment) -> ServiceError:
    return ServiceError(UNKNOWN_SEGMENT, segment=segment.text[:128])
