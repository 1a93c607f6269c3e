"""Binds all options of a query, in the order in which OData has them done.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_SystemQueryOptions
"""

from __future__ import annotations

from dataclasses import dataclass

from osimages.odata.model.types import EntityType, Model
from osimages.odata.plan.bind_apply import ApplyBinder, RowColumn
from osimages.odata.plan.bind_values import joined
from osimages.odata.plan.constants import Constant
from osimages.odata.plan.expressions import Column, Condition, Order, Value
from osimages.odata.plan.query import Computed
from osimages.odata.plan.relations import Relation
from osimages.odata.plan.scope import BindError, refused
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.query_tree import QueryOptions, SelectItem
from osimages.odata.text.unparse import render

_READ = frozenset(("apply", "compute", "search", "filter", "orderby"))


@dataclass(frozen=True, slots=True)
class Rows:
    """What `$apply` has made: the rows, the columns that are shown of them, and the values of these.

    `present` tells, where parts were joined, which columns each part has; then the number of a row's part is the first
    of the values.
    """

    relation: Relation
    columns: tuple[RowColumn, ...]
    values: tuple[Value, ...]
    present: tuple[frozenset[int], ...] | None

    def common(self, select: tuple[str, ...] | None) -> tuple[str, ...]:
        """The paths of the columns that every row shows."""
        everywhere = frozenset(range(len(self.columns))).intersection(*(self.present or ()))
        paths = ["/".join(each.path) for at, each in enumerate(self.columns) if at in everywhere]
        return tuple(path for path in paths if select is None or path in select)

    def selected(self, items: tuple[SelectItem, ...]) -> tuple[str, ...]:
        """The paths of the columns that `$select` names. Raises OptionError."""
        paths = ["/".join(each.path) for each in self.columns]
        found = set()
        for item in items:
            wanted = "/".join(item.path).lower()
            named = [path for path in paths if wanted == "*" or f"{path.lower()}/".startswith(f"{wanted}/")]
            if not named or item.options is not None:
                raise OptionError("$select", f"There is no '{render(item)[:64]}' among what $apply has left")
            found.update(named)
        return tuple(path for path in paths if path in found)


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """What the options mean: which entities, in which order, with which computed properties; or which rows.

    `order` holds the terms before the key, which ascends or descends. Rows have no key, and every column in the order.
    """

    condition: Condition | None
    order: tuple[Order, ...]
    descending: bool
    computed: tuple[Computed, ...]
    constants: tuple[Constant, ...]
    rows: Rows | None = None


UNBOUND = BoundQuery(None, (), False, (), ())


def bind_query(model: Model, entity: EntityType, options: QueryOptions, lambda_depth: int) -> BoundQuery:
    """What the options of a query mean. Raises OptionError, or ODataLimitError."""
    if options.given.isdisjoint(_READ):
        return UNBOUND
    binder = ApplyBinder(model, entity, options.aliases, lambda_depth)
    try:
        if options.apply is not None:
            binder.apply(options.apply)
        binder.options.expressions.option = "$compute"
        binder.compute_columns(options.compute)
        binder.options.expressions.option = "$search"
        if options.search is not None:
            binder.options.search(options.search)
        binder.options.expressions.option = "$filter"
        if options.filter is not None:
            binder.options.filter(options.filter)
        binder.options.expressions.option = "$orderby"
        if options.orderby:
            binder.sort(options.orderby)
        order, descending = binder.ordered
    except BindError as error:
        raise refused(binder.options.expressions.option, error) from None
    condition, constants = joined(binder.options.conditions), tuple(binder.options.expressions.constants)
    if binder.relation is None:
        return BoundQuery(condition, order, descending is True, tuple(binder.options.computed), constants)
    first = (Column(0),) if binder.present is not None else ()
    values = (*first, *(each.typed.value for each in binder.shown))
    rows = Rows(binder.relation, tuple(each.column for each in binder.shown), values, binder.present)
    return BoundQuery(condition, binder.row_order(order), False, (), constants, rows)
