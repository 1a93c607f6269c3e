"""What may be asked at each kind of target, as operations of an OpenAPI document: options, bodies, answers, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from osimages.odata.model.types import ComplexType, EntityType, Model, Operation
from osimages.odata.plan.resolve import METHODS, READING, Kind, Target, is_capable
from osimages.odata.wire.openapi_parameters import form, parameters
from osimages.odata.wire.openapi_schemas import SENT, TEXT, Json, page, page_name, reference, value

JSON = "application/json"
_ERRORS = ("400", "401", "403", "404", "406", "412", "429", "501", "503")
_WRITE_ERRORS = (*_ERRORS, "409", "413")
_SUMMARIES: Mapping[tuple[Kind, str], str] = {
    (Kind.SINGLETON, "GET"): "Get {set}",
    (Kind.SINGLETON, "PATCH"): "Update {set}",
    (Kind.COLLECTION, "GET"): "List {set}",
    (Kind.COLLECTION, "POST"): "Create {entity}",
    (Kind.COUNT, "GET"): "Count {set}",
    (Kind.QUERY, "POST"): "List {set}, with the query in the body",
    (Kind.REFERENCES, "GET"): "List the addresses of {set}",
    (Kind.DELTA, "GET"): "What changed in {set}",
    (Kind.OPERATION, "GET"): "{operation}",
    (Kind.ACTION, "POST"): "{operation}",
    (Kind.ENTITY, "GET"): "Get {entity}",
    (Kind.ENTITY, "PATCH"): "Update {entity}",
    (Kind.ENTITY, "PUT"): "Replace {entity}, or create it",
    (Kind.ENTITY, "DELETE"): "Delete {entity}",
    (Kind.REFERENCE, "GET"): "The address of {entity}",
    (Kind.FUNCTION, "GET"): "{function}",
    (Kind.PROPERTY, "GET"): "Get {property} of {entity}",
    (Kind.PROPERTY, "PUT"): "Replace {property} of {entity}",
    (Kind.PROPERTY, "PATCH"): "Update {property} of {entity}",
    (Kind.PROPERTY, "POST"): "Add to {property} of {entity}",
    (Kind.PROPERTY, "DELETE"): "Make {property} of {entity} null",
    (Kind.VALUE, "GET"): "Get {property} of {entity} as text",
    (Kind.PROPERTY_COUNT, "GET"): "Count {property} of {entity}",
}


# What an operation does, in the names that generators give it: `deviceManagement_auditEvents_list`.
_VERBS: Mapping[tuple[Kind, str], str] = {
    (Kind.SINGLETON, "GET"): "get",
    (Kind.SINGLETON, "PATCH"): "update",
    (Kind.COLLECTION, "GET"): "list",
    (Kind.COLLECTION, "POST"): "create",
    (Kind.COUNT, "GET"): "count",
    (Kind.QUERY, "POST"): "query",
    (Kind.REFERENCES, "GET"): "listReferences",
    (Kind.DELTA, "GET"): "delta",
    (Kind.OPERATION, "GET"): "{operation}",
    (Kind.ACTION, "POST"): "{operation}",
    (Kind.ENTITY, "GET"): "get",
    (Kind.ENTITY, "PATCH"): "update",
    (Kind.ENTITY, "PUT"): "replace",
    (Kind.ENTITY, "DELETE"): "delete",
    (Kind.REFERENCE, "GET"): "getReference",
    (Kind.FUNCTION, "GET"): "{function}",
    (Kind.PROPERTY, "GET"): "get{property}",
    (Kind.PROPERTY, "PUT"): "replace{property}",
    (Kind.PROPERTY, "PATCH"): "update{property}",
    (Kind.PROPERTY, "POST"): "addTo{property}",
    (Kind.PROPERTY, "DELETE"): "clear{property}",
    (Kind.VALUE, "GET"): "get{property}Value",
    (Kind.PROPERTY_COUNT, "GET"): "count{property}",
}


def operations(model: Model, target: Target, needed: Callable[[Target, str], Iterable[str]]) -> Json:
    """The operations of a target by their methods. `needed` gives the permissions of which one is needed."""
    found: Json = {}
    for method in sorted(METHODS[target.kind] - {"HEAD"}):
        if method in READING or is_capable(target, method):
            found[method.lower()] = _operation(model, target, method, needed)
    return found


def _operation(model: Model, target: Target, method: str, needed: Callable[[Target, str], Iterable[str]]) -> Json:
    refused = _ERRORS if method in READING else _WRITE_ERRORS
    if target.kind is Kind.DELTA:
        refused = (*refused, "410")
    operation: Json = {
        "operationId": _operation_id(target, method),
        "summary": _summary(target, method),
        "tags": [target.source.rpartition("/")[2]],
        "parameters": parameters(target, method),
        "responses": _answers(model, target, method)
        | {status: {"$ref": "#/components/responses/error"} for status in refused},
        # One of the alternatives is enough; the schemes' roles are permissions.
        "security": [{"bearer": [permission]} for permission in needed(target, method)],
    }
    body = _body(target, method)
    return operation if body is None else operation | {"requestBody": {"required": True, "content": body}}


def _operation_id(target: Target, method: str) -> str:
    name = target.declared.name if target.declared else ""
    verb = _VERBS[target.kind, method].format(
        property=name[:1].upper() + name[1:],
        function=target.function.name if target.function else "",
        operation=target.operation.name if target.operation else "",
    )
    return f"{target.source.replace('/', '_')}_{verb}"


def _summary(target: Target, method: str) -> str:
    container = target.entity_set or target.singleton
    assert container is not None
    return _SUMMARIES[target.kind, method].format(
        set=container.name,
        entity=target.entity.name,
        property=target.declared.name if target.declared else "",
        function=target.function.description if target.function else "",
        operation=target.operation.description if target.operation else "",
    )


# --- bodies -----------------------------------------------------------------------------------------------------------
def _body(target: Target, method: str) -> Json | None:
    if target.kind is Kind.QUERY:
        assert target.asked is not None
        return {"application/x-www-form-urlencoded": {"schema": form(target.asked)}, "text/plain": {"schema": TEXT}}
    if method in READING or method == "DELETE":
        return None
    if target.operation is not None:
        return {JSON: {"schema": _arguments(target.operation)}}
    if target.declared is None:
        return {JSON: {"schema": reference(f"{target.entity.name}{SENT}")}}
    schema = value(target.declared, SENT)
    if method == "POST":
        schema = schema["items"]
    is_whole = isinstance(target.declared.type, ComplexType) and (method == "POST" or not target.declared.collection)
    return {JSON: {"schema": schema if is_whole else _wrapped(schema)}}


def _arguments(operation: Operation) -> Json:
    required = [each.name for each in operation.parameters if each.required]
    properties = {each.name: value(each, SENT) for each in operation.parameters}
    return {"type": "object", "required": required, "properties": properties}


def _wrapped(schema: Json) -> Json:
    return {"type": "object", "required": ["value"], "properties": {"value": schema}}


# --- answers ----------------------------------------------------------------------------------------------------------
def _answers(model: Model, target: Target, method: str) -> Json:
    nothing: Json = {"204": {"description": "Done, with nothing to say."}}
    if method == "DELETE":
        return nothing
    if target.kind in (Kind.COUNT, Kind.PROPERTY_COUNT, Kind.VALUE):
        absent = {} if target.kind is Kind.COUNT else nothing
        return _answer("The text.", TEXT, "text/plain") | absent | _UNCHANGED
    if target.kind in (Kind.COLLECTION, Kind.QUERY, Kind.FUNCTION) and (method in READING or target.kind is Kind.QUERY):
        found = _answer(f"A page of {model.qualified(target.entity.name)}.", reference(page_name(target.entity)))
        return found if target.kind is Kind.QUERY else found | _UNCHANGED
    if target.operation is not None:
        one = reference(target.operation.returns.name)
        many = _wrapped({"type": "array", "items": one})
        return _answer(target.operation.returns.description, many if target.operation.returns_collection else one)
    if target.kind is Kind.DELTA:
        return _answer("What changed.", reference(page_name(target.entity)))
    if target.kind is Kind.REFERENCES:
        return _answer("A page of addresses.", page(_ADDRESS)) | _UNCHANGED
    if target.kind is Kind.REFERENCE:
        return _answer("The address.", _ADDRESS) | _UNCHANGED
    if target.declared is not None:
        return _property_answers(target, method) | nothing
    return _entity_answers(model, target.entity, target.kind, method) | ({} if method in READING else nothing)


_UNCHANGED: Json = {"304": {"description": "It is as the client knows it."}}
# In OData 4.01 without the prefix.
_ADDRESS: Json = {"type": "object", "properties": {"@odata.id": TEXT, "@id": TEXT}, "additionalProperties": True}


def _entity_answers(model: Model, entity: EntityType, kind: Kind, method: str) -> Json:
    statuses = {"POST": ("201",), "PUT": ("200", "201"), "PATCH": ("200", "201")}.get(method, ("200",))
    if kind is Kind.SINGLETON:
        statuses = ("200",)
    found: Json = {}
    for status in statuses:
        found |= _answer(f"The {model.qualified(entity.name)}.", reference(entity.name), status=status)
    return found | _UNCHANGED if method in READING else found


def _property_answers(target: Target, method: str) -> Json:
    declared = target.declared
    assert declared is not None
    is_whole = isinstance(declared.type, ComplexType) and not declared.collection
    found = _answer("The value.", reference(declared.type.name) if is_whole else _wrapped(value(declared)))
    return found | _UNCHANGED if method in READING else found


def _answer(described: str, schema: Json, media_type: str = JSON, status: str = "200") -> Json:
    return {status: {"description": described, "content": {media_type: {"schema": schema}}}}
