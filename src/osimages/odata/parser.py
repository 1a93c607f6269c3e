"""From the text of one query option, percent-decoded, to its tree. Each function raises ODataSyntaxError with the
position at fault, or ODataLimitError where a text is too large or too deep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from osimages.odata.errors import ODataSyntaxError
from osimages.odata.items import ItemReader
from osimages.odata.limits import BOUNDS, Bounds
from osimages.odata.query_tree import ComputeItem, ExpandItem, OrderItem, SelectItem, Step
from osimages.odata.search import parse_search
from osimages.odata.tree import Expression

__all__ = [
    "Bounds",
    "parse_apply",
    "parse_compute",
    "parse_expand",
    "parse_expression",
    "parse_filter",
    "parse_orderby",
    "parse_search",
    "parse_select",
]
Tree = TypeVar("Tree")


def parse_expression(text: str, bounds: Bounds = BOUNDS) -> Expression:
    """The tree of one expression: a `$filter`, or the value of a parameter alias."""
    return _parsed(ItemReader.expression, text, bounds)


parse_filter = parse_expression


def parse_orderby(text: str, bounds: Bounds = BOUNDS) -> tuple[OrderItem, ...]:
    """The items of an `$orderby`."""
    return _parsed(ItemReader.order_items, text, bounds)


def parse_compute(text: str, bounds: Bounds = BOUNDS) -> tuple[ComputeItem, ...]:
    """The items of a `$compute`."""
    return _parsed(ItemReader.compute_items, text, bounds)


def parse_select(text: str, bounds: Bounds = BOUNDS) -> tuple[SelectItem, ...]:
    """The items of a `$select`."""
    return _parsed(ItemReader.select_items, text, bounds)


def parse_expand(text: str, bounds: Bounds = BOUNDS) -> tuple[ExpandItem, ...]:
    """The items of an `$expand`."""
    return _parsed(ItemReader.expand_items, text, bounds)


def parse_apply(text: str, bounds: Bounds = BOUNDS) -> tuple[Step, ...]:
    """The steps of an `$apply`."""
    return _parsed(ItemReader.steps, text, bounds)


def _parsed(rule: Callable[[ItemReader], Tree], text: str, bounds: Bounds) -> Tree:
    reader = ItemReader(text, bounds)
    if reader.start:
        raise ODataSyntaxError("White space before the expression", 0, text)
    found = rule(reader)
    reader.expect_end()
    if text[-1] in " \t":
        raise ODataSyntaxError("White space after the expression", len(text.rstrip(" \t")), text)
    return found
