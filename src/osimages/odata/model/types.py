"""The words of an entity data model (OData CSDL 4.01): types, properties, entity sets and what may be asked of them.

A model is declared with these once; `$metadata`, validation, filter typing, tables and permissions follow from it.
Source: https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/odata-csdl-xml-v4.01.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field, replace
from enum import Enum
from functools import cached_property, reduce
from operator import or_
from typing import Any

_NUMBER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


class Primitive(Enum):
    """The primitive types of OData (CSDL section 3.3) that a model here may use."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    BYTE = "Edm.Byte"
    SBYTE = "Edm.SByte"
    INT16 = "Edm.Int16"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    SINGLE = "Edm.Single"
    DOUBLE = "Edm.Double"
    DECIMAL = "Edm.Decimal"
    GUID = "Edm.Guid"
    DATE = "Edm.Date"
    DATETIMEOFFSET = "Edm.DateTimeOffset"
    TIMEOFDAY = "Edm.TimeOfDay"
    DURATION = "Edm.Duration"
    BINARY = "Edm.Binary"


# https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/odata-csdl-xml-v4.01.html#sec_Key
KEY_TYPES = frozenset(Primitive) - {Primitive.SINGLE, Primitive.DOUBLE, Primitive.BINARY}


@dataclass(frozen=True, slots=True)
class EnumMember:
    """A name and its number."""

    name: str
    value: int


@dataclass(frozen=True, eq=False)
class EnumType:
    """An enumeration; `sentinel` names the member that stands for members added later."""

    name: str
    members: tuple[EnumMember, ...]
    sentinel: str | None = None
    is_flags: bool = False

    @cached_property
    def by_name(self) -> dict[str, EnumMember]:
        """Members under their exact and their lower-case names: input is matched without regard to case."""
        lower = {member.name.lower(): member for member in self.members}
        return lower | {member.name: member for member in self.members}

    @cached_property
    def by_value(self) -> dict[int, EnumMember]:
        """Members under their numbers."""
        return {member.value: member for member in self.members}

    def members_of(self, text: str) -> tuple[EnumMember, ...]:
        """Return the members of a name, in any case, or of a number (ABNF: singleEnumValue), if any.

        A number has several members only if they are flags.
        """
        named = self.by_name.get(text) or self.by_name.get(text.lower())
        if named is not None:
            return (named,)
        if _NUMBER.fullmatch(text) is None:
            return ()
        value = int(text)
        if value in self.by_value:
            return (self.by_value[value],)
        flags = [each for each in self.members if self.is_flags and each.value and each.value & value == each.value]
        return tuple(flags) if value == reduce(or_, (each.value for each in flags), 0) else ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a client may ask of a property: query options, and free text (`$search`)."""

    filter: bool = True
    select: bool = True
    orderby: bool = True
    search: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property.

    `lowest` and `highest` bound integers. A `required` one may not be left out on create; by default, single values are
    required that may not be null. `searchable` adds `$search` to its capabilities.
    """

    name: str
    type: PropertyType
    collection: bool = False
    nullable: bool = False
    required: bool = True
    capabilities: Capabilities = Capabilities()
    lowest: int | None = None
    highest: int | None = None
    description: str = ""
    searchable: InitVar[bool] = False

    def __post_init__(self, searchable: bool) -> None:
        if searchable:
            object.__setattr__(self, "capabilities", replace(self.capabilities, search=True))

    @property
    def is_searched(self) -> bool:
        """Whether `$search` looks at it, or at a part of it."""
        if isinstance(self.type, ComplexType):
            return any(part.is_searched for part in self.type.properties if not part.collection)
        return self.capabilities.search


@dataclass(frozen=True, eq=False)
class ComplexType:
    """A type without a key, that lives inside an entity."""

    name: str
    properties: tuple[Property, ...]
    description: str = ""

    @cached_property
    def by_name(self) -> dict[str, Property]:
        """Properties under their exact names."""
        return {declared.name: declared for declared in self.properties}


@dataclass(frozen=True, slots=True)
class SetCapabilities:
    """What a client may do with an entity set. `delta` offers the function that returns what changed."""

    insert: bool = True
    update: bool = True
    delete: bool = True
    filter: bool = True
    orderby: bool = True
    search: bool = True
    count: bool = True
    top: bool = True
    skip: bool = True
    compute: bool = True
    apply: bool = True
    delta: bool = False


EVERYTHING = SetCapabilities()


@dataclass(frozen=True, slots=True)
class EntitySet:
    """Entities of one type under a name in the service root. `delta` adds the delta function to its capabilities."""

    name: str
    type: EntityType
    description: str = ""
    capabilities: SetCapabilities = EVERYTHING
    delta: InitVar[bool] = False

    def __post_init__(self, delta: bool) -> None:
        if delta:
            object.__setattr__(self, "capabilities", replace(self.capabilities, delta=True))


@dataclass(frozen=True, slots=True)
class NavigationProperty(EntitySet):
    """A contained collection of entities: an entity set below a singleton."""


