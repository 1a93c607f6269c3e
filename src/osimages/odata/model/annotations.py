"""What the metadata says about the declared model beyond its shape: vocabulary annotations, in no document format yet.

Vocabularies: https://github.com/oasis-tcs/odata-vocabularies (Core, Capabilities, Validation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from osimages.odata.model.types import ComplexType, EntitySet, EntityType, Model, Property


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary: the namespace of its terms, its usual alias, and its address without the ending."""

    namespace: str
    alias: str

    @property
    def address(self) -> str:
        """Where OASIS has it, as CSDL XML (`.xml`) and CSDL JSON (`.json`)."""
        return f"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{self.namespace}"


CORE = Vocabulary("Org.OData.Core.V1", "Core")
CAPABILITIES = Vocabulary("Org.OData.Capabilities.V1", "Capabilities")
VALIDATION = Vocabulary("Org.OData.Validation.V1", "Validation")
AGGREGATION = Vocabulary("Org.OData.Aggregation.V1", "Aggregation")
SUPPORTED_FORMATS = tuple(
    f"application/json;odata.metadata={level};IEEE754Compatible={text}"
    for level in ("minimal", "full", "none")
    for text in ("false", "true")
)
TRANSFORMATIONS = (
    *("aggregate", "groupby", "filter", "search", "compute", "orderby", "top", "skip", "identity", "concat"),
    *("topcount", "bottomcount", "join", "outerjoin"),
)
VOCABULARIES = (CORE, CAPABILITIES, VALIDATION, AGGREGATION)


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """The value of an annotation that names a property (CSDL, "Property Path")."""

    path: str


@dataclass(frozen=True, slots=True)
class Member:
    """The value of an annotation that is a member of an enumeration of a vocabulary."""

    vocabulary: Vocabulary
    type: str
    name: str

    @property
    def qualified(self) -> str:
        """The member as CSDL XML writes it."""
        return f"{self.vocabulary.namespace}.{self.type}/{self.name}"


