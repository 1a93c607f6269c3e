"""From a target and query options to a plan: names confirmed, limits kept, everything typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from osimages.edm import encoding
from osimages.edm.types import EVERYTHING, EntityType, Model, SetCapabilities
from osimages.errors import (
    EXPAND_NOT_SUPPORTED,
    INVALID_FILTER,
    INVALID_OPTION,
    INVALID_ORDERBY,
    INVALID_SELECT,
    INVALID_SKIPTOKEN,
    LIMIT_EXCEEDED,
    OPTION_NOT_SUPPORTED,
    ErrorRow,
    ServiceError,
)
from osimages.odata.errors import ODataLimitError
from osimages.odata.options import OptionError, pairs, parse_options, system_name
from osimages.odata.query_tree import QueryOptions, SelectItem
from osimages.odata.render import render
from osimages.plan.bind import BindError
from osimages.plan.bind_options import BoundOptions, OptionBinder
from osimages.plan.constants import Moment, resolved
from osimages.plan.delta import DeltaState
from osimages.plan.limits import Limits
from osimages.plan.paging import Position
from osimages.plan.query import CollectionPlan, Computed, DeltaPlan, Shape, Sortable
from osimages.plan.resolve import Kind

_COLLECTION_OPTIONS = frozenset(("filter", "select", "orderby", "top", "skip", "count", "skiptoken", "format"))
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.COLLECTION: _COLLECTION_OPTIONS,
    Kind.FUNCTION: _COLLECTION_OPTIONS,
    Kind.REFERENCES: _COLLECTION_OPTIONS - {"select"},
    Kind.COUNT: frozenset(("filter",)),
    Kind.DELTA: frozenset(("filter", "select", "top", "skiptoken", "deltatoken", "format")),
    Kind.ENTITY: frozenset(("select", "format")),
    Kind.SINGLETON: frozenset(("select", "format")),
}
_ONLY_FORMAT = frozenset(("format",))
_UNSUPPORTED = frozenset(("search", "apply", "compute", "id", "index", "schemaversion"))
_UNBOUND = BoundOptions(None, (), False, (), ())
_ROWS: Mapping[str, ErrorRow] = {"$filter": INVALID_FILTER, "$select": INVALID_SELECT, "$orderby": INVALID_ORDERBY}


class Query(msgspec.Struct, frozen=True):
    """What a query string means for a target: the part of a plan that does not depend on who asks, or from where.

    `identity` is the query without its tokens, which are bound to it.
    """

    shape: Shape
    constants: tuple[object, ...]
    computed: tuple[Computed, ...]
    select: tuple[str, ...] | None
    top: int | None
    skip: int
    count: bool
    skiptoken: str | None
    deltatoken: str | None
    format: str | None
    identity: str


def build_query(
    model: Model,
    entity: EntityType,
    kind: Kind,
    query: str,
    limits: Limits,
    capabilities: SetCapabilities = EVERYTHING,
) -> Query:
    """The meaning of a raw query string for a kind of target, in a set with those capabilities.

    Raises ServiceError (400) that names the option at fault and, for an expression, the position in it.
    """
    try:
        options = parse_options(query, limits.bounds, trimmed=True)
        _check_allowed(kind, options, capabilities)
        if (options.top or 0) > limits.top:
            raise ODataLimitError("$top", limits.top, "max_top")
        bound = _bound(model, entity, options, limits)
    except OptionError as error:
        raise _invalid(error.option, error.reason) from None
    except ODataLimitError as error:
        raise ServiceError(LIMIT_EXCEEDED, what=error.what, limit=error.limit, setting=error.setting) from None
    select = _selected(model, entity, options.select, bound.computed)
    computed = tuple(each for each in bound.computed if select is None or each.name in select)
    return Query(
        shape=Shape(bound.condition, bound.descending, bound.order, None, tuple(each.value for each in computed)),
        constants=bound.constants,
        computed=computed,
        select=select,
        top=options.top,
        skip=options.skip or 0,
        count=options.count is True,
        skiptoken=options.skiptoken,
        deltatoken=options.deltatoken,
        format=options.format,
        identity=_identity(query),
    )


def build_plan(query: Query, position: Position | None, page_size: int) -> CollectionPlan:
    """One page of a query: the first, or the one after a position. `page_size` is the most items in it."""
    shape = query.shape
    after: tuple[Sortable, ...] = ()
    constants, started = _resolved(query.constants, None if position is None else position.started)
    if position is None:
        remaining = query.top
    else:
        remaining, after = position.remaining, position.after
        if len(after) != len(shape.order) + 1:  # sealed by a release that sorted otherwise
            raise ServiceError(INVALID_SKIPTOKEN)
        nulls = tuple(each is None for each in after[:-1])
        shape = Shape(shape.condition, shape.descending, shape.order, nulls, shape.computed)
    return CollectionPlan(
        shape=shape,
        constants=constants,
        select=query.select,
        count=query.count,
        skip=query.skip if position is None else 0,
        limit=page_size if remaining is None else min(page_size, remaining),
        remaining=remaining,
        after=after,
        started=started,
    )


def build_delta(query: Query, state: DeltaState | None, limit: int) -> DeltaPlan:
    """One page of what changed since a state of the client, with at most `limit` changes."""
    constants, _ = _resolved(query.constants, None)
    after, known = (0, None) if state is None else (state.after, state.known)
    return DeltaPlan(query.shape.condition, constants, after, known, limit)


def _resolved(constants: tuple[object, ...], started: int | None) -> tuple[tuple[object, ...], int | None]:
    """Constants as a store takes them, and the moment that now() stands for where it is among them."""
    if Moment.NOW not in constants:
        return constants, None
    if started is None:
        started = encoding.microseconds_since_epoch(datetime.now(UTC))
    return resolved(constants, started), started


def _bound(model: Model, entity: EntityType, options: QueryOptions, limits: Limits) -> BoundOptions:
    if options.filter is None and not options.orderby:
        return _UNBOUND
    binder = OptionBinder(model, entity, options.aliases, limits.lambda_depth)
    try:
        if options.filter is not None:
            binder.filter(options.filter)
        order, descending = binder.order(options.orderby)
    except BindError as error:
        raise _invalid(binder.option, str(error)) from None
    return binder.bound(order, descending)


def _check_allowed(kind: Kind, options: QueryOptions, capabilities: SetCapabilities) -> None:
    if options.expand:
        raise ServiceError(EXPAND_NOT_SUPPORTED, target="$expand", property="/".join(options.expand[0].path)[:64])
    for name in sorted(options.given & _UNSUPPORTED):
        raise ServiceError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
    for name in sorted(options.given):
        if not getattr(capabilities, name, True):
            raise ServiceError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
    for name in sorted(options.given - _ALLOWED.get(kind, _ONLY_FORMAT)):
        raise _invalid(f"${name}", "it cannot be used on this resource")


def _selected(
    model: Model, entity: EntityType, items: tuple[SelectItem, ...] | None, computed: tuple[Computed, ...]
) -> tuple[str, ...] | None:
    if items is None:
        return None
    found: set[str] = set()
    for item in items:
        if item.path == ("*",):
            found.update(each.name for each in entity.properties)
            continue
        name = render(item)
        declared = entity.property_named(name.removeprefix(f"{model.qualified(entity.name)}/"))
        if declared is None or not declared.capabilities.select:
            raise _invalid("$select", _no_property(model, entity, name))
        found.add(declared.name)
    return tuple(each.name for each in entity.properties if each.name in found)


def _no_property(model: Model, entity: EntityType, name: str) -> str:
    return f"Could not find a property named '{name[:64]}' on type '{model.qualified(entity.name)}'."


def _identity(query: str) -> str:
    kept = [(system_name(name) or name, value) for name, value in pairs(query)] if query else []
    return urlencode(sorted(each for each in kept if each[0] not in ("skiptoken", "deltatoken")))


def _invalid(option: str, reason: str) -> ServiceError:
    row = _ROWS.get(option)
    if row is None:
        return ServiceError(INVALID_OPTION, target=option, option=option, reason=reason)
    return ServiceError(row, target=option, reason=reason)
