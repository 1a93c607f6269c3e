"""The types of a model as JSON schemas of an OpenAPI document, as they are answered and as they are sent.

Source: https://docs.oasis-open.org/odata/odata-openapi/v1.0/odata-openapi-v1.0.html (section 4.5, with its names).
"""

from __future__ import annotations

from typing import Any

from osimages.odata.model.body_validation import LONGEST_TEXT, MOST_ITEMS
from osimages.odata.model.types import ComplexType, EntityType, EnumType, Model, Primitive, Property

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
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
# What a body is made of has the ending that OASIS gives it: more of it is required than of an answer with $select.
SENT = "-create"


def schemas(model: Model) -> Json:
    """The schemas of all types, each also as a body holds it, and of errors."""
    structured: tuple[EntityType | ComplexType, ...] = (*model.entity_types, *model.complex_types)
    found: Json = {declared.name: _structure(declared, "") for declared in structured}
    found |= {f"{declared.name}{SENT}": _structure(declared, SENT) for declared in structured}
    for enumeration in model.enum_types:
        names = [member.name for member in enumeration.members]
        taken = [name for name in names if name != enumeration.sentinel]
        kind: Json = {"type": "string"}
        found[enumeration.name] = kind if enumeration.is_flags else kind | {"enum": names}
        found[f"{enumeration.name}{SENT}"] = kind if enumeration.is_flags else kind | {"enum": taken}
    sets = (*(each for singleton in model.singletons for each in singleton.type.navigation), *model.entity_sets)
    found |= {page_name(each.type): page(reference(each.type.name)) for each in sets}
    return found | {"error": _error(), "odataVersion": {"type": "string", "enum": ["4.0", "4.01"]}}


def page_name(entity: EntityType) -> str:
    """Return the name of the schema of a page of entities, `...CollectionResponse`."""
    return f"{entity.name}CollectionResponse"


def page(item: Json) -> Json:
    """Return the schema of a page of such items."""
    return {
        "type": "object",
        "required": ["value"],
        "properties": {
            "@odata.context": TEXT,
            "@odata.count": {"type": ["integer", "string"]},
            "@odata.nextLink": {"type": "string", "format": "uri"},
            "@odata.deltaLink": {"type": "string", "format": "uri"},
            "value": {"type": "array", "items": item},
        },
        "additionalProperties": True,
    }


def reference(name: str) -> Json:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def value(declared: Property, ending: str = "") -> Json:
    """The schema of a property's value."""
    single = _type(declared, ending)
    if declared.nullable and not declared.collection:
        single = {"anyOf": [single, {"type": "null"}]}
    if not declared.collection:
        return single
    return {"type": "array", "items": single} | ({"maxItems": MOST_ITEMS} if ending else {})


def _structure(declared: EntityType | ComplexType, ending: str) -> Json:
    required = [each.name for each in declared.properties if each.required and not each.nullable]
    described = {
        each.name: {"description": each.description} if each.description else {} for each in declared.properties
    }
    schema: Json = {
        "type": "object",
        "description": declared.description,
        "properties": {each.name: value(each, ending) | described[each.name] for each in declared.properties},
    }
    # Annotations may stand beside the properties; in an answer also what $compute makes.
    schema |= (
        {"patternProperties": {"@": {}}, "additionalProperties": False} if ending else {"additionalProperties": True}
    )
    return schema | ({"required": required} if required and ending else {})


def _type(declared: Property, ending: str) -> Json:
    if isinstance(declared.type, ComplexType | EnumType):
        return reference(f"{declared.type.name}{ending}")
    schema = dict(_PRIMITIVES[declared.type])
    if declared.type is Primitive.STRING and ending:
        schema["maxLength"] = LONGEST_TEXT
    if declared.lowest is not None:
        schema["minimum"] = declared.lowest
    if declared.highest is not None:
        schema["maximum"] = declared.highest
    return schema


def _error() -> Json:
    detail = {"type": "object", "properties": {"code": TEXT, "message": TEXT, "target": {"type": ["string", "null"]}}}
    inner = {
        "type": "object",
        "required": ["date", "request-id", "client-request-id"],
        "properties": {"message": TEXT, "date": TEXT, "request-id": TEXT, "client-request-id": TEXT},
    }
    error = {
        "type": "object",
        "required": ["code", "message", "innerError"],
        "properties": {
            "code": TEXT,
            "message": TEXT,
            "target": TEXT,
            "details": {"type": "array", "items": detail},
            "innerError": inner,
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}
