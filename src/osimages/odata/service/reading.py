"""Answers to GET: entities, collections, properties, and what describes the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from osimages.odata.errors import UNKNOWN_KEY, ODataError
from osimages.odata.model.service_document import service_document
from osimages.odata.model.types import ComplexType
from osimages.odata.plan.build import Query, build_one, build_plan
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import Encoded, Page, Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.call import Call
from osimages.odata.service.collection_etags import check_if_match, matches_any, tag_header
from osimages.odata.service.reply import JSON, TEXT, XML, Header, Reply
from osimages.odata.service.service import Look
from osimages.odata.service.slices import cut
from osimages.odata.wire.chosen_items import count_name, with_items
from osimages.odata.wire.dynamic_members import with_members
from osimages.odata.wire.etags import check_if_match as check_version
from osimages.odata.wire.etags import etag, names_version
from osimages.odata.wire.media_types import USUAL, JsonForm, metadata_as_json
from osimages.odata.wire.payload import collection_body, entity_body, member, projected, value_body
from osimages.odata.wire.rows import row_bodies

# What a page shows of its stored documents.
Shown = Callable[[Call, JsonForm, Query, Page], tuple[bytes, ...]]

# A singleton has nothing that changes: all of its answers are of one version.
_SINGLETON_VERSION = 0


async def entity(call: Call) -> Reply:
    """One entity."""
    look = call.look()
    query, form = look.query, look.form
    stored = await stored_entity(call)
    # What is computed may be another value though the entity is the same: of now(), for example.
    if not query.shape.computed and _is_unchanged(call, stored):
        return Reply(304, headers=tag_of(stored))
    row: Sequence[Encoded] = ()
    if query.is_worked_out:
        stored, row = await _worked_out(call, form, query, stored)
    document = call.document(form, stored)
    if query.computed:
        (document,) = _computed(call, form, query, (document,), (row,))
    return entity_reply(look, stored.version, document)


def entity_reply(look: Look, version: int, document: bytes) -> Reply:
    """One entity of that version, whose document is in the form that is asked for."""
    chosen = document if look.query.select is None else projected(document, look.query.select)
    return Reply(200, look.head + chosen[1:], look.form.content_type, ((b"etag", etag(version).encode()),))


async def _worked_out(call: Call, form: JsonForm, query: Query, stored: Stored) -> tuple[Stored, Sequence[Encoded]]:
    """The entity with the items that a query chooses, and what the query computes for it.

    Both are of one moment, which may be later than that of the version: such an ETag is out of date, so that a write
    that names it is refused. Raises ODataError(UNKNOWN_KEY).
    """
    document = stored.document
    rows: Sequence[Sequence[Encoded]] = ((),)
    if query.shape.computed:
        assert call.target.key is not None
        plan = build_one(query, call.target.key)
        page = await call.service.store(call.target).page(call.actor.tenant, plan)
        if not page.documents:  # removed a moment ago
            raise unknown_key(call.target.key)
        document, rows = page.documents[0], page.computed
    if query.items:
        (document,) = chosen(form, query, (document,), rows)
    return Stored(stored.version, document), rows[0]


def chosen(
    form: JsonForm, query: Query, documents: tuple[bytes, ...], rows: Sequence[Sequence[Encoded]]
) -> tuple[bytes, ...]:
    """Stored documents with those items that the query chooses; rows of what it computes."""
    ordinals = [row[len(query.computed) :] for row in rows] if query.shape.computed else [()] * len(documents)
    return with_items(form, documents, query.items, ordinals)


async def collection(call: Call) -> Reply:
    """A page of a set."""
    return await _page(call, call.links.context(call.target, call.query().shown), _documents)


async def function(call: Call) -> Reply:
    """The bound function: all entities of the tenant, asked of one that must be there."""
    query = call.query()
    await stored_entity(call)
    type_name = call.version.model.qualified(call.target.entity.name)
    return await _page(call, call.links.collection_context(type_name, query.shown), _documents)


async def count(call: Call) -> Reply:
    """How many entities a filter finds."""
    plan = build_plan(call.query(), None, 0)
    tag = call.tag if plan.started is None else None
    check_if_match(call.request, call.target, tag)
    if tag is not None and matches_any(call.request):
        return Reply(304, headers=tag_header(tag))
    total = await call.service.store(call.target).count(call.actor.tenant, plan)
    return Reply(200, str(total).encode(), TEXT, tag_header(tag))


async def reference(call: Call) -> Reply:
    """The address of one entity (JSON format, section 14)."""
    form = call.form(call.query())
    stored = await stored_entity(call)
    if _is_unchanged(call, stored):
        return Reply(304, headers=tag_of(stored))
    body = entity_body(
        call.context(form, f"{call.links.metadata}#$ref"),
        _reference(call, form, stored.document),
        None,
        form.annotation,
    )
    return Reply(200, body, form.content_type, tag_of(stored))


async def references(call: Call) -> Reply:
    """The addresses of a page of a set."""
    return await _page(call, f"{call.links.metadata}#Collection($ref)", _references)


def _references(call: Call, form: JsonForm, _: Query, page: Page) -> tuple[bytes, ...]:
    return tuple(_reference(call, form, each) for each in page.documents)


def _reference(call: Call, form: JsonForm, document: bytes) -> bytes:
    key = msgspec.json.decode(member(document, call.target.entity.key))
    return msgspec.json.encode({f"{form.annotation}id": call.links.entity(call.target, key)})


async def property_of(call: Call) -> Reply:
    """The value of one property."""
    query = call.query()
    form = call.form(query)
    stored = await stored_entity(call)
    if not query.shape.computed and _is_unchanged(call, stored):
        return Reply(304, headers=tag_of(stored))
    if query.is_worked_out:
        stored, _ = await _worked_out(call, form, query, stored)
    return property_reply(call, form, stored, query)


def property_reply(call: Call, form: JsonForm, stored: Stored, query: Query) -> Reply:
    """The value of the target's property, of an entity with what the query chooses of it; nothing where it is null."""
    declared, select = call.target.declared, query.select
    assert declared is not None
    document = call.document(form, stored)
    value = member(document if select is None else projected(document, select), declared.name)
    if value == b"null":
        return Reply(204, headers=tag_of(stored))
    parts = None if select is None else tuple(each.partition("/")[2] for each in select if "/" in each)
    context = call.context(form, call.links.context(call.target, parts or None))
    if isinstance(declared.type, ComplexType) and not declared.collection:
        return Reply(200, entity_body(context, value, None, form.annotation), form.content_type, tag_of(stored))
    total = member(document, count_name(form, declared.name)) if any(each.count for each in query.items) else None
    return Reply(200, value_body(context, value, form.annotation, total), form.content_type, tag_of(stored))