@dataclass(frozen=True, slots=True)
class BoundFunction:
    """A function that returns entities of its set, bound to one of them or to their collection."""

    name: str
    description: str = ""
    of_collection: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A function (or an action) of a collection of entities, that answers with one or several complex values.

    Parameters are declared as properties are. Optional ones come last, as CSDL demands. `handler` answers it:
    `async (call, parameters) -> value`, or a sequence of values.
    """

    name: str
    parameters: tuple[Property, ...]
    returns: ComplexType
    returns_collection: bool = False
    is_action: bool = False
    description: str = ""
    handler: Any = None


DELTA = BoundFunction("delta", "What was created, changed or deleted since the last call.", of_collection=True)


@dataclass(frozen=True, eq=False)
class EntityType:
    """A type with a key of one property, of any type in `KEY_TYPES`. Raises ValueError for a key of another type."""

    name: str
    properties: Sequence[Property]
    key: str = "id"
    navigation: tuple[NavigationProperty, ...] = ()
    functions: tuple[BoundFunction, ...] = ()
    operations: tuple[Operation, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        declared = self.by_name.get(self.key)
        if declared is not None and (declared.collection or declared.nullable or declared.type not in KEY_TYPES):
            raise ValueError(f"the key '{self.key}' of '{self.name}' has no type that a key can have")

    @cached_property
    def key_type(self) -> Primitive:
        """The type of the key; Edm.String where the key is not declared, as of a singleton."""
        declared = self.by_name.get(self.key)
        return declared.type if declared is not None and isinstance(declared.type, Primitive) else Primitive.STRING

    @cached_property
    def by_name(self) -> dict[str, Property]:
        """Properties under their exact names."""
        return {declared.name: declared for declared in self.properties}

    def property_named(self, name: str) -> Property | None:
        """The property of that name, without regard to case (a path segment or an option may be in any case)."""
        return self.by_name.get(name) or self._by_lower_name.get(name.lower())

    @cached_property
    def is_searched(self) -> bool:
        """Whether `$search` looks at any property."""
        return any(declared.is_searched for declared in self.properties)

    @cached_property
    def _by_lower_name(self) -> dict[str, Property]:
        return {declared.name.lower(): declared for declared in self.properties}


@dataclass(frozen=True, slots=True)
class Singleton:
    """A single entity with a name of its own in the service root.

    `content` gives the values of its properties to a principal: `async (principal) -> members`. Without it, its only
    value is its key, which is its name.
    """

    name: str
    type: EntityType
    content: Any = None


@dataclass(frozen=True)
class Model:
    """Everything that a service root offers."""

    namespace: str
    container: str
    singletons: tuple[Singleton, ...] = field(default=())
    entity_sets: tuple[EntitySet, ...] = field(default=())
    message_namespace: str = ""

    @property
    def shown_namespace(self) -> str:
        """The namespace that error messages name types with: `message_namespace`, or else the public one."""
        return self.message_namespace or self.namespace

    @cached_property
    def entity_types(self) -> tuple[EntityType, ...]:
        """The types of the singletons, of what they contain and of the entity sets, in order of declaration."""
        found: dict[str, EntityType] = {}
        for singleton in self.singletons:
            found.setdefault(singleton.type.name, singleton.type)
            for navigation in singleton.type.navigation:
                found.setdefault(navigation.type.name, navigation.type)
        for entity_set in self.entity_sets:
            found.setdefault(entity_set.type.name, entity_set.type)
        return tuple(found.values())

    @cached_property
    def stored_types(self) -> tuple[EntityType, ...]:
        """The types of the entity sets, in the service root and below singletons."""
        sets = (*(each for single in self.singletons for each in single.type.navigation), *self.entity_sets)
        return tuple({each.type.name: each.type for each in sets}.values())

    @cached_property
    def functions(self) -> tuple[tuple[BoundFunction, EntityType], ...]:
        """Every bound function with the type that it is bound to."""
        sets = (*(each for single in self.singletons for each in single.type.navigation), *self.entity_sets)
        tracked = {each.type.name for each in sets if each.capabilities.delta}
        return tuple(
            (function, entity)
            for entity in self.entity_types
            for function in (*entity.functions, *((DELTA,) if entity.name in tracked else ()))
        )

    @cached_property
    def operations(self) -> tuple[tuple[Operation, EntityType], ...]:
        """Every operation with the type to whose collection it is bound."""
        return tuple((operation, entity) for entity in self.entity_types for operation in entity.operations)

    @cached_property
    def complex_types(self) -> tuple[ComplexType, ...]:
        """Every complex type that a property uses."""
        return tuple({used.name: used for used in self._used() if isinstance(used, ComplexType)}.values())

    @cached_property
    def enum_types(self) -> tuple[EnumType, ...]:
        """Every enumeration that a property uses."""
        return tuple({used.name: used for used in self._used() if isinstance(used, EnumType)}.values())

    @cached_property
    def type_names(self) -> frozenset[str]:
        """The qualified names of all types."""
        types: tuple[EntityType | ComplexType | EnumType, ...] = (
            *self.entity_types,
            *self.complex_types,
            *self.enum_types,
        )
        return frozenset(self.qualified(each.name) for each in types)

    def is_named(self, name: str, text: str) -> bool:
        """Return whether a text is that name of a type or function, in any case: qualified (by alias, too) or bare."""
        return text.lower() in (self.qualified(name).lower(), f"{self.alias}.{name}".lower(), name.lower())

    @property
    def alias(self) -> str:
        """The alias of the namespace: its last part, as `example` of `com.example`."""
        return self.namespace.rpartition(".")[2]

    def qualified(self, name: str) -> str:
        """The name with the namespace in front."""
        return f"{self.namespace}.{name}"

    def _used(self) -> Iterator[PropertyType]:
        pending: list[Sequence[Property]] = [each.properties for each in self.entity_types]
        for operation, _ in self.operations:
            result = Property("", operation.returns, collection=operation.returns_collection)
            pending.append((*operation.parameters, result))
        while pending:
            for declared in pending.pop(0):
                yield declared.type
                if isinstance(declared.type, ComplexType):
                    pending.append(declared.type.properties)


PropertyType = Primitive | EnumType | ComplexType
