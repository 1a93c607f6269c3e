"""Describes a service root as OpenAPI 3.1: every path, option, body and error, written from the model.

Sources: https://spec.openapis.org/oas/v3.1.1.html and, for the mapping of types,
https://docs.oasis-open.org/odata/odata-openapi/v1.0/odata-openapi-v1.0.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from osimages.edm.types import ComplexType, EntitySet, EntityType, EnumType, Model, Operation, Primitive, Property

Json = dict[str, Any]

_JSON = "application/json"
_PRIMITIVES: dict[Primitive, Json] = {
    Primitive.STRING: {"type": "string"},
    Primitive.BOOLEAN: {"type": "boolean"},
    Primitive.BYTE: {"type": "integer", "minimum": 0, "maximum": 255},
    Primitive.SBYTE: {"type": "integer", "minimum": -128, "maximum": 127},
    Primitive.INT16: {"type": "integer", "minimum": -(2**15), "maximum": 2**15 - 1},
    Primitive.INT32: {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    Primitive.INT64: {"type": "integer", "format": "int64"},
    Primitive.SINGLE: {"type": "number", "format": "float"},
    Primitive.DOUBLE: {"type": "number", "format": "double"},
    Primitive.DECIMAL: {"type": "number", "format": "decimal"},
    Primitive.GUID: {"type": "string", "format": "uuid"},
    Primitive.DATE: {"type": "string", "format": "date"},
    Primitive.DATETIMEOFFSET: {"type": "string", "format": "date-time"},
    Primitive.TIMEOFDAY: {"type": "string", "format": "time"},
    Primitive.DURATION: {"type": "string", "format": "duration"},
    Primitive.BINARY: {"type": "string", "format": "base64url"},
}
_READING = ("400", "401", "403", "404", "406", "412", "503")
_WRITING = ("400", "401", "403", "404", "406", "409", "412", "413", "503")


def openapi(model: Model, version: str, service_version: str) -> bytes:
    """The document of one service root. `version` is its name in the path (`beta`)."""
    paths: Json = {}
    for singleton in model.singletons:
        root = f"/{version}/{singleton.name}"
        paths[root] = {
            "get": _operation(
                f"Get {singleton.name}", _entity_answer(model, singleton.type), [_select(singleton.type)]
            ),
            "patch": _write(f"Update {singleton.name}", model, singleton.type, "200"),
        }
        for navigation in singleton.type.navigation:
            paths |= _set_paths(model, f"{root}/{navigation.name}", navigation)
    for entity_set in model.entity_sets:
        paths |= _set_paths(model, f"/{version}/{entity_set.name}", entity_set)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{model.namespace}, {version}",
            "version": service_version,
            "description": "A self-hosted implementation of a part of Microsoft Graph, independent of Microsoft.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(model),
            "responses": {"error": _error_response()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"bearer": []}],
    }
    return msgspec.json.encode(document)


def _set_paths(model: Model, root: str, entity_set: EntitySet) -> Json:
    entity, able = entity_set.type, entity_set.capabilities
    key = {"name": entity.key, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    options = _list_options(entity)
    set_path: Json = {"get": _operation(f"List {entity_set.name}", _page_answer(model, entity), options)}
    if able.insert:
        set_path["post"] = _write(f"Create {entity.name}", model, entity, "201")
    entity_path: Json = {
        "parameters": [key],
        "get": _operation(f"Get {entity.name}", _entity_answer(model, entity), [_select(entity)]),
    }
    if able.update:
        entity_path["patch"] = _write(f"Update {entity.name}", model, entity, "200")
    if able.update and able.insert:
        entity_path["put"] = _write(f"Replace {entity.name}", model, entity, "200", "201")
    if able.delete:
        gone: Json = {"204": {"description": "It is gone."}}
        entity_path["delete"] = _operation(f"Delete {entity.name}", gone, [], _WRITING)
    found: Json = {
        root: set_path,
        f"{root}/$count": {
            "get": _operation(f"Count {entity_set.name}", _text_answer("The number, as bare digits."), options[:1])
        },
        f"{root}/{{{entity.key}}}": entity_path,
    }
    for function in entity.functions:
        found[f"{root}/{{{entity.key}}}/{function.name}()"] = {
            "parameters": [key],
            "get": _operation(function.description, _page_answer(model, entity), options),
        }
    for each in entity.operations:
        found |= _called(root, each)
    return found


def _called(root: str, operation: Operation) -> Json:
    """The path of a function, whose parameters stand in it, or of an action, that has them in its body."""
    answer = _value_answer(operation)
    if operation.is_action:
        required = [each.name for each in operation.parameters if each.required]
        properties = {each.name: _property(each) for each in operation.parameters}
        schema = {"type": "object", "required": required, "properties": properties}
        body = {"required": True, "content": {_JSON: {"schema": schema}}}
        return {
            f"{root}/{operation.name}": {
                "post": _operation(operation.description, answer, [], (*_READING, "413")) | {"requestBody": body}
            }
        }
    # Optional parameters are other paths in OpenAPI's eyes; the one that always works is described.
    needed = [each for each in operation.parameters if each.required]
    template = ",".join(f"{each.name}='{{{each.name}}}'" for each in needed)
    named = [
        {"name": each.name, "in": "path", "required": True, "schema": _type(each), "description": each.description}
        for each in needed
    ]
    return {f"{root}/{operation.name}({template})": {"get": _operation(operation.description, answer, named)}}


def _value_answer(operation: Operation) -> Json:
    one = _reference(operation.returns.name)
    schema: Json = one
    if operation.returns_collection:
        value = {"type": "array", "items": one}
        schema = {"type": "object", "required": ["value"], "properties": {"value": value}}
    return {"200": {"description": operation.returns.description, "content": {_JSON: {"schema": schema}}}}


def _operation(summary: str, answers: Json, parameters: list[Json], errors: tuple[str, ...] = _READING) -> Json:
    refused = {status: {"$ref": "#/components/responses/error"} for status in errors}
    return {"summary": summary, "parameters": parameters, "responses": answers | refused}


def _write(summary: str, model: Model, entity: EntityType, *statuses: str) -> Json:
    answers: Json = {}
    for status in statuses:
        answers |= _entity_answer(model, entity, status)
    answers["204"] = {"description": "Done, with nothing to say (Prefer: return=minimal)."}
    prefer = {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string", "enum": ["return=minimal", "return=representation"]},
    }
    body = {"required": True, "content": {_JSON: {"schema": _reference(entity.name)}}}
    return _operation(summary, answers, [prefer], _WRITING) | {"requestBody": body}


def _entity_answer(model: Model, entity: EntityType, status: str = "200") -> Json:
    content = _reference(entity.name)
    described = f"The {model.qualified(entity.name)}."
    return {status: {"description": described, "content": {_JSON: {"schema": content}}}}


def _page_answer(model: Model, entity: EntityType) -> Json:
    page = {
        "type": "object",
        "required": ["value"],
        "properties": {
            "@odata.context": {"type": "string"},
            "@odata.count": {"type": ["integer", "string"]},
            "@odata.nextLink": {"type": "string", "format": "uri"},
            "value": {"type": "array", "items": _reference(entity.name)},
        },
    }
    described = f"A page of {model.qualified(entity.name)}."
    return {"200": {"description": described, "content": {_JSON: {"schema": page}}}}


def _text_answer(described: str) -> Json:
    return {"200": {"description": described, "content": {"text/plain": {"schema": {"type": "string"}}}}}


def _list_options(entity: EntityType) -> list[Json]:
    number = {"type": "integer", "minimum": 0}
    return [
        _option("$filter", {"type": "string"}, "A condition (OData URL conventions, section 5.1.1)."),
        _select(entity),
        _option("$orderby", {"type": "string"}, "Properties to sort by, each with asc or desc."),
        _option("$top", number, "The most items to return."),
        _option("$skip", number, "How many items to leave out first."),
        _option("$count", {"type": "boolean"}, "Whether to tell how many items there are in all."),
    ]


def _select(entity: EntityType) -> Json:
    names = ", ".join(declared.name for declared in entity.properties)
    return _option("$select", {"type": "string"}, f"The properties to return, separated by commas: {names}.")


def _option(name: str, schema: Json, described: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": described}


def _schemas(model: Model) -> Json:
    structured: tuple[EntityType | ComplexType, ...] = (*model.entity_types, *model.complex_types)
    found: Json = {declared.name: _structure(declared) for declared in structured}
    for enumeration in model.enum_types:
        names = [member.name for member in enumeration.members if member.name != enumeration.sentinel]
        found[enumeration.name] = {"type": "string", "enum": names}
    return found | {"error": _error_schema()}


def _structure(declared: EntityType | ComplexType) -> Json:
    required = [each.name for each in declared.properties if each.required and not each.nullable]
    schema: Json = {
        "type": "object",
        "description": declared.description,
        "properties": {each.name: _property(each) for each in declared.properties},
        # Annotations may stand beside the properties; nothing else may.
        "patternProperties": {"@": {}},
        "additionalProperties": False,
    }
    return schema | ({"required": required} if required and isinstance(declared, ComplexType) else {})


def _property(declared: Property) -> Json:
    single = _type(declared)
    if declared.nullable and not declared.collection:
        single = {"anyOf": [single, {"type": "null"}]}
    schema = {"type": "array", "items": single} if declared.collection else single
    return schema | ({"description": declared.description} if declared.description else {})


def _type(declared: Property) -> Json:
    if isinstance(declared.type, ComplexType | EnumType):
        return _reference(declared.type.name)
    schema = dict(_PRIMITIVES[declared.type])
    if declared.lowest is not None:
        schema["minimum"] = declared.lowest
    if declared.highest is not None:
        schema["maximum"] = declared.highest
    return schema


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _error_response() -> Json:
    return {"description": "Why the request was refused.", "content": {_JSON: {"schema": _reference("error")}}}


def _error_schema() -> Json:
    text = {"type": "string"}
    detail = {"type": "object", "properties": {"code": text, "message": text, "target": {"type": ["string", "null"]}}}
    inner = {
        "type": "object",
        "required": ["date", "request-id", "client-request-id"],
        "properties": {"message": text, "date": text, "request-id": text, "client-request-id": text},
    }
    error = {
        "type": "object",
        "required": ["code", "message", "innerError"],
        "properties": {
            "code": text,
            "message": text,
            "target": text,
            "details": {"type": "array", "items": detail},
            "innerError": inner,
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}
