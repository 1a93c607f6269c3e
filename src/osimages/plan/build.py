"""From a target and query options to a plan: names confirmed, limits kept, everything typed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from osimages.edm.types import EntityType, Model
from osimages.errors import (
    EXPAND_NOT_SUPPORTED,
    INVALID_FILTER,
    INVALID_OPTION,
    INVALID_ORDERBY,
    INVALID_SELECT,
    LIMIT_EXCEEDED,
    OPTION_NOT_SUPPORTED,
    ErrorRow,
    ServiceError,
)
from osimages.odata.errors import ODataLimitError
from osimages.odata.options import OptionError, QueryOptions, pairs, parse_options, system_name
from osimages.odata.tree import Member, Name, OrderItem
from osimages.plan.bind import BindError, Bound, bind_filter
from osimages.plan.limits import Limits
from osimages.plan.paging import Position
from osimages.plan.query import CollectionPlan, Shape
from osimages.plan.resolve import Kind

_COLLECTION_OPTIONS = frozenset(("filter", "select", "orderby", "top", "skip", "count", "skiptoken", "format"))
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.COLLECTION: _COLLECTION_OPTIONS,
    Kind.FUNCTION: _COLLECTION_OPTIONS,
    Kind.COUNT: frozenset(("filter",)),
    Kind.ENTITY: frozenset(("select", "format")),
    Kind.SINGLETON: frozenset(("select", "format")),
}
_ONLY_FORMAT = frozenset(("format",))
_ROWS: Mapping[str, ErrorRow] = {"$filter": INVALID_FILTER, "$select": INVALID_SELECT, "$orderby": INVALID_ORDERBY}


class Query(msgspec.Struct, frozen=True):
    """What a query string means for a target: the part of a plan that does not depend on who asks, or from where.

    `identity` is the query without its paging token, to which that token is bound.
    """

    shape: Shape
    constants: tuple[object, ...]
    select: tuple[str, ...] | None
    top: int | None
    skip: int
    count: bool
    skiptoken: str | None
    format: str | None
    identity: str


def build_query(model: Model, entity: EntityType, kind: Kind, query: str, limits: Limits) -> Query:
    """The meaning of a raw query string for a kind of target.

    Raises ServiceError (400) that names the option at fault and, for an expression, the position in it.
    """
    try:
        options = parse_options(query, limits.bounds)
        _check_allowed(kind, options)
        if (options.top or 0) > limits.top:
            raise ODataLimitError("$top", limits.top, "max_top")
        bound = _bound(model, entity, options, limits)
    except OptionError as error:
        raise _invalid(error.option, error.reason) from None
    except ODataLimitError as error:
        raise ServiceError(LIMIT_EXCEEDED, what=error.what, limit=error.limit, setting=error.setting) from None
    descending = _is_descending(model, entity, options.orderby)
    return Query(
        shape=Shape(bound.condition if bound else None, descending, continues=False),
        constants=bound.constants if bound else (),
        select=_selected(model, entity, options.select),
        top=options.top,
        skip=options.skip or 0,
        count=options.count is True,
        skiptoken=options.skiptoken,
        format=options.format,
        identity=_identity(query),
    )


def build_plan(query: Query, position: Position | None, page_size: int) -> CollectionPlan:
    """One page of a query: the first, or the one after a position. `page_size` is the most items in it."""
    remaining = query.top if position is None else position.remaining
    shape = query.shape
    return CollectionPlan(
        shape=Shape(shape.condition, shape.descending, continues=position is not None),
        constants=query.constants,
        select=query.select,
        count=query.count,
        skip=query.skip if position is None else 0,
        limit=page_size if remaining is None else min(page_size, remaining),
        remaining=remaining,
        after=None if position is None else position.after,
    )


def _bound(model: Model, entity: EntityType, options: QueryOptions, limits: Limits) -> Bound | None:
    if options.filter is None:
        return None
    try:
        return bind_filter(model, entity, options.filter, options.aliases, limits.lambda_depth)
    except BindError as error:
        raise _invalid("$filter", str(error)) from None


def _check_allowed(kind: Kind, options: QueryOptions) -> None:
    if "expand" in options.unsupported:
        named = options.unsupported["expand"].split(",")[0].strip()
        raise ServiceError(EXPAND_NOT_SUPPORTED, target="$expand", property=named[:64])
    for name in sorted(options.unsupported):
        raise ServiceError(OPTION_NOT_SUPPORTED, target=f"${name}", option=f"${name}")
    for name in sorted(options.given - _ALLOWED.get(kind, _ONLY_FORMAT)):
        raise _invalid(f"${name}", "it cannot be used on this resource")


def _is_descending(model: Model, entity: EntityType, items: tuple[OrderItem, ...]) -> bool:
    """Only the key can be sorted by, so that one item says all."""
    for item in items:
        name = _property_name(item)
        if not name:
            raise _invalid("$orderby", "Expected the name of a property.")
        declared = entity.property_named(name)
        if declared is None:
            raise _invalid("$orderby", _no_property(model, entity, name))
        if not declared.capabilities.orderby:
            raise _invalid("$orderby", f"The property '{declared.name}' cannot be used in the $orderby query option.")
    if len(items) > 1:
        raise _invalid("$orderby", f"The property '{entity.key}' is named more than once.")
    return bool(items) and items[0].descending


def _property_name(item: OrderItem) -> str:
    match item.expression:
        case Name(name, _) | Member(Name("$it", _), name, _):
            return name
    return ""


def _selected(model: Model, entity: EntityType, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    if "*" in names:
        names = tuple(name for name in names if name != "*") + tuple(each.name for each in entity.properties)
    found = set()
    for name in names:
        declared = entity.property_named(name.removeprefix(f"{model.qualified(entity.name)}/"))
        if declared is None or not declared.capabilities.select:
            raise _invalid("$select", _no_property(model, entity, name))
        found.add(declared.name)
    return tuple(each.name for each in entity.properties if each.name in found)


def _no_property(model: Model, entity: EntityType, name: str) -> str:
    return f"Could not find a property named '{name[:64]}' on type '{model.qualified(entity.name)}'."


def _identity(query: str) -> str:
    kept = [(system_name(name) or name, value) for name, value in pairs(query)] if query else []
    return urlencode(sorted(each for each in kept if each[0] != "skiptoken"))


def _invalid(option: str, reason: str) -> ServiceError:
    row = _ROWS.get(option)
    if row is None:
        return ServiceError(INVALID_OPTION, target=option, option=option, reason=reason)
    return ServiceError(row, target=option, reason=reason)
