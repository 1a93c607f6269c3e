"""Answers to GET: entities, collections, properties, and what describes the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from osimages.odata.model.keys import key_text
from osimages.odata.model.service_document import service_document
from osimages.odata.model.types import ComplexType
from osimages.odata.plan.build import Query, build_one, build_plan
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import CollectionPlan, Encoded, Page, Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.call import Call
from osimages.odata.service.conditional import tag_header
from osimages.odata.service.reply import JSON, TEXT, XML, Reply
from osimages.odata.service.slices import cut
from osimages.odata.service.stored import stored_entity, tag_of, unknown_key
from osimages.odata.wire.chosen_items import count_name, with_items
from osimages.odata.wire.dynamic_members import with_members
from osimages.odata.wire.media_types import JsonForm, metadata_as_json
from osimages.odata.wire.payload import collection_body, entity_body, member, projected, value_body
from osimages.odata.wire.rows import row_bodies

# What a page shows of its stored documents.
Shown = Callable[[Call, Page], tuple[bytes, ...]]


async def entity(call: Call) -> Reply:
    """One entity."""
    query = call.query
    stored = await stored_entity(call)
    # What is computed may be another value though the entity is the same: of now(), for example.
    if not query.shape.computed and call.conditions.is_current(stored.version):
        return Reply(304, headers=tag_of(stored))
    row: Sequence[Encoded] = ()
    if query.is_worked_out:
        stored, row = await _worked_out(call, stored)
    document = call.document(stored)
    if query.computed:
        (document,) = _computed(call, (document,), (row,))
    context = call.context(call.links.context(call.target, query.shown))
    body = entity_body(context, document, query.select, call.form.annotation)
    return Reply(200, body, call.form.content_type, tag_of(stored))


async def _worked_out(call: Call, stored: Stored) -> tuple[Stored, Sequence[Encoded]]:
    """The entity with the items that a query chooses, and what the query computes for it.

    Both are of one moment, which may be later than that of the version: such an ETag is out of date, so that a write
    that names it is refused. Raises ODataError(UNKNOWN_KEY).
    """
    query, document = call.query, stored.document
    rows: Sequence[Sequence[Encoded]] = ((),)
    if query.shape.computed:
        assert call.target.key is not None
        plan = build_one(query, call.target.entity, call.target.key, call.now)
        page = await call.store.page(call.tenant, plan)
        if not page.documents:  # removed a moment ago
            raise unknown_key(call.target.key)
        document, rows = page.documents[0], page.computed
    if query.items:
        (document,) = chosen(call.form, query, (document,), rows)
    return Stored(stored.version, document), rows[0]


def chosen(
    form: JsonForm, query: Query, documents: tuple[bytes, ...], rows: Sequence[Sequence[Encoded]]
) -> tuple[bytes, ...]:
    """Stored documents with those items that the query chooses; rows of what it computes."""
    ordinals = [row[len(query.computed) :] for row in rows] if query.shape.computed else [()] * len(documents)
    return with_items(form, documents, query.items, ordinals)


async def collection(call: Call) -> Reply:
    """A page of a set."""
    return await _page(call, call.links.context(call.target, call.query.shown), _documents)


async def function(call: Call) -> Reply:
    """The bound function: all entities of the tenant, asked of one that must be there."""
    await stored_entity(call)
    return await _page(call, call.links.collection_context(call.type_name, call.query.shown), _documents)


async def count(call: Call) -> Reply:
    """How many entities a filter finds."""
    plan = build_plan(call.query, None, 0, now=call.now)
    tag = call.tag if plan.started is None else None
    call.conditions.check_collection(call.target, tag)
    if tag is not None and call.conditions.is_any:
        return Reply(304, headers=tag_header(tag))
    total = await call.store.count(call.tenant, plan)
    return Reply(200, str(total).encode(), TEXT, tag_header(tag))


async def reference(call: Call) -> Reply:
    """The address of one entity (JSON format, section 14)."""
    stored = await stored_entity(call)
    if call.conditions.is_current(stored.version):
        return Reply(304, headers=tag_of(stored))
    context = call.context(f"{call.links.metadata}#$ref")
    body = entity_body(context, _reference(call, stored.document), None, call.form.annotation)
    return Reply(200, body, call.form.content_type, tag_of(stored))


async def references(call: Call) -> Reply:
    """The addresses of a page of a set."""
    return await _page(call, f"{call.links.metadata}#Collection($ref)", _references)


def _references(call: Call, page: Page) -> tuple[bytes, ...]:
    return tuple(_reference(call, each) for each in page.documents)


def _reference(call: Call, document: bytes) -> bytes:
    key = msgspec.json.decode(member(document, call.target.entity.key))
    return msgspec.json.encode(
        {f"{call.form.annotation}id": call.links.entity(call.target, key_text(call.target.entity, key))}
    )


async def property_of(call: Call) -> Reply:
    """The value of one property."""
    stored = await stored_entity(call)
    if not call.query.shape.computed and call.conditions.is_current(stored.version):
        return Reply(304, headers=tag_of(stored))
    if call.query.is_worked_out:
        stored, _ = await _worked_out(call, stored)
    return property_reply(call, stored)


def property_reply(call: Call, stored: Stored) -> Reply:
    """The value of the target's property, of an entity with what the query chooses of it; nothing where it is null."""
    declared, query, form = call.target.declared, call.query, call.form
    select = query.select
    assert declared is not None
    document = call.document(stored)
    value = member(document if select is None else projected(document, select), declared.name)
    if value == b"null":
        return Reply(204, headers=tag_of(stored))
    parts = None if select is None else tuple(each.partition("/")[2] for each in select if "/" in each)
    context = call.context(call.links.context(call.target, parts or None))
    if isinstance(declared.type, ComplexType) and not declared.collection:
        return Reply(200, entity_body(context, value, None, form.annotation), form.content_type, tag_of(stored))
    total = member(document, count_name(form, declared.name)) if any(each.count for each in query.items) else None
    return Reply(200, value_body(context, value, form.annotation, total), form.content_type, tag_of(stored))


