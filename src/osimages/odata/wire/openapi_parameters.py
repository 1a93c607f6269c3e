"""Parameters of OpenAPI operations: query options, aliases of function parameters, and request headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from osimages.odata.model.types import Primitive, Property
from osimages.odata.plan.build import allowed_options
from osimages.odata.plan.resolve import READING, Kind, Target
from osimages.odata.wire.openapi_schemas import TEXT, Json, reference, value

_NUMBER: Json = {"type": "integer", "minimum": 0}
_OPTIONS: Mapping[str, tuple[Json, str]] = {
    "filter": (TEXT, "A condition (OData URL conventions, section 5.1.1)."),
    "search": (TEXT, "Words and phrases to search for, with AND, OR and NOT."),
    "apply": (TEXT, "Transformations such as groupby and aggregate (OData Data Aggregation)."),
    "compute": (TEXT, "Expressions with names for use in other options."),
    "select": (TEXT, "The properties to return, separated by commas."),
    "orderby": (TEXT, "What to sort by, each with asc or desc."),
    "top": (_NUMBER, "The size of a page; with a version header the most items to return."),
    "skip": (_NUMBER, "How many items to leave out first."),
    "count": ({"type": "boolean"}, "Whether to add the total number of items."),
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
# OData: a parameter alias is a literal, so that texts stand in single quotes (URL conventions, section 5.3).
_QUOTED: Json = {"type": "string", "pattern": "^'([^']|'')*'$"}
_VERSIONS = reference("odataVersion")
_HEADERS: Mapping[str, tuple[Json, str]] = {
    "OData-MaxVersion": (_VERSIONS, "The newest version of OData that the client reads."),
    "OData-Version": (_VERSIONS, "The version of OData that the request is in."),
    "Prefer": (TEXT, "Preferences: return=minimal, return=representation, maxpagesize=50, create-if-missing..."),
    "client-request-id": (TEXT, "An id of the client's, which the answer repeats."),
    "If-Match": (TEXT, "An ETag: do it only if the entity still has it."),
    "If-None-Match": (TEXT, "An ETag: answer 304 if it is still that; on writes, * creates only."),
}
_ALWAYS = ("OData-MaxVersion", "OData-Version", "Prefer", "client-request-id")
_CONDITIONAL: tuple[str, ...] = ("If-Match", "If-None-Match")
_TAGGED = (Kind.COLLECTION, Kind.COUNT, Kind.REFERENCES)  # collections whose answers have an ETag
FORMAT: Json = {
    "name": "$format",
    "in": "query",
    "schema": TEXT,
    "description": _OPTIONS["format"][1],
}


def headers(names: Iterable[str] = _ALWAYS) -> list[Json]:
    """Return header parameters: by default those that every request may have."""
    return [
        {"name": name, "in": "header", "schema": _HEADERS[name][0], "description": _HEADERS[name][1]} for name in names
    ]


def parameters(target: Target, method: str) -> list[Json]:
    """Return every parameter of an operation but those of its path."""
    asked = target.asked if target.kind is Kind.QUERY and target.asked is not None else target
    names = allowed_options(asked)
    if method not in READING and target.kind is not Kind.QUERY:
        names &= {"select", "format"}
    options = [
        {"name": f"${name}", "in": "query", "description": _OPTIONS[name][1]} | schema
        for name, schema in _schemas(asked, names).items()
    ]
    # Answers with an ETag: of everything but the service, operations, delta() and queries in bodies.
    has_tag = target.key is not None or target.entity_set is None or (target.kind in _TAGGED and method in READING)
    conditional = _CONDITIONAL if has_tag else ()
    return [*_aliases(target), *options, *headers(), *headers(conditional)]


def form(target: Target) -> Json:
    """Return the schema of a query that is sent in a body as a form: the options by their names."""
    found = _schemas(target, allowed_options(target))
    properties = {f"${name}": schema["schema"] | {"description": _OPTIONS[name][1]} for name, schema in found.items()}
    return {"type": "object", "properties": properties}


def path_with_aliases(name: str, declared: Iterable[Property]) -> str:
    """Return the call of a function whose arguments all stand in the query: `name(a=@a,b=@b)`.

    An alias without a value is null, which leaves an optional parameter out.
    """
    return f"{name}({','.join(f'{each.name}=@{each.name}' for each in declared)})"


def _aliases(target: Target) -> list[Json]:
    if target.kind is not Kind.OPERATION or target.operation is None:
        return []
    return [_alias(each) for each in target.operation.parameters]


def _alias(declared: Property) -> Json:
    schema, hint, example = value(declared), "", {}
    if declared.type is Primitive.STRING:
        schema, hint = _QUOTED, " A text in single quotes; a quote inside is doubled."
        example = {"example": "'10.0.26100.1'"} if declared.required else {}
    return {
        "name": f"@{declared.name}",
        "in": "query",
        "required": declared.required,
        "schema": schema,
        "description": f"{declared.description}{hint}".strip(),
    } | example


def _schemas(target: Target, names: frozenset[str]) -> dict[str, Json]:
    """Schemas, and examples where there are any, of query options in the order in which they are described."""
    examples = {name: text.format(key=target.entity.key) for name, text in _EXAMPLES.items()}
    return {
        name: {"schema": schema} | ({"example": examples[name]} if name in examples else {})
        for name, (schema, _) in _OPTIONS.items()
        if name in names
    }