async def raw_value(call: Call) -> Reply:
    """The bare value of one property."""
    call.query()
    stored = await stored_entity(call)
    if _is_unchanged(call, stored):
        return Reply(304, headers=tag_of(stored))
    value = msgspec.json.decode(member(stored.document, _property_name(call.target)))
    if value is None:
        return Reply(204, headers=tag_of(stored))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Reply(200, text.encode(), b"text/plain;charset=utf-8", tag_of(stored))


async def property_count(call: Call) -> Reply:
    """How many items a collection property has, or how many of them a filter finds."""
    query = call.query()
    stored = await stored_entity(call)
    if not query.shape.computed and _is_unchanged(call, stored):
        return Reply(304, headers=tag_of(stored))
    if query.is_worked_out:
        stored, _ = await _worked_out(call, USUAL, query, stored)
    items = msgspec.json.decode(member(stored.document, _property_name(call.target)), type=list[msgspec.Raw])
    return Reply(200, str(len(items)).encode(), TEXT, tag_of(stored))


async def singleton(call: Call) -> Reply:
    """The device management settings of a tenant."""
    stored = await stored_entity(call)
    reply = singleton_reply(call, stored)
    return Reply(304, headers=tag_of(stored)) if _is_unchanged(call, stored) else reply


def singleton_reply(call: Call, stored: Stored) -> Reply:
    """Return the whole singleton, or what is selected of it."""
    query = call.query()
    form = call.form(query)
    context = call.context(form, call.links.context(call.target, query.select))
    body = entity_body(context, call.document(form, stored), query.select, form.annotation)
    return Reply(200, body, form.content_type, tag_of(stored))


def singleton_of(call: Call) -> Stored:
    """Return the target's singleton, whose only property is its key: its own name, as it was recorded from Intune.

    https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/9111
    """
    target = call.target
    assert target.singleton is not None
    type_name = call.version.model.qualified(target.entity.name)
    document = {"@odata.type": f"#{type_name}", target.entity.key: target.singleton.name}
    return Stored(_SINGLETON_VERSION, msgspec.json.encode(document))


async def service_document_of(call: Call) -> Reply:
    """What the service root lists."""
    form = call.form(call.query())
    context = call.context(form, call.links.metadata)
    return Reply(200, service_document(call.version.model, context, form.annotation), form.content_type)


