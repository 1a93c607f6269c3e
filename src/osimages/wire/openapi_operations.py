"""What may be asked at each kind of target, as operations of an OpenAPI document: options, bodies, answers, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from osimages.edm.types import ComplexType, EntityType, Model, Operation
from osimages.plan.build import allowed_options
from osimages.plan.resolve import ASKED_WITH_POST, METHODS, READING, Kind, Target, is_capable
from osimages.wire.openapi_schemas import SENT, TEXT, Json, reference, value

JSON = "application/json"
_ERRORS = ("400", "401", "403", "404", "406", "412", "429", "501", "503")
_WRITE_ERRORS = (*_ERRORS, "409", "413")
_NUMBER = {"type": "integer", "minimum": 0}
_OPTIONS: Mapping[str, tuple[Json, str]] = {
    "filter": (TEXT, "A condition (OData URL conventions, section 5.1.1)."),
    "search": (TEXT, "Words and phrases to search for, with AND, OR and NOT."),
    "apply": (TEXT, "Transformations such as groupby and aggregate (OData Data Aggregation)."),
    "compute": (TEXT, "Expressions with names for use in other options."),
    "select": (TEXT, "The properties to return, separated by commas."),
    "orderby": (TEXT, "What to sort by, each with asc or desc."),
    "top": (_NUMBER, "The most items in a page; with OData-MaxVersion or OData-Version, in all pages together."),
    "skip": (_NUMBER, "How many items to leave out first."),
    "count": ({"type": "boolean"}, "Whether to tell how many items there are in all."),
    "format": (TEXT, "json, or a media type."),
    "skiptoken": (TEXT, "Where a page starts: from a link, never made by hand."),
    "deltatoken": (TEXT, "Where a round starts: from a link, or `latest`."),
}
_EXAMPLES = {
    "filter": "{key} ne 'a' and length({key}) lt 512",
    "search": "enterprise OR education",
    "compute": "length({key}) as size",
    "select": "{key}",
    "orderby": "{key} desc",
    "format": "application/json;odata.metadata=none",
}
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
        "summary": _summary(target, method),
        "parameters": [] if target.kind in ASKED_WITH_POST else _parameters(target, method),
        "responses": _answers(model, target, method)
        | {status: {"$ref": "#/components/responses/error"} for status in refused},
        # One of the alternatives is enough; the schemes' roles are Graph's permissions.
        "security": [{"bearer": [permission]} for permission in needed(target, method)],
    }
    body = _body(target, method)
    return operation if body is None else operation | {"requestBody": {"required": True, "content": body}}


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


def _parameters(target: Target, method: str) -> list[Json]:
    names = allowed_options(target)
    if method not in READING:
        names &= {"select", "format"}
    examples = {name: text.format(key=target.entity.key) for name, text in _EXAMPLES.items()}
    found = [
        {"name": f"${name}", "in": "query", "schema": schema, "description": described}
        | ({"example": examples[name]} if name in examples else {})
        for name, (schema, described) in _OPTIONS.items()
        if name in names
    ]
    headers = {"If-Match": TEXT, "If-None-Match": TEXT} if target.key is not None else {}
    if target.kind in _TAGGED and method in READING:
        headers["If-None-Match"] = TEXT
    if method in ("POST", "PUT", "PATCH"):
        headers["Prefer"] = {"type": "string", "enum": ["return=minimal", "return=representation"]}
    return [*found, *({"name": name, "in": "header", "schema": schema} for name, schema in headers.items())]


# --- bodies -----------------------------------------------------------------------------------------------------------
def _body(target: Target, method: str) -> Json | None:
    if target.kind is Kind.QUERY:
        return {"text/plain": {"schema": TEXT}}
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
        page = _answer(f"A page of {model.qualified(target.entity.name)}.", _page(reference(target.entity.name)))
        return page if target.kind is Kind.QUERY else page | _UNCHANGED
    if target.operation is not None:
        one = reference(target.operation.returns.name)
        many = _wrapped({"type": "array", "items": one})
        return _answer(target.operation.returns.description, many if target.operation.returns_collection else one)
    if target.kind is Kind.DELTA:
        return _answer("What changed.", _page(reference(target.entity.name)))
    if target.kind is Kind.REFERENCES:
        return _answer("A page of addresses.", _page(_ADDRESS)) | _UNCHANGED
    if target.kind is Kind.REFERENCE:
        return _answer("The address.", _ADDRESS)
    if target.declared is not None:
        return _property_answers(target, method) | nothing
    return _entity_answers(model, target.entity, target.kind, method) | ({} if method in READING else nothing)


_TAGGED = (Kind.COLLECTION, Kind.COUNT, Kind.REFERENCES)
_UNCHANGED: Json = {"304": {"description": "It is as the client knows it."}}
_ADDRESS: Json = {"type": "object", "required": ["@odata.id"], "properties": {"@odata.id": TEXT}}


def _entity_answers(model: Model, entity: EntityType, kind: Kind, method: str) -> Json:
    statuses = {"POST": ("201",), "PUT": ("200", "201"), "PATCH": ("200", "201")}.get(method, ("200",))
    if kind is Kind.SINGLETON:
        statuses = ("200",)
    found: Json = {}
    for status in statuses:
        found |= _answer(f"The {model.qualified(entity.name)}.", reference(entity.name), status=status)
    return found | _UNCHANGED if method in READING and kind is Kind.ENTITY else found


def _property_answers(target: Target, method: str) -> Json:
    declared = target.declared
    assert declared is not None
    schema = value(declared)
    single = isinstance(declared.type, ComplexType) and not declared.collection
    found = _answer("The value.", {"type": "object"} if single else _wrapped(schema))
    return found | _UNCHANGED if method in READING else found


def _answer(described: str, schema: Json, media_type: str = JSON, status: str = "200") -> Json:
    return {status: {"description": described, "content": {media_type: {"schema": schema}}}}


def _page(item: Json) -> Json:
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
    }
