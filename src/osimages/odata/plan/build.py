"""From a target and query options to a plan: names confirmed, limits kept, everything typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import quote_plus

import msgspec

from osimages.odata.errors import (
    EXPAND_NOT_SUPPORTED,
    INVALID_SKIPTOKEN,
    LIMIT_EXCEEDED,
    OPTION_NOT_SUPPORTED,
    ODataError,
)
from osimages.odata.model import value_encoding
from osimages.odata.model.keys import column_of_key
from osimages.odata.model.types import EVERYTHING, ComplexType, EntityType, Model, Property, SetCapabilities
from osimages.odata.plan.bind_items import bind_items
from osimages.odata.plan.bind_query import BoundQuery, Rows, bind_query
from osimages.odata.plan.bind_select import Selection, selected
from osimages.odata.plan.constants import Constant, Moment, resolved
from osimages.odata.plan.delta_tokens import DeltaState
from osimages.odata.plan.expressions import Compare, Comparison, Field, Parameter
from osimages.odata.plan.option_errors import invalid, rejected
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import USUAL_PAGE_BYTES, CollectionPlan, Computed, DeltaPlan, ItemChoice, Shape, Sortable
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.text.options_parser import OptionError, pairs, parse_options, system_name
from osimages.odata.text.query_tree import QueryOptions, SelectItem
from osimages.odata.text.syntax_errors import ODataLimitError

_COLLECTION_OPTIONS = frozenset(
    ("apply", "filter", "search", "compute", "select", "orderby", "top", "skip", "count", "skiptoken", "format")
)
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.COLLECTION: _COLLECTION_OPTIONS,
    Kind.FUNCTION: _COLLECTION_OPTIONS,
    Kind.REFERENCES: _COLLECTION_OPTIONS - {"select", "compute", "apply"},
    Kind.COUNT: frozenset(("apply", "filter", "search")),
    Kind.DELTA: frozenset(("filter", "search", "select", "top", "skiptoken", "deltatoken", "format")),
    Kind.ENTITY: frozenset(("compute", "select", "format")),
    Kind.SINGLETON: frozenset(("select", "format")),
}
_ONLY_FORMAT = frozenset(("format",))
_OF_ITEMS = frozenset(("filter", "search", "orderby", "top", "skip", "count"))
_COUNTING_ITEMS = frozenset(("filter", "search"))
_TOKENS = frozenset(("skiptoken", "deltatoken"))
_UNSUPPORTED = frozenset(("id", "index", "schemaversion"))


Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


class Query(msgspec.Struct, frozen=True, dict=True):
    """What a query string means for a target: the part of a plan that does not depend on who asks, or from where.

    `items` tells which items of collections are shown; the ordinals of those that have any are the last of what the
    shape computes. `identity` is the query without its tokens, which are bound to it.
    """

    shape: Shape
    constants: tuple[object, ...]
    computed: tuple[Computed, ...]
    rows: Rows | None
    select: tuple[str, ...] | None
    top: int | None
    skip: int
    count: bool
    skiptoken: str | None
    deltatoken: str | None
    format: str | None
    identity: str
    items: tuple[ItemChoice, ...] = ()

    @cached_property
    def is_worked_out(self) -> bool:
        """Whether more is asked of an entity than properties as they are stored."""
        return bool(self.items or self.shape.computed)

    @cached_property
    def shown(self) -> tuple[str, ...] | None:
        """What the answer shows of each entity or row; None for what is declared, and nothing else."""
        if self.rows is not None:
            return self.rows.common(self.select)
        if self.select is not None or not self.computed:
            return self.select
        return "*", *(each.name for each in self.computed)


def build_query(
    model: Model,
    entity: EntityType,
    kind: Kind,
    query: str,
    limits: Limits,
    capabilities: SetCapabilities = EVERYTHING,
    declared: Property | None = None,
) -> Query:
    """The meaning of a raw query string for a kind of target, in a set with those capabilities.

    Of a property (`declared`), the options choose among its items and parts, as they would in `$select`.

    Raises ODataError (400) that names the option at fault and, for an expression, the position in it.
    """
    try:
        options = parse_options(query, limits.bounds, trimmed=True)
        if declared is None:
            _check_allowed(entity, kind, options, capabilities)
        else:
            options = _of_property(declared, kind, options)
        if (options.top or 0) > limits.top:
            raise ODataLimitError("$top", limits.top, "max_top")
        bound = bind_query(model, entity, options, limits.lambda_depth)
        select = _selected(model, entity, options.select, bound)
        constants = list(bound.constants)
        items = _items(model, entity, select, options, constants, limits, declared)
    except OptionError as error:
        raise rejected(error) from None
    except ODataLimitError as error:
        raise ODataError(LIMIT_EXCEEDED, what=error.what, limit=error.limit, setting=error.setting) from None
    return _query(options, bound, select.paths, tuple(constants), items, _identity(query))


def _query(
    options: QueryOptions,
    bound: BoundQuery,
    select: tuple[str, ...] | None,
    constants: tuple[object, ...],
    items: tuple[ItemChoice, ...],
    identity: str,
) -> Query:
    computed = tuple(each for each in bound.computed if select is None or each.name in select)
    rows = bound.rows
    values = tuple(each.value for each in computed) if rows is None else rows.values
    relation = None if rows is None else rows.relation
    values += tuple(each.ordinals for each in items if each.ordinals is not None)
    return Query(
        shape=Shape(bound.condition, bound.descending, bound.order, None, values, relation),
        constants=constants,
        computed=computed,
        rows=rows,
        select=select,
        top=options.top,
        skip=options.skip or 0,
        count=options.count is True,
        skiptoken=options.skiptoken,
        deltatoken=options.deltatoken,
        format=options.format,
        identity=identity,
        items=items,
    )


def build_plan(
    query: Query,
    position: Position | None,
    page_size: int,
    *,
    is_top_a_limit: bool = False,
    most_bytes: int = USUAL_PAGE_BYTES,
    now: Now = utc_now,
) -> CollectionPlan:
    """One page of a query: the first, or the one after a position. `page_size` is the most items in it, `most_bytes`
    the size at which it ends early.

    `$top` is the size of a page. If `is_top_a_limit`, it limits
    all pages together, as in OData (URL conventions, section 5.1.8). Later pages keep the meaning of the first one.
    `now` gives the value of `now()`.
    """
    shape = query.shape
    after: tuple[Sortable, ...] = ()
    constants, started = _resolved(query.constants, None if position is None else position.started, now)
    if position is None:
        remaining = query.top if is_top_a_limit else None
    else:
        remaining, after = position.remaining, position.after
        if len(after) != len(shape.order) + 1:  # sealed by a release that sorted otherwise
            raise ODataError(INVALID_SKIPTOKEN)
        nulls = tuple(each is None for each in after[:-1])
        shape = Shape(shape.condition, shape.descending, shape.order, nulls, shape.computed, shape.rows)
    return CollectionPlan(
        shape=shape,
        constants=constants,
        select=query.select,
        count=query.count,
        skip=query.skip if position is None else 0,
        limit=min(each for each in (page_size, query.top, remaining) if each is not None),
        remaining=remaining,
        after=after,
        started=started,
        most_bytes=most_bytes,
    )


def build_one(query: Query, entity: EntityType, key: str, now: Now = utc_now) -> CollectionPlan:
    """The plan of what a query computes for the entity with that key."""
    constants, _ = _resolved(query.constants, None, now)
    named = Compare(Comparison.EQ, Field(None, None), Parameter(len(constants)))
    shape = Shape(named, computed=query.shape.computed)
    return CollectionPlan(shape, (*constants, column_of_key(entity, key)), query.select, False, 0, 1, None, ())


def build_delta(
    query: Query, state: DeltaState | None, limit: int, most_bytes: int = USUAL_PAGE_BYTES, now: Now = utc_now
) -> DeltaPlan:
    """One page of what changed since a state of the client, with at most `limit` changes; `most_bytes` as of a page."""
    constants, _ = _resolved(query.constants, None, now)
    after, known = (0, None) if state is None else (state.after, state.known)
    return DeltaPlan(query.shape.condition, constants, after, known, limit, query.shape.computed, most_bytes)


def _resolved(constants: tuple[object, ...], started: int | None, now: Now) -> tuple[tuple[object, ...], int | None]:
    """Constants as a store takes them, and the moment that now() stands for where it is among them."""
    if Moment.NOW not in constants:
        return constants, None
    if started is None:
        started = value_encoding.microseconds_since_epoch(now())
    return resolved(constants, started), started


def _check_allowed(entity: EntityType, kind: Kind, options: QueryOptions, capabilities: SetCapabilities) -> None:
    if options.expand:
        raise ODataError(EXPAND_NOT_SUPPORTED, target="$expand", property="/".join(options.expand[0].path)[:64])
    for name in sorted(options.given & _UNSUPPORTED):
        raise ODataError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
    for name in sorted(options.given):
        if not getattr(capabilities, name, True) or (name == "search" and not entity.is_searched):
            raise ODataError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
    for name in sorted(options.given - _ALLOWED.get(kind, _ONLY_FORMAT)):
        raise invalid(f"${name}", "it cannot be used on this resource")


def _selected(model: Model, entity: EntityType, items: tuple[SelectItem, ...] | None, bound: BoundQuery) -> Selection:
    if bound.rows is not None and items is not None:
        return Selection(bound.rows.selected(items), {})
    return selected(model, entity, items, [each.name for each in bound.computed])


def _items(
    model: Model,
    entity: EntityType,
    selection: Selection,
    options: QueryOptions,
    constants: list[Constant],
    limits: Limits,
    declared: Property | None,
) -> tuple[ItemChoice, ...]:
    if not selection.options:
        return ()
    try:
        return bind_items(model, entity, selection.options, options.aliases, constants, limits)
    except OptionError as error:
        if declared is not None:
            raise
        raise type(error)("$select", f"In {error.option}: {error.reason}") from None


def _of_property(declared: Property, kind: Kind, options: QueryOptions) -> QueryOptions:
    """The options of a request for a property, as a `$select` of that property alone. Raises ODataError."""
    allowed = _options_of_property(declared, kind)
    for name in sorted(options.given - allowed):
        if name in _UNSUPPORTED:
            raise ODataError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
        raise invalid(f"${name}", "it cannot be used on this resource")
    inner = msgspec.structs.replace(options, given=options.given - _ONLY_FORMAT)
    select = (SelectItem((declared.name,), None, inner, 0),) if inner.given else None
    return QueryOptions(select=select, format=options.format, aliases=options.aliases, given=frozenset())


def _options_of_property(declared: Property, kind: Kind) -> frozenset[str]:
    if kind is Kind.PROPERTY_COUNT:
        return _ONLY_FORMAT | _COUNTING_ITEMS
    if kind is not Kind.PROPERTY:
        return _ONLY_FORMAT
    parts = frozenset(("select",)) if isinstance(declared.type, ComplexType) else frozenset()
    return _ONLY_FORMAT | parts | (_OF_ITEMS if declared.collection else frozenset())


def allowed_options(target: Target) -> frozenset[str]:
    """The query options that a target takes, by their names without `$`."""
    if target.declared is not None:
        return _options_of_property(target.declared, target.kind)
    able = EVERYTHING if target.entity_set is None else target.entity_set.capabilities
    names = _ALLOWED.get(target.kind, _ONLY_FORMAT) - _UNSUPPORTED
    taken = {name for name in names if getattr(able, name, True)}
    return frozenset(taken - (set() if target.entity.is_searched else {"search"}))


def _identity(query: str) -> str:
    """Return the query without its tokens, in canonical order and spelling. Tokens are sealed for this text."""
    if not query:
        return ""
    kept = sorted([(system_name(name) or name, value) for name, value in pairs(query)])
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in kept if name not in _TOKENS])


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isalnum() else quote_plus(text)
