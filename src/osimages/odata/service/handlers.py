"""Which function answers which kind of target and method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from osimages.graph.build_checks import check_build, check_builds
from osimages.graph.check_operations import CHECK_BUILD, CHECK_BUILDS
from osimages.odata.plan.resolve import Kind
from osimages.odata.service import reading, writing, writing_properties
from osimages.odata.service.call import Call
from osimages.odata.service.delta import delta
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import query_text

Handler = Callable[[Call], Awaitable[Reply]]


async def query_in_body(call: Call) -> Reply:
    """GET with a query that is too long for a URL: its options stand in the body (OData URL conventions, section 5)."""
    asked = call.target.asked
    assert asked is not None
    query = "&".join(
        filter(None, (call.request.query, query_text(call.request, call.service.settings.max_query_bytes)))
    )
    return await HANDLERS[asked.kind, "GET"](replace(call, request=replace(call.request, query=query), target=asked))


OPERATIONS: Mapping[str, Handler] = {CHECK_BUILD.name: check_build, CHECK_BUILDS.name: check_builds}


async def operation(call: Call) -> Reply:
    """A function or an action of a collection."""
    assert call.target.operation is not None
    return await OPERATIONS[call.target.operation.name](call)


HANDLERS: Mapping[tuple[Kind, str], Handler] = {
    (Kind.SERVICE, "GET"): reading.service_document_of,
    (Kind.METADATA, "GET"): reading.metadata,
    (Kind.SINGLETON, "GET"): reading.singleton,
    (Kind.COLLECTION, "GET"): reading.collection,
    (Kind.FUNCTION, "GET"): reading.function,
    (Kind.COUNT, "GET"): reading.count,
    (Kind.ENTITY, "GET"): reading.entity,
    (Kind.DELTA, "GET"): delta,
    (Kind.REFERENCE, "GET"): reading.reference,
    (Kind.REFERENCES, "GET"): reading.references,
    (Kind.PROPERTY, "GET"): reading.property_of,
    (Kind.VALUE, "GET"): reading.raw_value,
    (Kind.PROPERTY_COUNT, "GET"): reading.property_count,
    (Kind.OPERATION, "GET"): operation,
    (Kind.ACTION, "POST"): operation,
    (Kind.QUERY, "POST"): query_in_body,
    (Kind.SINGLETON, "PATCH"): writing.update_singleton,
    (Kind.COLLECTION, "POST"): writing.create,
    (Kind.ENTITY, "PATCH"): writing.update,
    (Kind.ENTITY, "PUT"): writing.replace,
    (Kind.ENTITY, "DELETE"): writing.remove,
    (Kind.PROPERTY, "PUT"): writing_properties.replace,
    (Kind.PROPERTY, "PATCH"): writing_properties.update,
    (Kind.PROPERTY, "POST"): writing_properties.add,
    (Kind.PROPERTY, "DELETE"): writing_properties.remove,
}
