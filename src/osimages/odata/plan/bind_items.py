"""Binds the options that choose among the items of a collection property, within `$select` or of the property itself.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionselect
"""

from __future__ import annotations

from collections.abc import Mapping

from osimages.odata.model.types import EntityType, Model, Property
from osimages.odata.plan.bind import Binder
from osimages.odata.plan.bind_options import OptionBinder
from osimages.odata.plan.bind_search import bind_item_search
from osimages.odata.plan.bind_values import joined
from osimages.odata.plan.constants import Constant
from osimages.odata.plan.expressions import ItemOrdinals, Order
from osimages.odata.plan.query import ItemChoice
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.scope import ITEM, BindError, Variable, refused
from osimages.odata.text.query_tree import OrderItem, QueryOptions
from osimages.odata.text.syntax_errors import ODataLimitError
from osimages.odata.text.tree import Expression


def bind_items(
    model: Model,
    entity: EntityType,
    collections: Mapping[Property, QueryOptions],
    aliases: Mapping[str, Expression],
    constants: list[Constant],
    limits: Limits,
) -> tuple[ItemChoice, ...]:
    """What is chosen of each collection; the constants of it are added to those that the query has already.

    `aliases` are those of the whole query. Raises OptionError with the option at fault, or ODataLimitError.
    """
    found = []
    for collection, options in collections.items():
        if (options.top or 0) > limits.top:
            raise ODataLimitError("$top", limits.top, "max_top")
        binder = _ItemBinder(model, entity, collection, {**aliases, **options.aliases}, constants, limits)
        try:
            ordinals = binder.ordinals(options)
        except BindError as error:
            raise refused(binder.option, error) from None
        found.append(ItemChoice(collection.name, ordinals, options.skip or 0, options.top, options.count is True))
    return tuple(found)


class _ItemBinder:
    """Binds options in which names stand for parts of an item, `$this` for the item, and `$it` for its entity."""

    def __init__(
        self,
        model: Model,
        entity: EntityType,
        collection: Property,
        aliases: Mapping[str, Expression],
        constants: list[Constant],
        limits: Limits,
    ) -> None:
        self._expressions = Binder(model, entity, aliases, limits.lambda_depth)
        self._expressions.constants = constants
        self._item = Variable(collection, self._expressions._depth_of_item({}))
        self._options = OptionBinder(self._expressions)
        self._options.scope = {ITEM: self._item}

    @property
    def option(self) -> str:
        """The option that is being bound."""
        return self._expressions.option

    def ordinals(self, options: QueryOptions) -> ItemOrdinals | None:
        """Which items, in which order; None where these are all, as they stand. Raises BindError."""
        collection, depth = self._item.collection, self._item.depth
        self._expressions.option = "$search"
        if options.search is not None:
            self._options.conditions.append(bind_item_search(self._expressions, collection, options.search))
        self._expressions.option = "$filter"
        if options.filter is not None:
            self._expressions._check_capable(collection, options.filter.position)
            self._options.filter(options.filter)
        self._expressions.option = "$orderby"
        order = tuple(map(self._term, options.orderby))
        if not self._options.conditions and not order:
            return None
        return ItemOrdinals(collection.name, joined(self._options.conditions), order, depth)

    def _term(self, item: OrderItem) -> Order:
        typed = self._options.sortable(item.expression)
        return Order(typed.value, item.descending, typed.nullable)
