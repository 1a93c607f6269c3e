"""Writes the declared model as CSDL JSON, the other form of `$metadata`.

Source: https://docs.oasis-open.org/odata/odata-csdl-json/v4.01/odata-csdl-json-v4.01.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

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
    Property,
)

Json = dict[str, object]


def csdl_json(model: Model, version: str = "4.0") -> bytes:
    """Return the model as an indented CSDL JSON document in UTF-8, for clients of OData 4.0 or 4.01 (section 3.1)."""
    document: Json = {
        "$Version": version,
        "$EntityContainer": model.qualified(model.container),
        "$Reference": {
            f"{each.address}.json": {"$Include": [{"$Namespace": each.namespace, "$Alias": each.alias}]}
            for each in VOCABULARIES
        },
        model.namespace: _schema(model),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _schema(model: Model) -> Json:
    schema: Json = {each.name: _enum_type(each) for each in model.enum_types}
    schema |= {each.name: _complex_type(each, model) for each in model.complex_types}
    schema |= {each.name: _entity_type(each, model) for each in model.entity_types}
    for function, entity in model.functions:  # an array each, because a function may have overloads
        overloads = schema.setdefault(function.name, [])
        assert isinstance(overloads, list)
        overloads.append(_function(function, entity, model))
    for operation, entity in model.operations:
        schema[operation.name] = [_operation(operation, entity, model)]
    schema[model.container] = _container(model)
    schema["$Annotations"] = {target: _applied(found) for target, found in targeted_annotations(model)}
    return schema


def _enum_type(declared: EnumType) -> Json:
    flags: Json = {"$IsFlags": True} if declared.is_flags else {}
    return {"$Kind": "EnumType"} | flags | {member.name: member.value for member in declared.members}


def _complex_type(declared: ComplexType, model: Model) -> Json:
    properties: Json = {each.name: _property(each, model) for each in declared.properties}
    return {"$Kind": "ComplexType"} | properties | _applied(description_of(declared.description))


def _entity_type(entity: EntityType, model: Model) -> Json:
    document: Json = {"$Kind": "EntityType", "$Key": [entity.key]}
    document |= {each.name: _property(each, model) for each in entity.properties}
    for navigation in entity.navigation:
        document[navigation.name] = {
            "$Kind": "NavigationProperty",
            "$Type": model.qualified(navigation.type.name),
            "$Collection": True,
            "$ContainsTarget": True,
        } | _applied(description_of(navigation.description))
    return document | _applied(description_of(entity.description))


def _property(declared: Property, model: Model) -> Json:
    """A property object. What is left out has its default: `Edm.String`, one value, not nullable."""
    document: Json = {}
    if not isinstance(declared.type, Primitive):
        document["$Type"] = model.qualified(declared.type.name)
    elif declared.type is not Primitive.STRING:
        document["$Type"] = declared.type.value
    if declared.collection:
        document["$Collection"] = True
    if declared.nullable:
        document["$Nullable"] = True
    return document | _applied(property_annotations(declared))


def _function(function: BoundFunction, entity: EntityType, model: Model) -> Json:
    bound_to: Json = {"$Name": "bindingParameter", "$Type": model.qualified(entity.name)}
    if function.of_collection:
        bound_to |= {"$Collection": True}
    # Composable, because system query options apply to its result (CSDL, "Composable Function").
    composable: Json = {} if function.of_collection else {"$IsComposable": True}
    document: Json = {
        "$Kind": "Function",
        "$IsBound": True,
        **composable,
        "$Parameter": [bound_to],
        "$ReturnType": {"$Type": model.qualified(entity.name), "$Collection": True},
    }
    return document | _applied(description_of(function.description))


def _operation(operation: Operation, entity: EntityType, model: Model) -> Json:
    bound_to: Json = {"$Name": "bindingParameter", "$Type": model.qualified(entity.name), "$Collection": True}
    parameters: list[Json] = [
        {"$Name": each.name} | _property(each, model) | _applied(optional_annotations(each))
        for each in operation.parameters
    ]
    returned: Json = {"$Type": model.qualified(operation.returns.name)}
    if operation.returns_collection:
        returned |= {"$Collection": True}
    document: Json = {
        "$Kind": "Action" if operation.is_action else "Function",
        "$IsBound": True,
        "$Parameter": [bound_to, *parameters],
        "$ReturnType": returned,
    }
    return document | _applied(description_of(operation.description))


def _container(model: Model) -> Json:
    document: Json = {"$Kind": "EntityContainer"}
    document |= _applied(container_annotations())
    document |= {
        each.name: {"$Collection": True, "$Type": model.qualified(each.type.name)}
        | _applied(description_of(each.description))
        for each in model.entity_sets
    }
    document |= {each.name: {"$Type": model.qualified(each.type.name)} for each in model.singletons}
    return document


def _applied(found: Iterable[Annotation]) -> Json:
    return {f"@{each.aliased}": _value(each.value) for each in found}


def _value(value: Value) -> object:
    match value:
        case bool() | int() | str():
            return value
        case PropertyPath():
            return value.path
        case Member():
            return value.name
        case Mapping():
            return {name: _value(inner) for name, inner in value.items()}
        case _:
            return [_value(inner) for inner in value]
