"""Which function answers which kind of target and method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from osimages.odata.plan.resolve import Kind
from osimages.odata.service import reading, singletons, writing, writing_properties
from osimages.odata.service.call import Call
from osimages.odata.service.delta import delta
from osimages.odata.service.operations import operation
from osimages.odata.service.reply import Reply

Handler = Callable[[Call], Awaitable[Reply]]

HANDLERS: Mapping[tuple[Kind, str], Handler] = {
    (Kind.SERVICE, "GET"): reading.service_document_of,
    (Kind.METADATA, "GET"): reading.metadata,
    (Kind.SINGLETON, "GET"): singletons.read,
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
    (Kind.SINGLETON, "PATCH"): singletons.update,
    (Kind.COLLECTION, "POST"): writing.create,
    (Kind.ENTITY, "PATCH"): writing.update,
    (Kind.ENTITY, "PUT"): writing.replace,
    (Kind.ENTITY, "DELETE"): writing.remove,
    (Kind.PROPERTY, "PUT"): writing_properties.replace,
    (Kind.PROPERTY, "PATCH"): writing_properties.update,
    (Kind.PROPERTY, "POST"): writing_properties.add,
    (Kind.PROPERTY, "DELETE"): writing_properties.remove,
}