async def metadata(call: Call) -> Reply:
    """Return the model as CSDL, in XML or JSON, of the version of OData that the answer has."""
    request = call.request
    version = request.version or "4.0"
    as_json = metadata_as_json(request.header(b"accept"), call.query().format, version)
    document = call.version.metadata(as_json, version)
    return Reply(200, document.plain, JSON if as_json else XML, document=document)


async def stored_entity(call: Call) -> Stored:
    """Return the entity that the target's key names, or the singleton.

    Raises ODataError(UNKNOWN_KEY), or ODataError(PRECONDITION_FAILED) where If-Match asks for another version.
    """
    key = call.target.key
    stored = singleton_of(call) if key is None else await call.service.store(call.target).get(call.actor.tenant, key)
    if stored is None:
        raise unknown_key(key or "")
    if b"if-match" in call.request.headers:
        check_version(call.request.header(b"if-match"), stored.version)
    return stored


def unknown_key(key: str) -> ODataError:
    """What a client is told that asks for an entity that is not there."""
    return ODataError(UNKNOWN_KEY, key=key[:512])


async def _page(call: Call, context: str, shown: Shown) -> Reply:
    query, tokens, tenant = call.query(), call.service.page_tokens, call.actor.tenant
    position = tokens.read(query.skiptoken, tenant, call.purpose(query)) if query.skiptoken else None
    wanted = call.preferences()
    preferred = wanted.page_size
    limits = call.service.limits
    page_size = limits.page_size if preferred is None else min(preferred, limits.page_size)
    plan = build_plan(
        query, position, page_size, is_top_a_limit=call.request.names_version, most_bytes=limits.page_bytes
    )
    form = call.form(query)
    # An answer that depends on the clock is never known to be unchanged.
    tag = call.tag if plan.started is None else None
    check_if_match(call.request, call.target, tag)
    if tag is not None and matches_any(call.request):
        return Reply(304, headers=tag_header(tag))
    page = await call.service.store(call.target).page(tenant, plan)
    remaining = None if plan.remaining is None else plan.remaining - len(page.documents)
    next_link = None
    if page.more and page.last is not None and remaining != 0:
        token = tokens.write(Position(page.last, remaining, plan.started), tenant, call.purpose(query))
        next_link = call.checked_link(call.links.next_page(call.target, call.request.query, token))
    body = collection_body(
        call.context(form, context),
        await _sliced(call, form, query, page, shown),
        total=str(page.total) if form.numbers_as_strings and page.total is not None else page.total,
        next_link=next_link,
        annotation=form.annotation,
    )
    applied = None if preferred is None else f"{wanted.page_size_name}={page_size}"
    return Reply(200, body, form.content_type, (*tag_header(tag), *call.applied(applied)))


async def _sliced(call: Call, form: JsonForm, query: Query, page: Page, shown: Shown) -> Sequence[bytes]:
    """Return the documents of a page with their selected members; of whole ones, those of a slice are joined."""
    is_stored = query.rows is None and shown is _documents
    select = query.select if is_stored else None
    is_whole = is_stored and not (select or query.computed or query.items)
    if form is USUAL and is_whole:
        return page.documents

    def work(part: slice) -> Sequence[bytes]:
        if is_whole:
            return [call.joined_documents(form, page.documents[part])]
        documents = shown(call, form, query, Page(page.documents[part], None, False, None, page.computed[part]))
        return documents if select is None else [projected(each, select) for each in documents]

    return await call.service.slices.run(call.actor.tenant, cut(map(len, page.documents)), work)


def _documents(call: Call, form: JsonForm, query: Query, page: Page) -> tuple[bytes, ...]:
    """The entities of a page, with what the query has computed for each; or the rows that it has made of them."""
    if query.rows is not None:
        return row_bodies(form, call.version.model, query.rows, query.select, page.computed)
    stored = chosen(form, query, page.documents, page.computed) if query.items else page.documents
    documents = call.documents(form, stored)
    return _computed(call, form, query, documents, page.computed) if query.computed else documents


def _computed(
    call: Call, form: JsonForm, query: Query, documents: tuple[bytes, ...], rows: Sequence[Sequence[Encoded]]
) -> tuple[bytes, ...]:
    names = [(each.name, each.type) for each in query.computed]
    values = [row[: len(names)] for row in rows] if query.items else rows
    return with_members(form, call.version.model, documents, names, values)


def _is_unchanged(call: Call, stored: Stored) -> bool:
    known = call.request.headers.get(b"if-none-match")
    return known is not None and names_version(known.decode("latin-1"), stored.version)


def tag_of(stored: Stored) -> tuple[Header, ...]:
    """The header that tells the version of an entity."""
    return ((b"etag", etag(stored.version).encode()),)


def _property_name(target: Target) -> str:
    assert target.declared is not None
    return target.declared.name