async def raw_value(call: Call) -> Reply:
    """The bare value of one property."""
    stored = await stored_entity(call)
    if call.conditions.is_current(stored.version):
        return Reply(304, headers=tag_of(stored))
    value = msgspec.json.decode(member(stored.document, _property_name(call.target)))
    if value is None:
        return Reply(204, headers=tag_of(stored))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Reply(200, text.encode(), b"text/plain;charset=utf-8", tag_of(stored))


async def property_count(call: Call) -> Reply:
    """How many items a collection property has, or how many of them a filter finds."""
    stored = await stored_entity(call)
    if not call.query.shape.computed and call.conditions.is_current(stored.version):
        return Reply(304, headers=tag_of(stored))
    if call.query.is_worked_out:
        stored, _ = await _worked_out(call, stored)
    items = msgspec.json.decode(member(stored.document, _property_name(call.target)), type=list[msgspec.Raw])
    return Reply(200, str(len(items)).encode(), TEXT, tag_of(stored))


async def service_document_of(call: Call) -> Reply:
    """What the service root lists."""
    context = call.context(call.links.metadata)
    document = service_document(call.engine.schema.model, context, call.form.annotation)
    return Reply(200, document, call.form.content_type)


async def metadata(call: Call) -> Reply:
    """Return the model as CSDL, in XML or JSON, of the version of OData that the answer has."""
    request = call.request
    version = request.version or "4.0"
    as_json = metadata_as_json(request.header(b"accept"), call.query.format, version)
    document = call.engine.schema.metadata(as_json, version)
    return Reply(200, document.plain, JSON if as_json else XML, document=document)


async def _page(call: Call, context: str, shown: Shown) -> Reply:
    query, tokens, form = call.query, call.engine.tokens.pages, call.form
    position = tokens.read(query.skiptoken, call.tenant, call.purpose()) if query.skiptoken else None
    preferred, limits = call.preferences.page_size, call.engine.limits.query
    page_size = limits.page_size if preferred is None else min(preferred, limits.page_size)
    is_top_a_limit = call.engine.hooks.is_top_a_limit(call.request)
    plan = build_plan(
        query, position, page_size, is_top_a_limit=is_top_a_limit, most_bytes=limits.page_bytes, now=call.now
    )
    # An answer that depends on the clock is never known to be unchanged.
    tag = call.tag if plan.started is None else None
    call.conditions.check_collection(call.target, tag)
    if tag is not None and call.conditions.is_any:
        return Reply(304, headers=tag_header(tag))
    async with call.engine.outgoing.making(call.tenant) as hold:
        page = await call.store.page(call.tenant, plan)
        hold(sum(map(len, page.documents)))
        body = await _page_body(call, plan, page, context, shown)
    applied = None if preferred is None else f"{call.preferences.page_size_name}={page_size}"
    return Reply(200, body, form.content_type, (*tag_header(tag), *call.applied(applied)))


async def _page_body(call: Call, plan: CollectionPlan, page: Page, context: str, shown: Shown) -> bytes:
    """Return the body of a page, with the link to the next one. Raises ODataError if that link would be too long."""
    form, next_link = call.form, None
    remaining = None if plan.remaining is None else plan.remaining - len(page.documents)
    if page.more and page.last is not None and remaining != 0:
        position = Position(page.last, remaining, plan.started)
        token = call.engine.tokens.pages.write(position, call.tenant, call.purpose())
        next_link = call.checked_link(call.links.next_page(call.target, call.request.query, token))
    return collection_body(
        call.context(context),
        await _sliced(call, page, shown),
        total=str(page.total) if form.numbers_as_strings and page.total is not None else page.total,
        next_link=next_link,
        annotation=form.annotation,
    )


async def _sliced(call: Call, page: Page, shown: Shown) -> Sequence[bytes]:
    """Return the documents of a page with their selected members; of whole ones, those of a slice are joined."""
    query = call.query
    is_stored = query.rows is None and shown is _documents
    select = query.select if is_stored else None
    is_whole = is_stored and not (select or query.computed or query.items)
    if call.form.is_stored and is_whole:
        return page.documents

    def work(part: slice) -> Sequence[bytes]:
        if is_whole:
            return [call.joined_documents(page.documents[part])]
        documents = shown(call, Page(page.documents[part], None, False, None, page.computed[part]))
        return documents if select is None else [projected(each, select) for each in documents]

    return await call.engine.slices.run(call.tenant, cut(map(len, page.documents)), work)


def _documents(call: Call, page: Page) -> tuple[bytes, ...]:
    """The entities of a page, with what the query has computed for each; or the rows that it has made of them."""
    query, form = call.query, call.form
    if query.rows is not None:
        return row_bodies(form, call.engine.schema.model, query.rows, query.select, page.computed)
    stored = chosen(form, query, page.documents, page.computed) if query.items else page.documents
    documents = call.documents(stored)
    return _computed(call, documents, page.computed) if query.computed else documents


def _computed(call: Call, documents: tuple[bytes, ...], rows: Sequence[Sequence[Encoded]]) -> tuple[bytes, ...]:
    query = call.query
    names = [(each.name, each.type) for each in query.computed]
    values = [row[: len(names)] for row in rows] if query.items else rows
    return with_members(call.form, call.engine.schema.model, documents, names, values)


def _property_name(target: Target) -> str:
    assert target.declared is not None
    return target.declared.name
