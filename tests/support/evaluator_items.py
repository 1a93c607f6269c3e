"""Which items of a collection are chosen by options of its own, in plain Python: more of the oracle in evaluator.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osimages.odata.model.types import Property
from osimages.odata.text.query_tree import QueryOptions
from osimages.odata.text.tree import Expression
from tests.support.evaluator import Evaluator
from tests.support.evaluator_options import comparable


def chosen_places(
    evaluator: Evaluator, collection: Property, properties: Mapping[str, Any], options: QueryOptions
) -> tuple[list[int], int]:
    """The places of the items that are shown, and how many there would be without `$skip` and `$top`."""
    items = properties.get(collection.name, [])

    def value(tree: Expression, place: int) -> Any:
        return evaluator.of_item(tree, properties, collection, items[place])

    found = list(range(len(items)))
    if options.filter is not None:
        condition = options.filter
        found = [each for each in found if value(condition, each) is True]
    for order in reversed(options.orderby):

        def term(place: int, of: Expression = order.expression) -> tuple[bool, Any]:
            known = value(of, place)
            return (False, 0) if known is None else (True, comparable(known))

        found.sort(key=term, reverse=order.descending)
    shown = found[options.skip or 0 :]
    return (shown if options.top is None else shown[: options.top]), len(found)