Value: TypeAlias = "bool | int | str | PropertyPath | Member | Sequence[Value] | Mapping[str, Value]"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A term of a vocabulary applied with a value; a mapping is a record."""

    vocabulary: Vocabulary
    term: str
    value: Value

    @property
    def qualified(self) -> str:
        """The term with its full namespace: clients that do not load references know it by that alone."""
        return f"{self.vocabulary.namespace}.{self.term}"

    @property
    def aliased(self) -> str:
        """The term with the alias of its vocabulary."""
        return f"{self.vocabulary.alias}.{self.term}"


def description_of(text: str) -> tuple[Annotation, ...]:
    """The description of a model element, none where it has no text."""
    return (Annotation(CORE, "Description", text),) if text else ()


def property_annotations(declared: Property) -> tuple[Annotation, ...]:
    """What holds for a property: its description and its bounds."""
    found = list(description_of(declared.description))
    if declared.lowest is not None:
        found.append(Annotation(VALIDATION, "Minimum", declared.lowest))
    if declared.highest is not None:
        found.append(Annotation(VALIDATION, "Maximum", declared.highest))
    return tuple(found)


def optional_annotations(declared: Property) -> tuple[Annotation, ...]:
    """Says of a parameter that it may be left out, where it may."""
    return () if declared.required else (Annotation(CORE, "OptionalParameter", {}),)


def container_annotations() -> tuple[Annotation, ...]:
    """What holds for the whole service."""
    return (
        Annotation(CORE, "ODataVersions", "4.0 4.01"),
        Annotation(CAPABILITIES, "ConformanceLevel", Member(CAPABILITIES, "ConformanceLevelType", "Advanced")),
        Annotation(CAPABILITIES, "SupportedFormats", SUPPORTED_FORMATS),
        Annotation(CAPABILITIES, "SupportedMetadataFormats", ("application/xml", "application/json")),
        Annotation(CAPABILITIES, "AcceptableEncodings", ("gzip",)),
        Annotation(CAPABILITIES, "AsynchronousRequestsSupported", False),
        _capability(
            "BatchSupport",
            Supported=True,
            ContinueOnErrorSupported=True,
            ReferencesInRequestBodiesSupported=False,
            ReferencesAcrossChangeSetsSupported=True,
            EtagReferencesSupported=False,
            RequestDependencyConditionsSupported=True,
            SupportedFormats=("application/json", "multipart/mixed"),
        ),
        Annotation(CAPABILITIES, "CrossJoinSupported", False),
        Annotation(CAPABILITIES, "KeyAsSegmentSupported", True),
        Annotation(CAPABILITIES, "QuerySegmentSupported", True),
    )


def targeted_annotations(model: Model) -> Iterator[tuple[str, tuple[Annotation, ...]]]:
    """Targets in the model (paths, as CSDL defines for `Annotations`), each with what can be asked and done there."""
    for singleton in model.singletons:
        path = f"{model.qualified(model.container)}/{singleton.name}"
        yield path, (*_of_one(singleton.type), _capability("UpdateRestrictions", Updatable=True))
        for navigation in singleton.type.navigation:
            yield f"{model.qualified(singleton.type.name)}/{navigation.name}", _of_set(navigation)
    for entity_set in model.entity_sets:
        yield f"{model.qualified(model.container)}/{entity_set.name}", _of_set(entity_set)


def _of_set(entity_set: EntitySet) -> tuple[Annotation, ...]:
    properties, able = entity_set.type.properties, entity_set.capabilities
    filters = _restrictions("NonFilterableProperties", _incapable(properties, "filter")) if able.filter else {}
    orders = _restrictions("NonSortableProperties", _incapable(properties, "orderby")) if able.orderby else {}
    applied = Annotation(AGGREGATION, "ApplySupported", {"Transformations": TRANSFORMATIONS})
    tracking = (_capability("ChangeTracking", Supported=True),) if able.delta else ()
    return (
        _capability("FilterRestrictions", Filterable=able.filter, **filters),
        _capability("SortRestrictions", Sortable=able.orderby, **orders),
        Annotation(CAPABILITIES, "TopSupported", able.top),
        Annotation(CAPABILITIES, "SkipSupported", able.skip),
        _capability("CountRestrictions", Countable=able.count),
        _capability("SearchRestrictions", Searchable=able.search and entity_set.type.is_searched),
        Annotation(CAPABILITIES, "ComputeSupported", able.compute),
        *_of_one(entity_set.type),
        _capability("InsertRestrictions", Insertable=able.insert),
        _capability("UpdateRestrictions", Updatable=able.update, Upsertable=able.update and able.insert),
        _capability("DeleteRestrictions", Deletable=able.delete),
        *tracking,
        *((applied,) if able.apply else ()),
    )


def _of_one(entity: EntityType) -> tuple[Annotation, ...]:
    selectable = any(declared.capabilities.select for declared in entity.properties)
    # What may stand in parentheses after the name of a collection.
    collections = [each for each in entity.properties if each.collection and each.capabilities.select]
    options: dict[str, Value] = {
        "Filterable": any(each.capabilities.filter for each in collections),
        "Searchable": any(each.is_searched for each in collections),
        "ComputeSupported": False,
    }
    options |= dict.fromkeys(("TopSupported", "SkipSupported", "Countable", "Sortable"), bool(collections))
    return (
        _capability("SelectSupport", Supported=selectable, **options),
        _capability("ExpandRestrictions", Expandable=False),
    )


def _capability(term: str, **record: Value) -> Annotation:
    return Annotation(CAPABILITIES, term, record)


def _restrictions(name: str, paths: tuple[PropertyPath, ...]) -> dict[str, Value]:
    return {name: paths} if paths else {}


def _incapable(properties: Sequence[Property], option: Literal["filter", "orderby"]) -> tuple[PropertyPath, ...]:
    """Paths of the properties that a query option is not declared for, those inside complex ones as well."""
    found: list[PropertyPath] = []
    for declared in properties:
        if not getattr(declared.capabilities, option):
            found.append(PropertyPath(declared.name))
        elif isinstance(declared.type, ComplexType):
            inner = _incapable(declared.type.properties, option)
            found.extend(PropertyPath(f"{declared.name}/{each.path}") for each in inner)
    return tuple(found)
