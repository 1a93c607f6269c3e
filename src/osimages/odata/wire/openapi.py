"""Describes the service as OpenAPI 3.1: every path of the model, its options, bodies, answers, errors and permissions.

Sources: https://spec.openapis.org/oas/v3.1.1.html and, for the mapping of a model,
https://docs.oasis-open.org/odata/odata-openapi/v1.0/odata-openapi-v1.0.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from osimages.odata.model.types import DELTA, Model
from osimages.odata.plan.resolve import Kind, Target, sources
from osimages.odata.wire.openapi_operations import JSON, operations
from osimages.odata.wire.openapi_parameters import FORMAT, headers, path_with_aliases
from osimages.odata.wire.openapi_schemas import TEXT, Json, reference, schemas

_OPEN: list[Any] = [{}]  # no token is needed


class Page(msgspec.Struct, frozen=True):
    """A page beside the model's paths, that is read without a token.

    `options` are its query parameters with their descriptions, `has_tag` says whether it has an ETag, `otherwise`
    describes its answer 503.
    """

    summary: str
    media_type: str
    options: Mapping[str, str] = {}
    has_tag: bool = False
    otherwise: str = ""


def openapi(
    model: Model,
    version: str,
    service_version: str,
    needed: Callable[[Target, str], Iterable[str]],
    pages: Mapping[str, Page],
    info: Mapping[str, object] | None = None,
) -> bytes:
    """The document of one service root. `version` is its name in the path (`beta`).

    `needed` gives the permissions for a method on a target, of which one is enough; `info` further members of the
    document's info object.
    """
    paths: Json = dict(_service_paths(version))
    for source, target in sources(model).items():
        for path, found in _paths(f"/{version}/{source}", target):
            paths[path] = _keyed(found, operations(model, found, needed))
    paths |= {path: {"get": _page_operation(path, page)} for path, page in pages.items()}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{model.namespace}, {version}",
            "version": service_version,
            **(info or {}),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas(model),
            "responses": {"error": _refusal()},
            "securitySchemes": {"bearer": _bearer()},
        },
        "security": [{"bearer": []}],
    }
    return msgspec.json.encode(document)


def _paths(root: str, target: Target) -> Iterator[tuple[str, Target]]:
    """A singleton or an entity set, and all that lies below it."""
    if target.kind is Kind.SINGLETON:
        yield root, target
        yield f"{root}/$ref", Target(Kind.REFERENCE, target.singleton)
        for declared in target.entity.properties:
            yield f"{root}/{declared.name}", Target(Kind.PROPERTY, target.singleton, declared=declared)
            if not declared.collection:
                yield f"{root}/{declared.name}/$value", Target(Kind.VALUE, target.singleton, declared=declared)
    if target.kind is not Kind.COLLECTION:
        return
    assert target.entity_set is not None
    entity, able = target.entity, target.entity_set.capabilities

    def of(kind: Kind, **parts: Any) -> Target:
        return Target(kind, target.singleton, target.entity_set, **parts)

    yield root, target
    if able.count:
        yield f"{root}/$count", of(Kind.COUNT)
    yield f"{root}/$query", of(Kind.QUERY, asked=target)
    yield f"{root}/$ref", of(Kind.REFERENCES)
    if able.delta:
        yield f"{root}/{DELTA.name}()", of(Kind.DELTA)
    for operation in entity.operations:
        kind = Kind.ACTION if operation.is_action else Kind.OPERATION
        # Arguments by alias: optional ones would be other paths, and quotes in paths break generated clients.
        call = operation.name if operation.is_action else path_with_aliases(operation.name, operation.parameters)
        yield f"{root}/{call}", of(kind, operation=operation)
    key = f"{{{entity.key}}}"
    one = f"{root}/{key}"
    yield one, of(Kind.ENTITY, key=key)
    yield f"{one}/$ref", of(Kind.REFERENCE, key=key)
    for function in entity.functions:
        yield f"{one}/{function.name}()", of(Kind.FUNCTION, key=key, function=function)
    for declared in entity.properties:
        yield f"{one}/{declared.name}", of(Kind.PROPERTY, key=key, declared=declared)
        ending, kind = ("$count", Kind.PROPERTY_COUNT) if declared.collection else ("$value", Kind.VALUE)
        yield f"{one}/{declared.name}/{ending}", of(kind, key=key, declared=declared)


def _keyed(target: Target, found: Json) -> Json:
    if target.key is None:
        return found
    schema = {"type": "string", "minLength": 1}
    return {"parameters": [{"name": target.entity.key, "in": "path", "required": True, "schema": schema}]} | found


def _service_paths(version: str) -> Iterator[tuple[str, Json]]:
    """The paths that are there whatever the model is."""
    refused = {
        status: {"$ref": "#/components/responses/error"} for status in ("400", "401", "406", "413", "429", "503")
    }
    open_ = {"tags": ["service"], "security": _OPEN, "parameters": [FORMAT, *headers()]}
    document = {"description": "What the service has.", "content": {JSON: {"schema": {"type": "object"}}}}
    get: Json = {"operationId": "service_getDocument", "summary": "The service document", **open_}
    yield f"/{version}", {"get": get | {"responses": {"200": document} | refused}}
    forms: Json = {media_type: {"schema": {}} for media_type in ("application/xml", JSON)}
    metadata = {"description": "The model as CSDL.", "content": forms}
    get = {"operationId": "service_getMetadata", "summary": "The model", **open_}
    yield f"/{version}/$metadata", {"get": get | {"responses": {"200": metadata} | refused}}
    answers = {"description": "An answer for each request.", "content": _batch("responses")}
    yield (
        f"/{version}/$batch",
        {
            "post": {
                "operationId": "service_batch",
                "summary": "Several requests in one",
                "tags": ["service"],
                "parameters": headers(),
                "requestBody": {"required": True, "content": _batch("requests")},
                "responses": {"200": answers} | refused,
            }
        },
    )


def _batch(name: str) -> Json:
    needed = ["id", "method", "url"] if name == "requests" else ["id", "status"]
    item = {
        "type": "object",
        "required": needed,
        "properties": {
            "id": TEXT,
            "method": {"enum": ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]},
            "url": TEXT,
            "status": {"type": "integer"},
            "atomicityGroup": TEXT,
            "if": TEXT,
            "headers": {"type": "object", "additionalProperties": TEXT},
            "body": {},
            "dependsOn": {"type": "array", "items": TEXT},
        },
    }
    schema = {"type": "object", "required": [name], "properties": {name: {"type": "array", "items": item}}}
    return {JSON: {"schema": schema}, "multipart/mixed": {"schema": TEXT}}


def _page_operation(path: str, page: Page) -> Json:
    answers: Json = {"200": {"description": page.summary, "content": {page.media_type: {"schema": {}}}}}
    options = [
        {"name": name, "in": "query", "schema": TEXT, "description": described}
        for name, described in page.options.items()
    ]
    if page.has_tag:
        options += headers(("If-None-Match",))
        answers |= {"304": {"description": "It is as the client knows it."}}
    if page.otherwise:
        answers |= {"503": {"description": page.otherwise, "content": {page.media_type: {"schema": {}}}}}
    return {
        "operationId": re.sub(r"\W+", "_", path.strip("/-")),
        "summary": page.summary,
        "tags": ["control"],
        "security": _OPEN,
        "parameters": options,
        "responses": answers | {status: {"$ref": "#/components/responses/error"} for status in ("400", "429")},
    }


def _refusal() -> Json:
    wait = {"Retry-After": {"description": "Seconds to wait, where the error passes.", "schema": {"type": "integer"}}}
    content = {JSON: {"schema": reference("error")}}
    return {"description": "Why the request was refused.", "headers": wait, "content": content}


def _bearer() -> Json:
    told = "A token of Microsoft Entra ID or of the Entra ID emulator; its roles or scopes are the permissions."
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": told}
