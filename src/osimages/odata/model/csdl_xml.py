"""Writes the declared model as CSDL XML, the form of `$metadata` that every OData client reads.

Source: https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/odata-csdl-xml-v4.01.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from osimages.odata.model.annotations import (
    VOCABULARIES,
    Annotation,
    Member,
    PropertyPath,
    Value,
    container_annotations,
    description_of,
    optional_annotations,
    property_annotations,
    targeted_annotations,
)
from osimages.odata.model.types import (
    BoundFunction,
    ComplexType,
    EntityType,
    EnumType,
    Model,
    Operation,
    Primitive,
    PropertyType,
)

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"


def csdl_xml(model: Model, version: str = "4.0") -> bytes:
    """Return the model as an indented CSDL XML document in UTF-8, of OData 4.0 or 4.01.

    Everything in it exists in CSDL 4.0: the two differ in nothing but the version that they name.
    """
    root = Element("edmx:Edmx", {"Version": version, "xmlns:edmx": _EDMX})
    for vocabulary in VOCABULARIES:
        reference = SubElement(root, "edmx:Reference", Uri=f"{vocabulary.address}.xml")
        SubElement(reference, "edmx:Include", Namespace=vocabulary.namespace, Alias=vocabulary.alias)
    services = SubElement(root, "edmx:DataServices")
    schema = SubElement(services, "Schema", {"Namespace": model.namespace, "xmlns": _EDM})
    for enum_type in model.enum_types:
        _add_enum_type(schema, enum_type)
    for complex_type in model.complex_types:
        _add_structured(SubElement(schema, "ComplexType", Name=complex_type.name), complex_type, model)
    for entity in model.entity_types:
        _add_entity_type(schema, entity, model)
    for function, entity in model.functions:
        _add_function(schema, function, entity, model)
    for operation, entity in model.operations:
        _add_operation(schema, operation, entity, model)
    _add_container(schema, model)
    for target, applied in targeted_annotations(model):
        _annotate(SubElement(schema, "Annotations", Target=target), applied)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_enum_type(schema: Element, declared: EnumType) -> None:
    element = SubElement(schema, "EnumType", Name=declared.name)
    if declared.is_flags:
        element.set("IsFlags", "true")
    for member in declared.members:
        SubElement(element, "Member", Name=member.name, Value=str(member.value))


def _add_entity_type(schema: Element, entity: EntityType, model: Model) -> None:
    element = SubElement(schema, "EntityType", Name=entity.name)
    SubElement(SubElement(element, "Key"), "PropertyRef", Name=entity.key)
    _add_structured(element, entity, model)
    for navigation in entity.navigation:
        target = f"Collection({model.qualified(navigation.type.name)})"
        added = SubElement(element, "NavigationProperty", Name=navigation.name, Type=target, ContainsTarget="true")
        _annotate(added, description_of(navigation.description))


def _add_structured(element: Element, declared: ComplexType | EntityType, model: Model) -> None:
    for each in declared.properties:
        type_name = _type_name(each.type, model)
        added = SubElement(
            element, "Property", Name=each.name, Type=f"Collection({type_name})" if each.collection else type_name
        )
        # In CSDL XML a property is nullable unless it says otherwise; in CSDL JSON it is the other way round.
        if not each.nullable:
            added.set("Nullable", "false")
        _annotate(added, property_annotations(each))
    _annotate(element, description_of(declared.description))


def _type_name(declared: PropertyType, model: Model) -> str:
    return declared.value if isinstance(declared, Primitive) else model.qualified(declared.name)


def _add_function(schema: Element, function: BoundFunction, entity: EntityType, model: Model) -> None:
    returned = f"Collection({model.qualified(entity.name)})"
    bound_to = returned if function.of_collection else model.qualified(entity.name)
    element = SubElement(schema, "Function", Name=function.name, IsBound="true")
    if not function.of_collection:
        # Composable, because system query options apply to its result (CSDL, "Composable Function").
        element.set("IsComposable", "true")
    SubElement(element, "Parameter", Name="bindingParameter", Type=bound_to, Nullable="false")
    SubElement(element, "ReturnType", Type=returned, Nullable="false")
    _annotate(element, description_of(function.description))


def _add_operation(schema: Element, operation: Operation, entity: EntityType, model: Model) -> None:
    element = SubElement(schema, "Action" if operation.is_action else "Function", Name=operation.name, IsBound="true")
    bound_to = f"Collection({model.qualified(entity.name)})"
    SubElement(element, "Parameter", Name="bindingParameter", Type=bound_to, Nullable="false")
    for each in operation.parameters:
        type_name = _type_name(each.type, model)
        whole = f"Collection({type_name})" if each.collection else type_name
        added = SubElement(element, "Parameter", Name=each.name, Type=whole)
        if not each.nullable:
            added.set("Nullable", "false")
        _annotate(added, (*property_annotations(each), *optional_annotations(each)))
    returned = model.qualified(operation.returns.name)
    whole = f"Collection({returned})" if operation.returns_collection else returned
    SubElement(element, "ReturnType", Type=whole, Nullable="false")
    _annotate(element, description_of(operation.description))


def _add_container(schema: Element, model: Model) -> None:
    container = SubElement(schema, "EntityContainer", Name=model.container)
    _annotate(container, container_annotations())
    for entity_set in model.entity_sets:
        type_name = model.qualified(entity_set.type.name)
        added = SubElement(container, "EntitySet", Name=entity_set.name, EntityType=type_name)
        _annotate(added, description_of(entity_set.description))
    for singleton in model.singletons:
        SubElement(container, "Singleton", Name=singleton.name, Type=model.qualified(singleton.type.name))


def _annotate(element: Element, applied: Iterable[Annotation]) -> None:
    for annotation in applied:
        _add_value(SubElement(element, "Annotation", Term=annotation.qualified), annotation.value)


def _add_value(element: Element, value: Value) -> None:
    """A constant becomes an attribute of the element (`Bool="true"`), a record or a collection a child."""
    match value:
        case bool():
            element.set("Bool", str(value).lower())
        case int():
            element.set("Int", str(value))
        case str():
            element.set("String", value)
        case PropertyPath():
            element.set("PropertyPath", value.path)
        case Member():
            element.set("EnumMember", value.qualified)
        case Mapping():
            record = SubElement(element, "Record")
            for name, inner in value.items():
                _add_value(SubElement(record, "PropertyValue", Property=name), inner)
        case _:
            _add_collection(element, value)


def _add_collection(element: Element, values: Iterable[Value]) -> None:
    collection = SubElement(element, "Collection")
    for value in values:
        if isinstance(value, PropertyPath):
            SubElement(collection, "PropertyPath").text = value.path
        elif isinstance(value, str):
            SubElement(collection, "String").text = value
        else:
            raise TypeError(f"No annotation here has a collection of {type(value).__name__}.")
